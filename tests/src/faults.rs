//! Faults on purpose: runners and brokers are killed, stopped and cut off, and every verdict is accounted for.
//!
//! | module | subject |
//! |---|---|
//! | [`schedule`] | what goes wrong, and when; pure |
//! | [`orders`] | what is triggered and signalled meanwhile, and the verdict that is meant; pure |
//! | [`verifier`] | what the reports should say, and what they do say; pure, and apart from the product |
//! | [`ledger`] | the same for what stands in a table |
//! | [`clock`] | the same for what is done by the clock |
//! | [`sending`] | the orders onto the topics, each record at its time |
//! | [`broker`] | the broker that is killed |
//! | [`fleet`] | the runners that are killed |
//! | [`reading`] | the topics, for the verifier |
//! | [`round`] | all of it together |
//!
//! The program `faults` runs it, for as long as one wants; a short run is among the tests.

pub mod broker;
pub mod clock;
pub mod fleet;
pub mod ledger;
pub mod orders;
pub mod reading;
pub mod round;
pub mod schedule;
pub mod sending;
pub mod verifier;

/// The name of one of the cases; the others are its neighbours in [`cases`](crate::cases).
const PARCEL: &str = "livecheck_tests::cases::parcel";
/// The case that has a table, in which it adds up what each customer owes.
const DEBT: &str = "livecheck_tests::cases::debt";

/// A verdict, as the verifier has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// The contract held.
    Pass,
    /// The case panicked.
    Fail,
    /// The case returned an error.
    Error,
    /// A signal did not come in time.
    Timeout,
    /// The case was not executed, or does not apply.
    Skip,
}

impl State {
    /// As it stands in a report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Fail => "FAIL",
            Self::Error => "ERROR",
            Self::Timeout => "TIMEOUT",
            Self::Skip => "SKIP",
        }
    }
}
