//! Executes cases: one tokio task each, its waits answered by the shard, its panics kept to itself.

mod by_execution;
mod observed;
mod panics;
mod waits;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use livecheck_core::signal::WaitRequest;
use livecheck_core::table::ExecutionTables;
use livecheck_core::wire::{Arguments, ConsumerLag};
use livecheck_core::{Case, Context, Execution, Timestamp};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::engine::{Ending, Handle, PanicReport};
use crate::execution_log::{ExecutionLog, Logs};
use crate::observers::Observers;

pub(crate) use by_execution::ByExecution;
use observed::Observed;
use panics::poll_caught;
pub(crate) use panics::{capture_panics, caught, caught_in_place};
pub(crate) use waits::Reply;
use waits::Waits;

/// The pause before a scheduled case that has failed is tried again.
const BEFORE_RETRY: Duration = Duration::from_secs(1);

/// What executing cases say to their shard.
#[derive(Debug)]
pub(crate) enum FromCase {
    /// A case waits for a signal.
    Wait {
        /// The execution.
        execution: Handle,
        /// What it waits for, and how long.
        request: WaitRequest,
        /// When the clock of the wait starts, in log time.
        since: Timestamp,
        /// Where the answer goes.
        reply: Reply,
    },
    /// A case has ended.
    Ended {
        /// The execution.
        execution: Handle,
        /// How.
        ending: Ending,
    },
    /// What is known of the consumer behind the signal that a case has missed has been found out, or cannot be.
    Explained {
        /// The execution.
        execution: Handle,
        /// How it ended.
        ending: Ending,
        /// When, in local time.
        ended: Timestamp,
        /// How far the consumer is behind.
        lag: Option<ConsumerLag>,
    },
}

/// A case that is executed.
#[derive(Debug)]
pub(crate) struct Executing {
    task: AbortHandle,
    waits: Arc<Waits>,
}

