//! What an execution and its shard have in common: the waits, and their answers; and the log.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use livecheck_core::signal::{ReceivedSignal, SignalSource, WaitNumber, WaitRequest};
use livecheck_core::{Timeout, Timestamp};
use smallvec::SmallVec;
use tokio::sync::mpsc;

use super::FromCase;
use crate::engine::{Ending, Handle};
use crate::execution_log::{ExecutionLog, Logs};

/// The waits of one execution, sent on to its shard, and what it logs: one allocation for all that both sides need.
#[derive(Debug)]
pub(super) struct Waits {
    execution: Handle,
    /// The execution's own clock, in microseconds of log time: the trigger, then each signal received and each
    /// deadline passed.
    ///
    /// It is kept on this side so that a wait's clock starts at what the case has seen, and not at what
    /// happens to lie in its inbox: the same when the execution is run again.
    clock: AtomicI64,
    to_shard: mpsc::UnboundedSender<FromCase>,
    open: Mutex<Open>,
    log: ExecutionLog,
}

/// The waits that have not ended, or of which the case does not know yet.
#[derive(Debug, Default)]
struct Open {
    /// Mostly one: a case waits for one thing after the other.
    waits: SmallVec<[Wait; 1]>,
    next: u32,
}

#[derive(Debug)]
struct Wait {
    number: WaitNumber,
    since: Timestamp,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The waker is that of the case's task, once it has been polled.
    Waiting(Option<Waker>),
    /// Few are timeouts, and they are large.
    Answered(Result<ReceivedSignal, Box<Timeout>>),
}

impl Waits {
    pub(super) fn new(
        execution: Handle,
        clock: Timestamp,
        to_shard: mpsc::UnboundedSender<FromCase>,
        log: ExecutionLog,
    ) -> Self {
        let clock = AtomicI64::new(clock.as_micros());
        Self { execution, clock, to_shard, open: Mutex::default(), log }
    }

    /// The execution.
    pub(super) fn execution(&self) -> Handle {
        self.execution
    }

    /// Tells the shard how the case has ended. Where the shard is gone the partition is another runner's, and so is
    /// the verdict.
    pub(super) fn ended(&self, ending: Ending) {
        let _ = self.to_shard.send(FromCase::Ended { execution: self.execution, ending });
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a wait; it is answered by that.
    fn register(&self, since: Timestamp) -> WaitNumber {
        let mut open = self.open();
        let number = WaitNumber(open.next);
        open.next += 1;
        open.waits.push(Wait { number, since, state: State::Waiting(None) });
        number
    }
}

impl Logs for Waits {
    fn log(&self) -> &ExecutionLog {
        &self.log
    }
}

impl Open {
    fn position(&self, number: WaitNumber) -> Option<usize> {
        self.waits.iter().position(|wait| wait.number == number)
    }
}

/// How a wait is answered. Dropped instead, as by a shard that gives its partition back, it leaves the wait without an
/// end: the execution goes on in another runner, and here it never judges.
#[derive(Debug)]
pub(crate) struct Reply {
    waits: Arc<Waits>,
    number: WaitNumber,
}

impl Reply {
    /// Ends the wait. Where the case waits no longer, as in `select!`, nothing happens.
    pub(crate) fn send(self, answer: Result<ReceivedSignal, Timeout>) {
        let answered = State::Answered(answer.map_err(Box::new));
        let waker = {
            let mut open = self.waits.open();
            let Some(position) = open.position(self.number) else { return };
            match std::mem::replace(&mut open.waits[position].state, answered) {
                State::Waiting(waker) => waker,
                State::Answered(_) => None,
            }
        };
        waker.into_iter().for_each(Waker::wake);
    }
}

impl SignalSource for Waits {
    fn begin(self: Arc<Self>, request: WaitRequest) -> WaitNumber {
        let since = Timestamp::from_micros(self.clock.load(Ordering::Relaxed));
        let number = self.register(since);
        let reply = Reply { waits: Arc::clone(&self), number };
        let _ = self.to_shard.send(FromCase::Wait { execution: self.execution, request, since, reply });
        number
    }

