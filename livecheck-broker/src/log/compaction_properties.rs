//! What must hold of a log that is compacted, whenever that happens: who reads it all ends with the same value
//! for each key as who read all that was ever committed.

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::prelude::*;

use super::rules::{Compaction, LogRules, Retention};
use super::testing::{NOBODY, batch, keyed_batch, parsed, read_committed};
use super::{Isolation, PartitionLog, Producer, Verdict};

const TOMBSTONES_MS: i64 = 20;

fn rules() -> LogRules {
    let compaction =
        Compaction { dirty_ratio: 0.0, min_lag_ms: 0, max_lag_ms: i64::MAX, tombstones_ms: TOMBSTONES_MS };
    LogRules { segment_bytes: 300, compact: Some(compaction), ..LogRules::default() }
}

type Pairs = Vec<(u8, Option<u8>)>;

#[derive(Debug, Clone)]
enum Op {
    Plain(Pairs),
    InTransaction(usize, Pairs),
    End(usize, Verdict),
    Compact,
    Wait(i64),
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let pairs = proptest::collection::vec((0..6_u8, proptest::option::weighted(0.8, any::<u8>())), 1..5);
    let verdict = prop_oneof![Just(Verdict::Commit), Just(Verdict::Abort)];
    let op = prop_oneof![
        4 => pairs.clone().prop_map(Op::Plain),
        4 => (0..2_usize, pairs).prop_map(|(who, pairs)| Op::InTransaction(who, pairs)),
        3 => (0..2_usize, verdict).prop_map(|(who, verdict)| Op::End(who, verdict)),
        2 => Just(Op::Compact),
        1 => (1..30_i64).prop_map(Op::Wait),
    ];
    proptest::collection::vec(op, 1..80)
}

fn tables(read: &[(i64, u8, Option<u8>)]) -> BTreeMap<u8, u8> {
    let mut table = BTreeMap::new();
    for (_, key, value) in read {
        match value {
            Some(value) => table.insert(*key, *value),
            None => table.remove(key),
        };
    }
    table
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn compaction_changes_nothing_for_who_wants_the_latest(ops in ops()) {
        // The same is done to two logs, of which one is compacted.
        let plain_rules = LogRules { compact: None, ..rules() };
        let (mut log, mut plain) = (PartitionLog::default(), PartitionLog::default());
        let mut senders = [(0, false), (0, false)];
        let mut now = 1_000;
        let producer = |who: usize| Producer { id: who as i64, epoch: 0 };
        for op in ops {
            match op {
                Op::Plain(pairs) => {
                    let bytes = keyed_batch(NOBODY, -1, false, now, &pairs);
                    log.append(&parsed(bytes.clone()), &rules(), now).expect("accepted");
                    plain.append(&parsed(bytes), &plain_rules, now).expect("accepted");
                }
                Op::InTransaction(who, pairs) => {
                    let bytes = keyed_batch(producer(who), senders[who].0, true, now, &pairs);
                    log.append(&parsed(bytes.clone()), &rules(), now).expect("accepted");
                    plain.append(&parsed(bytes), &plain_rules, now).expect("accepted");
                    senders[who] = (senders[who].0 + pairs.len() as i32, true);
                }
                Op::End(who, verdict) => {
                    if std::mem::take(&mut senders[who].1) {
                        log.end_transaction(producer(who), verdict, now).expect("accepted");
                        plain.end_transaction(producer(who), verdict, now).expect("accepted");
                    }
                }
                Op::Compact => {
                    log.compact(&rules(), now).expect("sound");
                }
                Op::Wait(time) => now += time,
            }
            let (left, all) = (read_committed(&log), read_committed(&plain));
            prop_assert!(left.iter().all(|record| all.contains(record)), "each record is as it was");
            prop_assert_eq!(tables(&left), tables(&all));
            let (left, all) = (log.positions(), plain.positions());
            prop_assert_eq!(left.high_watermark, all.high_watermark);
            prop_assert_eq!(left.last_stable, all.last_stable);
        }
    }

    #[test]
    fn retention_keeps_as_much_as_was_asked_for_and_little_more(
        sizes in proptest::collection::vec(1..40_usize, 1..60),
        bytes in 0..2_000_usize,
    ) {
        let delete = Some(Retention { bytes: Some(bytes), ms: None });
        let rules = LogRules { delete, ..LogRules::default() };
        let mut log = PartitionLog::default();
        let mut sent = 0;
        for size in sizes {
            let batch = batch(NOBODY, -1, false, 1, &vec![1; size]);
            sent += batch.len();
            let largest = 61 + 40 * 8;
            log.append(&parsed(batch), &rules, 1).expect("accepted");
            prop_assert!(log.size >= bytes.min(sent), "kept {} of {}", log.size, sent);
            prop_assert!(log.size <= bytes + largest, "kept {} for {}", log.size, bytes);
            let slice = log.read(log.start, usize::MAX, true, Isolation::Uncommitted).expect("readable");
            prop_assert_eq!(slice.size, log.size);
        }
    }
}

