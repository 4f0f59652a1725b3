//! The test in the fields of tracing's spans and events: so the logs of a service are found by the id of a test.
//!
//! ```
//! use livecheck_core::context::tracing::{case, test_id};
//! use tracing::info_span;
//!
//! // Outside of a test the fields are left out.
//! let span = info_span!("take_order", livecheck.test_id = test_id(), livecheck.case = case());
//! tracing::info!(parent: &span, livecheck.test_id = test_id(), "taken");
//! ```

use ::tracing::field::{DisplayValue, display};

use super::current;
use crate::identity::{CaseName, TestId};

/// The id of the test that this task is in, as the value of a field; none outside of a test.
#[must_use]
pub fn test_id() -> Option<DisplayValue<TestId>> {
    current().map(|test| display(test.id().clone()))
}

/// The case that the test of this task belongs to, as the value of a field; none outside of a test.
#[must_use]
pub fn case() -> Option<DisplayValue<CaseName>> {
    current().map(|test| display(test.case_name().clone()))
}