    fn poll(&self, number: WaitNumber, cx: &mut Context<'_>) -> Poll<Result<ReceivedSignal, Timeout>> {
        let mut open = self.open();
        let Some(position) = open.position(number) else { return Poll::Pending };
        match &mut open.waits[position].state {
            State::Waiting(Some(waker)) => {
                waker.clone_from(cx.waker());
                return Poll::Pending;
            }
            State::Waiting(waker) => {
                *waker = Some(cx.waker().clone());
                return Poll::Pending;
            }
            State::Answered(_) => {}
        }
        let Wait { since, state: State::Answered(answer), .. } = open.waits.swap_remove(position) else {
            return Poll::Pending;
        };
        drop(open);
        let answer = answer.map_err(|timeout| *timeout);
        let reached = match &answer {
            Ok(received) => received.time,
            Err(Timeout::Signal { timeout, .. }) => since + *timeout,
            Err(Timeout::Expired { expired, .. }) => *expired,
            Err(_) => since,
        };
        self.clock.fetch_max(reached.as_micros(), Ordering::Relaxed);
        Poll::Ready(answer)
    }

    fn forget(&self, number: WaitNumber) {
        let mut open = self.open();
        if let Some(position) = open.position(number) {
            open.waits.swap_remove(position);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits() -> (Arc<Waits>, mpsc::UnboundedReceiver<FromCase>) {
        let (to_shard, from_cases) = mpsc::unbounded_channel();
        let execution = Handle::for_test();
        let log = ExecutionLog::default();
        (Arc::new(Waits::new(execution, Timestamp::from_millis(1_000), to_shard, log)), from_cases)
    }

    fn begin(waits: &Arc<Waits>, from_cases: &mut mpsc::UnboundedReceiver<FromCase>) -> (WaitNumber, Reply) {
        let number = Arc::clone(waits).begin(WaitRequest { signal: 0, key: None, timeout: None });
        let Ok(FromCase::Wait { reply, since, .. }) = from_cases.try_recv() else { panic!("it is told") };
        assert_eq!(since, Timestamp::from_micros(waits.clock.load(Ordering::Relaxed)));
        (number, reply)
    }

    fn event(millis: i64) -> Result<ReceivedSignal, Timeout> {
        Ok(ReceivedSignal { value: None, partition: 0, offset: 0, time: Timestamp::from_millis(millis) })
    }

    #[test]
    fn each_wait_has_its_own_answer_and_the_clock_goes_with_it() {
        let (waits, mut from_cases) = waits();
        let cx = &mut Context::from_waker(Waker::noop());
        let (first, reply_to_first) = begin(&waits, &mut from_cases);
        let (second, reply_to_second) = begin(&waits, &mut from_cases);
        assert!(waits.poll(first, cx).is_pending());
        reply_to_second.send(event(3_000));
        assert!(waits.poll(first, cx).is_pending());
        assert!(waits.poll(second, cx).is_ready());
        reply_to_first.send(event(2_000));
        assert!(waits.poll(first, cx).is_ready());
        assert_eq!(waits.clock.load(Ordering::Relaxed), 3_000_000, "it never goes back");
        assert!(waits.open().waits.is_empty());
        begin(&waits, &mut from_cases);
    }

    #[test]
    fn a_wait_that_is_given_up_takes_no_answer_and_leaves_nothing() {
        let (waits, mut from_cases) = waits();
        let (number, reply) = begin(&waits, &mut from_cases);
        waits.forget(number);
        reply.send(event(2_000));
        assert!(waits.open().waits.is_empty());
        assert_eq!(waits.clock.load(Ordering::Relaxed), 1_000_000);
    }

    #[test]
    fn a_wait_without_a_shard_has_no_end() {
        let (waits, mut from_cases) = waits();
        let (number, reply) = begin(&waits, &mut from_cases);
        drop((from_cases, reply));
        assert!(waits.poll(number, &mut Context::from_waker(Waker::noop())).is_pending());
    }
}
