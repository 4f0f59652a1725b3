//! An embedded Kafka broker for development and tests.
//!
//! It speaks Kafka's protocol as far as [rdkafka], aiokafka and Kafka's own Java client need it to produce,
//! consume, form groups and run transactions; it keeps everything in memory, alone. What it does, it does as
//! Kafka does; what it cannot do, it does not advertise. It is no rival to Kafka: production is served by
//! setting `bootstrap.servers`.
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
//! [rdkafka]: https://docs.rs/rdkafka

mod alarm;
mod api;
mod broker;
mod clock;
mod error;
mod groups;
mod log;
mod network;
mod node;
mod topics;
mod transactions;

pub use broker::{Broker, BrokerBuilder};
pub use error::BrokerError;
