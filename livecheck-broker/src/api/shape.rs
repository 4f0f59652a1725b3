//! The outline of each request, and a walk along it before the request is decoded.
//!
//! The codec makes room for as many elements as an array's length claims before it has seen one, so twenty
//! bytes could ask for gigabytes and end the process. A walk costs no memory, and finds out that they lie.

mod requests;
mod walk;

pub(super) use walk::check;
#[cfg(test)]
pub(super) use walk::sample;
