//! What must hold of a log whatever is done to it, in whatever order.

use kafka_protocol::ResponseError;
use proptest::prelude::*;

use super::testing::{NOBODY, batch, consume, parsed};
use super::{Found, Isolation, LogRules, PartitionLog, Producer, Verdict, Want};

const TRANSACTIONAL_PRODUCERS: usize = 3;

#[derive(Debug, Clone)]
enum Op {
    /// A producer without a name sends so many records.
    Plain(usize),
    /// A transactional producer does, beginning a transaction if it has none.
    InTransaction(usize, usize),
    /// It sends one of its last batches once more, as after a lost answer.
    Again(usize, usize),
    /// It leaves a gap.
    Gap(usize),
    End(usize, Verdict),
    /// Reads the way consumers do, a little at a time.
    ReadAll(usize),
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let who = 0..TRANSACTIONAL_PRODUCERS;
    let verdict = prop_oneof![Just(Verdict::Commit), Just(Verdict::Abort)];
    let op = prop_oneof![
        3 => (1..5_usize).prop_map(Op::Plain),
        6 => (who.clone(), 1..5_usize).prop_map(|(who, count)| Op::InTransaction(who, count)),
        2 => (who.clone(), 0..5_usize).prop_map(|(who, back)| Op::Again(who, back)),
        1 => who.clone().prop_map(Op::Gap),
        3 => (who, verdict).prop_map(|(who, verdict)| Op::End(who, verdict)),
        1 => (1..400_usize).prop_map(Op::ReadAll),
    ];
    proptest::collection::vec(op, 1..60)
}

/// What the log should hold, kept in the simplest way.
#[derive(Default)]
struct Model {
    /// Each record: its offset, its payload, and the transaction it is in.
    records: Vec<(i64, u8, Option<usize>)>,
    /// Each transaction's verdict, once it has one.
    transactions: Vec<Option<Verdict>>,
    end: i64,
}

impl Model {
    fn append(&mut self, payloads: &[u8], transaction: Option<usize>) {
        for payload in payloads {
            self.records.push((self.end, *payload, transaction));
            self.end += 1;
        }
    }

    fn last_stable(&self) -> i64 {
        let open = |record: &&(i64, u8, Option<usize>)| {
            record.2.is_some_and(|transaction| self.transactions[transaction].is_none())
        };
        self.records.iter().find(open).map_or(self.end, |record| record.0)
    }

    fn visible(&self, isolation: Isolation) -> Vec<(i64, u8)> {
        let limit = match isolation {
            Isolation::Uncommitted => self.end,
            Isolation::Committed => self.last_stable(),
        };
        let kept = |transaction: Option<usize>| {
            isolation == Isolation::Uncommitted
                || transaction
                    .is_none_or(|transaction| self.transactions[transaction] == Some(Verdict::Commit))
        };
        let records = self.records.iter().filter(|record| record.0 < limit && kept(record.2));
        records.map(|record| (record.0, record.1)).collect()
    }
}

#[derive(Default)]
struct Sender {
    sequence: i32,
    transaction: Option<usize>,
    sent: Vec<(bytes::Bytes, i64)>,
}

fn read_all(log: &PartitionLog, max_bytes: usize, isolation: Isolation) -> Vec<(i64, u8)> {
    let mut offset = 0;
    let mut all = Vec::new();
    loop {
        let slice = log.read(offset, max_bytes, true, isolation).expect("within the log");
        if slice.batches.is_empty() {
            return all;
        }
        let aborted = (isolation == Isolation::Committed).then_some(&slice.aborted[..]);
        all.extend(consume(&slice.batches, offset, aborted));
        let last = slice.batches.last().map(|bytes| super::Batch::read(bytes.clone())).expect("not empty");
        let base =
            i64::from_be_bytes(slice.batches.last().expect("not empty")[..8].try_into().expect("eight"));
        offset = base + i64::from(last.last_delta()) + 1;
    }
}

