//! A bank that charges accounts up to a limit, and a case that knows what it should have charged.
//!
//! No single charge shows whether the bank keeps to the limit: whether this one was one too many is a matter of all those
//! before it. So the [case](cases::charged()) has a table. `README.md` says how to run it, and how to break the bank.

pub mod bank;
pub mod cases;

pub use bank::{Answer, Bank, Fault, LIMIT};
pub use cases::charged;
