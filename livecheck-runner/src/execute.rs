//! Executes cases: one tokio task each, its waits answered by the shard, its panics kept to itself.

mod panics;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use livecheck_core::signal::{ReceivedSignal, SignalSource, WaitRequest};
use livecheck_core::table::ExecutionTables;
use livecheck_core::wire::{Arguments, ConsumerLag};
use livecheck_core::{Case, Context, Execution, Timeout, Timestamp};
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::engine::{Ending, Handle};
use crate::execution_log::ExecutionLog;

pub(crate) use panics::{capture_panics, caught, caught_in_place};

/// The pause before a scheduled case that has failed is tried again.
const BEFORE_RETRY: Duration = Duration::from_secs(1);

/// How a wait is answered.
pub(crate) type Reply = oneshot::Sender<Result<ReceivedSignal, Timeout>>;

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
}

/// Starts a case in a task of its own. It ends by itself, or when it is aborted.
pub(crate) fn start(what: ToExecute, to_shard: mpsc::UnboundedSender<FromCase>) -> Executing {
    let ToExecute { execution, case, context, arguments, start: clock, log, tables } = what;
    let log = Arc::new(log);
    let waits = ShardWaits {
        execution,
        clock: Arc::new(AtomicI64::new(clock.as_micros())),
        to_shard: to_shard.clone(),
    };
    let task = async move {
        let waits: Arc<dyn SignalSource> = Arc::new(waits);
        let ending = match case.settings.confirm {
            // The arguments are given up as soon as the case has taken them: tests wait for hours.
            0 => attempt(Execution::new(case, context, arguments, waits).with_tables(tables)).await,
            retries => {
                let again = || {
                    Execution::new(case, context.clone(), arguments.clone(), Arc::clone(&waits))
                        .with_tables(Arc::clone(&tables))
                };
                confirmed(retries, || attempt(again())).await
            }
        };
        // Where the shard is gone the partition is another runner's, and so is the verdict.
        let _ = to_shard.send(FromCase::Ended { execution, ending });
    };
    let task = tokio::spawn(Arc::clone(&log).scope(task)).abort_handle();
    Executing { task, log, lag: None }
}

/// Executes a case, once.
async fn attempt(execution: Execution) -> Ending {
    // Within the async block: a case may panic before its first await, in decoding its arguments say.
    match caught(async { execution.start().await }).await {
        Ok(Ok(())) => Ending::Passed,
        Ok(Err(error)) => Ending::Returned(error),
        Err(panic) => Ending::Panicked(panic),
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

/// The waits of one execution, sent on to its shard.
struct ShardWaits {
    execution: Handle,
    /// The execution's own clock, in microseconds of log time: the trigger, then each signal received and each
    /// deadline passed.
    ///
    /// It is kept on this side so that a wait's clock starts at what the case has seen, and not at what
    /// happens to lie in its inbox: the same when the execution is run again.
    clock: Arc<AtomicI64>,
    to_shard: mpsc::UnboundedSender<FromCase>,
}

impl SignalSource for ShardWaits {
    fn wait(
        &self,
        request: WaitRequest,
    ) -> Pin<Box<dyn Future<Output = Result<ReceivedSignal, Timeout>> + Send>> {
        let (reply, answer) = oneshot::channel();
        let since = Timestamp::from_micros(self.clock.load(Ordering::Relaxed));
        let wait = FromCase::Wait { execution: self.execution, request, since, reply };
        let sent = self.to_shard.send(wait);
        let clock = Arc::clone(&self.clock);
        Box::pin(async move {
            let answer = match sent {
                Ok(()) => answer.await.ok(),
                Err(_) => None,
            };
            match answer {
                Some(result) => {
                    let reached = match &result {
                        Ok(received) => received.time,
                        Err(Timeout::Signal { timeout, .. }) => since + *timeout,
                        Err(Timeout::Expired { expired, .. }) => *expired,
                        Err(_) => since,
                    };
                    clock.fetch_max(reached.as_micros(), Ordering::Relaxed);
                    result
                }
                // The shard is gone, and this execution goes on in another runner: here it never judges.
                None => std::future::pending().await,
            }
        })
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
            if *tries > fails {
                Ending::Passed
            } else {
                Ending::Panicked(crate::engine::PanicReport::default())
            }
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
