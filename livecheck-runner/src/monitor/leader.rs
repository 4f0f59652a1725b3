//! The monitor of a runner: says how it does, stands by to lead, and leads.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use livecheck_core::Cases;
use livecheck_core::wire::TestReport;
use tokio::runtime::Handle;

use super::alerting::{AlertEvent, AlertingOptions};
use super::board::CaseChange;
use super::membership::Membership;
use super::presence::Presence;
use super::record::Serves;
use super::reports::Missed;
use super::term::{News, Term, TermOptions};
use super::writer::TermEnd;
use crate::engine::Tally;
use crate::kafka::{Connection, Health, KafkaEdgeError, Patience};
use crate::selected::Selected;
use crate::worker::{StopFlag, Worker};

/// How long a runner that does not lead waits for something to happen.
const STAND_BY: Duration = Duration::from_millis(200);
/// How long what a run says last may take.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// The pause after a term that has failed.
const RETRY: Duration = Duration::from_millis(500);

/// What a monitor says.
#[derive(Debug)]
pub(crate) enum MonitorEvent {
    /// A check has found that of one of its test cases, and that was reported.
    Found(Box<TestReport>),
    /// A case as a whole has changed, and that was reported.
    Changed(CaseChange),
    /// Somebody was told of that, or could not be.
    Alert(AlertEvent),
    /// Something that an operator should know.
    Warning(String),
}

/// What is monitored, and by whom.
pub(crate) struct MonitorOptions {
    pub(crate) connection: Connection,
    /// The group of the runners. The monitor's own is named after it.
    pub(crate) group: String,
    /// All the cases of this program.
    pub(crate) cases: Cases,
    /// What is done by the clock is done of these.
    pub(crate) selected: Selected,
    pub(crate) alerting: AlertingOptions,
}

/// The monitor at work.
pub(crate) struct Monitor {
    id: String,
    tally: Arc<Mutex<Option<Tally>>>,
    serves: Arc<Mutex<Serves>>,
    leads: Arc<AtomicBool>,
    patience: Patience,
    thread: Worker,
}

impl Monitor {
    /// Starts it, within a tokio runtime. What it has to say goes to `say`, from its own thread.
    pub(crate) fn start(
        options: MonitorOptions,
        say: impl Fn(MonitorEvent) + Send + 'static,
    ) -> Result<Self, KafkaEdgeError> {
        let MonitorOptions { connection, group, cases, selected, alerting } = options;
        // Whether the brokers are there, the observer says.
        let health = Health::new(|_| {});
        let id = uuid::Uuid::new_v4().to_string();
        let presence = Presence::new(&connection, &group, &id, &health)?;
        let membership = Membership::join(&connection, &group, &health)?;
        let tally = Arc::<Mutex<Option<Tally>>>::default();
        let serves = Arc::<Mutex<Serves>>::default();
        let leads = Arc::<AtomicBool>::default();
        let (runtime, patience) = (Handle::current(), Patience::default());
        let options = TermOptions {
            connection,
            group,
            id: id.clone(),
            cases,
            selected,
            alerting,
            runtime,
            health,
            patience: patience.clone(),
        };
        let thread = {
            let (tally, serves, leads) = (Arc::clone(&tally), Arc::clone(&serves), Arc::clone(&leads));
            let work =
                move |stop| Work { options, membership, presence, tally, serves, leads, stop, say }.run();
            Worker::start("livecheck-monitor", work)
        };
        Ok(Self { id, tally, serves, leads, patience, thread })
    }

    /// The name by which this runner is known to the others.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Whether this runner leads: for others who do something that one of the group is to do.
    pub(crate) fn leads(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.leads)
    }

    /// What this runner has executed, and what it has in flight.
    pub(crate) fn tell(&self, tally: &Tally) {
        *self.tally.lock().unwrap_or_else(PoisonError::into_inner) = Some(tally.clone());
    }

    /// What others may ask this runner for.
    pub(crate) fn serves(&self, serves: Serves) {
        *self.serves.lock().unwrap_or_else(PoisonError::into_inner) = serves;
    }

    /// Leaves the lead to another. Blocks for some seconds at most.
    pub(crate) fn stop(self) {
        self.patience.ends_in(LAST_WORDS);
        self.thread.stop();
    }
}

