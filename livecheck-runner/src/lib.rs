//! runner

pub mod args;
