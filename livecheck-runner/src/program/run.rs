//! `run`: brings up what the cases need, observes until something ends it, and takes everything down.

use std::time::{Duration, Instant};

use livecheck_core::{Timestamp, control};
use tokio::sync::mpsc;

use super::bounds::Bounds;
use super::broker::{RunBroker, client_variables, state_dir};
use super::follow::Following;
use super::keeping::{Keeping, configured};
use super::monitoring::Monitoring;
use super::once::Once;
use super::prepare::{Prepared, prepare};
use super::stop::Stop;
use super::{Program, RunnerError, tables, working_folder};
use crate::args::{RunArgs, RunFormat, exit_code};
use crate::config::{Config, PageUrlError};
use crate::engine::{Limits, Selection, UnknownCases};
use crate::kafka::Sharing;
use crate::monitor::{Plan, Rhythm, What};
use crate::observer::{Observer, ObserverOptions};
use crate::observers::Observers;
use crate::reporter::{
    Events, Finished, ReportFormat, Reporter, ReporterOptions, RunEvent, Screen, Started, StopReason,
};
use crate::selected::Selected;
use crate::services::{Environment, ServiceEvent, Services};
use crate::serving::{Heard, Serving, ServingOptions, served};
use crate::traces::Traces;

/// How long the group may take to give this runner its first partitions. Where there are more runners than
/// partitions it never does.
const FIRST_ASSIGNMENT: Duration = Duration::from_secs(20);
/// What a run of one's own says where it would have something to do by the clock.
const NOT_BY_THE_CLOCK: &str = "nothing is done by the clock here: that is for the runners of a group, of which one leads. \
                                `--once` does it now; with `--group` the run has a group";
/// By how much the clocks of senders may differ on a bus that keeps their times.
const DISORDER_OF_SENDERS: Duration = Duration::from_secs(2);
/// The same on such a test topic, where nothing but memory hangs on it: what is sent again may have an older time, too.
const DISORDER_OF_TRIGGERS: Duration = Duration::from_secs(60);

pub(super) async fn run(program: &Program, args: &RunArgs) -> Result<u8, RunnerError> {
    let mut config = program.config()?;
    if let Some(url) = &args.web_advertise {
        config.web.advertise = Some(url.parse().map_err(|error: PageUrlError| {
            RunnerError::refused(
                format!("`--web-advertise {url}` is no address of a page"),
                error.to_string(),
                exit_code::USAGE,
            )
        })?);
    }
    let selected = program.select(&args.selection, &config)?;
    let once = args.once.then(|| Once::of(&selected)).transpose()?;
    let selected = once.as_ref().map_or_else(|| selected.clone(), |once| once.selected(&selected));
    let mut stop = Stop::new().map_err(RunnerError::Runtime)?;
    let (options, screen) = reporting(program, args, &config)?;
    let reporter = Reporter::start(options, screen).map_err(RunnerError::Runtime)?;

    let bounds = Bounds::of(args);
    let ended = observe(program, args, &config, (selected, once), &bounds, &reporter, &mut stop).await;
    let finished = match ended {
        Ok(Ended::Finished(finished)) => finished,
        // What was told is printed before the error, or the end, is.
        Ok(Ended::BeforeItBegan) => {
            reporter.events().send(RunEvent::Stopping(StopReason::Interrupted));
            reporter.close();
            return Ok(if bounds.is_check() { exit_code::TEST_FAILED } else { exit_code::OK });
        }
        Err(error) => {
            reporter.close();
            return Err(error);
        }
    };
    let failed =
        finished.failures > 0 || matches!(finished.reason, StopReason::ServiceDied | StopReason::Interrupted);
    let finished_executions = finished.summary.snapshot.total().ended();
    let printing = tokio::task::spawn_blocking(move || reporter.finish(finished.summary));
    // A terminal that its user has paused must not hold up who wants to leave.
    if let Some(printed) = stop.unless_asked(printing).await {
        printed
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
            .map_err(RunnerError::Output)?;
    }
    // A runner that watches until it is told to stop has done its work, whatever it has seen; a run with an
    // end is a check, and one that was cut short has not checked what it was to check.
    Ok(match bounds.is_check() {
        true if failed => exit_code::TEST_FAILED,
        // Green for want of traffic is not green.
        true if finished_executions == 0 => exit_code::NO_CASES,
        _ => exit_code::OK,
    })
}

