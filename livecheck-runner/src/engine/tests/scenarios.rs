//! One situation each.

use std::time::Duration;

use livecheck_core::Settings;
use livecheck_core::wire::State;

use super::harness::{Harness, Step, at, ms, signal, test};
use crate::engine::{CommitPoint, Limits, Message, Notice, Placement, Reported};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Waits for each signal in turn, for as long as the test lives.
const ALL: [Step; 3] = [Step::Wait(0, None), Step::Wait(1, None), Step::Wait(2, None)];

fn headers(triggered: u64) -> Option<(livecheck_core::Timestamp, Duration)> {
    Some((at(triggered), HOUR))
}

#[test]
fn a_case_that_receives_all_its_signals_passes() {
    let mut h = Harness::new();
    h.script("o-1", &ALL);
    h.test(0, at(1), test("o-1", at(0), HOUR));
    for (offset, name) in ["stored", "cached", "executed"].into_iter().enumerate() {
        let offset = i64::try_from(offset).expect("three");
        h.signal(offset, at(100 * (offset.unsigned_abs() + 1)), signal("o-1", name, headers(0)));
    }
    assert_eq!(h.states("o-1"), [State::Pass]);
    let latencies = &h.reports[0].signal_latency;
    assert_eq!(latencies["cached"], 0.199, "from the trigger's own time in the log");
    assert_eq!(h.reports[0].runtime, Some(0.299));
    assert_eq!(h.shard.commit_point(), CommitPoint { test_offset: 1, bus_offset: 3, ..CommitPoint::START });
}

#[test]
fn signals_before_the_test_and_before_the_wait_count() {
    let mut h = Harness::new();
    h.script("o-1", &ALL);
    h.signal(0, at(1), signal("o-1", "executed", headers(0)));
    h.signal(1, at(2), signal("o-1", "stored", None));
    assert_eq!(h.shard.commit_point().bus_offset, 0, "what is held must be read again after a crash");
    h.test(0, at(3), test("o-1", at(0), HOUR));
    h.signal(2, at(4), signal("o-1", "cached", headers(0)));
    assert_eq!(h.states("o-1"), [State::Pass]);
    assert_eq!(h.shard.commit_point(), CommitPoint { test_offset: 1, bus_offset: 3, ..CommitPoint::START });
}

#[test]
fn a_wait_ends_to_the_millisecond_however_late_it_is_judged() {
    for (sent, expected) in [(5_000, State::Pass), (5_001, State::Timeout)] {
        let mut h = Harness::new();
        h.script("o-1", &[Step::Wait(0, Some(ms(5_000)))]);
        h.test(0, at(0), test("o-1", at(0), HOUR));
        // The runner was away for an hour, and reads the signal only now.
        h.now = at(3_600_000);
        h.signal(0, at(sent), signal("o-1", "stored", headers(0)));
        h.signal(1, at(9_000), signal("another", "stored", headers(0)));
        assert_eq!(h.states("o-1"), [expected], "sent after {sent} ms");
    }
}

#[test]
fn a_silent_bus_ends_a_wait_when_its_end_has_been_read_and_not_before() {
    let mut h = Harness::new();
    h.script("o-1", &[Step::Wait(0, Some(ms(5_000)))]);
    h.test(0, at(0), test("o-1", at(0), HOUR));
    // The end is one record further than this runner has read: it must not judge.
    h.silence(at(60_000), 1);
    assert_eq!(h.states("o-1"), []);
    h.silence(at(60_100), 0);
    assert_eq!(h.states("o-1"), [State::Timeout]);
    assert_eq!(h.reports[0].runtime, Some(60.0), "it took that long until it could be said");
}

#[test]
fn a_runner_whose_clock_is_ahead_does_not_judge_before_the_logs_time_has_come() {
    let mut h = Harness::new();
    h.script("o-1", &[Step::Wait(0, Some(ms(5_000)))]);
    h.now = at(3_600_000);
    h.shard.all_tests_read();
    h.test(0, at(0), test("o-1", at(0), HOUR));
    h.silence(at(3_604_999), 0);
    assert_eq!(h.states("o-1"), [], "only 4.999 s have passed since the trigger came");
    h.silence(at(3_605_002), 0);
    assert_eq!(h.states("o-1"), [State::Timeout]);
}