impl Executing {
    /// The execution.
    pub(crate) fn execution(&self) -> Handle {
        self.waits.execution()
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> &ExecutionLog {
        self.waits.log()
    }

    /// Stops it.
    pub(crate) fn abort(&self) {
        self.task.abort();
    }
}

/// What is to be executed.
pub(crate) struct ToExecute {
    /// The execution.
    pub(crate) execution: Handle,
    /// The case.
    pub(crate) case: &'static Case,
    /// The test's context.
    pub(crate) context: Context,
    /// The arguments.
    pub(crate) arguments: Arguments,
    /// Where its clock starts, in log time.
    pub(crate) start: Timestamp,
    /// What it logs goes there.
    pub(crate) log: ExecutionLog,
    /// The tables of the case, where it has any.
    pub(crate) tables: Option<Arc<ExecutionTables>>,
    /// Who is told of it.
    pub(crate) observers: Observers,
}

/// Starts a case in a task of its own. It ends by itself, or when it is aborted.
pub(crate) fn start(what: ToExecute, to_shard: mpsc::UnboundedSender<FromCase>) -> Executing {
    let ToExecute { execution, case, context, arguments, start: clock, log, tables, observers } = what;
    observers.start_of(&context);
    let waits = Arc::new(Waits::new(execution, clock, to_shard, log));
    let source = Observed::source(&waits, observers, case, &context);
    let task = match case.settings.confirm {
        0 => {
            let execution = Execution::new(case, context, arguments, source).started_at(clock);
            Task::spawn(execution.with_tables(tables).start(), &waits)
        }
        retries => {
            let attempts = async move {
                let attempt = || {
                    let (context, arguments) = (context.clone(), arguments.clone());
                    let execution = Execution::new(case, context, arguments, Arc::clone(&source));
                    attempt(execution.started_at(clock).with_tables(tables.clone()))
                };
                confirmed(retries, attempt).await
            };
            Task::spawn(Box::pin(attempts), &waits)
        }
    };
    Executing { task, waits }
}

/// A case that is executing. There may be a million of them: with three words tokio's part of it takes 128 bytes, and
/// with one more 256.
struct Task<T> {
    work: Pin<Box<dyn Future<Output = T> + Send>>,
    waits: Arc<Waits>,
}

impl<T: 'static> Task<T>
where
    Ending: From<Result<T, PanicReport>>,
{
    fn spawn(work: Pin<Box<dyn Future<Output = T> + Send>>, waits: &Arc<Waits>) -> AbortHandle {
        tokio::spawn(Self { work, waits: Arc::clone(waits) }).abort_handle()
    }
}

impl<T> Future for Task<T>
where
    Ending: From<Result<T, PanicReport>>,
{
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<()> {
        let execution = Arc::<Waits>::clone(&self.waits);
        let ended = ready!(ExecutionLog::within(execution, || poll_caught(self.work.as_mut(), cx)));
        self.waits.ended(ended.into());
        Poll::Ready(())
    }
}

/// Executes a case, once.
async fn attempt(execution: Execution) -> Ending {
    caught(execution.start()).await.into()
}

impl From<Result<livecheck_core::Result, PanicReport>> for Ending {
    fn from(outcome: Result<livecheck_core::Result, PanicReport>) -> Self {
        match outcome {
            Ok(Ok(())) => Self::Passed,
            Ok(Err(error)) => Self::Returned(error),
            Err(panic) => Self::Panicked(panic),
        }
    }
}

impl From<Result<Self, PanicReport>> for Ending {
    fn from(outcome: Result<Self, PanicReport>) -> Self {
        outcome.unwrap_or_else(Self::Panicked)
    }
}

/// How the attempts end: with the first that does not fail, or when it has been tried again so often. Where there are no
/// retries, that is the first.
async fn confirmed<A: Future<Output = Ending>>(retries: u32, attempt: impl Fn() -> A) -> Ending {
    let mut attempts = Vec::new();
    loop {
        let began = Instant::now();
        let ending = attempt().await;
        let is_last =
            !ending.is_failure() || attempts.len() >= usize::try_from(retries).unwrap_or(usize::MAX);
        if is_last && attempts.is_empty() {
            return ending;
        }
        attempts.push((ending, began.elapsed()));
        if is_last {
            return Ending::TriedAgain { attempts };
        }
        tokio::time::sleep(BEFORE_RETRY).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// As BENCHMARKS.md has it. Two words of each `Arc` are its counts.
    #[cfg(target_pointer_width = "64")]
    #[test]
    fn a_case_that_waits_takes_three_words_of_its_task_and_160_bytes_beside_it() {
        assert_eq!(size_of::<Task<livecheck_core::Result>>(), 24);
        assert!(size_of::<Waits>() <= 160 - 16, "{}", size_of::<Waits>());
    }

    /// How often it is tried, and whether it passes in the end, where so many attempts fail.
    async fn tried(retries: u32, fails: usize) -> (usize, bool) {
        let tries = Mutex::new(0);
        let attempt = || async {
            let mut tries = tries.lock().expect("no panic");
            *tries += 1;
            if *tries > fails { Ending::Passed } else { Ending::Panicked(PanicReport::default()) }
        };
        let ending = confirmed(retries, attempt).await;
        let tries = *tries.lock().expect("no panic");
        match &ending {
            Ending::TriedAgain { attempts } => assert_eq!(attempts.len(), tries),
            _ => assert_eq!(tries, 1),
        }
        (tries, !ending.is_failure())
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_confirmed_by_as_many_retries_as_asked_for() {
        assert_eq!(tried(0, 1).await, (1, false));
        assert_eq!(tried(2, 0).await, (1, true));
        assert_eq!(tried(2, 1).await, (2, true));
        assert_eq!(tried(2, 2).await, (3, true));
        assert_eq!(tried(2, 9).await, (3, false));
    }
}
