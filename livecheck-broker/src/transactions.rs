//! Transactions: one state machine for each transactional id.
//!
//! Pure: it says what is allowed and what must be done; writing the markers is the business of [`crate::api`].

#[cfg(test)]
mod properties;
mod transaction;

pub(crate) use transaction::{Ending, Identity, KeptTransaction, Phase, TopicPartition, Transaction};
