//! Signals: the events that the steps of a request send, and that a case waits for.

mod sender;

use std::collections::VecDeque;
use std::fmt::{self, Display};
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{self, Poll};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

pub use sender::{KeyedSender, SignalSender};

use crate::case::Case;
use crate::identity::TestId;
use crate::time::{DurationError, IntoDuration, Timestamp};
use crate::wire::{FromWire, PayloadError};

/// The payload of a signal that has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct NoPayload;

/// What a signal can carry: any type that serde can read, or [`NoPayload`].
///
/// What serde writes and reads must agree, as for every type that crosses a process boundary.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be what a signal carries",
    label = "cannot be received as JSON",
    note = "what a signal carries implements `serde::Deserialize`, for the case that waits for it, and \
            `serde::Serialize`, for a service in Rust that sends it"
)]
pub trait Payload: Sized + Send {
    /// Reads the payload from the JSON that came; `None` stands for null.
    ///
    /// # Errors
    ///
    /// The JSON does not fit the type: the error says what came and what was expected.
    fn from_json(json: Option<&RawValue>) -> Result<Self, PayloadError>;
}

impl Payload for NoPayload {
    /// Whatever came is ignored: senders in other languages cannot leave the value out.
    fn from_json(_json: Option<&RawValue>) -> Result<Self, PayloadError> {
        Ok(Self)
    }
}

impl<T: DeserializeOwned + Send> Payload for T {
    fn from_json(json: Option<&RawValue>) -> Result<Self, PayloadError> {
        T::from_wire(json.unwrap_or(RawValue::NULL))
    }
}

/// A parameter of a case under `#[signal]`: what the case waits for.
///
/// In a unit test, make one with [`Signal::ready`] and call the function like any other.
///
/// ```
/// use livecheck_core::Signal;
///
/// async fn shipped_in_full(ordered: u32, shipped: Signal<u32>) -> livecheck_core::Result {
///     assert_eq!(shipped.wait().await?, ordered);
///     Ok(())
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// shipped_in_full(3, Signal::ready(3)).await?;
/// # Ok::<(), livecheck_core::Error>(())
/// # })?;
/// # Ok::<(), livecheck_core::Error>(())
/// ```
pub struct Signal<T = NoPayload> {
    source: Source<T>,
}

enum Source<T> {
    /// Values given by a unit test, each handed to one wait. In a box: a runner may have a million of the other kind.
    Ready(Box<Mutex<VecDeque<T>>>),
    /// The engine, which knows the execution.
    Engine { case: &'static Case, index: usize, engine: Arc<dyn SignalSource> },
}

impl<T> Signal<T> {
    /// A signal that has already arrived: for a unit test of the case.
    ///
    /// A second wait for it fails with a [`Timeout`] at once.
    #[must_use]
    pub fn ready(value: T) -> Self {
        Self::ready_each([value])
    }

    /// A signal that has arrived once for each value, in that order.
    #[must_use]
    pub fn ready_each(values: impl IntoIterator<Item = T>) -> Self {
        Self { source: Source::Ready(Box::new(Mutex::new(values.into_iter().collect()))) }
    }

    /// A signal that does not come: for a unit test of what the case makes of that.
    ///
    /// A wait for it fails with a [`Timeout`] at once, however long it would last.
    ///
    /// ```
    /// use livecheck_core::{Signal, WaitError};
    ///
    /// async fn shipped(shipped: Signal) -> livecheck_core::Result {
    ///     shipped.wait().timeout("1h").await?;
    ///     Ok(())
    /// }
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let error = shipped(Signal::never()).await.unwrap_err();
    /// assert!(matches!(error.downcast_ref(), Some(WaitError::Timeout(_))));
    /// # });
    /// # Ok::<(), livecheck_core::Error>(())
    /// ```
    #[must_use]
    pub fn never() -> Self {
        Self::ready_each([])
    }
}

impl Signal {
    /// A signal without payload that has already arrived: for a unit test of the case.
    #[must_use]
    pub fn arrived() -> Self {
        Self::ready(NoPayload)
    }
}

impl<T: Payload> Signal<T> {
    /// Waits for the next event of this signal, in the order of the log: the first wait gets the first event,
    /// the second wait the second. Events that came before the wait, or before the test itself, count.
    ///
    /// The wait ends after its timeout: that of [`Wait::timeout`], else that of `#[signal(timeout = "…")]`,
    /// else when the test expires. Time is the log's own: the clock of a test starts when it was triggered and
    /// advances to each signal that it has received, so a slow runner judges as a fast one does.
    ///
    /// # Errors
    ///
    /// Awaiting it gives [`WaitError::Timeout`] when no event came in time, [`WaitError::Payload`] when what
    /// came does not fit `T`, and [`WaitError::Duration`] when the timeout given is not a duration.
    pub fn wait(&self) -> Wait<'_, T> {
        Wait { signal: self, timeout: None, key: None }
    }
}

