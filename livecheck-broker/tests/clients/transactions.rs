//! Transactions.

use rdkafka::producer::{FutureProducer, Producer};

use crate::rig::{PATIENCE, Rig, assign_from_start, blocking, drain, send, texts, unique};

async fn transactional(rig: &Rig, id: &str, settings: &[(&str, &str)]) -> FutureProducer {
    let mut all = vec![("transactional.id", id)];
    all.extend(settings);
    let producer = rig.producer(&all);
    let initialised = producer.clone();
    blocking(move || initialised.init_transactions(PATIENCE)).await.expect("initialised");
    producer
}

#[tokio::test]
async fn a_committed_reader_sees_what_was_committed_and_not_what_was_aborted() {
    let rig = Rig::start().await;
    let topic = rig.topic("transactional", 1, &[]).await;
    let producer = transactional(&rig, &unique("tx"), &[]).await;
    for (payload, commit) in [("a", true), ("b", false), ("c", true)] {
        producer.begin_transaction().expect("begun");
        send(&producer, &topic, 0, payload).await;
        let producer = producer.clone();
        blocking(move || {
            if commit { producer.commit_transaction(PATIENCE) } else { producer.abort_transaction(PATIENCE) }
        })
        .await
        .expect("ended");
    }
    for (isolation, expected) in
        [("read_committed", vec!["a", "c"]), ("read_uncommitted", vec!["a", "b", "c"])]
    {
        let settings = [("isolation.level", isolation), ("enable.partition.eof", "true")];
        let consumer = rig.consumer(&unique("group"), &settings);
        assign_from_start(&consumer, &topic, 1);
        assert_eq!(texts(&drain(&consumer, 1).await), expected, "{isolation}");
    }
}
