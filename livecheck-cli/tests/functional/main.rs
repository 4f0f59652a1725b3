//! What `cargo livecheck` does in workspaces of every kind, a file for each topic.
//!
//! Most of them depend on a livecheck that stands in for the real one (`testdata/stand-in`) and builds in a
//! second; `real.rs` has the real one. All work offline, once the checkout's own dependencies are fetched.

mod broker;
mod building;
mod discovery;
mod failures;
mod features;
mod forwarding;
mod help;
mod locking;
mod manifests;
mod real;
mod sources;
mod support;
mod uptest;