impl<T> fmt::Debug for Signal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Ready(_) => f.write_str("Signal(ready)"),
            Source::Engine { case, index, .. } => write!(f, "Signal({})", case.signals[*index].name),
        }
    }
}

/// A wait for a signal; `.await` it. See [`Signal::wait`].
#[must_use = "a wait does nothing unless it is awaited"]
#[derive(Debug)]
pub struct Wait<'a, T> {
    signal: &'a Signal<T>,
    timeout: Option<Result<Duration, DurationError>>,
    key: Option<TestId>,
}

impl<T> Wait<'_, T> {
    /// Ends the wait that long after the trigger, or after the signal received last.
    ///
    /// Takes a [`Duration`], a text such as `"5s"`, or a number of seconds.
    pub fn timeout(mut self, timeout: impl IntoDuration) -> Self {
        self.timeout = Some(timeout.into_duration());
        self
    }

    /// Waits for a signal that was sent with this key, in place of one for this test: what a step sends that knows
    /// no test id, but, say, the number of a parcel. See [`SignalSender::key`].
    ///
    /// Every execution that waits for the key gets the signal. One that came before the trigger counts, too, if that came
    /// within the case's `test_expires` after it, by the log's time, however late the case is executed. In a unit test
    /// with [`Signal::ready`] the key is not looked at.
    ///
    /// ```
    /// use livecheck_core::Signal;
    ///
    /// async fn delivered(parcel: String, delivered: Signal) -> livecheck_core::Result {
    ///     delivered.wait().key(&parcel).timeout("48h").await?;
    ///     Ok(())
    /// }
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// delivered("parcel-9".to_owned(), Signal::arrived()).await?;
    /// # Ok::<(), livecheck_core::Error>(())
    /// # })?;
    /// # Ok::<(), livecheck_core::Error>(())
    /// ```
    pub fn key(mut self, key: impl Display) -> Self {
        self.key = Some(TestId::from(key.to_string()));
        self
    }
}

impl<'a, T: Payload> IntoFuture for Wait<'a, T> {
    type Output = Result<T, WaitError>;
    type IntoFuture = Waiting<'a, T>;

    fn into_future(self) -> Waiting<'a, T> {
        Waiting { signal: self.signal, progress: Progress::ToBegin { timeout: self.timeout, key: self.key } }
    }
}

/// A wait that is being awaited: the future of [`Wait`]. Dropped before it has ended, it takes no event.
#[must_use = "futures do nothing unless they are awaited"]
#[derive(Debug)]
pub struct Waiting<'a, T> {
    signal: &'a Signal<T>,
    progress: Progress,
}

#[derive(Debug)]
enum Progress {
    ToBegin { timeout: Option<Result<Duration, DurationError>>, key: Option<TestId> },
    Begun(WaitNumber),
    Ended,
}

impl<T: Payload> Future for Waiting<'_, T> {
    type Output = Result<T, WaitError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let (case, index, engine) = match &self.signal.source {
            Source::Ready(values) => {
                self.progress = Progress::Ended;
                let next = values.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                return Poll::Ready(next.ok_or(WaitError::Timeout(Timeout::NothingReady)));
            }
            Source::Engine { case, index, engine } => (case, *index, engine),
        };
        let definition = &case.signals[index];
        let wait = match std::mem::replace(&mut self.progress, Progress::Ended) {
            Progress::ToBegin { timeout, key } => {
                let timeout = timeout.transpose()?.or(definition.timeout);
                Arc::clone(engine).begin(WaitRequest { signal: index, key, timeout })
            }
            Progress::Begun(wait) => wait,
            // As of every future that is awaited again after its end.
            Progress::Ended => return Poll::Pending,
        };
        let Poll::Ready(ended) = engine.poll(wait, cx) else {
            self.progress = Progress::Begun(wait);
            return Poll::Pending;
        };
        let event = ended?;
        Poll::Ready(T::from_json(event.value.as_deref()).map_err(|cause| WaitError::Payload {
            signal: definition.name,
            partition: event.partition,
            offset: event.offset,
            cause: if definition.is_redacted { cause.redacted() } else { cause },
        }))
    }
}

impl<T> Drop for Waiting<'_, T> {
    fn drop(&mut self) {
        if let (Progress::Begun(wait), Source::Engine { engine, .. }) = (&self.progress, &self.signal.source)
        {
            engine.forget(*wait);
        }
    }
}

