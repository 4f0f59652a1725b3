//! Consumer groups.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use livecheck_broker::Broker;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, Rebalance, StreamConsumer};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::{ClientContext, Offset, TopicPartitionList};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::rig::{PATIENCE, Rig, blocking, next, receive, send, text, unique};

#[tokio::test(flavor = "multi_thread")]
async fn a_group_resumes_where_it_committed_with_what_it_noted() {
    let rig = Rig::start().await;
    let topic = rig.topic("resumed", 1, &[]).await;
    let producer = rig.producer(&[]);
    for number in 0..4 {
        send(&producer, &topic, 0, &number.to_string()).await;
    }
    let group = unique("group");
    let consumer = rig.consumer(&group, &[]);
    consumer.subscribe(&[&topic]).expect("subscribed");
    assert_eq!(text(&next(&consumer).await), "0");
    assert_eq!(text(&next(&consumer).await), "1");
    let mut offsets = TopicPartitionList::new();
    offsets.add_partition_offset(&topic, 0, Offset::Offset(2)).expect("valid");
    offsets.find_partition(&topic, 0).expect("there").set_metadata("notes, in any words");
    blocking(move || {
        consumer.commit(&offsets, CommitMode::Sync).expect("committed");
        // The list first: it refers to the consumer's partitions, and librdkafka waits for ever for such
        // references to go before it destroys a client.
        drop(offsets);
        drop(consumer);
    })
    .await;

    let consumer = rig.consumer(&group, &[]);
    consumer.subscribe(&[&topic]).expect("subscribed");
    assert_eq!(text(&next(&consumer).await), "2");
    let (offset, metadata) = blocking(move || {
        let committed = consumer.committed(PATIENCE).expect("committed offsets");
        let committed = committed.find_partition(&topic, 0).expect("there");
        (committed.offset(), committed.metadata().to_owned())
    })
    .await;
    assert_eq!(offset, Offset::Offset(2));
    assert_eq!(metadata, "notes, in any words");
}

/// Members of a group that read on in tasks of their own, and what they have read.
struct Crowd {
    rig: Rig,
    group: String,
    topic: String,
    read: Arc<Mutex<Vec<i64>>>,
}

struct Crowded {
    seen: watch::Receiver<Seen>,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<()>>,
}

/// What a consumer's rebalances came to.
#[derive(Default)]
struct Seen {
    assigned: usize,
    rebalances: usize,
}

struct Watching(watch::Sender<Seen>);

impl ClientContext for Watching {}

impl ConsumerContext for Watching {
    fn post_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        self.0.send_modify(|seen| {
            // By what is given and taken: to ask the consumer here, while it is being closed, is a deadlock in
            // librdkafka.
            match rebalance {
                Rebalance::Assign(given) => seen.assigned += given.count(),
                Rebalance::Revoke(taken) => seen.assigned = seen.assigned.saturating_sub(taken.count()),
                Rebalance::Error(_) => {}
            }
            seen.rebalances += 1;
        });
    }
}

impl Crowd {
    fn member(&self, settings: &[(&str, &str)]) -> Crowded {
        let (sender, seen) = watch::channel(Seen::default());
        // Not a commit for each record: on real Kafka so many delay the heartbeats behind them. And an offset is
        // stored once its record is dealt with: left to itself, the client may commit past records that a
        // rebalance then keeps from being handed out.
        let committing = [
            ("enable.auto.commit", "true"),
            ("auto.commit.interval.ms", "100"),
            ("enable.auto.offset.store", "false"),
        ];
        let settings = [settings, &committing].concat();
        let consumer = self.rig.consumer_with(&self.group, &settings, Watching(sender));
        consumer.subscribe(&[&self.topic]).expect("subscribed");
        let (stop, mut stopped) = oneshot::channel();
        let read = Arc::clone(&self.read);
        let task = tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = &mut stopped => break,
                    message = consumer.recv() => {
                        let message = message.expect("a message");
                        let number = text(&message).parse().expect("a number");
                        read.lock().expect("not poisoned").push(number);
                        // Refused when the partition has just been taken away: another will read it again.
                        consumer.store_offset_from_message(&message).ok();
                    }
                }
            }
            blocking(move || drop(consumer)).await;
        });
        Crowded { seen, stop: Some(stop), task: Some(task) }
    }
}

impl Crowded {
    async fn has(&mut self, partitions: usize) {
        self.saw(|seen| seen.assigned == partitions).await;
    }

    async fn saw(&mut self, what: impl FnMut(&Seen) -> bool) {
        let saw = self.seen.wait_for(what);
        tokio::time::timeout(PATIENCE, saw).await.expect("within patience").expect("still there");
    }