proptest! {
    /// What is acknowledged is read back, once, in order; what is aborted, or still open, is never shown to a
    /// reader of committed records, and all that is committed before it is.
    #[test]
    fn readers_see_what_they_should(ops in ops()) {
        let mut log = PartitionLog::default();
        let mut model = Model::default();
        let mut senders: Vec<Sender> = (0..TRANSACTIONAL_PRODUCERS).map(|_| Sender::default()).collect();
        let mut payloads = 0_u8..;
        let producer = |who: usize| Producer { id: who as i64, epoch: 0 };
        for op in ops {
            match op {
                Op::Plain(count) => {
                    let sent: Vec<u8> = payloads.by_ref().take(count.min(8)).collect();
                    if sent.is_empty() {
                        continue;
                    }
                    let bytes = batch(NOBODY, -1, false, 5, &sent);
                    let appended = log.append(&parsed(bytes), &LogRules::default(), 9).expect("accepted");
                    prop_assert_eq!(appended.base_offset, model.end);
                    model.append(&sent, None);
                }
                Op::InTransaction(who, count) => {
                    let sent: Vec<u8> = payloads.by_ref().take(count).collect();
                    if sent.is_empty() {
                        continue;
                    }
                    let sender = &mut senders[who];
                    let bytes = batch(producer(who), sender.sequence, true, 5, &sent);
                    let batch = parsed(bytes.clone());
                    let appended = log.append(&batch, &LogRules::default(), 9).expect("accepted");
                    prop_assert_eq!(appended.base_offset, model.end);
                    let transaction = *sender.transaction.get_or_insert_with(|| {
                        model.transactions.push(None);
                        model.transactions.len() - 1
                    });
                    sender.sequence += sent.len() as i32;
                    sender.sent.push((bytes, appended.base_offset));
                    model.append(&sent, Some(transaction));
                }
                Op::Again(who, back) => {
                    let sender = &senders[who];
                    let Some((bytes, offset)) = sender.sent.iter().rev().nth(back) else { continue };
                    let again = log.append(&parsed(bytes.clone()), &LogRules::default(), 9).expect("accepted");
                    prop_assert_eq!(again.base_offset, *offset, "where it was");
                }
                Op::Gap(who) => {
                    let sender = &senders[who];
                    let bytes = batch(producer(who), sender.sequence + 1, true, 5, &[0]);
                    let refused = log.append(&parsed(bytes), &LogRules::default(), 9);
                    if !sender.sent.is_empty() {
                        prop_assert_eq!(refused, Err(ResponseError::OutOfOrderSequenceNumber));
                    } else if let Ok(appended) = refused {
                        // Not known here yet, so it may start anywhere.
                        let sender = &mut senders[who];
                        sender.sequence += 2;
                        let transaction = *sender.transaction.get_or_insert_with(|| {
                            model.transactions.push(None);
                            model.transactions.len() - 1
                        });
                        sender.sent.push((batch(producer(who), sender.sequence - 1, true, 5, &[0]), appended.base_offset));
                        model.append(&[0], Some(transaction));
                    }
                }
                Op::End(who, verdict) => {
                    let Some(transaction) = senders[who].transaction.take() else { continue };
                    log.end_transaction(producer(who), verdict, 9).expect("accepted");
                    model.transactions[transaction] = Some(verdict);
                    model.end += 1;
                }
                Op::ReadAll(max_bytes) => {
                    for isolation in [Isolation::Uncommitted, Isolation::Committed] {
                        prop_assert_eq!(read_all(&log, max_bytes, isolation), model.visible(isolation));
                    }
                }
            }
            let positions = log.positions();
            prop_assert_eq!(positions.high_watermark, model.end);
            prop_assert_eq!(positions.last_stable, model.last_stable());
        }
        for isolation in [Isolation::Uncommitted, Isolation::Committed] {
            prop_assert_eq!(read_all(&log, 200, isolation), model.visible(isolation));
        }
    }

    /// Times go up and down as producers please; the first record that is late enough is found all the same,
    /// also when the log no longer starts at nought.
    #[test]
    fn places_are_found_by_time(
        times in proptest::collection::vec((0..50_i64, 1..4_usize), 1..40),
        wanted in 0..55_i64,
        start in any::<prop::sample::Index>(),
    ) {
        let mut log = PartitionLog::default();
        let mut records = Vec::new();
        for (time, count) in times {
            let bytes = batch(NOBODY, -1, false, time, &vec![1; count]);
            log.append(&parsed(bytes), &LogRules::default(), 0).expect("accepted");
            records.extend(std::iter::repeat_n(time, count));
        }
        let start = start.index(records.len());
        log.delete_before(start as i64).expect("within the log");
        let first = records.iter().enumerate().skip(start).find(|(_, time)| **time >= wanted);
        let found = log.find(Want::Since(wanted), Isolation::Uncommitted).expect("readable");
        match (first, found) {
            (None, found) => prop_assert_eq!(found, None),
            (Some((offset, time)), Some(found)) => {
                prop_assert_eq!(found, Found { offset: offset as i64, timestamp: Some(*time) });
            }
            (Some(first), None) => prop_assert!(false, "{first:?} was not found"),
        }
    }
}

#[test]
fn an_old_epoch_is_fenced_by_a_marker_of_a_newer() {
    let mut log = PartitionLog::default();
    let old = Producer { id: 7, epoch: 0 };
    let new = Producer { id: 7, epoch: 1 };
    let append = |log: &mut PartitionLog, producer, sequence| {
        log.append(&parsed(batch(producer, sequence, true, 0, &[1])), &LogRules::default(), 0)
    };
    append(&mut log, old, 0).expect("accepted");
    log.end_transaction(new, Verdict::Abort, 0).expect("accepted");
    assert_eq!(append(&mut log, old, 1), Err(ResponseError::InvalidProducerEpoch));
    assert_eq!(log.end_transaction(old, Verdict::Commit, 0), Err(ResponseError::InvalidProducerEpoch));
    append(&mut log, new, 0).expect("a new epoch starts anew");
}

#[test]
fn sequence_numbers_go_round() {
    let mut log = PartitionLog::default();
    let producer = Producer { id: 7, epoch: 0 };
    for (sequence, count) in [(i32::MAX - 1, 3), (1, 1)] {
        let bytes = batch(producer, sequence, false, 0, &vec![1; count]);
        log.append(&parsed(bytes), &LogRules::default(), 0).expect("accepted");
    }
}

#[test]
fn damage_is_refused() {
    use super::Batch;
    let sound = batch(NOBODY, -1, false, 0, &[1, 2, 3]);
    assert!(Batch::from_producer(sound.clone()).is_ok());
    for at in 12..sound.len() {
        // The leader's epoch is not the producer's to set, and not covered by the checksum.
        if (12..16).contains(&at) {
            continue;
        }
        let mut damaged = sound.to_vec();
        damaged[at] ^= 0x40;
        assert!(Batch::from_producer(damaged.into()).is_err(), "byte {at}");
    }
    for length in 0..sound.len() {
        assert!(Batch::from_producer(sound.slice(..length)).is_err(), "cut to {length}");
    }
    let two = [sound.clone(), sound].concat();
    assert_eq!(Batch::from_producer(two.into()).map(|_| ()), Err(ResponseError::InvalidRecord));
}