#[test]
fn the_clock_of_a_wait_starts_at_the_signal_before() {
    let mut h = Harness::new();
    h.script("o-1", &[Step::Wait(0, None), Step::Wait(1, Some(ms(1_000)))]);
    h.test(0, at(0), test("o-1", at(0), HOUR));
    h.signal(0, at(70_000), signal("o-1", "stored", headers(0)));
    h.signal(1, at(71_000), signal("o-1", "cached", headers(0)));
    assert_eq!(h.states("o-1"), [State::Pass]);
}

#[test]
fn a_wait_without_a_timeout_ends_when_the_test_expires() {
    let mut h = Harness::new();
    h.script("o-1", &ALL);
    h.test(0, at(0), test("o-1", at(0), ms(2_000)));
    h.silence(at(10_000), 0);
    assert_eq!(h.states("o-1"), [State::Timeout]);
    let error = h.reports[0].error.as_deref().unwrap_or_default();
    assert!(error.contains("`stored` did not come before the test expired"), "{error}");
}

#[test]
fn panic_error_and_timeout_are_told_apart() {
    let mut h = Harness::new();
    for (offset, (id, step)) in
        [("p", Step::Panic), ("e", Step::Fail), ("t", Step::Wait(0, Some(ms(1))))].into_iter().enumerate()
    {
        h.script(id, &[step]);
        h.test(i64::try_from(offset).expect("three"), at(0), test(id, at(0), HOUR));
    }
    h.silence(at(2_000), 0);
    assert_eq!(
        [h.states("p"), h.states("e"), h.states("t")],
        [vec![State::Fail], vec![State::Error], vec![State::Timeout]]
    );
}

#[test]
fn a_case_that_hangs_outside_a_wait_is_aborted_when_its_test_expires() {
    let mut h = Harness::new();
    h.script("o-1", &[Step::Hang]);
    h.test(0, at(0), test("o-1", at(0), ms(2_000)));
    h.silence(at(1_999), 0);
    assert_eq!(h.states("o-1"), []);
    h.silence(at(2_000), 0);
    assert_eq!(h.states("o-1"), [State::Timeout]);
}

#[test]
fn a_case_whose_wait_ends_late_since_the_log_was_read_late_has_time_left() {
    let mut h = Harness::new();
    h.script("o-1", &[Step::Wait(0, None), Step::Hang]);
    h.test(0, at(0), test("o-1", at(0), ms(2_000)));
    h.silence(at(9_000), 5);
    assert_eq!(h.states("o-1"), [], "nothing is known of the bus yet");
    h.signal(0, at(1_000), signal("o-1", "stored", headers(0)));
    h.silence(at(9_999), 5);
    assert_eq!(h.states("o-1"), []);
    h.silence(at(10_000), 5);
    assert_eq!(h.states("o-1"), [State::Timeout]);
}

#[test]
fn a_test_expired_before_it_was_written_is_skipped_with_a_report() {
    let mut h = Harness::new();
    h.test(0, at(7_300_123), test("old", at(0), HOUR));
    assert_eq!(h.states("old"), [State::Skip]);
    assert!(h.reports[0].error.as_deref().unwrap_or_default().contains("expired at"));
    assert_eq!(h.shard.commit_point().test_offset, 1);
}

#[test]
fn an_inactive_case_and_an_unknown_one_are_skipped_with_a_report() {
    let mut h = Harness::with(Settings::new().active(false), Limits::default(), CommitPoint::START);
    h.test(0, at(0), test("o-1", at(0), HOUR));
    assert_eq!(h.states("o-1"), [State::Skip]);
    let mut unknown = test("o-2", at(0), HOUR);
    unknown.case_name = "elsewhere::case".into();
    h.test(1, at(0), unknown);
    assert_eq!(h.states("o-2"), [State::Skip]);
    let error = h.reports[1].error.as_deref().unwrap_or_default();
    assert_eq!(error, "no case of the name `elsewhere::case` is linked into this runner");
}

#[test]
fn a_test_of_an_unknown_case_that_was_skipped_is_not_skipped_again() {
    let mut unknown = test("o-1", at(0), HOUR);
    unknown.case_name = "elsewhere::case".into();
    let mut h = Harness::new();
    h.shard.already_reported(Reported { executions: [unknown.key()].into(), tests_end: 1 });
    h.test(0, at(0), unknown.clone());
    assert_eq!(h.states("o-1"), [], "a predecessor has reported it");
    h.test(1, at(1), unknown);
    assert_eq!(h.states("o-1"), [], "the trigger is repeated");
}

