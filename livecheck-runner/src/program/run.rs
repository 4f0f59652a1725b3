//! `run`: brings up what the cases need, observes until something ends it, and takes everything down.

use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::broker::{RunBroker, connection, state_dir};
use super::follow::Following;
use super::{Program, RunnerError};
use crate::args::{RunArgs, exit_code};
use crate::config::Config;
use crate::engine::{Limits, Selection, UnknownCases};
use crate::kafka::{Connection, KafkaEdgeError, Sharing, ensure_topics};
use crate::observer::{Observer, ObserverOptions};
use crate::reporter::{ReportFormat, Reporter, ReporterOptions, RunEvent, Started, StopReason};
use crate::services::{Environment, ServiceEvent, Services};

/// How long a broker may take to answer when a run starts.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long the group may take to give this runner its first partitions. Where there are more runners than
/// partitions it never does.
const FIRST_ASSIGNMENT: Duration = Duration::from_secs(20);
/// By how much the clocks of senders may differ on a bus that keeps their times.
const DISORDER_OF_SENDERS: Duration = Duration::from_secs(2);

pub(super) async fn run(program: &Program, args: &RunArgs) -> Result<u8, RunnerError> {
    let cases = program.select(&args.selection)?;
    let config = program.config()?;
    let reporter = Reporter::start(reporter_options(program, &config), program.screen.clone())
        .map_err(RunnerError::Runtime)?;
    let mut stop = Stop::new().map_err(RunnerError::Runtime)?;

    let broker = RunBroker::start(program, &config).await?;
    let connection = connection(&config, broker.servers.clone());
    reach(&connection).await?;
    let topics =
        ensure_topics(&connection, config.topics.partitions, config.topics.replication_factor).await?;

    let (service_events, mut from_services) = mpsc::unbounded_channel();
    let environment = Environment::new(state_dir(&config), &broker.servers);
    let starting = Services::start(&config.services, &environment, &service_events);
    let services = tell_while(starting, &mut from_services, &reporter, &mut stop).await;
    let services = match services {
        Some(services) => services?,
        None => {
            // Interrupted before anything ran: what had been started is gone with the future.
            broker.stop().await;
            return Ok(exit_code::OK);
        }
    };

    let bounds = Bounds::of(args);
    let sharing = sharing(args, &config, bounds.is_check());
    let (say, mut observations) = mpsc::unbounded_channel();
    let limits = Limits {
        bus_disorder: if topics.bus_is_stamped_by_brokers { Duration::ZERO } else { DISORDER_OF_SENDERS },
        ..Limits::default()
    };
    let unknown = if sharing.is_shared() { UnknownCases::Skip } else { UnknownCases::Ignore };
    let observer = Observer::start(
        ObserverOptions {
            connection,
            sharing: sharing.clone(),
            reports: sharing.is_shared() || args.reports,
            selection: Selection { cases: cases.clone(), unknown },
            limits,
            commit_interval: config.commit_interval,
        },
        move |observation| drop(say.send(observation)),
    )?;

    let mut following = Following::new(reporter.events());
    let first = tokio::time::timeout(FIRST_ASSIGNMENT, following.until_assigned(&mut observations));
    let interrupted = tokio::select! {
        _ = first => false,
        () = stop.asked() => true,
    };
    reporter.events().send(RunEvent::Started(Started {
        cases,
        brokers: broker.servers.clone(),
        embedded: broker.is_embedded(),
        test_topic: config.topics.names.test_topic.clone(),
        group: sharing.group().to_owned(),
        profile: config.profile.clone(),
    }));
    let began = Instant::now();
    let reason = if interrupted {
        StopReason::Interrupted
    } else {
        let deadline = bounds.run_for.map(|run_for| began + run_for);
        loop {
            tokio::select! {
                () = stop.asked() => break StopReason::Interrupted,
                () = at(deadline) => break StopReason::TimeIsUp,
                Some(event) = from_services.recv() => {
                    if let Some(reason) = service_event(event, &reporter, &bounds) {
                        break reason;
                    }
                }
                Some(observation) = observations.recv() => {
                    following.observe(observation);
                    if let Some(reason) = bounds.reached(&following) {
                        break reason;
                    }
                }
            }
        }
    };

    reporter.events().send(RunEvent::Stopping(reason));
    let stopping = tokio::task::spawn_blocking(move || observer.stop());
    tokio::select! {
        stopped = stopping => drop(stopped),
        // Asked twice: what is not committed is executed again by the next runner.
        () = stop.asked() => tracing::warn!("stopping at once"),
    }
    while let Ok(observation) = observations.try_recv() {
        following.observe(observation);
    }
    services.stop().await;
    broker.stop().await;
    let failed = following.failures() > 0 || reason == StopReason::ServiceDied;
    let finished = following.finished(began.elapsed());
    tokio::task::spawn_blocking(move || reporter.finish(finished))
        .await
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
        .map_err(RunnerError::Output)?;
    // A runner that watches until it is told to stop has done its work, whatever it has seen; a run with an
    // end is a check.
    Ok(if failed && bounds.is_check() { exit_code::TEST_FAILED } else { exit_code::OK })
}

