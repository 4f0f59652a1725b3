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
#[cfg(feature = "reqwest-middleware")]
mod reqwest_middleware;
#[cfg(feature = "tower")]
pub mod tower;
#[cfg(feature = "tracing")]
pub mod tracing;

use std::fmt::{self, Display};
use std::future::Future;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

pub use baggage::BAGGAGE;
pub use headers::{Carried, TEST_EXPIRES, TEST_ID, TEST_NAME, TEST_PARTITION_KEY, TEST_TIMESTAMP};
#[cfg(feature = "kafka")]
pub use kafka::InTestRecord;
#[cfg(feature = "reqwest")]
pub use reqwest::InTestRequest;
#[cfg(feature = "reqwest-middleware")]
pub use reqwest_middleware::CarryTest;
#[cfg(feature = "tower")]
pub use tower::{CarryTestLayer, TestLayer};

use tokio::task::futures::TaskLocalFuture;

use crate::case::Case;
use crate::identity::{CaseName, ExecutionKey, PartitionKey, TestId};
use crate::time::Timestamp;
use crate::wire::{Arguments, FromWire, PayloadError};

tokio::task_local! {
    static CURRENT: Option<Context>;
}

/// The test that a request belongs to. Cheap to clone.
#[derive(Clone)]
pub struct Context(Arc<Shared>);

#[derive(Clone)]
struct Shared {
    fields: Fields,
    /// Made when it is first sent: a request sends signals and records of its own, one after the other.
    texts: OnceLock<Box<Texts>>,
    /// Within a case.
    executed: Option<Executed>,
}

/// What a case knows of its execution beside what travels with the request.
#[derive(Clone)]
struct Executed {
    case: &'static Case,
    started: Timestamp,
    arguments: Arguments,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Fields {
    key: ExecutionKey,
    expires: Timestamp,
    partition_key: Option<PartitionKey>,
}

/// What stands in headers.
#[derive(Clone)]
struct Texts {
    timestamp: String,
    expires: String,
    /// Only records of services have it, and not signals and reports.
    baggage: OnceLock<String>,
}

/// The test that this task is in, if it is in one.
#[must_use]
pub fn current() -> Option<Context> {
    CURRENT.try_with(Clone::clone).ok().flatten()
}

/// The id of the test that this task is in: within a case, that of the request which it follows.
///
/// ```
/// use livecheck_core::{Context, test_id};
///
/// async fn case(order_id: &str) -> livecheck_core::Result {
///     assert_eq!(order_id, test_id()?, "the test follows another order");
///     Ok(())
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// Context::for_test("order-1").scope(case("order-1")).await?;
/// assert!(case("order-1").await.is_err(), "this is no test");
/// # Ok::<(), livecheck_core::Error>(())
/// # })?;
/// # Ok::<(), livecheck_core::Error>(())
/// ```
///
/// # Errors
///
/// The task is in no test. A case always is; a service is where [`current`] gives something.
pub fn test_id() -> Result<TestId, NotInTest> {
    CURRENT
        .try_with(|context| context.as_ref().map(|context| context.id().clone()))
        .ok()
        .flatten()
        .ok_or(NotInTest)
}

/// The task is in no test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this task is in no test: a unit test puts a case into one with Context::for_test(id).scope(case), and a \
     spawned task is put into that of its parent with .in_current_test()"
)]
pub struct NotInTest;

impl Context {
    /// A context made up for a unit test of a case: a test of that id, triggered now.
    ///
    /// ```
    /// use livecheck_core::{Context, current};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let test = Context::for_test("order-1");
    /// assert_eq!(test.clone().scope(async { current() }).await, Some(test));
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn for_test(id: impl Display) -> Self {
        let timestamp = Timestamp::now();
        let key = ExecutionKey { case: "unit-test".into(), id: id.to_string().into(), timestamp };
        Self::new(key, timestamp + Duration::from_secs(3 * 60 * 60))
    }

