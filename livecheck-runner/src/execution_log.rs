//! What a case logs while it is executed: kept for its report, and told at once where the case wants that.
//!
//! Cases log with `tracing`, as everything does. A layer of the subscriber finds, by a task-local, the execution that an
//! event belongs to. What a spawned task logs belongs to none.

use std::collections::VecDeque;
use std::fmt::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use livecheck_core::Timestamp;
use livecheck_core::text::cut;
use livecheck_core::wire::{Explanation, LogLine};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

tokio::task_local! {
    static CURRENT: Arc<dyn Logs>;
}

/// An execution, as far as its log goes.
pub(crate) trait Logs: Send + Sync + 'static {
    /// What it has logged.
    fn log(&self) -> &ExecutionLog;
}

/// What to do with a line at once.
pub(crate) type Tell = Box<dyn Fn(&LogLine) + Send + Sync>;

/// The log of one execution: the latest lines of it.
#[derive(Default)]
pub(crate) struct ExecutionLog {
    /// None until something is logged: there may be a million of them, and most say nothing.
    kept: Mutex<Option<Box<Kept>>>,
    live: Option<Tell>,
}

#[derive(Debug, Default)]
struct Kept {
    lines: VecDeque<LogLine>,
    left_out: u64,
}

impl ExecutionLog {
    /// A log that also tells each line at once.
    pub(crate) fn live(tell: Tell) -> Self {
        Self { live: Some(tell), ..Self::default() }
    }

    /// Does something whose events belong to the log of that execution.
    pub(crate) fn within<T>(execution: Arc<dyn Logs>, act: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(execution, act)
    }

    /// Whether this task is within an execution.
    pub(crate) fn is_entered() -> bool {
        CURRENT.try_with(|_| ()).is_ok()
    }

    /// Moves what was kept into the explanation of the execution.
    pub(crate) fn explain(&self, explanation: &mut Explanation) {
        let Some(kept) = self.kept().take() else { return };
        explanation.logs = kept.lines.into();
        explanation.logs_left_out = kept.left_out;
    }

    fn add(&self, line: LogLine) {
        if let Some(tell) = &self.live {
            tell(&line);
        }
        let mut kept = self.kept();
        let kept = kept.get_or_insert_default();
        if kept.lines.len() == Explanation::MOST_LOG_LINES {
            kept.lines.pop_front();
            kept.left_out += 1;
        }
        kept.lines.push_back(line);
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Option<Box<Kept>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ExecutionLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecutionLog").field("kept", &self.kept).finish_non_exhaustive()
    }
}

/// The layer that keeps what is logged within an execution.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CaseLogs;

impl<S: Subscriber> Layer<S> for CaseLogs {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        // Outside of any execution, as almost always in a runner, this is all that it costs.
        let Ok(execution) = CURRENT.try_with(Arc::clone) else { return };
        let mut message = Message::default();
        event.record(&mut message);
        let metadata = event.metadata();
        execution.log().add(LogLine {
            time: Timestamp::now(),
            level: metadata.level().to_string(),
            target: metadata.target().to_owned(),
            message: cut(&message.into_text(), Explanation::LOG_CHARACTERS),
        });
    }
}

/// The message of an event, and its fields behind it: `looking into the cache order=o-1`.
#[derive(Debug, Default)]
struct Message {
    text: String,
    fields: String,
}

impl Message {
    fn into_text(self) -> String {
        if self.text.is_empty() { self.fields.trim_start().to_owned() } else { self.text + &self.fields }
    }
}

impl Visit for Message {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.text.push_str(value),
            name => drop(write!(self.fields, " {name}={value}")),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => drop(write!(self.text, "{value:?}")),
            name => drop(write!(self.fields, " {name}={value:?}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    impl Logs for ExecutionLog {
        fn log(&self) -> &ExecutionLog {
            self
        }
    }

    fn logged(log: &Arc<ExecutionLog>, work: impl FnOnce()) -> Explanation {
        let subscriber = tracing_subscriber::registry().with(CaseLogs);
        let execution: Arc<dyn Logs> = Arc::<ExecutionLog>::clone(log);
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!("before");
            ExecutionLog::within(execution, work);
            tracing::info!("after");
        });
        let mut explanation = Explanation::default();
        log.explain(&mut explanation);
        explanation
    }

    #[test]
    fn what_is_logged_within_an_execution_is_kept_with_its_fields_and_nothing_else_is() {
        let explanation = logged(&Arc::default(), || {
            tracing::warn!(order = "o-1", lines = 2, "looking into the cache");
            tracing::info!(side = ?Some(1));
        });
        let lines: Vec<_> =
            explanation.logs.iter().map(|line| (line.level.as_str(), line.message.as_str())).collect();
        assert_eq!(lines, [("WARN", "looking into the cache order=o-1 lines=2"), ("INFO", "side=Some(1)")]);
        assert!(explanation.logs[0].target.ends_with("execution_log::tests"));
    }

    #[test]
    fn of_many_lines_the_latest_are_kept_and_of_a_long_one_the_beginning() {
        let explanation = logged(&Arc::default(), || {
            for number in 0..250 {
                tracing::info!("line {number}");
            }
            tracing::info!("{}", "x".repeat(10_000));
        });
        assert_eq!((explanation.logs.len(), explanation.logs_left_out), (100, 151));
        assert_eq!(explanation.logs[0].message, "line 151");
        assert_eq!(explanation.logs[99].message.chars().count(), Explanation::LOG_CHARACTERS + 1);
    }

    #[test]
    fn a_live_log_tells_each_line_at_once() {
        let told: Arc<Mutex<Vec<String>>> = Arc::default();
        let tell = {
            let told = Arc::clone(&told);
            Box::new(move |line: &LogLine| told.lock().expect("no panic").push(line.message.clone()))
        };
        logged(&Arc::new(ExecutionLog::live(tell)), || tracing::info!("now"));
        assert_eq!(*told.lock().expect("no panic"), ["now"]);
    }
}