/// How a run has ended.
enum Ended {
    /// It was stopped before the cases were ready for triggers.
    BeforeItBegan,
    /// It was under way.
    Finished(Outcome),
}

struct Outcome {
    reason: StopReason,
    failures: u64,
    summary: Finished,
}

async fn observe(
    program: &Program,
    args: &RunArgs,
    config: &Config,
    (selected, once): (Selected, Option<Once>),
    bounds: &Bounds,
    reporter: &Reporter,
    stop: &mut Stop,
) -> Result<Ended, RunnerError> {
    let cases = selected.cases.clone();
    let sharing = sharing(args, config, bounds.is_check());
    // Only who monitors sends alerts, and needs their secrets.
    let alerts = if sharing.is_shared() { config.alerts_with_secrets()? } else { None };
    let broker = RunBroker::start(program, config).await?;
    let connection = broker.connection(config);
    let events = reporter.events();
    let preparing = prepare(&connection, &sharing, config, &cases, &events);
    let Some(prepared) = stop.unless_asked(preparing).await else {
        return Ok(Ended::BeforeItBegan);
    };
    let Prepared { partitions, bus_is_stamped_by_brokers, tests_are_stamped_by_brokers } = prepared?;
    let opening = tables::open(&connection, &sharing, config, &cases, &broker, partitions, &events);
    let Some(tables) = stop.unless_asked(opening).await else {
        return Ok(Ended::BeforeItBegan);
    };
    let tables = tables?;

    let (service_events, from_services) = mpsc::unbounded_channel();
    let mut news = ServiceNews { from_services, events: reporter.events(), has_died: false };
    let environment = Environment::new(state_dir(config), client_variables(config, &connection));
    let wanted = if args.no_services { &[] } else { &config.services[..] };
    let starting = Services::start(wanted, &environment, &service_events);
    let Some(services) = news.tell_while(starting, stop).await else {
        // What had been started is gone with the future.
        return Ok(Ended::BeforeItBegan);
    };
    let services = services?;

    let (observers, observer_thread) = Observers::start(livecheck_core::observer::all());
    let (say, mut observations) = mpsc::unbounded_channel();
    let limits = Limits {
        save_after: sharing.is_shared().then_some(config.save_after),
        bus_disorder: if bus_is_stamped_by_brokers { Duration::ZERO } else { DISORDER_OF_SENDERS },
        test_disorder: if tests_are_stamped_by_brokers { Duration::ZERO } else { DISORDER_OF_TRIGGERS },
        ..Limits::default()
    };
    let unknown = if sharing.is_shared() { UnknownCases::Skip } else { UnknownCases::Ignore };
    let observer = Observer::start(
        ObserverOptions {
            connection: connection.clone(),
            sharing: sharing.clone(),
            reports: sharing.is_shared() || args.reports,
            selection: Selection { cases: cases.clone(), is_active: control::is_active, unknown },
            partitions: i32::try_from(partitions).unwrap_or(i32::MAX),
            limits,
            commit_interval: config.commit_interval,
            tables,
            observers: observers.clone(),
        },
        move |observation| drop(say.send(observation)),
    )?;

    let mut following = Following::new(reporter.events(), *bounds);
    let first = tokio::time::timeout(FIRST_ASSIGNMENT, following.until_assigned(&mut observations));
    let is_assigned = news.tell_while(first, stop).await;
    reporter.events().send(RunEvent::Started(Started {
        cases: cases.clone(),
        checks: selected.checks.iter().map(|check| check.name.clone()).collect(),
        brokers: broker.servers.clone(),
        embedded: broker.is_embedded(),
        embedded_data_dir: broker.data_dir.clone(),
        test_topic: config.topics.names.test_topic.clone(),
        group: sharing.group().map(str::to_owned),
        profile: config.profile.clone(),
    }));
    let heard = Heard::new(&program.cases, &sharing);
    let watched = (&program.cases, &selected);
    let (events, told) = (reporter.events(), observers.clone());
    let monitoring = Monitoring::start(&connection, &sharing, watched, alerts, events, heard.clone(), told)?;
    let keeping = Keeping::start(program, config, &connection, &monitoring, reporter.events());
    keeping.progress().into_iter().for_each(|progress| heard.store(progress));
    let serving = match config.web.address(args.web_listen, sharing.is_shared()) {
        Some(address) => {
            let options = ServingOptions {
                connection: &connection,
                sharing: &sharing,
                cases: &program.cases,
                rhythms: Rhythm::of_all(&program.all(config)),
                web: &config.web,
                replication_factor: config.topics.replication_factor,
                store: configured(config),
                address,
                runner: monitoring.id(),
            };
            serve(options, heard.clone(), &reporter.events()).await
        }
        None => None,
    };
    let unserved = || served(configured(config).as_ref(), None);
    monitoring.serves(serving.as_ref().map_or_else(unserved, Serving::offers));
    // Fake requests are for where real ones are missing: a run of one's own waits for those.
    let has_work = |plan: &Plan| !matches!(plan.what, What::Send(..));
    if !sharing.is_shared() && once.is_none() && Plan::of(&selected).iter().any(has_work) {
        reporter.events().send(RunEvent::Warning(NOT_BY_THE_CLOCK.to_owned()));
    }
    let traces = Traces::to(config.otlp_endpoint.as_deref()).unwrap_or_else(|error| {
        reporter.events().send(RunEvent::Warning(error.to_string()));
        Traces::none()
    });
    let began = Instant::now();
    let deadline = bounds.run_for.map(|run_for| began + run_for);
    let (reports, mut own_reports) = mpsc::unbounded_channel();
    if let (Some(once), Some(_)) = (once, &is_assigned) {
        if let Err(error) = connection.client_builder().install() {
            reporter.events().send(RunEvent::Warning(format!("nothing can be triggered: {error}")));
        }
        let now = Timestamp::now();
        following.only(once.awaited(now));
        once.begin(now, &reports);
    }
    let reason = loop {
        if is_assigned.is_none() {
            break StopReason::Interrupted;
        }
        // A check without its services checks nothing; who watches goes on, and sees the cases fail.
        if news.has_died && bounds.is_check() {
            break StopReason::ServiceDied;
        }
        if let Some(reason) = following.bound_reached() {
            break reason;
        }
        tokio::select! {
            () = stop.asked() => break StopReason::Interrupted,
            () = at(deadline) => break StopReason::TimeIsUp,
            () = at(following.status_due()) => following.tell_status(),
            Some(event) = news.from_services.recv() => news.tell(event),
            Some(report) = own_reports.recv() => following.report(report),
            Some(observation) = observations.recv() => {
                monitoring.hear(&observation);
                keeping.hear(&observation);
                heard.observation(&observation);
                traces.hear(&observation);
                observers.hear(&observation);
                following.observe(observation);
            }
        }
    };

    following.stopping();
    reporter.events().send(RunEvent::Stopping(reason));
    if let Some(serving) = serving {
        stop.unless_asked(serving.stop()).await;
    }
    let stopping = tokio::task::spawn_blocking(move || {
        observer.stop();
        traces.stop();
        monitoring.stop();
        // Last: what both have reported at the end is kept, too.
        keeping.stop();
    });
    if stop.unless_asked(stopping).await.is_none() {
        // Asked twice: what is not committed is executed again by the next runner.
        tracing::warn!("stopping at once: what is in flight is not handed over, and services are killed");
        drop(services);
    } else if stop.unless_asked(services.stop()).await.is_none() {
        tracing::warn!("stopping at once: services are killed");
    }
    while let Ok(observation) = observations.try_recv() {
        observers.hear(&observation);
        following.observe(observation);
    }
    let told = tokio::task::spawn_blocking(move || observer_thread.finish());
    if stop.unless_asked(told).await.is_none() {
        tracing::warn!("stopping at once: observers miss the latest events");
    }
    stop.unless_asked(broker.stop()).await;
    // What was to be done, and was not, has not passed.
    let failures = following.failures() + u64::from(following.awaits_more());
    Ok(Ended::Finished(Outcome { reason, failures, summary: following.finished(began.elapsed()) }))
}