#[test]
fn a_repeated_trigger_is_one_execution() {
    let mut h = Harness::new();
    h.script("o-1", &[Step::Wait(0, None)]);
    h.test(0, at(0), test("o-1", at(0), HOUR));
    h.test(1, at(1), test("o-1", at(0), HOUR));
    h.signal(0, at(2), signal("o-1", "stored", headers(0)));
    h.test(2, at(3), test("o-1", at(0), HOUR));
    assert_eq!(h.states("o-1"), [State::Pass]);
    assert_eq!(h.shard.tally().repeated_triggers, 2);
}

#[test]
fn an_id_used_again_does_not_pass_on_old_signals() {
    let mut h = Harness::new();
    h.script("o-1", &[Step::Wait(0, Some(ms(1_000)))]);
    h.test(0, at(0), test("o-1", at(0), HOUR));
    h.signal(0, at(1), signal("o-1", "stored", headers(0)));
    h.signal(1, at(2), signal("o-1", "stored", headers(0)));
    h.signal(2, at(3), signal("o-1", "stored", None));
    assert_eq!(h.shard.tally().late_signals, 2);
    h.test(1, at(10), test("o-1", at(10), HOUR));
    h.silence(at(5_000), 3);
    assert_eq!(h.states("o-1"), [State::Pass, State::Timeout]);
}

#[test]
fn two_executions_of_one_id_each_get_their_own_signals() {
    let mut h = Harness::new();
    h.script("o-1", &[Step::Wait(0, None), Step::Wait(1, None)]);
    h.test(0, at(0), test("o-1", at(0), HOUR));
    h.test(1, at(100), test("o-1", at(100), HOUR));
    h.signal(0, at(200), signal("o-1", "stored", headers(100)));
    h.signal(1, at(201), signal("o-1", "cached", None));
    assert_eq!(h.states("o-1"), [State::Pass], "without headers: the one that was live last");
    assert_eq!(h.reports[0].test.as_ref().map(|test| test.timestamp), Some(at(100)));
    assert_eq!(h.shard.in_flight(), 1);
}

#[test]
fn each_wait_receives_the_next_event() {
    let mut h = Harness::new();
    h.script("o-1", &[Step::Wait(0, None), Step::Wait(0, Some(ms(50)))]);
    h.test(0, at(0), test("o-1", at(0), HOUR));
    h.signal(0, at(1), signal("o-1", "stored", headers(0)));
    h.silence(at(2_000), 1);
    assert_eq!(h.states("o-1"), [State::Timeout]);
}

#[test]
fn an_unknown_signal_is_counted_and_said() {
    let mut h = Harness::new();
    h.signal(0, at(1), signal("o-1", "shipped", headers(0)));
    assert_eq!(h.shard.tally().unknown_signals, 1);
    assert!(matches!(&h.notices[..], [Notice::UnknownSignal { signal, .. }] if signal == "shipped"));
}

#[test]
fn a_sender_whose_clock_is_an_hour_off_breaks_nothing_and_is_named() {
    let mut h = Harness::new();
    h.script("o-1", &[Step::Wait(0, Some(ms(5_000)))]);
    let said = at(0) - HOUR;
    h.test(0, at(3), test("o-1", said, HOUR));
    h.signal(0, at(4_000), signal("o-1", "stored", Some((said, HOUR))));
    assert_eq!(h.states("o-1"), [State::Pass]);
    assert!(matches!(&h.notices[..], [Notice::Skewed { .. }]));
}

#[test]
fn early_signals_are_given_up_when_their_test_can_come_no_more() {
    let mut h = Harness::new();
    h.signal(0, at(1), signal("lost", "stored", headers(0)));
    h.shard.tests_end(0, at(3_600_001));
    assert_eq!(h.shard.tally().abandoned_signals, 0);
    h.shard.tests_end(1, at(3_700_000));
    assert_eq!(h.shard.tally().abandoned_signals, 0, "a test stands there that was not read");
    h.shard.tests_end(0, at(3_600_002));
    assert_eq!(h.shard.tally().abandoned_signals, 1);
    assert_eq!(h.shard.commit_point().bus_offset, 1);
}

