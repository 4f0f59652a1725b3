//! The test in flight: inside a process a tokio task-local, between processes headers.
//!
//! ```
//! use livecheck_core::{Context, InTest, current};
//!
//! # fn handle_headers(headers: &[(&str, &[u8])]) {
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! // What a consumer does with a record: whatever `handle` sends and calls belongs to the record's test.
//! let context = Context::from_headers(headers.iter().copied());
//! async fn handle() {
//!     let spawned = tokio::spawn(async { current() }.in_current_test());
//!     assert_eq!(spawned.await.unwrap(), current());
//! }
//! handle().in_test(context).await;
//! # });
//! # }
//! # handle_headers(&[]);
//! ```

mod baggage;
mod headers;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "kafka")]
pub mod kafka;
#[cfg(feature = "reqwest")]
mod reqwest;
#[cfg(feature = "tower")]
pub mod tower;

use std::future::Future;
use std::sync::Arc;

pub use baggage::BAGGAGE;
pub use headers::{TEST_EXPIRES, TEST_ID, TEST_NAME, TEST_TIMESTAMP};
#[cfg(feature = "reqwest")]
pub use reqwest::InTestRequest;
use tokio::task::futures::TaskLocalFuture;

use crate::identity::{CaseName, ExecutionKey, TestId};
use crate::time::Timestamp;

tokio::task_local! {
    static CURRENT: Option<Context>;
}

/// The test that a request belongs to. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Context(Arc<Fields>);

#[derive(Debug, PartialEq, Eq, Hash)]
struct Fields {
    key: ExecutionKey,
    expires: Timestamp,
}

/// The test that this task is in, if it is in one.
#[must_use]
pub fn current() -> Option<Context> {
    CURRENT.try_with(Clone::clone).ok().flatten()
}

impl Context {
    /// The context of that execution, which expires then.
    #[must_use]
    pub fn new(key: ExecutionKey, expires: Timestamp) -> Self {
        Self(Arc::new(Fields { key, expires }))
    }

    /// The id of the test.
    #[must_use]
    pub fn id(&self) -> &TestId {
        &self.0.key.id
    }

    /// The case that is executed.
    #[must_use]
    pub fn case_name(&self) -> &CaseName {
        &self.0.key.case
    }

    /// When the test was triggered.
    #[must_use]
    pub fn timestamp(&self) -> Timestamp {
        self.0.key.timestamp
    }

    /// When the test expires.
    #[must_use]
    pub fn expires(&self) -> Timestamp {
        self.0.expires
    }

    /// What tells the execution from every other.
    #[must_use]
    pub fn key(&self) -> &ExecutionKey {
        &self.0.key
    }

    /// Runs `future` in this test. See also [`InTest`].
    pub fn scope<F: Future>(self, future: F) -> Scoped<F> {
        future.in_test(Some(self))
    }
}

/// A future that runs in a test. Made by [`InTest`] and [`Context::scope`].
pub type Scoped<F> = TaskLocalFuture<Option<Context>, F>;

/// Runs a future in a test.
pub trait InTest: Future + Sized {
    /// Runs this future in that test, or, with `None`, in none.
    fn in_test(self, context: Option<Context>) -> Scoped<Self> {
        CURRENT.scope(context, self)
    }

    /// Runs this future in the test that the present task is in: the way to carry a test into a spawned task,
    /// which does not inherit it.
    fn in_current_test(self) -> Scoped<Self> {
        self.in_test(current())
    }
}

impl<F: Future> InTest for F {}