/// Serves the page and the metrics. Where that fails the cases are executed all the same.
async fn serve(options: ServingOptions<'_>, heard: Heard, events: &Events) -> Option<Serving> {
    match Serving::start(options, heard).await {
        Ok(serving) => {
            events.send(RunEvent::Serving(serving.address()));
            Some(serving)
        }
        Err(error) => {
            events.send(RunEvent::Warning(format!("{error}{}", error.advice())));
            None
        }
    }
}

/// How the run is reported, and where: for people on standard error, as JSON on standard output.
fn reporting(
    program: &Program,
    args: &RunArgs,
    config: &Config,
) -> Result<(ReporterOptions, Screen), RunnerError> {
    let output = &program.command.output;
    let (format, screen) = match args.message_format {
        RunFormat::Human => (ReportFormat::Human, program.screen.clone()),
        RunFormat::Json => (ReportFormat::Json, Screen::stdout()),
    };
    let options = ReporterOptions {
        format,
        verbose: output.verbose,
        quiet: output.quiet,
        status_interval: config.status_interval,
        root: working_folder()?,
    };
    Ok((options, screen))
}

/// With whom the work is shared: with the group, unless the run is a look of one's own.
fn sharing(args: &RunArgs, config: &Config, bounded: bool) -> Sharing {
    match &args.group {
        Some(group) => Sharing::Group(group.clone()),
        None if args.selection.is_narrowed() || bounded => Sharing::Alone,
        None => Sharing::Group(config.group.clone()),
    }
}

