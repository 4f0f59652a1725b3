//! The edge: sockets, frames, and nothing that decides.

mod connection;
mod frame;
mod listener;

pub(crate) use listener::serve;
