//! `set`: what somebody asks for, as records of the control topic, and what is set, as people and programs read it.
//!
//! Which settings hold, and when, is told by [`livecheck_core::control`]; Kafka is for `kafka::control`.

mod request;
mod shown;
#[cfg(test)]
mod tests;

pub(crate) use self::request::Request;
pub(crate) use self::shown::{InForce, render, render_sampling};
