//! Orders on Kafka: the topics, a producer, and a consumer that loses none.

use std::pin::pin;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use livecheck::context::kafka;
use livecheck::{InTest as _, InTestRecord as _};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{Consumer as _, StreamConsumer};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::Message as _;
use rdkafka::producer::{FutureProducer, FutureRecord};

use crate::order::Order;
use crate::service::shutdown;

/// The orders that were stored, from order-web to order-creator.
pub const ORDERS: &str = "orders";
/// The orders to execute, from order-creator to order-executor.
pub const ORDER_EXECUTION: &str = "order-execution";

const PARTITIONS: i32 = 4;
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(10);
const ADMIN_TIMEOUT: Duration = Duration::from_secs(30);
const RETRY_AFTER: Duration = Duration::from_secs(1);

fn config(servers: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", servers).set("client.id", env!("CARGO_PKG_NAME"));
    config
}

/// Creates the topics that are not there yet. A consumer cannot: it would wait for them.
///
/// # Errors
///
/// The brokers cannot be reached, or refuse.
pub async fn create_topics(servers: &str) -> anyhow::Result<()> {
    let admin: AdminClient<DefaultClientContext> = config(servers).create()?;
    let topics =
        [ORDERS, ORDER_EXECUTION].map(|topic| NewTopic::new(topic, PARTITIONS, TopicReplication::Fixed(1)));
    let options = AdminOptions::new().request_timeout(Some(ADMIN_TIMEOUT));
    let created = admin.create_topics(&topics, &options).await;
    for result in created.with_context(|| format!("creating topics on {servers}"))? {
        match result {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, code)) => return Err(anyhow!("creating topic {topic} on {servers}: {code}")),
        }
    }
    Ok(())
}

/// A producer that sends each order at once.
///
/// # Errors
///
/// librdkafka refuses the configuration.
pub fn producer(servers: &str) -> anyhow::Result<FutureProducer> {
    let mut config = config(servers);
    config
        .set("linger.ms", "0")
        .set("enable.idempotence", "true")
        .set("message.timeout.ms", DELIVERY_TIMEOUT.as_millis().to_string());
    Ok(config.create()?)
}

/// Produces an order, in the test that this task is in, and waits for the delivery report.
///
/// # Errors
///
/// The order could not be delivered.
pub async fn produce(producer: &FutureProducer, topic: &str, order: &Order) -> anyhow::Result<()> {
    let payload = serde_json::to_vec(order)?;
    let record = FutureRecord::to(topic).key(&order.id).payload(&payload).in_current_test();
    let delivery = producer.send(record, DELIVERY_TIMEOUT).await;
    delivery
        .map_err(|(error, _)| error)
        .with_context(|| format!("producing order {} to {topic}", order.id))?;
    Ok(())
}

/// Hands each order on `topic` to `handle`, in the test that its record belongs to, until the process is asked
/// to end.
///
/// At least once: the offset of an order is committed once `handle` is done with it. Where that fails it is
/// tried again, however long it takes.
///
/// # Errors
///
/// librdkafka refuses the configuration or the subscription.
pub async fn consume<H>(servers: &str, group: &str, topic: &str, handle: H) -> anyhow::Result<()>
where
    H: AsyncFn(&Order) -> anyhow::Result<()>,
{
    let consumer: StreamConsumer = config(servers)
        .set("group.id", group)
        .set("auto.offset.reset", "earliest")
        // Offsets are stored below, by hand; those stored are committed every so often, and at the end.
        .set("enable.auto.offset.store", "false")
        .set("auto.commit.interval.ms", "500")
        .set("partition.assignment.strategy", "cooperative-sticky")
        // The next fetch after a full queue: a second is the default, and a long time for an order.
        .set("fetch.queue.backoff.ms", "5")
        // A service that was killed gives up its partitions after that.
        .set("session.timeout.ms", "6000")
        .set("heartbeat.interval.ms", "2000")
        .create()?;
    consumer.subscribe(&[topic])?;

    let mut shutdown = pin!(shutdown());
    loop {
        let received = tokio::select! {
            () = &mut shutdown => return Ok(()),
            received = consumer.recv() => received,
        };
        let record = match received {
            Ok(record) => record,
            Err(error) => {
                // librdkafka goes on trying by itself.
                tracing::warn!("consuming {topic}: {error}");
                continue;
            }
        };
        match serde_json::from_slice(record.payload().unwrap_or_default()) {
            Ok(order) => {
                let test = kafka::extract(&record);
                while let Err(error) = handle(&order).in_test(test.clone()).await {
                    tracing::warn!("order {}: {error:#}; trying again", order.id);
                    tokio::select! {
                        () = &mut shutdown => return Ok(()),
                        () = tokio::time::sleep(RETRY_AFTER) => {}
                    }
                }
            }
            Err(error) => {
                let (partition, offset) = (record.partition(), record.offset());
                tracing::warn!("{topic}, partition {partition}, offset {offset} is no order: {error}");
            }
        }
        if let Err(error) = consumer.store_offset_from_message(&record) {
            // The partition went to another member of the group, which will handle the order once more.
            tracing::warn!("consuming {topic}: {error}");
        }
    }
}
