//! The requests, each in the file of its subject: what the wire asks, put to the part that knows, and its
//! answer put back on the wire.

mod call;
mod commits;
mod configs;
mod fetch;
mod membership;
mod metadata;
mod positions;
mod produce;
mod shape;
mod supported;
mod topics;
mod transactions;

pub(crate) use call::answer;
