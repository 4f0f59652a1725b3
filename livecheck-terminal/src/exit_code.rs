//! Exit codes of `cargo livecheck` and of the runner.
//!
//! The numbers are those of cargo-nextest where it has one, so that a pipeline that knows it reads ours.

/// Nothing failed.
pub const OK: u8 = 0;

/// Something unforeseen happened: a bug in LiveCheck.
pub const INTERNAL: u8 = 1;

/// The command line was wrong: an unknown option, a value that does not parse, a package that does not exist.
pub const USAGE: u8 = 2;

/// A gate could not tell: there were too few executions.
pub const INCONCLUSIVE: u8 = 3;

/// There was nothing to do: no package has cases, no case matches the filters, a run with an end has seen no
/// execution end, or an instance has no uptest.
pub const NO_CASES: u8 = 4;

/// What the command needs could not be set up: bad configuration, an unreachable broker, topics that do not fit.
pub const SETUP_FAILED: u8 = 96;

/// At least one execution or uptest failed, a run with an end was interrupted before it, or `doctor` found something
/// wrong.
pub const TEST_FAILED: u8 = 100;

/// Building the runner failed; cargo has said why.
pub const BUILD_FAILED: u8 = 101;

/// `cargo metadata` failed; cargo has said why.
pub const CARGO_METADATA_FAILED: u8 = 102;

/// Writing to standard output failed.
pub const WRITE_OUTPUT_FAILED: u8 = 110;
