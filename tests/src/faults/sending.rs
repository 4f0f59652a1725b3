//! The orders onto the topics, each record at its time.

use std::collections::HashMap;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use livecheck::{Timestamp, Topics};
use serde_json::{Value, json};

use super::State;
use super::orders::{Order, Partitioner, Sent};
use super::verifier::Execution;
use crate::kafka::block_on;
use crate::records::{Record, Sender};

/// How long a test lives: longer than any fault.
const LIFETIME: Duration = Duration::from_secs(60 * 60);

/// Records under way.
#[derive(Debug)]
pub struct Sending {
    thread: JoinHandle<()>,
    meant: HashMap<Execution, State>,
}

impl Sending {
    /// Begins to send; what the orders call the beginning is now.
    #[must_use]
    pub fn begin(orders: &[Order], topics: &Topics) -> Self {
        let (began, now) = (Instant::now(), Timestamp::now());
        let mut meant = HashMap::new();
        let mut records = Vec::new();
        for order in orders {
            let timestamp = now + order.at;
            let execution = Execution {
                case: order.case.clone(),
                id: order.id.clone(),
                timestamp: timestamp.to_string(),
            };
            for (at, sent) in &order.sent {
                let partitioner = match sent {
                    Sent::Trigger => Partitioner::Murmur2,
                    Sent::Signal { .. } => order.partitioner,
                };
                records.push((*at, partitioner, record(order, timestamp, sent, topics)));
            }
            meant.insert(execution, order.intended);
        }
        records.sort_by_key(|(at, _, _)| *at);
        let thread = std::thread::spawn(move || send(began, records));
        Self { thread, meant }
    }

    /// Waits until all are acknowledged; gives what was triggered, and the verdicts that were meant.
    ///
    /// # Panics
    ///
    /// When the brokers did not take a record for five minutes.
    #[must_use]
    pub fn ended(self) -> HashMap<Execution, State> {
        self.thread.join().expect("all records are taken");
        self.meant
    }
}

fn send(began: Instant, records: Vec<(Duration, Partitioner, Record)>) {
    let retrying = [("reconnect.backoff.max.ms", "500"), ("retry.backoff.max.ms", "200")];
    let murmur2 = Sender::with(&retrying);
    let crc32 = Sender::with(&[&retrying[..], &[("partitioner", "consistent_random")]].concat());
    let hand_over = |(at, partitioner, record)| {
        // When a record is sent is what the order is about.
        std::thread::sleep(left_until(began, at));
        let sender = match partitioner {
            Partitioner::Murmur2 => &murmur2,
            Partitioner::Crc32 => &crc32,
        };
        sender.hand_over(&record).expect("librdkafka takes the record")
    };
    let deliveries: Vec<_> = records.into_iter().map(hand_over).collect();
    for delivery in deliveries {
        let delivered = block_on(delivery).expect("the producer is there");
        delivered.expect("the brokers take the record, in the end");
    }
}

fn left_until(began: Instant, at: Duration) -> Duration {
    at.saturating_sub(began.elapsed())
}

/// The record, as a service in any language writes it.
fn record(order: &Order, timestamp: Timestamp, sent: &Sent, topics: &Topics) -> Record {
    let expires = timestamp + LIFETIME;
    match sent {
        Sent::Trigger => {
            let value = json!({
                "id": order.id,
                "case_name": order.case,
                "timestamp": timestamp.to_string(),
                "expires": expires.to_string(),
                "test_args": [],
                "test_kwargs": order.arguments,
            });
            Record::raw(&topics.test_topic, value.to_string()).key(order.id.as_str())
        }
        Sent::Signal { name, value, headers } => {
            let key = order.key.as_ref().unwrap_or(&order.id);
            let value: Value = json!({
                "signal_name": name,
                "case_name": order.case,
                "key": key,
                "value": value,
            });
            let record = Record::raw(&topics.bus_topic, value.to_string()).key(key.as_str());
            let named = [
                ("LiveCheck-Test-Id", order.id.clone()),
                ("LiveCheck-Test-Name", order.case.clone()),
                ("LiveCheck-Test-Timestamp", timestamp.to_header()),
                ("LiveCheck-Test-Expires", expires.to_header()),
            ];
            if *headers { record.headers(named) } else { record }
        }
    }
}
