//! What a runner serves over HTTP: the page, its API, the metrics.
//!
//! | module | subject |
//! |---|---|
//! | `metrics`, `exposition` | for Prometheus |
//! | `follower` | what the monitor of the group keeps, followed by every runner |
//! | `source` | what the page shows: |
//! | `states`, `history` | what the monitor knows, and what the store does |
//! | `elsewhere` | what the leader answers for the others |
//! | `control` | what may be changed from it |
//!
//! Every runner of a group serves the same page: what it shows comes from the monitor's topic, which all of them follow, and
//! from the store; and where that is a file, from the page of the runner that leads, whose file it is.

mod control;
mod elsewhere;
mod exposition;
mod follower;
mod history;
mod metrics;
mod source;
mod states;

use std::net::SocketAddr;
use std::sync::Arc;

use livecheck_core::Cases;
use livecheck_core::control::sampling;
use livecheck_store::Store;
use livecheck_web::{Bound, Guard, Redaction, ServeError, Server, Site};

use self::control::Operator;
pub(crate) use self::elsewhere::served;
use self::elsewhere::{Leader, Own, Trouble};
use self::follower::Follower;
use self::metrics::Metrics;
use self::source::RunnerSource;
use crate::config::{PageUrl, WebConfig};
use crate::kafka::{Connection, HealthEvent, KafkaEdgeError, Sharing};
use crate::monitor::{AlertGauges, CaseChange, Rhythms, Serves, machine};
use crate::observer::Observation;
use crate::store::Progress;

/// What is served, and by whom.
pub(crate) struct ServingOptions<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) sharing: &'a Sharing,
    pub(crate) cases: &'a Cases,
    /// When what is done by the clock is done.
    pub(crate) rhythms: Rhythms,
    pub(crate) web: &'a WebConfig,
    /// Of topics that are made.
    pub(crate) replication_factor: Option<i32>,
    /// Where the results are, if they are kept.
    pub(crate) store: Option<Store>,
    /// Where to listen.
    pub(crate) address: SocketAddr,
    /// The id of the runner's monitor, where it has one.
    pub(crate) runner: Option<&'a str>,
}

/// The server of a run.
pub(crate) struct Serving {
    server: Server,
    follower: Option<Arc<Follower>>,
    offers: Serves,
}

/// Hears what the metrics are made of.
#[derive(Clone)]
pub(crate) struct Heard(Arc<Metrics>);

/// Nothing is served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServingError {
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error("the state of the cases cannot be followed: {0}")]
    Kafka(#[from] KafkaEdgeError),
    #[error("the leading runner cannot be asked: {0}")]
    Client(#[from] reqwest::Error),
}

impl ServingError {
    /// What to do about it.
    pub(crate) fn advice(&self) -> &'static str {
        match self {
            Self::Serve(ServeError::PortTaken { .. }) => {
                ". Another runner may serve its page there. `listen` in the table `web`, LIVECHECK_WEB_LISTEN or \
                 --web-listen say another address (port 0 is a free one), or `off`"
            }
            _ => "",
        }
    }
}

impl Heard {
    pub(crate) fn new(cases: &Cases, sharing: &Sharing) -> Self {
        Self(Arc::new(Metrics::new(cases.clone(), sharing.group(), sampling)))
    }

    /// Hears what the observer says.
    pub(crate) fn observation(&self, observation: &Observation) {
        let metrics = &self.0;
        match observation {
            Observation::Committed { reports, tally } => metrics.committed(reports, tally),
            Observation::Unreadable { latest, count } => {
                metrics.bad_records(&latest.topic, latest.error.kind(), *count);
            }
            Observation::Notice { notice, count } => metrics.noticed(notice.kind(), *count),
            Observation::Health(HealthEvent::Lost { .. }) => metrics.brokers(true),
            Observation::Health(HealthEvent::Back) => metrics.brokers(false),
            Observation::Health(HealthEvent::Lags(lags)) => metrics.lags(lags.clone()),
            Observation::Assigned | Observation::Logged { .. } | Observation::Warning(_) => {}
        }
    }

    /// This runner keeps results, and this says how far it is.
    pub(crate) fn store(&self, progress: Progress) {
        self.0.store(progress);
    }

    /// This runner may tell people of alerts, and this says how that does.
    pub(crate) fn alerts(&self, gauges: AlertGauges) {
        self.0.alerts(gauges);
    }

    /// Hears what this runner, leading, says of a case as a whole.
    pub(crate) fn change(&self, change: &CaseChange) {
        self.0.changed(change);
    }
}

impl Serving {
    /// Starts serving.
    pub(crate) async fn start(options: ServingOptions<'_>, heard: Heard) -> Result<Self, ServingError> {
        let ServingOptions {
            connection,
            sharing,
            cases,
            rhythms,
            web,
            replication_factor,
            store,
            address,
            runner,
        } = options;
        // First, for it is what fails: then nothing is begun in vain.
        let bound = Bound::to(address).await?;
        let follower =
            sharing.group().map(|group| Follower::start(connection, group).map(Arc::new)).transpose()?;
        let page = web.advertise.clone().or_else(|| PageUrl::of(bound.address(), &machine()));
        let offers = served(store.as_ref(), page.as_ref());
        let trouble = Trouble::default();
        let own = runner.and_then(|runner| Own::of(runner, store.as_ref()));
        let elsewhere = follower.clone().zip(own);
        let elsewhere =
            elsewhere.map(|(follower, own)| Leader::new(follower, own, trouble.clone())).transpose()?;
        let (of_cases, results) = ((cases.clone(), rhythms), (store, trouble));
        let source =
            RunnerSource::new(follower.clone(), of_cases, sharing.group(), results, web.trace_url.clone());
        let metrics = {
            let (source, runner, heard) = (source.clone(), runner.map(str::to_owned), heard);
            Arc::new(move || {
                let status = source.status();
                let leader = status.as_ref().and_then(|status| status.leader.as_deref());
                heard.0.render(status.as_ref(), leader.is_some() && leader == runner.as_deref())
            })
        };
        // Whoever was told that name asks by it.
        let hosts = web.hosts.iter().cloned().chain(page.map(|page| page.host().to_owned())).collect();
        let site = Site {
            source: Arc::new(source),
            elsewhere: elsewhere.map(|leader| Arc::new(leader) as _),
            control: Some(Arc::new(Operator::new(
                connection.clone(),
                cases.clone(),
                sharing.group().map(str::to_owned),
                replication_factor,
            ))),
            metrics,
            redaction: Redaction::of(web.redact.iter().cloned()),
            guard: Guard { hosts, token: web.token.clone() },
        };
        let server = bound.serve(|stopped| site.router(stopped));
        Ok(Self { server, follower, offers })
    }

    /// Where it answers.
    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// What others may ask this runner for.
    pub(crate) fn offers(&self) -> Serves {
        self.offers.clone()
    }

    /// Stops serving.
    pub(crate) async fn stop(self) {
        self.server.stop().await;
        drop(self.follower);
    }
}
