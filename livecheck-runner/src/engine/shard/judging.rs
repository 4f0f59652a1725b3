//! Waits and verdicts: how a wait ends, and how an execution does.

use std::time::Duration;

use livecheck_core::Timestamp;
use livecheck_core::signal::WaitRequest;
use livecheck_core::wire::{Explanation, State, TestReport};

use super::{Deadline, Shard};
use crate::difference;
use crate::engine::checkpoint::CheckpointKey;
use crate::engine::effect::Effect;
use crate::engine::execution::{Handle, Running, Surroundings};
use crate::engine::verdict::{Ending, Verdict};

/// How long it may take to find out why an execution has ended as it did.
const EXPLAINED_WITHIN: Duration = Duration::from_secs(30);

impl<R> Shard<R> {
    /// A case waits for a signal. The clock of the wait starts at `since`, in log time.
    pub fn wait(
        &mut self,
        execution: Handle,
        request: WaitRequest,
        since: Timestamp,
        reply: R,
        now: Timestamp,
    ) {
        let Some(running) = self.in_flight.get_mut(execution) else { return };
        let signal = request.signal;
        running.begin_wait(request, since, reply);
        self.resolve(execution, signal, now);
        self.await_deadlines(execution);
        self.ask(execution, signal, now);
        self.ask_how_far(now);
    }

    /// A case has ended.
    pub fn ended(&mut self, execution: Handle, ending: Ending, now: Timestamp) {
        self.finish(execution, ending.into(), now);
    }

    /// The consumer group behind the signal for want of which a case has ended, if it has, and the group is known.
    /// Whoever asks about the group before it says that the case has [ended](Self::ended) has time for that.
    pub fn consumer_behind(&mut self, execution: Handle, ending: &Ending, now: Timestamp) -> Option<String> {
        let running = self.in_flight.get_mut(execution).filter(|_| ending.is_timeout())?;
        let group = running.consumer_behind(self.senders.of(running.case))?;
        running.local_limit = running.local_limit.max(now + EXPLAINED_WITHIN);
        self.in_flight.set_busy(execution);
        Some(group)
    }

    /// Time has passed: executions that did not end by themselves are ended.
    pub fn tick(&mut self, now: Timestamp) {
        self.ask_how_far(now);
        self.forget_early(now);
        for execution in self.in_flight.overdue(now) {
            let reason = "the test expired while the case was busy, and not waiting for a signal".to_owned();
            self.effects.push(Effect::Abort { execution });
            self.finish(execution, Verdict::timeout(reason), now);
        }
    }

    /// Ends the waits of an execution for a signal, as far as they can be ended.
    pub(super) fn resolve(&mut self, execution: Handle, signal: usize, now: Timestamp) {
        let Some(running) = self.in_flight.get_mut(execution) else { return };
        while let Some((wait, result)) = running.resolve_next(self.come_to, signal) {
            if wait.is_listed {
                self.deadlines.remove(&Deadline::of(&wait, execution));
            }
            self.effects.push(Effect::Resolve { reply: wait.into_reply(), result });
            if running.waits().is_empty() {
                running.goes_on(now);
                return self.in_flight.set_busy(execution);
            }
        }
    }

    /// What an execution waits for has not come yet: its waits are over when their deadlines are behind, and not when it has
    /// taken too long itself.
    fn await_deadlines(&mut self, execution: Handle) {
        let Some(running) = self.in_flight.get_mut(execution) else { return };
        if running.waits().is_empty() {
            return;
        }
        self.deadlines.extend(running.unlisted().map(|wait| Deadline::of(wait, execution)));
        self.in_flight.set_waiting(execution);
    }

    /// The bus has been read further, here or elsewhere: ends the waits whose deadlines are behind, and answers who
    /// waits elsewhere.
    pub(super) fn judge(&mut self, now: Timestamp) {
        self.come_to = self.come_to.max(self.strays.come_to(self.bus.read_to()));
        self.tell_how_far(now);
        self.answer_overdue(now);
        while let Some(&Deadline { time, slot, wait: number }) = self.deadlines.first() {
            if time > self.come_to {
                break;
            }
            self.deadlines.pop_first();
            let of_slot = self.in_flight.at(slot);
            let wait = of_slot.and_then(|(execution, running)| {
                let wait = running.waits().iter().find(|wait| wait.number == number)?;
                Some((execution, wait.signal))
            });
            if let Some((execution, signal)) = wait {
                self.resolve(execution, signal, now);
            }
        }
        self.ask_how_far(now);
    }

    fn explanation(&self, running: &Running<R>, verdict: &Verdict) -> Explanation {
        let around = Surroundings {
            topics: &self.topics,
            partition: self.placement.partition(),
            senders: self.senders.of(running.case),
        };
        let compared = verdict.error.as_deref().filter(|_| verdict.state == State::Fail);
        Explanation {
            difference: compared.and_then(difference::of_assertion),
            ..running.explanation(verdict.state, &around)
        }
    }

    fn finish(&mut self, execution: Handle, verdict: Verdict, now: Timestamp) {
        let Some(running) = self.in_flight.remove(execution) else { return };
        for wait in running.waits().iter().filter(|wait| wait.is_listed) {
            self.deadlines.remove(&Deadline::of(wait, execution));
        }
        if running.is_saved {
            self.removed.push(CheckpointKey::Execution(running.context.key().clone()));
        } else {
            self.holds.release_test(running.offset);
        }
        if let Some(from) = running.unsaved_from {
            self.holds.release_bus(from);
        }
        if let Some(save_at) = running.save_at {
            self.to_save.remove(&(save_at, execution));
        }
        self.removed.extend(self.holds.release_taken(execution));
        self.bytes -= running.bytes();
        self.tally.ended(running.case_name(), verdict.state);
        self.recent.remember(running.case_name(), running.id(), running.triggered());

        let runtime = running.runtime(now).as_secs_f64();
        let explanation = match verdict.state {
            State::Pass => {
                self.senders.learn(running.case, running.senders());
                None
            }
            State::Skip => None,
            _ => Some(Box::new(self.explanation(&running, &verdict))),
        };
        let report = Box::new(TestReport {
            case_name: running.case_name().clone(),
            state: verdict.state,
            test: Some(running.test()),
            runtime: Some(runtime),
            signal_latency: running.latencies(),
            error: verdict.error,
            traceback: verdict.traceback,
            explanation,
            attempts: verdict.attempts,
        });
        self.effects.push(Effect::Report { execution: Some(execution), report });
        self.tests_have_ended(now);
    }
}