    /// The context of that execution, which expires then.
    #[must_use]
    pub fn new(key: ExecutionKey, expires: Timestamp) -> Self {
        let fields = Fields { key, expires, partition_key: None };
        Self(Arc::new(Shared { fields, texts: OnceLock::new(), executed: None }))
    }

    /// The same, with the key that decides the test's partition, where that is not its id.
    #[must_use]
    pub fn with_partition_key(mut self, partition_key: Option<PartitionKey>) -> Self {
        if self.0.fields.partition_key != partition_key {
            self.changed().fields.partition_key = partition_key;
        }
        self
    }

    /// The id of the test.
    #[must_use]
    pub fn id(&self) -> &TestId {
        &self.0.fields.key.id
    }

    /// The case that is executed.
    #[must_use]
    pub fn case_name(&self) -> &CaseName {
        &self.0.fields.key.case
    }

    /// When the test was triggered.
    #[must_use]
    pub fn timestamp(&self) -> Timestamp {
        self.0.fields.key.timestamp
    }

    /// When the test expires.
    #[must_use]
    pub fn expires(&self) -> Timestamp {
        self.0.fields.expires
    }

    /// What decides the partition of the test, where that is not its id.
    #[must_use]
    pub fn partition_key(&self) -> Option<&PartitionKey> {
        self.0.fields.partition_key.as_ref()
    }

    /// What the records of this test have as their key, on the test topic and on the bus.
    #[must_use]
    pub fn record_key(&self) -> &str {
        self.partition_key().map_or(self.id().as_str(), PartitionKey::as_str)
    }

    /// The same test, within its case, which started at that log time. Once it is within one it stays there.
    #[doc(hidden)]
    #[must_use]
    pub fn within_case(mut self, case: &'static Case, started: Timestamp, arguments: &Arguments) -> Self {
        if self.0.executed.is_none() {
            self.changed().executed = Some(Executed { case, started, arguments: arguments.clone() });
        }
        self
    }

    /// The context to be changed: in place, where nobody else has it.
    fn changed(&mut self) -> &mut Shared {
        let shared = Arc::make_mut(&mut self.0);
        shared.texts = OnceLock::new();
        shared
    }

    /// When the execution started, in log time: from here its waits and latencies count. Only within a case is that
    /// known; a service knows the [`timestamp`](Self::timestamp) of the trigger.
    #[must_use]
    pub fn started(&self) -> Option<Timestamp> {
        self.0.executed.as_ref().map(|executed| executed.started)
    }

    /// What the test was triggered with, as JSON. Only within a case is that known: it does not travel with the request.
    #[must_use]
    pub fn arguments(&self) -> Option<&Arguments> {
        self.0.executed.as_ref().map(|executed| &executed.arguments)
    }

    /// The argument of that name, where this is within a case and the test has it.
    ///
    /// # Errors
    ///
    /// It does not fit the type.
    pub fn argument<T: FromWire>(&self, name: &str) -> Result<Option<T>, PayloadError> {
        let Some(Executed { case, arguments, .. }) = &self.0.executed else { return Ok(None) };
        let index = case.arguments.iter().position(|argument| argument.name == name);
        arguments.get(index.unwrap_or(usize::MAX), name).map(T::from_wire).transpose()
    }

    /// What tells the execution from every other.
    #[must_use]
    pub fn key(&self) -> &ExecutionKey {
        &self.0.fields.key
    }

    fn texts(&self) -> &Texts {
        self.0.texts.get_or_init(|| {
            let (timestamp, expires) = (self.timestamp().to_header(), self.expires().to_header());
            Box::new(Texts { timestamp, expires, baggage: OnceLock::new() })
        })
    }

    /// Runs `future` in this test. See also [`InTest`].
    pub fn scope<F: Future>(self, future: F) -> Scoped<F> {
        future.in_test(Some(self))
    }
}

impl PartialEq for Context {
    fn eq(&self, other: &Self) -> bool {
        self.0.fields == other.0.fields
    }
}

impl Eq for Context {}

impl Hash for Context {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.fields.hash(state);
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Context").field(&self.0.fields).finish()
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
