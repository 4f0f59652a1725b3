//! Faults on purpose, and what clients make of them: nothing lost, nothing twice.

use std::time::Duration;

use livecheck_broker::{Broker, Chaos};
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};

use crate::rig::{PATIENCE, Rig, assign_from_start, blocking, drain, receive, send, text, texts, unique};

async fn rig(chaos: &str) -> Rig {
    Rig::embedded(Broker::builder().chaos(chaos.parse::<Chaos>().expect("a plan"))).await
}

/// Gives up on an answer soon, and comes back soon.
const QUICK: &[(&str, &str)] = &[
    ("socket.timeout.ms", "1000"),
    ("reconnect.backoff.ms", "10"),
    ("reconnect.backoff.max.ms", "50"),
    ("retry.backoff.ms", "10"),
    ("retry.backoff.max.ms", "50"),
];

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotent_producer_loses_and_repeats_nothing_whatever_goes_wrong() {
    let rig = rig("seed=11, produce:drop-answer@0.05, produce:drop@0.05, produce:delay=1ms..5ms@0.1, \
                   produce:error=NOT_LEADER_OR_FOLLOWER@0.05, produce:pause=10ms@0.02, any:delay=1ms@0.1")
    .await;
    let topic = rig.topic("whole", 1, &[]).await;
    let producer =
        rig.producer(&[QUICK, &[("enable.idempotence", "true"), ("batch.num.messages", "5")]].concat());
    let sent = (0..500).map(|number| {
        let payload = number.to_string();
        let record = FutureRecord::<str, str>::to(&topic).payload(&payload);
        producer.send_result(record).expect("queued")
    });
    for delivery in sent.collect::<Vec<_>>() {
        delivery.await.expect("not cancelled").expect("acknowledged in the end");
    }
    let consumer = rig.consumer(&unique("group"), &[("enable.partition.eof", "true")]);
    assign_from_start(&consumer, &topic, 1);
    let expected: Vec<_> = (0..500).map(|number| number.to_string()).collect();
    assert_eq!(texts(&drain(&consumer, 1).await), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_is_whole_though_its_answers_are_lost() {
    let rig = rig("seed=3, end-txn:drop-answer@0.3, end-txn:error=COORDINATOR_NOT_AVAILABLE@0.2, \
                   add-partitions-to-txn:drop@0.2, init-producer-id:delay=5ms, end-txn:forget-answer@0.1")
    .await;
    let topic = rig.topic("whole", 1, &[]).await;
    let producer: FutureProducer = rig.producer(&[QUICK, &[("transactional.id", "one")]].concat());
    let initialised = producer.clone();
    blocking(move || initialised.init_transactions(PATIENCE)).await.expect("initialised");
    for number in 0..12 {
        producer.begin_transaction().expect("begun");
        send(&producer, &topic, 0, &number.to_string()).await;
        let ending = producer.clone();
        blocking(move || {
            if number % 3 == 0 {
                ending.abort_transaction(PATIENCE)
            } else {
                ending.commit_transaction(PATIENCE)
            }
        })
        .await
        .expect("ended");
    }
    let settings = [("isolation.level", "read_committed"), ("enable.partition.eof", "true")];
    let consumer = rig.consumer(&unique("group"), &settings);
    assign_from_start(&consumer, &topic, 1);
    assert_eq!(texts(&drain(&consumer, 1).await), ["1", "2", "4", "5", "7", "8", "10", "11"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_reads_on_past_answers_that_never_come() {
    let rig =
        rig("seed=5, fetch:forget@0.02, fetch:drop-answer@0.2, fetch:error=NOT_LEADER_OR_FOLLOWER@0.1").await;
    let topic = rig.topic("read", 1, &[]).await;
    let producer = rig.producer(&[]);
    let settings = [QUICK, &[("fetch.wait.max.ms", "100"), ("fetch.error.backoff.ms", "10")]].concat();
    let consumer = rig.consumer(&unique("group"), &settings);
    assign_from_start(&consumer, &topic, 1);
    for number in 0..30 {
        send(&producer, &topic, 0, &number.to_string()).await;
        let message = loop {
            // That all brokers are down, say: the client tells, and goes on.
            if let Ok(message) = receive(&consumer).await {
                break message.detach();
            }
        };
        assert_eq!(text(&message), number.to_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_begin_and_end_as_they_are_told() {
    let broker = Broker::builder().start().await.expect("it starts");
    let rig = Rig::at(broker.bootstrap_servers());
    let topic = rig.topic("told", 1, &[]).await;
    let producer = rig.producer(&[QUICK, &[("message.timeout.ms", "300")]].concat());
    send(&producer, &topic, 0, "before").await;
    broker.set_chaos("produce:error=NOT_LEADER_OR_FOLLOWER".parse::<Chaos>().expect("a plan"));
    let record = FutureRecord::<str, str>::to(&topic).payload("never");
    producer.send(record, Duration::ZERO).await.expect_err("refused until its time is up");
    broker.set_chaos(None);
    let (_, offset) = send(&rig.producer(&[]), &topic, 0, "after").await;
    assert_eq!(offset, 1);
}
