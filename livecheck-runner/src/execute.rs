//! Executes cases: one tokio task each, its waits answered by the shard, its panics kept to itself.

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
use livecheck_core::{Case, Context, Execution, Timestamp, execution};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::engine::{Ending, Handle, PanicReport};
use crate::execution_log::ExecutionLog;
use crate::observers::Observers;

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
    /// What it has logged.
    pub(crate) log: Arc<ExecutionLog>,
    /// How far the consumer behind the signal that it has missed is behind.
    pub(crate) lag: Option<ConsumerLag>,
}

impl Executing {
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
    /// The tables of the case.
    pub(crate) tables: Arc<ExecutionTables>,
    /// Who is told of it.
    pub(crate) observers: Observers,
}

/// Starts a case in a task of its own. It ends by itself, or when it is aborted.
pub(crate) fn start(what: ToExecute, to_shard: mpsc::UnboundedSender<FromCase>) -> Executing {
    let ToExecute { execution, case, context, arguments, start: clock, log, tables, observers } = what;
    let log = Arc::new(log);
    observers.start_of(&context);
    let waits = Arc::new(Waits::new(execution, clock, to_shard));
    let source = Observed::source(&waits, observers, case, &context);
    let work = match case.settings.confirm {
        0 => {
            let execution = Execution::new(case, context, arguments, source).started_at(clock);
            Work::Once(execution.with_tables(tables).start())
        }
        retries => Work::Confirmed(Box::pin(async move {
            let attempt = || {
                let (context, arguments) = (context.clone(), arguments.clone());
                let execution = Execution::new(case, context, arguments, Arc::clone(&source));
                attempt(execution.started_at(clock).with_tables(Arc::clone(&tables)))
            };
            confirmed(retries, attempt).await
        })),
    };
    let task = tokio::spawn(Arc::clone(&log).scope(Task { work, waits })).abort_handle();
    Executing { task, log, lag: None }
}

/// A case that is executing. There may be a million of them: it is no larger than it must be.
struct Task {
    work: Work,
    waits: Arc<Waits>,
}

enum Work {
    Once(execution::Executing),
    Confirmed(Pin<Box<dyn Future<Output = Ending> + Send>>),
}

impl Future for Task {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<()> {
        let ending = match &mut self.work {
            Work::Once(case) => ready!(poll_caught(case.as_mut(), cx)).into(),
            Work::Confirmed(attempts) => ready!(attempts.as_mut().poll(cx)),
        };
        self.waits.ended(ending);
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
