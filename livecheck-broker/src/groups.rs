//! Consumer groups (the classic protocol): membership, rebalances, committed offsets.
//!
//! Pure: a request goes in with a [`Ticket`], and its answer comes out at once or later, from whatever
//! request or moment completes it. Holding the connections meanwhile is the business of [`crate::api`].

mod group;
mod join;
mod kept;
mod member;
mod offsets;
#[cfg(test)]
mod properties;
mod sync;

pub(crate) use group::{Described, Group};
pub(crate) use join::{Join, JoinRefused, Joined};
pub(crate) use kept::KeptMembership;
pub(crate) use member::Protocol;
pub(crate) use offsets::{Claim, Committed, Fetched, KeptOffsets, OffsetsChange, Pending};
pub(crate) use sync::{Sync, Synced};

use kafka_protocol::ResponseError;

/// Which request an answer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Ticket(pub(crate) u64);

/// The answer to a request that may have had to wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Join(Result<Joined, JoinRefused>),
    Sync(Result<Synced, ResponseError>),
}

/// Answers that have become ready, in order.
pub(crate) type Answers = Vec<(Ticket, Answer)>;
