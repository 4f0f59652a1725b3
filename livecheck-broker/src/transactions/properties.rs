//! Whoever registers last may act, and nobody else; every transaction that was begun ends once.

use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::ResponseError;
use proptest::prelude::*;

use super::{Ending, Identity, TopicPartition, Transaction};
use crate::log::{Producer, Verdict};

const TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug, Clone)]
enum Step {
    /// A new process takes the transactional id.
    Register,
    /// The latest process, or one before it, renews itself.
    Renew(usize),
    Add(usize, i32),
    End(usize, Verdict),
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // 0 is the latest holder, the others those before it.
    let who = prop_oneof![4 => Just(0_usize), 1 => 1..3_usize];
    let verdict = prop_oneof![Just(Verdict::Commit), Just(Verdict::Abort)];
    let step = prop_oneof![
        1 => Just(Step::Register),
        1 => who.clone().prop_map(Step::Renew),
        6 => (who.clone(), 0..3).prop_map(|(who, partition)| Step::Add(who, partition)),
        4 => (who, verdict).prop_map(|(who, verdict)| Step::End(who, verdict)),
        2 => (1..12_000_u64).prop_map(Step::Wait),
    ];
    proptest::collection::vec(step, 1..80)
}

fn at(partition: i32) -> TopicPartition {
    TopicPartition { topic: Arc::from("topic"), partition }
}

proptest! {
    #[test]
    fn only_the_last_holder_acts_and_what_it_begins_ends_once(steps in steps()) {
        let mut ids = 1_i64..;
        let mut transaction = Transaction::new(0, TIMEOUT);
        let mut holders: Vec<Producer> = vec![transaction.producer()];
        let mut now = Duration::ZERO;
        // The partitions of the open transaction, and until when it may be open.
        let mut open: Option<(Vec<i32>, Duration)> = None;
        let mut ended: Option<Verdict> = None;
        for step in steps {
            let pick = |who: usize| holders[holders.len().saturating_sub(1 + who)];
            let is_holder = |producer: Producer| producer == transaction.producer();
            match step {
                Step::Register | Step::Renew(0) => {
                    let before = pick(0);
                    let identity = match step {
                        Step::Register => Identity::New,
                        _ => Identity::Known(before),
                    };
                    let fresh = || ids.next().expect("endless");
                    match transaction.clone().register(identity, TIMEOUT, fresh) {
                        Err(error) => {
                            prop_assert_eq!(error, ResponseError::ProducerFenced);
                            prop_assert!(!is_holder(before), "its transaction had timed out");
                        }
                        Ok(_) => {
                            let (producer, ending) =
                                transaction.register(identity, TIMEOUT, || ids.next().expect("endless"))
                                    .expect("as just now");
                            check_ending(ending.as_ref(), open.take(), Verdict::Abort)?;
                            prop_assert!(producer.id != before.id || producer.epoch > before.epoch);
                            holders.push(producer);
                            ended = None;
                        }
                    }
                }
                Step::Renew(who) => {
                    let producer = pick(who);
                    let renewed = transaction.clone().register(Identity::Known(producer), TIMEOUT, || 99_999);
                    // Only the very last renewal may be repeated, and it changes nothing.
                    if let Ok((same, ending)) = renewed {
                        if !is_holder(producer) {
                            prop_assert_eq!(same, transaction.producer());
                            prop_assert_eq!(ending, None);
                        }
                    }
                }
                Step::Add(who, partition) => {
                    let producer = pick(who);
                    let holds = is_holder(producer);
                    let added = transaction.add_partitions(producer, [at(partition)], now);
                    prop_assert_eq!(added.is_ok(), holds);
                    if holds {
                        let (partitions, _) = open.get_or_insert_with(|| (Vec::new(), now + TIMEOUT));
                        partitions.push(partition);
                        ended = None;
                        prop_assert_eq!(transaction.covers_partition(producer, &at(partition)), Ok(()));
                    } else {
                        prop_assert!(transaction.covers_partition(producer, &at(partition)).is_err());
                    }
                }
                Step::End(who, verdict) => {
                    let producer = pick(who);
                    let holds = is_holder(producer);
                    match transaction.end(producer, verdict) {
                        Ok(Some(ending)) => {
                            prop_assert!(holds);
                            check_ending(Some(&ending), open.take(), verdict)?;
                            ended = Some(verdict);
                        }
                        Ok(None) => prop_assert!(holds && open.is_none() && ended == Some(verdict)),
                        Err(ResponseError::InvalidTxnState) => {
                            prop_assert!(holds && open.is_none() && ended != Some(verdict));
                        }
                        Err(_) => prop_assert!(!holds),
                    }
                }
                Step::Wait(millis) => {
                    now += Duration::from_millis(millis);
                    let ending = transaction.expire(now);
                    let due = open.as_ref().is_some_and(|(_, deadline)| *deadline <= now);
                    prop_assert_eq!(ending.is_some(), due);
                    if due {
                        check_ending(ending.as_ref(), open.take(), Verdict::Abort)?;
                        ended = Some(Verdict::Abort);
                    }
                }
            }
            prop_assert_eq!(transaction.deadline(), open.as_ref().map(|(_, deadline)| *deadline));
        }
    }
}

/// Markers go to every partition of the transaction, and nowhere else.
fn check_ending(
    ending: Option<&Ending>,
    open: Option<(Vec<i32>, Duration)>,
    verdict: Verdict,
) -> Result<(), TestCaseError> {
    prop_assert_eq!(ending.is_some(), open.is_some());
    if let (Some(ending), Some((partitions, _))) = (ending, open) {
        prop_assert_eq!(ending.verdict, verdict);
        prop_assert_eq!(&ending.partitions, &partitions.into_iter().map(at).collect());
    }
    Ok(())
}

#[test]
fn epochs_that_are_used_up_give_way_to_a_fresh_id() {
    let mut transaction = Transaction::new(0, TIMEOUT);
    for _ in 0..40_000 {
        let (producer, _) = transaction.register(Identity::New, TIMEOUT, || 77).expect("registered");
        assert!(producer.epoch < i16::MAX);
    }
    assert_eq!(transaction.producer().id, 77);
}
