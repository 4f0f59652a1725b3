//! What is kept on disk, through restarts and sudden deaths.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use livecheck_broker::{Broker, BrokerError};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::watch;

use crate::rig::{PATIENCE, Rig, assign_from_start, blocking, drain, next, send, text, texts, unique};
use crate::served::Served;

/// How often the broker is killed under load; a few times if it does not say.
const KILLS: &str = "LIVECHECK_TEST_KILLS";

/// What is known of what was done, from its acknowledgements.
#[derive(Default)]
struct Known {
    /// Partition, offset and payload of what was sent outside transactions.
    plain: Vec<(i32, i64, String)>,
    /// How each transaction ended, if that is known.
    transactions: BTreeMap<i64, Option<bool>>,
    /// The last offset committed outside transactions.
    committed: i64,
}

#[derive(Clone)]
struct Load {
    known: Arc<Mutex<Known>>,
    /// How many records, transactions and commits have been acknowledged.
    progress: watch::Sender<[usize; 3]>,
    stop: watch::Sender<bool>,
    topics: [String; 2],
    groups: [String; 2],
}

/// Comes back quickly when the broker does.
const QUICK: &[(&str, &str)] = &[
    ("reconnect.backoff.ms", "20"),
    ("reconnect.backoff.max.ms", "100"),
    ("retry.backoff.ms", "20"),
    ("retry.backoff.max.ms", "100"),
];

impl Load {
    fn stopped(&self) -> bool {
        *self.stop.borrow()
    }

    fn did(&self, kind: usize, what: impl FnOnce(&mut Known)) {
        what(&mut self.known.lock().expect("not poisoned"));
        self.progress.send_modify(|progress| progress[kind] += 1);
    }

    async fn plain(self, producer: FutureProducer) {
        let mut number = 0;
        while !self.stopped() {
            let batch = (0..20).map(|_| {
                number += 1;
                let payload = format!("{number:08}");
                let record =
                    FutureRecord::<str, str>::to(&self.topics[0]).partition(number % 2).payload(&payload);
                let sent = producer.send_result(record).expect("queued");
                (sent, payload)
            });
            for (sent, payload) in batch.collect::<Vec<_>>() {
                let delivery = sent.await.expect("not cancelled").expect("acknowledged in the end");
                self.did(0, |known| known.plain.push((delivery.partition, delivery.offset, payload)));
            }
        }
    }

    fn transactions(&self, rig: &Rig, id: &str) {
        let consumer: BaseConsumer =
            rig.config(&[QUICK, &[("group.id", &self.groups[0])]].concat()).create().expect("a consumer");
        let metadata = consumer.group_metadata().expect("a group");
        let producer = || {
            let settings = [QUICK, &[("transactional.id", id), ("linger.ms", "0")]].concat();
            let producer: FutureProducer = rig.client(&settings);
            producer.init_transactions(PATIENCE).expect("initialised");
            producer
        };
        let mut current = producer();
        let mut number = 0;
        while !self.stopped() {
            number += 1;
            self.known.lock().expect("not poisoned").transactions.insert(number, None);
            let wants = number % 3 != 0;
            let done = (|| {
                current.begin_transaction()?;
                for part in 0..3 {
                    let payload = format!("{number}:{part}");
                    let record =
                        FutureRecord::<str, str>::to(&self.topics[1]).partition(part % 2).payload(&payload);
                    drop(current.send_result(record).map_err(|(error, _)| error)?);
                }
                let offsets = position(&self.topics[0], number);
                retried(|| current.send_offsets_to_transaction(&offsets, &metadata, PATIENCE))?;
                if wants {
                    retried(|| current.commit_transaction(PATIENCE))
                } else {
                    retried(|| current.abort_transaction(PATIENCE))
                }
            })();
            let ended = match done {
                Ok(()) => Some(wants),
                Err(KafkaError::Transaction(error)) if error.txn_requires_abort() => {
                    retried(|| current.abort_transaction(PATIENCE)).ok().map(|()| false)
                }
                Err(_) => None,
            };
            if ended.is_none() {
                current = producer();
            }
            self.did(1, |known| _ = known.transactions.insert(number, ended));
        }
    }