#[test]
fn memory_is_bounded_and_says_so() {
    let limits = Limits { early_signal_bytes: 1_000, execution_bytes: 10_000, ..Limits::default() };
    let mut h = Harness::with(Settings::new(), limits, CommitPoint::START);
    for offset in 0..20_i64 {
        h.signal(offset, at(1), signal(&format!("early-{offset}"), "stored", headers(0)));
    }
    assert!(h.shard.pressure().pause_bus);
    assert!(h.shard.tally().abandoned_signals > 0);
    assert!(matches!(h.notices[0], Notice::EarlySignalsAbandoned { .. }));
    h.shard.tests_end(0, at(1));
    assert!(!h.shard.pressure().pause_bus, "no test that was triggered by then is yet to be read");
    for offset in 0..20_i64 {
        let id = format!("t-{offset}");
        h.script(&id, &ALL);
        h.test(offset, at(2), test(&id, at(2), HOUR));
    }
    let pressure = h.shard.pressure();
    assert!(pressure.pause_tests && !pressure.pause_bus, "signals never wait behind tests: {pressure:?}");
}

/// Where signals were handed on to.
fn handed_on_to(h: &Harness) -> Vec<i32> {
    let strays = h.messages.iter().filter(|(_, message)| matches!(message, Message::Stray(_)));
    strays.map(|(to, _)| *to).collect()
}

#[test]
fn a_signal_of_another_partitioner_is_handed_on_once_and_said_with_what_to_set() {
    let here = Placement::new(0, 3);
    let elsewhere = |id: &String| !here.is_of_key(id);
    let (mut there, mut own) = ((0..).map(|n| format!("t-{n}")), (0..).map(|n| format!("t-{n}")));
    let (there, own) = (there.find(elsewhere).expect("one"), own.find(|id| !elsewhere(id)).expect("one"));
    let mut h = Harness::of(here, Settings::new(), Limits::default(), CommitPoint::START);
    h.signal(0, at(0), signal(&own, "stored", headers(0)));
    let mut follows = signal(&there, "stored", headers(0));
    follows.sent_in.partition_key = Some(own.into());
    h.signal(1, at(0), follows);
    assert_eq!(h.notices, []);
    h.signal(2, at(0), signal(&there, "stored", headers(0)));
    let said = h.notices.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert!(matches!(&said[..], [one] if one.contains("partitioner=murmur2_random")), "{said:?}");
    let home = here.of_key(&there);
    assert_eq!(handed_on_to(&h), [home]);

    let mut successor = Harness::of(here, Settings::new(), Limits::default(), h.shard.commit_point());
    successor.signal(2, at(0), signal(&there, "stored", headers(0)));
    assert_eq!(handed_on_to(&successor), [0; 0], "its predecessor has done it");
    successor.signal(3, at(1), signal(&there, "stored", headers(0)));
    assert_eq!(handed_on_to(&successor), [home]);
}

#[test]
fn a_timeout_names_the_key_that_was_waited_for() {
    let mut h = Harness::new();
    h.script("o-1", &[Step::WaitFor(0, "parcel-9", Some(ms(1_000)))]);
    h.script("o-2", &[Step::WaitFor(1, "parcel-9", None)]);
    h.test(0, at(0), test("o-1", at(0), HOUR));
    h.test(1, at(0), test("o-2", at(0), ms(2_000)));
    h.silence(at(60_000), 0);
    let errors: Vec<_> = h.reports.iter().filter_map(|report| report.error.clone()).collect();
    assert_eq!(errors[0], "signal `stored` with key `parcel-9` did not come within 1s");
    assert!(
        errors[1].starts_with("signal `cached` with key `parcel-9` did not come before the test expired"),
        "{errors:?}"
    );
}

#[test]
fn questions_that_wait_for_their_answers_are_bounded_by_memory() {
    let limits = Limits { question_bytes: 2_000, ..Limits::default() };
    let mut h = Harness::with(Settings::new(), limits, CommitPoint::START);
    for offset in 0..10_i64 {
        let id = format!("t-{offset}");
        h.script(&id, &[Step::WaitFor(0, "parcel-9", Some(ms(1_000)))]);
        h.test(offset, at(0), test(&id, at(0), HOUR));
    }
    assert!(h.shard.pressure().pause_messages);
    h.silence(at(60_000), 0);
    assert!(!h.shard.pressure().pause_messages, "the bus has answered them");
    assert_eq!(h.reports.len(), 10);
    assert!(h.shard.holds_nothing());
}