/// Why a wait gave no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// No event came in time. A case that returns this ends as TIMEOUT.
    #[error(transparent)]
    Timeout(#[from] Timeout),
    /// An event came, and its payload is not what the case expects. A case that returns this ends as ERROR.
    #[error("signal `{signal}` at partition {partition}, offset {offset} of the bus: {cause}")]
    Payload {
        /// The name of the signal.
        signal: &'static str,
        /// The partition of the bus that the event came from.
        partition: i32,
        /// The event's offset there.
        offset: i64,
        /// What came, and what was expected.
        cause: PayloadError,
    },
    /// The timeout given to the wait is not a duration. A case that returns this ends as ERROR.
    #[error(transparent)]
    Duration(#[from] DurationError),
}

/// No event came in time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Timeout {
    /// The wait's own time passed.
    #[error("signal `{signal}`{} did not come within {}", WithKey(key.as_ref()), humantime::format_duration(*timeout))]
    Signal {
        /// The name of the signal.
        signal: &'static str,
        /// The key that it was to be sent with, where that is not the id of the test.
        key: Option<TestId>,
        /// How long the wait could last.
        timeout: Duration,
    },
    /// The test expired while the case waited for this signal.
    #[error("signal `{signal}`{} did not come before the test expired at {expired}", WithKey(key.as_ref()))]
    Expired {
        /// The name of the signal.
        signal: &'static str,
        /// The key that it was to be sent with, where that is not the id of the test.
        key: Option<TestId>,
        /// When the test expired.
        expired: Timestamp,
    },
    /// A unit test gave fewer values than the case waits for.
    #[error("the signal did not come: the unit test gave it no further value (see Signal::ready_each)")]
    NothingReady,
}

/// The key of a signal, in a message.
struct WithKey<'a>(Option<&'a TestId>);

impl Display for WithKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |key| write!(f, " with key `{key}`"))
    }
}

/// What the engine does for [`Signal::wait`]. Implemented by the runner.
pub trait SignalSource: Send + Sync + 'static {
    /// Registers a wait, at once.
    fn begin(self: Arc<Self>, request: WaitRequest) -> WaitNumber;

    /// How a wait has ended, if it has: then, and only once, it is said. Else the task is woken when it has.
    fn poll(&self, wait: WaitNumber, cx: &mut task::Context<'_>) -> Poll<Result<ReceivedSignal, Timeout>>;

    /// Nobody waits any more.
    fn forget(&self, wait: WaitNumber);
}

/// Names a wait of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitNumber(pub u32);

/// A wait that begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitRequest {
    /// The position of the signal in [`Case::signals`].
    pub signal: usize,
    /// The key that the signal was sent with; without one, the id of the test.
    pub key: Option<TestId>,
    /// How long it may last; without one, until the test expires.
    pub timeout: Option<Duration>,
}

/// An event that a wait received.
#[derive(Clone, Debug)]
pub struct ReceivedSignal {
    /// The payload; `None` stands for null.
    pub value: Option<Arc<RawValue>>,
    /// The partition of the bus.
    pub partition: i32,
    /// The offset in that partition.
    pub offset: i64,
    /// When the log says that it was sent.
    pub time: Timestamp,
}

/// A parameter type that `#[signal]` accepts. Implemented by [`Signal`] alone.
#[diagnostic::on_unimplemented(
    message = "`#[signal]` does not go with the type `{Self}`",
    label = "not a `Signal`",
    note = "a signal is a `livecheck::Signal<T>`, where `T` is what it carries, or a `livecheck::Signal`"
)]
pub trait SignalParameter: sealed::Sealed {
    /// What the signal carries.
    type Payload;

    /// The signal at that position of the case, whose waits `engine` answers.
    #[doc(hidden)]
    fn from_engine(case: &'static Case, index: usize, engine: Arc<dyn SignalSource>) -> Self;
}

impl<T> SignalParameter for Signal<T> {
    type Payload = T;

    fn from_engine(case: &'static Case, index: usize, engine: Arc<dyn SignalSource>) -> Self {
        Self { source: Source::Engine { case, index, engine } }
    }
}

mod sealed {
    #[diagnostic::on_unimplemented(
        message = "`#[signal]` does not go with the type `{Self}`",
        label = "not a `Signal`",
        note = "a signal is a `livecheck::Signal<T>`, where `T` is what it carries, or a `livecheck::Signal`"
    )]
    pub trait Sealed {}
    impl<T> Sealed for super::Signal<T> {}
}