/// What the services say, on its way to the reporter.
struct ServiceNews {
    from_services: mpsc::UnboundedReceiver<ServiceEvent>,
    events: Events,
    /// Whether one has died.
    has_died: bool,
}

impl ServiceNews {
    fn tell(&mut self, event: ServiceEvent) {
        self.has_died |= matches!(event, ServiceEvent::Died(_));
        self.events.send(RunEvent::Service(event));
    }

    /// Tells what the services say until something is done, all of it before what comes next. Nothing if the
    /// run is stopped meanwhile.
    async fn tell_while<T>(&mut self, doing: impl Future<Output = T>, stop: &mut Stop) -> Option<T> {
        tokio::pin!(doing);
        let done = loop {
            tokio::select! {
                done = &mut doing => break Some(done),
                Some(event) = self.from_services.recv() => self.tell(event),
                () = stop.asked() => break None,
            }
        };
        while let Ok(event) = self.from_services.try_recv() {
            self.tell(event);
        }
        done
    }
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_services_have_said_is_told_before_what_comes_next() {
        let (screen, written) = crate::reporter::test_screen(false);
        let options = ReporterOptions {
            format: ReportFormat::Human,
            verbose: 0,
            quiet: false,
            status_interval: Duration::from_secs(30),
            root: std::path::PathBuf::new(),
        };
        let reporter = Reporter::start(options, screen).expect("a thread");
        let (say, from_services) = mpsc::unbounded_channel();
        let mut news = ServiceNews { from_services, events: reporter.events(), has_died: false };
        let starting = async {
            for name in ["web", "worker"] {
                let (name, after) = (name.to_owned(), Duration::ZERO);
                say.send(ServiceEvent::Ready { name, after, reused: false }).expect("it is heard");
            }
        };
        let mut stop = Stop::new().expect("signals");
        assert!(news.tell_while(starting, &mut stop).await.is_some());
        reporter.events().send(RunEvent::Warning("next".to_owned()));
        drop(news);
        reporter.close();
        let text = written.text();
        let place = |what| text.find(what).expect(what);
        assert!(place("web") < place("worker") && place("worker") < place("next"), "{text}");
    }
}