struct Work<S> {
    options: TermOptions,
    membership: Membership,
    presence: Presence,
    tally: Arc<Mutex<Option<Tally>>>,
    serves: Arc<Mutex<Serves>>,
    leads: Arc<AtomicBool>,
    stop: StopFlag,
    say: S,
}

impl<S: Fn(MonitorEvent)> Work<S> {
    fn run(mut self) {
        let mut term: Option<Term> = None;
        let mut has_failed = false;
        while !self.is_stopping() {
            let tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner).take();
            self.presence.tell(tally, &self.serves.lock().unwrap_or_else(PoisonError::into_inner));
            self.membership.take_part(if term.is_some() { Duration::ZERO } else { STAND_BY });
            self.leads.store(self.membership.leads(), Ordering::Relaxed);
            if !self.membership.leads() {
                if term.take().is_some() {
                    tracing::info!("another runner leads");
                }
                continue;
            }
            match self.lead(term.take()) {
                Ok(going_on) => {
                    term = Some(going_on);
                    has_failed = false;
                }
                Err(TermEnd::Lost | TermEnd::Stopping) => {}
                Err(end) => {
                    // Once: an outage, of which the observer speaks, may last.
                    if has_failed {
                        tracing::debug!(error = %end, "the state of the cases cannot be kept");
                    } else {
                        tracing::warn!(error = %end, "the state of the cases could not be kept; trying again");
                    }
                    has_failed = true;
                    self.pause(RETRY);
                }
            }
        }
        if let Some(term) = term {
            match term.end(&self.membership) {
                Ok(news) => self.tell(news),
                Err(end) => tracing::debug!(error = %end, "the next leader reads the last reports again"),
            }
        }
        self.presence.end();
    }

    fn lead(&self, term: Option<Term>) -> Result<Term, TermEnd> {
        let mut term = match term {
            Some(term) => term,
            None => {
                let (term, missed) = Term::begin(&self.options, &self.membership, || !self.is_stopping())?;
                tracing::info!("this runner leads");
                missed.iter().for_each(|missed| (self.say)(MonitorEvent::Warning(self.missed(missed))));
                term.orphans().iter().for_each(|name| (self.say)(MonitorEvent::Warning(orphaned(name))));
                term
            }
        };
        self.tell(term.go_on(&self.membership)?);
        Ok(term)
    }

    fn tell(&self, News { changes, reports, alerts, warnings }: News) {
        reports.into_iter().for_each(|report| (self.say)(MonitorEvent::Found(Box::new(report))));
        changes.into_iter().for_each(|change| (self.say)(MonitorEvent::Changed(change)));
        alerts.into_iter().for_each(|alert| (self.say)(MonitorEvent::Alert(alert)));
        warnings.into_iter().for_each(|warning| (self.say)(MonitorEvent::Warning(warning)));
    }

    fn missed(&self, Missed { partition, count }: &Missed) -> String {
        format!(
            "{count} records of partition {partition} of `{}` were removed by the topic's retention before the \
             monitor had read them: the totals of the cases lack them. Let retention.ms be longer than any outage",
            self.options.connection.topics.report_topic
        )
    }

    fn is_stopping(&self) -> bool {
        self.stop.is_set()
    }

    /// A pause in which the group is not left.
    fn pause(&self, pause: Duration) {
        let until = Instant::now() + pause;
        while !self.is_stopping() && Instant::now() < until {
            self.membership.take_part(until.saturating_duration_since(Instant::now()).min(STAND_BY));
        }
    }
}

fn orphaned(receiver: &str) -> String {
    format!(
        "receiver `{receiver}` is configured no longer, and does not know that alerts it was told of are over: that is \
         told if it comes back within a day"
    )
}
