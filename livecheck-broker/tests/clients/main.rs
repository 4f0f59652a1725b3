//! What clients see of the broker, with rdkafka.
//!
//! Each test runs against a broker of its own, or against the one that `LIVECHECK_TEST_BOOTSTRAP` names: real
//! Kafka, so that both are held to one expectation.

mod rig;
mod served;

mod admin;
mod bad_input;
mod chaos;
mod durability;
mod groups;
mod memory;
mod other_clients;
mod produce_and_consume;
mod retention;
mod transactions;