    async fn leave(mut self) {
        self.stop.take().expect("once").send(()).expect("still there");
        self.task.take().expect("once").await.expect("no panic");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_grows_and_shrinks_and_reads_all_once() {
    const PARTITIONS: i32 = 6;
    let rig = Rig::start().await;
    let topic = rig.topic("shared", PARTITIONS, &[]).await;
    let producer = rig.producer(&[]);
    let (stop, mut stopped) = oneshot::channel::<()>();
    let producing = {
        let topic = topic.clone();
        tokio::spawn(async move {
            let mut sent = 0_i64;
            while stopped.try_recv().is_err() {
                send(&producer, &topic, (sent % i64::from(PARTITIONS)) as i32, &sent.to_string()).await;
                sent += 1;
            }
            sent
        })
    };
    let crowd = Crowd { rig, group: unique("group"), topic, read: Arc::default() };
    let mut first = crowd.member(&[]);
    first.has(6).await;
    let mut second = crowd.member(&[]);
    let mut third = crowd.member(&[]);
    for member in [&mut first, &mut second, &mut third] {
        member.has(2).await;
    }
    second.leave().await;
    third.leave().await;
    first.has(6).await;
    stop.send(()).expect("producing");
    let sent = producing.await.expect("no panic");

    // The last may still be on their way to the member that is left.
    let all_read = async {
        loop {
            let count = {
                let mut read = crowd.read.lock().expect("not poisoned");
                read.sort_unstable();
                read.dedup();
                read.len() as i64
            };
            if count == sent {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    if tokio::time::timeout(PATIENCE, all_read).await.is_err() {
        let read = crowd.read.lock().expect("not poisoned");
        let missing: Vec<i64> = (0..sent).filter(|number| read.binary_search(number).is_err()).collect();
        panic!("{} of {sent} were never read: {:?} …", missing.len(), &missing[..missing.len().min(12)]);
    }
    first.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_shares_by_whichever_strategy_its_members_have_in_common() {
    let rig = Rig::start().await;
    let topic = rig.topic("strategies", 6, &[]).await;
    let mut crowd = Crowd { rig, group: unique("group"), topic, read: Arc::default() };
    for (one, other, expected) in [
        ("range", "range", "range"),
        ("roundrobin", "roundrobin", "roundrobin"),
        ("roundrobin,range", "range", "range"),
    ] {
        crowd.group = unique("group");
        let strategy = |names| [("partition.assignment.strategy", names)];
        let mut first = crowd.member(&strategy(one));
        first.has(6).await;
        let mut second = crowd.member(&strategy(other));
        first.has(3).await;
        second.has(3).await;
        assert_eq!(described(&crowd.rig, &crowd.group).await.2, expected);
        second.leave().await;
        first.has(6).await;
        first.leave().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_static_member_comes_back_unnoticed_and_is_replaced_when_it_stays_away() {
    let rig = Rig::start().await;
    let topic = rig.topic("static", 2, &[]).await;
    let crowd = Crowd { rig, group: unique("group"), topic, read: Arc::default() };
    let mut one = crowd.member(&[("group.instance.id", "one")]);
    one.has(2).await;
    let mut two = crowd.member(&[("group.instance.id", "two")]);
    two.has(1).await;
    // It was assigned two, gave one up, kept one, and kept it once more when the other had joined again.
    one.saw(|seen| seen.rebalances == 4).await;

    // Closing a static member does not leave the group: within its session its place is kept.
    two.leave().await;
    let mut two = crowd.member(&[("group.instance.id", "two")]);
    two.has(1).await;
    assert_eq!(one.seen.borrow().rebalances, 4, "the other member noticed");

    let left = Instant::now();
    two.leave().await;
    one.has(2).await;
    let taken = left.elapsed();
    assert!(taken >= Duration::from_secs(5), "its session lasts six seconds, not {taken:?}");
    one.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_described() {
    let rig = Rig::start().await;
    let topic = rig.topic("described", 1, &[]).await;
    let crowd = Crowd { rig, group: unique("group"), topic, read: Arc::default() };
    let mut member = crowd.member(&[("client.id", "me")]);
    member.has(1).await;
    let (state, kind, strategy, members) = described(&crowd.rig, &crowd.group).await;
    assert_eq!((&*state, &*kind, &*strategy), ("Stable", "consumer", "cooperative-sticky"));
    assert_eq!(members, ["me"]);
    member.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_wants_the_newer_group_protocol_is_told_that_it_is_not_here() {
    let rig = Rig::embedded(Broker::builder()).await;
    let topic = rig.topic("newer", 1, &[]).await;
    let mut config = rig.config(&[("group.id", &unique("group")), ("group.protocol", "consumer")]);
    let consumer: StreamConsumer = config.set("auto.offset.reset", "earliest").create().expect("a consumer");
    consumer.subscribe(&[&topic]).expect("subscribed");
    let error = receive(&consumer).await.expect_err("it is not here");
    assert_eq!(error.rdkafka_error_code(), Some(RDKafkaErrorCode::UnsupportedVersion), "{error}");
    blocking(move || drop(consumer)).await;
}

/// A group's state, its kind and strategy, and the client ids of its members.
async fn described(rig: &Rig, group: &str) -> (String, String, String, Vec<String>) {
    let (asking, group) = (rig.consumer(&unique("other"), &[]), group.to_owned());
    blocking(move || {
        let list = asking.fetch_group_list(Some(&group), PATIENCE).expect("a list");
        let group = &list.groups()[0];
        let members = group.members().iter().map(|member| member.client_id().to_owned()).collect();
        (group.state().to_owned(), group.protocol_type().to_owned(), group.protocol().to_owned(), members)
    })
    .await
}