    fn commits(&self, rig: &Rig) {
        let consumer: BaseConsumer =
            rig.config(&[QUICK, &[("group.id", &self.groups[1])]].concat()).create().expect("a consumer");
        let mut number = 0;
        while !self.stopped() {
            number += 1;
            if consumer.commit(&position(&self.topics[0], number), CommitMode::Sync).is_ok() {
                self.did(2, |known| known.committed = number);
            }
        }
    }
}

fn position(topic: &str, offset: i64) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, 0, Offset::Offset(offset)).expect("valid");
    list
}

fn retried(mut attempt: impl FnMut() -> Result<(), KafkaError>) -> Result<(), KafkaError> {
    loop {
        match attempt() {
            Err(KafkaError::Transaction(error)) if error.is_retriable() => {}
            done => return done,
        }
    }
}

async fn committed(rig: &Rig, group: &str, topic: &str) -> i64 {
    let consumer: BaseConsumer = rig.config(&[("group.id", group)]).create().expect("a consumer");
    let mut asked = TopicPartitionList::new();
    asked.add_partition(topic, 0);
    let topic = topic.to_owned();
    blocking(move || {
        let committed = consumer.committed_offsets(asked, PATIENCE).expect("committed offsets");
        match committed.find_partition(&topic, 0).expect("there").offset() {
            Offset::Offset(offset) => offset,
            _ => 0,
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_the_broker_is_killed_at_any_moment() {
    let kills = std::env::var(KILLS).map_or(6, |kills| kills.parse().expect("a number"));
    let folder = tempfile::tempdir().expect("a folder");
    let mut served = Served::kept(folder.path(), 0).await;
    let port = served.port;
    let rig = Arc::new(served.rig());
    let topics = [rig.topic("plain", 2, &[]).await, rig.topic("transactional", 2, &[]).await];
    let groups = [unique("of-transactions"), unique("of-commits")];
    let (progress, mut progressing) = watch::channel([0; 3]);
    let (stop, _) = watch::channel(false);
    let load = Load { known: Arc::default(), progress, stop, topics, groups };
    let plain = {
        let settings = [QUICK, &[("enable.idempotence", "true")]].concat();
        tokio::spawn(load.clone().plain(rig.producer(&settings)))
    };
    let (one, other) = (load.clone(), load.clone());
    let (rig_of_one, rig_of_other) = (Arc::clone(&rig), Arc::clone(&rig));
    let transactions = tokio::task::spawn_blocking(move || one.transactions(&rig_of_one, &unique("tx")));
    let commits = tokio::task::spawn_blocking(move || other.commits(&rig_of_other));

    for _ in 0..kills {
        // As much later as chance will have it, in what is done rather than in time.
        let chance = uuid::Uuid::new_v4().into_bytes().map(usize::from);
        let now = *progressing.borrow();
        let target = [now[0] + 1 + chance[0], now[1] + 1 + chance[1] % 4, now[2] + 1 + chance[2] % 32];
        let reached = progressing.wait_for(|now| now.iter().zip(target).all(|(now, target)| *now >= target));
        tokio::time::timeout(PATIENCE * 2, reached).await.expect("it goes on").expect("still there");
        served.kill().await;
        served = Served::kept(folder.path(), port).await;
    }
    load.stop.send_replace(true);
    plain.await.expect("no panic");
    transactions.await.expect("no panic");
    commits.await.expect("no panic");
    served.kill().await;
    let _served = Served::kept(folder.path(), port).await;
    let known = std::mem::take(&mut *load.known.lock().expect("not poisoned"));
    check(&rig, &load, known).await;
}

async fn check(rig: &Rig, load: &Load, known: Known) {
    let Known { plain, transactions, committed: last_commit } = known;
    let settings = [("isolation.level", "read_committed"), ("enable.partition.eof", "true")];
    let consumer = rig.consumer(&unique("group"), &settings);
    assign_from_start(&consumer, &load.topics[0], 2);
    let read = drain(&consumer, 2).await;
    let at: BTreeMap<_, _> =
        read.iter().map(|message| ((message.partition(), message.offset()), text(message))).collect();
    for (partition, offset, payload) in &plain {
        assert_eq!(at.get(&(*partition, *offset)), Some(payload), "partition {partition} at {offset}");
    }
    for partition in 0..2 {
        let payloads: Vec<_> =
            at.iter().filter(|((of, _), _)| *of == partition).map(|(_, text)| text).collect();
        assert!(payloads.is_sorted_by(|one, next| one < next), "each once, in order");
    }

    assign_from_start(&consumer, &load.topics[1], 2);
    let mut seen: BTreeMap<i64, usize> = BTreeMap::new();
    let read = texts(&drain(&consumer, 2).await);
    for payload in &read {
        let (number, _) = payload.split_once(':').expect("a transaction's");
        *seen.entry(number.parse().expect("a number")).or_default() += 1;
    }
    for (number, ended) in &transactions {
        let count = seen.get(number).copied().unwrap_or_default();
        match ended {
            Some(true) => assert_eq!(count, 3, "transaction {number} was committed"),
            Some(false) => assert_eq!(count, 0, "transaction {number} was aborted"),
            None => assert!(count == 0 || count == 3, "transaction {number} is there by {count} of 3"),
        }
    }
    let last = seen.keys().next_back().copied().unwrap_or_default();
    assert_eq!(committed(rig, &load.groups[0], &load.topics[0]).await, last, "offsets go with the records");
    assert!(committed(rig, &load.groups[1], &load.topics[0]).await >= last_commit);
    blocking(move || drop(consumer)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_kept_is_there_again_and_a_transaction_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let start = |port| Broker::builder().port(port).data_dir(folder.path()).start();
    let broker = start(0).await.expect("it starts");
    let port = broker.port();
    let rig = Rig::at(broker.bootstrap_servers());
    let topic = rig.topic("kept", 3, &[("retention.ms", "12345678")]).await;
    let gone = rig.topic("gone", 1, &[]).await;
    let producer = rig.producer(QUICK);
    send(&producer, &topic, 2, "before").await;
    send(&producer, &gone, 0, "gone").await;
    rig.admin().delete_topics(&[&gone], &rdkafka::admin::AdminOptions::new()).await.expect("deleted");
    let settings = [QUICK, &[("transactional.id", "one")]].concat();
    let transactional: FutureProducer = rig.producer(&settings);
    let initialised = transactional.clone();
    blocking(move || initialised.init_transactions(PATIENCE)).await.expect("initialised");
    transactional.begin_transaction().expect("begun");
    send(&transactional, &topic, 2, "within").await;

    broker.shutdown().await;
    let broker = start(port).await.expect("it starts again");
    send(&transactional, &topic, 2, "within still").await;
    let ending = transactional.clone();
    blocking(move || ending.commit_transaction(PATIENCE)).await.expect("committed");
    let consumer = rig.consumer(&unique("group"), &[("isolation.level", "read_committed")]);
    assign_from_start(&consumer, &topic, 3);
    for expected in ["before", "within", "within still"] {
        assert_eq!(text(&next(&consumer).await), expected);
    }
    let metadata = blocking(move || {
        consumer.fetch_metadata(None, PATIENCE).map(|metadata| {
            metadata
                .topics()
                .iter()
                .map(|topic| (topic.name().to_owned(), topic.partitions().len()))
                .collect::<Vec<_>>()
        })
    })
    .await;
    assert_eq!(metadata.expect("metadata"), [(topic.clone(), 3)]);
    let resources = [rdkafka::admin::ResourceSpecifier::Topic(&topic)];
    let options = rdkafka::admin::AdminOptions::new().request_timeout(Some(Duration::from_secs(10)));
    let described = rig.admin().describe_configs(&resources, &options).await.expect("described");
    let described = described[0].as_ref().expect("described").get("retention.ms").expect("known");
    assert_eq!(described.value.as_deref(), Some("12345678"));
    broker.shutdown().await;
}

#[tokio::test]
async fn a_folder_in_use_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = Broker::builder().data_dir(folder.path()).start().await.expect("it starts");
    let refused = Broker::builder().data_dir(folder.path()).start().await.expect_err("it is in use");
    assert!(matches!(refused, BrokerError::DataDirInUse { .. }), "{refused}");
    broker.shutdown().await;
    Broker::builder().data_dir(folder.path()).start().await.expect("it is free").shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_cannot_write_acknowledges_nothing_and_begins_again_with_what_it_had() {
    let folder = tempfile::tempdir().expect("a folder");
    let start = |port| Broker::builder().port(port).data_dir(folder.path()).start();
    let broker = start(0).await.expect("it starts");
    let rig = Rig::at(broker.bootstrap_servers());
    let whole = rig.topic("whole", 1, &[]).await;
    send(&rig.producer(&[]), &whole, 0, "kept").await;
    let broken = rig.topic("broken", 1, &[]).await;
    // Where its folder would be, there is a file.
    let taken = stand_in(&folder.path().join("topics"), &folder.path().join("journal"), &broken);
    std::fs::write(&taken, "in the way").expect("written");
    let producer = rig.producer(&[QUICK, &[("message.timeout.ms", "500")]].concat());
    for topic in [&broken, &whole] {
        let record = FutureRecord::<str, str>::to(topic).partition(0).payload("lost");
        producer.send(record, Duration::ZERO).await.expect_err("not acknowledged");
    }
    let port = broker.port();
    broker.shutdown().await;
    std::fs::remove_file(&taken).expect("removed");

    let broker = start(port).await.expect("it starts again");
    let (_, offset) = send(&rig.producer(&[]), &broken, 0, "written").await;
    assert_eq!(offset, 0);
    let consumer = rig.consumer(&unique("group"), &[("enable.partition.eof", "true")]);
    assign_from_start(&consumer, &whole, 1);
    assert_eq!(texts(&drain(&consumer, 1).await), ["kept"]);
    broker.shutdown().await;
}

/// The folder that a topic's records would be in, by what the journal says of it.
fn stand_in(topics: &Path, journal: &Path, topic: &str) -> std::path::PathBuf {
    let journal = std::fs::read_to_string(journal).expect("there");
    let line = journal.lines().find(|line| line.contains(topic)).expect("it was written down");
    let (_, rest) = line.split_once(r#""id":""#).expect("an id");
    topics.join(rest.split('"').next().expect("an id"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_goes_on_with_its_share_when_the_broker_has_started_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let start = |port| Broker::builder().port(port).data_dir(folder.path()).start();
    let broker = start(0).await.expect("it starts");
    let rig = Rig::at(broker.bootstrap_servers());
    let topic = rig.topic("shared", 1, &[]).await;
    send(&rig.producer(&[]), &topic, 0, "before").await;
    let consumer = Arc::new(rig.consumer(&unique("group"), QUICK));
    consumer.subscribe(&[&topic]).expect("subscribed");
    assert_eq!(text(&next(&consumer).await), "before");
    let port = broker.port();
    broker.shutdown().await;
    let broker = start(port).await.expect("it starts again");
    // A member that is not known would be refused; and this one has not been asked to join again.
    let committing = Arc::clone(&consumer);
    let at = position(&topic, 1);
    blocking(move || committing.commit(&at, CommitMode::Sync)).await.expect("committed");
    send(&rig.producer(&[]), &topic, 0, "after").await;
    loop {
        // That the broker was away is told, too.
        if let Ok(message) = crate::rig::receive(&consumer).await {
            assert_eq!(text(&message), "after");
            break;
        }
    }
    blocking(move || drop(consumer)).await;
    broker.shutdown().await;
}
