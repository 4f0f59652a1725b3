//! What a case may return, and what that says about the contract.

use std::fmt;

/// The error of a case: any error, with context. A case that returns one ends as ERROR, unless the error is
/// a [`Timeout`](crate::Timeout) (TIMEOUT) or a [`Skip`] (SKIP), also somewhere down the chain of its sources.
///
/// A broken contract is a panic (`assert_eq!`), as in a unit test, and ends as FAIL.
pub type Error = anyhow::Error;

/// What a case returns.
pub type Result<T = (), E = Error> = std::result::Result<T, E>;

/// The request turned out to be one that the case does not apply to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    reason: String,
}

impl Skip {
    /// Why the case does not apply.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Skip {}

/// Ends an execution as SKIP, with a report that says why.
///
/// ```
/// # async fn case(quantity: u32) -> livecheck_core::Result {
/// if quantity == 0 {
///     return livecheck_core::skip("nothing was ordered");
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Always: the error is how the case ends.
pub fn skip<T>(reason: impl Into<String>) -> Result<T> {
    Err(Skip { reason: reason.into() }.into())
}

/// What an async fn under `#[livecheck::case]` may return: `()`, or a `Result<(), E>` of any error.
#[diagnostic::on_unimplemented(
    message = "a case cannot return `{Self}`",
    label = "returned by a case",
    note = "a case returns `livecheck::Result`, `Result<(), E>` for an error `E`, or nothing",
    note = "a `Box<dyn Error>` is no error itself, as far as Rust is concerned: return `livecheck::Result`, and \
            turn one that you are given into its error with `.map_err(livecheck::Error::from_boxed)?`"
)]
pub trait Outcome {
    /// The same, as every case's result.
    ///
    /// # Errors
    ///
    /// What the case returned.
    fn into_result(self) -> Result;
}

impl Outcome for () {
    fn into_result(self) -> Result {
        Ok(())
    }
}

// What is wrong with an error type, the note above says better than `From` would.
#[diagnostic::do_not_recommend]
impl<E: Into<Error>> Outcome for std::result::Result<(), E> {
    fn into_result(self) -> Result {
        self.map_err(Into::into)
    }
}
