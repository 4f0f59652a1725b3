//! An embedded Kafka broker for development and tests.
//!
//! It speaks Kafka's protocol as far as [rdkafka], aiokafka and Kafka's own Java client need it to produce,
//! consume, form groups and run transactions; it holds everything in memory, and on disk as well where that is asked
//! for. What it does, it does as Kafka does: its tests run on both, with one expectation. It is no rival to Kafka:
//! production is served by setting `bootstrap.servers`.
//!
//! ```
//! # async fn example() -> Result<(), livecheck_broker::BrokerError> {
//! let broker = livecheck_broker::Broker::builder().start().await?;
//! let bootstrap_servers = broker.bootstrap_servers();
//! // … give it to any Kafka client …
//! broker.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! `cargo livecheck broker` is the same as a program.
//!
//! # What it has not
//!
//! What it cannot do, it does not advertise, or refuses in words, so that clients do without, or say so:
//!
//! - other nodes and replicas: it is alone, on the loopback interface;
//! - authentication, encryption, access control and quotas;
//! - groups by the newer protocol (KIP-848, `group.protocol=consumer`) and share groups: the classic protocol, which is
//!   every client's default, is here;
//! - the second version of transactions (KIP-890), which clients use only where brokers offer it;
//! - incremental fetch sessions, which spare bytes on the wire and change nothing else;
//! - `acks=all` as a promise that holds when the machine dies: see [what outlasts it](#what-outlasts-it).
//!
//! # How much it keeps
//!
//! Topics have Kafka's settings, and those of retention and compaction do what they do there: `cleanup.policy`,
//! `retention.ms`, `retention.bytes`, `segment.bytes`, `segment.ms`, `min.cleanable.dirty.ratio`,
//! `min.compaction.lag.ms`, `max.compaction.lag.ms`, `delete.retention.ms`. Three things differ. Records go
//! one batch at a time, not one segment at a time, so that a log is never much larger than was asked for.
//! It is looked every second for what may go, not every five minutes. And a topic that does not say keeps at most
//! 1 GiB of each partition: [`BrokerBuilder::retention_bytes`] sets another limit.
//!
//! Producers, transactional ids, offsets of groups without members, and idle connections are forgotten after the
//! times that Kafka has for them. Requests and answers that are under way have a bound of memory, too, over all
//! connections together: [`BrokerBuilder::max_traffic_bytes`].
//!
//! # What outlasts it
//!
//! Nothing, unless it is given a folder: [`BrokerBuilder::data_dir`]. There it keeps topics with their settings and
//! records, the offsets that groups committed, and transactions; also open ones, which their producers may go on
//! with, as members of groups may with their share. The records are served from memory, so they must fit into it.
//!
//! Whatever is acknowledged has been handed to the operating system, so that the death of the broker's process, at
//! any moment, loses none of it. The death of the machine may: as with Kafka, a disk is waited for only when a
//! segment is closed and when the broker stops in order, or as a topic's `flush.messages` and `flush.ms` have it.
//! At the start a torn end, of which nothing was acknowledged, is cut off; damage anywhere else is an error.
//! A broker that cannot write any more serves nothing any more.
//!
//! # Faults on purpose
//!
//! [`Chaos`] is a plan of faults, seeded, from code or from text: [`BrokerBuilder::chaos`] starts with one, and
//! [`Broker::set_chaos`] changes it.
//!
//! [rdkafka]: https://docs.rs/rdkafka

mod alarm;
mod api;
mod broker;
mod chaos;
mod clock;
mod error;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod groups;
mod log;
mod network;
mod node;
mod storage;
mod topics;
mod transactions;

pub use broker::{Broker, BrokerBuilder};
pub use chaos::{Chaos, ChaosError, Fault};
pub use error::BrokerError;
