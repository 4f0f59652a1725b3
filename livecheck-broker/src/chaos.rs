//! Faults on purpose: what goes wrong between a client and a cluster, by chance that can be repeated.

mod active;
mod plan;
mod text;

pub(crate) use active::ActiveChaos;
pub use plan::{Chaos, Fault};
pub use text::ChaosError;
