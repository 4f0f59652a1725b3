//! LiveCheck: end-to-end tests for production. (The tutorial will stand here.)

pub use livecheck_core::*;
pub use livecheck_macros::*;

/// What the generated program runs.
#[cfg(feature = "runner")]
pub use livecheck_runner as runner;
