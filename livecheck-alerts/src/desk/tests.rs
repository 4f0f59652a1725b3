//! The heart in virtual time: scenarios, and whatever may happen in any order.

mod properties;
mod scenarios;
mod world;
