//! The requests, each in the file of its subject: what the wire asks, put to the part that knows, and its
//! answer put back on the wire.
//!
//! The codec's default for a text that may be null is the empty text: where Kafka answers null, say so.

mod asked_offsets;
mod call;
mod commits;
mod configs;
mod fetch;
mod membership;
mod metadata;
mod positions;
mod produce;
mod refuse;
mod shape;
mod supported;
mod topics;
mod transactions;

pub(crate) use call::{answer, answer_with, kind};
pub(crate) use refuse::can_refuse;
pub(crate) use supported::served;
