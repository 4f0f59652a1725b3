//! Tests: which of them start an execution, and what becomes of the others.

use std::collections::BTreeMap;

use livecheck_core::wire::{TestExecution, TestReport};
use livecheck_core::{Case, Timestamp};
use smallvec::SmallVec;

use super::Shard;
use crate::engine::commit_point::Reported;
use crate::engine::effect::Effect;
use crate::engine::execution::{Handle, Running};
use crate::engine::holds::HandedOn;
use crate::engine::notice::Notice;
use crate::engine::record::{Logged, TestRecord};
use crate::engine::schedule::{AlreadyExpired, schedule};
use crate::engine::selection::UnknownCases;
use crate::engine::verdict::Verdict;

impl<R> Shard<R> {
    /// A trigger was read.
    pub fn test(&mut self, record: Logged<TestRecord>, now: Timestamp) {
        let Logged { offset, time, value: TestRecord { test, partition_key, origin } } = record;
        self.tests.record(offset, time);
        self.clock.see(time, now, std::mem::take(&mut self.fresh.tests));
        self.tests_have_ended(now);
        if self.was_reported(&test, offset) {
            self.recent.remember(&test.case_name, &test.id, test.timestamp);
            // The signals that it ended with are read again, too.
            let taken = self.early.take(&(test.case_name, test.id), test.timestamp, time);
            self.removed.extend(taken.filter_map(|(_, _, handed_on)| handed_on?.into_checkpoint()));
            return;
        }
        if self.is_repeated(&test) {
            self.tally.repeated_triggers += u64::from(!self.was_restored(&test, offset));
            return;
        }
        let Some(case) = self.selection.cases.get(test.case_name.as_str()) else {
            return self.unknown_case(test);
        };
        self.tally.accepted(&test.case_name);
        let schedule = match schedule(&test, time) {
            Ok(schedule) => schedule,
            Err(AlreadyExpired { expired, logged }) => {
                let reason = format!("expired at {expired}, before it was logged at {logged}");
                return self.skip(test, reason);
            }
        };
        if !(self.selection.is_active)(case) {
            return self.skip(test, "the case is not active".to_owned());
        }
        if let Some(skew) = schedule.skew {
            self.effects.push(Effect::Notice(Notice::Skewed { case: test.case_name.clone(), skew }));
        }
        let record = TestRecord { test, partition_key, origin };
        self.start(case, record, offset, (schedule.start, schedule.expires), now);
    }

    pub(super) fn unknown_case(&mut self, test: TestExecution) {
        if self.selection.unknown == UnknownCases::Skip {
            let reason = format!("no case of the name `{}` is linked into this runner", test.case_name);
            self.tally.accepted(&test.case_name);
            self.skip(test, reason);
        }
    }

    /// Where on the report topic the first report may be of a test behind that offset.
    pub(super) fn reports_from(&self, test_offset: i64) -> i64 {
        // Of a test that is read again, those behind it may have been reported before it was.
        if test_offset < self.reread_until { self.reread_reports_from } else { self.report_offset }
    }

    /// Whether a predecessor has reported this test. What it reported is forgotten once all of that is read.
    fn was_reported(&mut self, test: &TestExecution, offset: i64) -> bool {
        let reported = !self.reported.executions.is_empty() && self.reported.executions.remove(&test.key());
        if offset + 1 >= self.reported.tests_end {
            self.reported = Reported::default();
        }
        reported
    }

    fn is_repeated(&self, test: &TestExecution) -> bool {
        self.in_flight_as(test).is_some() || self.recent.contains(&test.case_name, &test.id, test.timestamp)
    }

    /// Whether the test in flight came from that very record, by a checkpoint.
    fn was_restored(&self, test: &TestExecution, offset: i64) -> bool {
        self.in_flight_as(test).is_some_and(|running| running.offset == offset)
    }

    /// The execution in flight of the same identity.
    fn in_flight_as(&self, test: &TestExecution) -> Option<&Running<R>> {
        let same = |running: &&Running<R>| {
            *running.case_name() == test.case_name && running.triggered() == test.timestamp
        };
        self.in_flight.of_id(&test.id).map(|(_, running)| running).find(same)
    }

    /// Ends a test that was accepted, and is not executed.
    fn skip(&mut self, test: TestExecution, reason: String) {
        let Verdict { state, error, traceback, attempts } = Verdict::skip(reason);
        self.tally.ended(&test.case_name, state);
        self.recent.remember(&test.case_name, &test.id, test.timestamp);
        let report = Box::new(TestReport {
            case_name: test.case_name.clone(),
            state,
            test: Some(test),
            runtime: None,
            signal_latency: BTreeMap::new(),
            error,
            traceback,
            explanation: None,
            attempts,
        });
        self.effects.push(Effect::Report { execution: None, report });
    }

    fn start(
        &mut self,
        case: &'static Case,
        mut record: TestRecord,
        offset: i64,
        times: (Timestamp, Timestamp),
        now: Timestamp,
    ) {
        record.test.case_name = self.in_flight.shared(record.test.case_name);
        let TestExecution { case_name, id, timestamp, .. } = &record.test;
        let test = (case_name.clone(), id.clone());
        let early: Vec<_> = self.early.take(&test, *timestamp, times.0).collect();
        let mut unsaved_from = self.bus.next_offset();
        let mut handed_on = SmallVec::<[HandedOn; 1]>::new();
        let mut running = Running::new(case, record, offset, times, now);
        for (signal, event, from_another) in early {
            match from_another {
                None => unsaved_from = unsaved_from.min(event.place.offset),
                Some(from_another) => handed_on.push(from_another),
            }
            running.receive(signal, event);
        }
        running.unsaved_from = Some(unsaved_from);
        running.save_at = self.save_at(now);
        self.holds.hold_test(offset, self.reports_from(offset));
        self.holds.hold_bus(unsaved_from);
        let execution = self.execute(running);
        handed_on.into_iter().for_each(|handed_on| self.holds.take(execution, handed_on));
    }

    /// Takes an execution in, and has its case executed.
    pub(super) fn execute(&mut self, mut running: Running<R>) -> Handle {
        running.is_misplaced = !self.placement.is_of_key(running.id().as_str());
        let (case, context, start) = (running.case, running.context.clone(), running.start);
        let arguments = running.arguments();
        let (save_at, bytes) = (running.save_at, running.bytes());
        let execution = self.in_flight.insert(Box::new(running));
        self.effects.push(Effect::Start { execution, case, context, arguments, start });

        self.bytes += bytes;
        self.in_flight.set_busy(execution);
        self.to_save.extend(save_at.map(|save_at| (save_at, execution)));
        execution
    }
}
