//! A run: the instances side by side, the uptests of one after another.

use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use livecheck_core::Timestamp;
use tokio::sync::{mpsc, watch};

use crate::captured::Captured;
use crate::environment::Environment;
use crate::executable;
use crate::function::{self, Catch};
use crate::instance::Instance;
use crate::limits::Limits;
use crate::outcome::{Ending, NotStarted, Outcome};
use crate::plan::{Check, Planned};

/// The pause before an uptest is tried again; the first one, and the longest that it grows to.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(2));

/// How uptests are run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where executables run, and with what.
    pub environment: Environment,
    /// How long one uptest may take, where it does not say so itself.
    pub timeout: Duration,
    /// How long the whole run may take.
    pub total_timeout: Option<Duration>,
    /// How long an instance has to become ready: until then, what fails is tried again.
    pub retry_for: Duration,
    /// How many instances are asked at once.
    pub jobs: usize,
    /// How panics of functions are caught.
    pub catch: Catch,
}

/// What one uptest said of one instance in the end.
#[derive(Clone, Debug)]
pub struct UptestResult {
    /// The instance that was asked.
    pub instance: Instance,
    /// What was asked.
    pub check: Check,
    /// When it was asked, for the last time.
    pub started: Timestamp,
    /// What came of that.
    pub outcome: Outcome,
    /// How often it was asked; 0 if its turn never came.
    pub tries: u32,
}

/// What happens in a run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// An uptest has failed, and is tried again.
    Again(UptestResult),
    /// An uptest has ended.
    Done(UptestResult),
}

/// Runs what is planned. The results are in the order of the plan, whatever the order in which they came.
///
/// What happens is told to `events` when it does. Once `stop` is true, what runs is ended, and the rest is not
/// started.
pub async fn run(
    plan: &[Planned],
    settings: &Settings,
    events: mpsc::UnboundedSender<Event>,
    stop: watch::Receiver<bool>,
) -> Vec<UptestResult> {
    let began = Instant::now();
    let limits = Limits {
        each: settings.timeout,
        deadline: settings.total_timeout.map(|timeout| began + timeout),
        stop,
    };
    let asking = plan.iter().enumerate().map(async |(place, planned)| {
        (place, Asking { planned, settings, limits: &limits, events: &events }.ask().await)
    });
    let asking = futures_util::stream::iter(asking).buffer_unordered(settings.jobs.max(1));
    let mut results: Vec<_> = asking.collect().await;
    results.sort_by_key(|(place, _)| *place);
    results.into_iter().flat_map(|(_, of_instance)| of_instance).collect()
}

/// The uptests of one instance.
struct Asking<'a> {
    planned: &'a Planned,
    settings: &'a Settings,
    limits: &'a Limits,
    events: &'a mpsc::UnboundedSender<Event>,
}

impl Asking<'_> {
    async fn ask(self) -> Vec<UptestResult> {
        let ready_until = Instant::now() + self.settings.retry_for;
        let mut results = Vec::new();
        for check in &self.planned.checks {
            let result = self.until_ready(check, ready_until).await;
            self.tell(Event::Done(result.clone()));
            results.push(result);
        }
        results
    }

    /// Runs an uptest, again and again, until it passes or the instance should be ready.
    async fn until_ready(&self, check: &Check, ready_until: Instant) -> UptestResult {
        let mut pause = PAUSES.0;
        let mut tries = 0;
        loop {
            if let Some(limit) = self.limits.is_over().filter(|_| tries == 0) {
                return self.result(check, Timestamp::now(), without_output(Ending::Stopped(limit)), tries);
            }
            tries += 1;
            let started = Timestamp::now();
            let outcome = self.once(check).await;
            let may_try_again = outcome.ending.may_change() && Instant::now() + pause < ready_until;
            let result = self.result(check, started, outcome, tries);
            if !may_try_again {
                return result;
            }
            self.tell(Event::Again(result.clone()));
            if !self.limits.pause(pause).await {
                return result;
            }
            pause = PAUSES.1.min(pause.mul_f64(1.5));
        }
    }

    async fn once(&self, check: &Check) -> Outcome {
        let instance = &self.planned.instance;
        match check {
            Check::Function(uptest) => {
                function::run(uptest, instance.target.clone(), self.limits, self.settings.catch).await
            }
            Check::Executable(_) => {
                let path = check.path(&instance.proc).unwrap_or_default();
                let command = match self.settings.environment.command(&path, instance) {
                    Ok(command) => command,
                    Err(error) => return without_output(Ending::Returned(error.to_string())),
                };
                // Behind a prefix it is the prefix that cannot be started.
                let program = Path::new(command.as_std().get_program()).to_owned();
                match executable::run(command, self.limits).await {
                    Ok(outcome) => outcome,
                    Err(error) => {
                        let root = &self.settings.environment.root;
                        without_output(Ending::NotStarted(NotStarted::explain(root, &program, &error)))
                    }
                }
            }
        }
    }

    fn result(&self, check: &Check, started: Timestamp, outcome: Outcome, tries: u32) -> UptestResult {
        let (instance, check) = (self.planned.instance.clone(), check.clone());
        UptestResult { instance, check, started, outcome, tries }
    }

    fn tell(&self, event: Event) {
        // Nobody may listen: the results say it all.
        let _ = self.events.send(event);
    }
}

fn without_output(ending: Ending) -> Outcome {
    Outcome { ending, output: Captured::default(), elapsed: Duration::ZERO, left_behind: None }
}