fn filled() -> PartitionLog {
    let mut log = PartitionLog::default();
    for (time, key, value) in [(1, 1, Some(1)), (2, 2, Some(2)), (3, 1, None), (4, 2, Some(4))] {
        let bytes = keyed_batch(NOBODY, -1, false, time, &[(key, value)]);
        log.append(&parsed(bytes), &LogRules { segment_bytes: 1, ..rules() }, time).expect("accepted");
    }
    log
}

#[test]
fn a_tombstone_goes_after_its_time() {
    let mut log = filled();
    assert_eq!(log.compact(&rules(), 10), Ok(true));
    // The last segment is left alone, so it says nothing of what is before it.
    assert_eq!(read_committed(&log), [(1, 2, Some(2)), (2, 1, None), (3, 2, Some(4))]);
    let append = |log: &mut PartitionLog, time| {
        let bytes = keyed_batch(NOBODY, -1, false, time, &[(9, Some(9))]);
        log.append(&parsed(bytes), &LogRules { segment_bytes: 1, ..rules() }, time).expect("accepted");
    };
    append(&mut log, 11);
    assert_eq!(log.compact(&rules(), 10 + TOMBSTONES_MS - 1), Ok(true));
    assert_eq!(read_committed(&log), [(2, 1, None), (3, 2, Some(4)), (4, 9, Some(9))]);
    append(&mut log, 12);
    assert_eq!(log.compact(&rules(), 10 + TOMBSTONES_MS), Ok(true));
    assert_eq!(read_committed(&log), [(3, 2, Some(4)), (4, 9, Some(9)), (5, 9, Some(9))]);
}

#[test]
fn compaction_waits_until_it_is_worth_it() {
    let mut log = filled();
    let compaction = rules().compact.expect("compacts");
    let with = |compaction| LogRules { compact: Some(compaction), ..rules() };
    let young = with(Compaction { min_lag_ms: 10, ..compaction });
    assert_eq!(log.compact(&young, 9), Ok(false));
    assert_eq!(log.compact(&young, 11), Ok(true), "the first record is old enough");
    let rarely = with(Compaction { dirty_ratio: 0.9, ..compaction });
    assert_eq!(log.compact(&rarely, 20), Ok(false));
    let overdue = with(Compaction { dirty_ratio: 0.9, max_lag_ms: 10, ..compaction });
    assert_eq!(log.compact(&overdue, 20), Ok(true));
}

#[test]
fn old_records_go_but_for_those_of_an_open_transaction() {
    let delete = Some(Retention { bytes: None, ms: Some(10) });
    let rules = LogRules { delete, ..LogRules::default() };
    let mut log = PartitionLog::default();
    let producer = Producer { id: 7, epoch: 0 };
    let append = |log: &mut PartitionLog, bytes: Bytes| {
        log.append(&parsed(bytes), &rules, 0).expect("accepted");
    };
    append(&mut log, batch(NOBODY, -1, false, 5, &[1]));
    append(&mut log, batch(producer, 0, true, 5, &[2]));
    append(&mut log, batch(NOBODY, -1, false, 5, &[3]));
    log.retain(&rules, 15);
    assert_eq!(log.positions().log_start, 0);
    log.retain(&rules, 16);
    assert_eq!(log.positions().log_start, 1, "up to the open transaction");
    log.end_transaction(producer, Verdict::Commit, 16).expect("ended");
    log.retain(&rules, 16);
    assert_eq!(log.positions().log_start, 3, "the marker is young");
    log.retain(&rules, 27);
    let positions = log.positions();
    assert_eq!((positions.log_start, positions.high_watermark), (4, 4));
}

#[test]
fn an_idle_producer_is_forgotten_and_may_come_back() {
    let mut log = PartitionLog::default();
    let producer = Producer { id: 7, epoch: 0 };
    let send = |log: &mut PartitionLog, sequence, now| {
        log.append(&parsed(batch(producer, sequence, false, 0, &[1])), &LogRules::default(), now)
    };
    send(&mut log, 0, 100).expect("accepted");
    log.expire_producers(199, 100);
    assert!(send(&mut log, 2, 199).is_err(), "a gap");
    log.expire_producers(200, 100);
    send(&mut log, 2, 200).expect("anybody");
}