fn reporter_options(program: &Program, config: &Config) -> ReporterOptions {
    let output = &program.command.output;
    ReporterOptions {
        format: ReportFormat::Human,
        verbose: output.verbose,
        quiet: output.quiet,
        status_interval: config.status_interval,
    }
}

async fn reach(connection: &Connection) -> Result<(), KafkaEdgeError> {
    let connection = connection.clone();
    tokio::task::spawn_blocking(move || connection.reach(PATIENCE))
        .await
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

/// With whom the work is shared: with the group, unless the run is a look of one's own.
fn sharing(args: &RunArgs, config: &Config, bounded: bool) -> Sharing {
    let filtered = !args.selection.filters.is_empty() || !args.selection.packages.is_empty();
    match &args.group {
        Some(group) => Sharing::Group(group.clone()),
        None if filtered || bounded => {
            Sharing::Alone { group: format!("{}-run-{}", config.group, uuid::Uuid::new_v4()) }
        }
        None => Sharing::Group(config.group.clone()),
    }
}

/// Tells what the services say while they are being started. Nothing if the run is stopped meanwhile.
async fn tell_while<T>(
    starting: impl Future<Output = T>,
    events: &mut mpsc::UnboundedReceiver<ServiceEvent>,
    reporter: &Reporter,
    stop: &mut Stop,
) -> Option<T> {
    tokio::pin!(starting);
    loop {
        tokio::select! {
            started = &mut starting => return Some(started),
            Some(event) = events.recv() => reporter.events().send(RunEvent::Service(event)),
            () = stop.asked() => return None,
        }
    }
}

fn service_event(event: ServiceEvent, reporter: &Reporter, bounds: &Bounds) -> Option<StopReason> {
    let died = matches!(event, ServiceEvent::Died(_));
    reporter.events().send(RunEvent::Service(event));
    // A check without its services checks nothing; who watches goes on, and sees the cases fail.
    (died && bounds.is_check()).then_some(StopReason::ServiceDied)
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

/// What ends a run beside the user.
struct Bounds {
    run_for: Option<Duration>,
    max_executions: Option<u64>,
    fail_fast: bool,
}

impl Bounds {
    fn of(args: &RunArgs) -> Self {
        Self {
            run_for: args.run_for,
            max_executions: args.max_executions.map(std::num::NonZero::get),
            fail_fast: args.fail_fast,
        }
    }

    /// Whether the run is a check, which ends, and not a watch, which goes on until it is told to stop.
    fn is_check(&self) -> bool {
        self.run_for.is_some() || self.max_executions.is_some() || self.fail_fast
    }

    fn reached(&self, following: &Following) -> Option<StopReason> {
        if self.fail_fast && following.failures() > 0 {
            Some(StopReason::FirstFailure)
        } else if self.max_executions.is_some_and(|most| following.ended() >= most) {
            Some(StopReason::EnoughExecutions)
        } else {
            None
        }
    }
}

/// Ctrl-C, and the signal by which the system ends a process.
struct Stop {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    fn new() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
