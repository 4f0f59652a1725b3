//! What has been in flight for a while is saved, and holds the log no longer.

use std::time::Duration;

use livecheck_core::wire::State;
use livecheck_core::{Settings, Timestamp};

use super::harness::{Harness, Step, at, ms, signal, test};
use crate::engine::{Checkpoint, CheckpointChange, CheckpointKey, CommitPoint, Limits};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Waits for each signal in turn, for as long as the test lives.
const ALL: [Step; 3] = [Step::Wait(0, None), Step::Wait(1, None), Step::Wait(2, None)];

fn harness(from: CommitPoint) -> Harness {
    let limits = Limits { save_after: Some(ms(100)), ..Limits::default() };
    let mut h = Harness::with(Settings::new(), limits, from);
    h.script("o-1", &ALL);
    h
}

fn headers(triggered: u64) -> Option<(Timestamp, Duration)> {
    Some((at(triggered), HOUR))
}

/// Where a successor reads from: tests, and the bus.
fn from(h: &Harness) -> (i64, i64) {
    let CommitPoint { test_offset, bus_offset, .. } = h.shard.commit_point();
    (test_offset, bus_offset)
}

fn saved(h: &mut Harness) -> Vec<Checkpoint> {
    let changes = h.shard.take_checkpoints(h.now, usize::MAX).into_iter();
    let saved = changes.filter_map(|change| match change {
        CheckpointChange::Saved(checkpoint) => Some(checkpoint),
        CheckpointChange::Removed(_) => None,
    });
    saved.collect()
}

fn removed(h: &mut Harness) -> Vec<CheckpointKey> {
    let changes = h.shard.take_checkpoints(h.now, 0).into_iter();
    let removed = changes.filter_map(|change| match change {
        CheckpointChange::Removed(key) => Some(key),
        CheckpointChange::Saved(_) => None,
    });
    removed.collect()
}

#[test]
fn an_execution_is_saved_when_it_has_been_in_flight_for_that_long_and_goes_on_elsewhere() {
    let mut h = harness(CommitPoint::START);
    h.test(0, at(0), test("o-1", at(0), HOUR));
    h.signal(0, at(10), signal("o-1", "stored", headers(0)));
    h.now = at(99);
    assert!(saved(&mut h).is_empty());
    assert_eq!(from(&h), (0, 0));
    assert_eq!(h.shard.next_save(), Some(at(100)));
    h.now = at(100);
    let checkpoints = saved(&mut h);
    assert_eq!(from(&h), (1, 1), "it needs the log no longer");

    let mut successor = harness(h.shard.commit_point());
    checkpoints.into_iter().for_each(|checkpoint| successor.shard.restore(checkpoint, successor.now));
    successor.settle();
    successor.signal(1, at(200), signal("o-1", "cached", headers(0)));
    successor.signal(2, at(300), signal("o-1", "executed", headers(0)));
    assert_eq!(successor.states("o-1"), [State::Pass]);
    assert_eq!(successor.reports[0].signal_latency["stored"], 0.01, "as if nothing had happened");
    assert_eq!(removed(&mut successor), [CheckpointKey::Execution(test("o-1", at(0), HOUR).key())]);
}

#[test]
fn what_it_receives_later_is_saved_later() {
    let mut h = harness(CommitPoint::START);
    h.test(0, at(0), test("o-1", at(0), HOUR));
    h.now = at(100);
    assert_eq!(saved(&mut h).len(), 1);
    h.signal(0, at(150), signal("another", "stored", headers(0)));
    h.signal(1, at(150), signal("o-1", "stored", headers(0)));
    h.signal(2, at(160), signal("o-1", "cached", headers(0)));
    h.now = at(249);
    assert!(saved(&mut h).is_empty());
    h.now = at(250);
    let checkpoints = saved(&mut h);
    assert_eq!(checkpoints.len(), 2, "the execution with both signals, and the signal that is early");
    assert_eq!(from(&h), (1, 3));
}

#[test]
fn what_ends_before_it_is_saved_leaves_nothing() {
    let mut h = harness(CommitPoint::START);
    h.script("o-1", &[]);
    h.signal(0, at(0), signal("o-1", "stored", None));
    h.test(0, at(1), test("o-1", at(0), HOUR));
    assert_eq!(h.states("o-1"), [State::Pass]);
    assert_eq!(h.shard.next_save(), None);
    assert!(removed(&mut h).is_empty());
}

#[test]
fn what_was_saved_and_is_read_again_all_the_same_counts_once() {
    let mut h = harness(CommitPoint::START);
    h.test(0, at(0), test("o-1", at(0), HOUR));
    h.signal(0, at(10), signal("o-1", "stored", headers(0)));
    h.now = at(100);
    let checkpoints = saved(&mut h);

    let mut successor = harness(CommitPoint::START);
    successor.script("o-1", &[Step::Wait(0, None), Step::Wait(0, Some(ms(50)))]);
    checkpoints.into_iter().for_each(|checkpoint| successor.shard.restore(checkpoint, successor.now));
    successor.settle();
    successor.test(0, at(0), test("o-1", at(0), HOUR));
    successor.signal(0, at(10), signal("o-1", "stored", headers(0)));
    successor.signal(1, at(90), signal("another", "stored", None));
    assert_eq!(successor.states("o-1"), [State::Timeout], "there is no second signal");
    assert_eq!(successor.shard.tally().repeated_triggers, 0);
}

#[test]
fn a_case_that_is_no_longer_linked_is_skipped_with_a_report() {
    let mut h = harness(CommitPoint::START);
    h.test(0, at(0), test("o-1", at(0), HOUR));
    h.now = at(100);
    let Some(Checkpoint::Execution(mut checkpoint)) = saved(&mut h).pop() else { panic!("it is saved") };
    checkpoint.test.case_name = "elsewhere::case".into();

    let mut successor = harness(h.shard.commit_point());
    let key = checkpoint.test.key();
    successor.shard.restore(Checkpoint::Execution(checkpoint), successor.now);
    successor.settle();
    assert_eq!(successor.states("o-1"), [State::Skip]);
    assert_eq!(removed(&mut successor), [CheckpointKey::Execution(key)]);
}
