//! The client: how triggers and signals leave a process.
//!
//! Install one, once, when the service starts; until then, and in a process that never does, triggers and
//! signals do nothing, as spans do without a `tracing` subscriber. Nothing here blocks or fails the caller:
//! a record goes into a bounded queue, and what cannot be sent is counted in [`ClientStatistics`] and said
//! once a minute at most; that a topic is missing is said once, by its name.

#[cfg(feature = "kafka")]
mod kafka;
mod statistics;

use std::fmt::Display;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde::{Deserialize, Serialize};

#[cfg(feature = "kafka")]
#[doc(hidden)]
pub use kafka::flush_producer;
#[cfg(feature = "kafka")]
pub use kafka::{ClientError, KafkaClientBuilder};
pub use statistics::ClientStatistics;
use statistics::Counters;

use crate::case::Case;
use crate::context::{Context, current};
use crate::origin::{ORIGIN, Origin};
use crate::wire::{SentSignal, TestExecution, encode};

static INSTALLED: OnceLock<Client> = OnceLock::new();

/// The names of LiveCheck's topics.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Topics {
    /// The topic that triggers are sent to. Default: `livecheck`.
    pub test_topic: String,
    /// The topic that signals are sent to. Default: `livecheck-bus`.
    pub bus_topic: String,
    /// The topic that reports are sent to. Default: `livecheck-report`.
    pub report_topic: String,
    /// The topic that the runners keep the state of each case on. Default: `livecheck-monitor`.
    pub monitor_topic: String,
    /// The topic of what is [set at run time](crate::control). Default: `livecheck-control`.
    pub control_topic: String,
}

impl Default for Topics {
    fn default() -> Self {
        Self {
            test_topic: "livecheck".to_owned(),
            bus_topic: "livecheck-bus".to_owned(),
            report_topic: "livecheck-report".to_owned(),
            monitor_topic: "livecheck-monitor".to_owned(),
            control_topic: "livecheck-control".to_owned(),
        }
    }
}

/// A record on its way to Kafka. It is borrowed: a [`Sink`] copies what it keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutgoingRecord<'r> {
    /// The topic.
    pub topic: &'r str,
    /// The key, which decides the partition.
    pub key: &'r str,
    /// The value.
    pub value: &'r [u8],
    /// The headers.
    pub headers: &'r [(&'static str, &'r str)],
}

/// Where a client's records go: Kafka, or what a test of a service puts in its place.
pub trait Sink: Send + Sync + 'static {
    /// Takes a record, or says no. Must not block.
    ///
    /// # Errors
    ///
    /// The record cannot be taken now, for instance because the queue is full.
    fn send(&self, record: OutgoingRecord<'_>) -> Result<(), Rejected>;

    /// Waits until every record taken has been delivered or has failed, at most that long. Blocks.
    fn flush(&self, timeout: Duration);
}

/// A sink did not take a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Rejected {
    /// Why.
    pub reason: String,
}

/// Sends triggers and signals. Make one, and [`install`] it.
pub struct Client {
    topics: Topics,
    sink: Box<dyn Sink>,
    counters: Arc<Counters>,
    /// Who sends, as the header of every record says it.
    origin: String,
}

impl Client {
    /// A client whose records go to `sink`: for the tests of a service.
    ///
    /// ```
    /// use std::time::Duration;
    /// use livecheck_core::client::{Client, OutgoingRecord, Rejected, Sink, Topics};
    ///
    /// struct Printer;
    ///
    /// impl Sink for Printer {
    ///     fn send(&self, record: OutgoingRecord<'_>) -> Result<(), Rejected> {
    ///         println!("{} {}", record.topic, record.key);
    ///         Ok(())
    ///     }
    ///     fn flush(&self, _timeout: Duration) {}
    /// }
    ///
    /// livecheck_core::install(Client::new(Printer, Topics::default()))?;
    /// # Ok::<(), livecheck_core::AlreadyInstalled>(())
    /// ```
    #[must_use]
    pub fn new(sink: impl Sink, topics: Topics) -> Self {
        Self {
            topics,
            sink: Box::new(sink),
            counters: Arc::default(),
            origin: Origin::of_this_process().to_header(),
        }
    }

    /// Says who sends, in place of [what this process is called](Origin::of_this_process).
    #[must_use]
    pub fn with_origin(mut self, origin: &Origin) -> Self {
        self.origin = origin.to_header();
        self
    }

    /// What this client has sent and could not send.
    #[must_use]
    pub fn statistics(&self) -> ClientStatistics {
        self.counters.read()
    }

    /// Sends a record of the test, if it is of one.
    fn send(&self, topic: &str, key: &str, value: &[u8], test: Option<&Context>) -> bool {
        let mut headers = Vec::with_capacity(6);
        headers.extend(test.into_iter().flat_map(Context::headers));
        headers.push((ORIGIN, self.origin.as_str()));
        match self.sink.send(OutgoingRecord { topic, key, value, headers: &headers }) {
            Ok(()) => {
                self.counters.taken();
                true
            }
            Err(rejected) => {
                self.counters.rejected(&rejected.reason);
                false
            }
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("topics", &self.topics)
            .field("statistics", &self.statistics())
            .finish_non_exhaustive()
    }
}

/// A client has been installed before; this process keeps that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a LiveCheck client is already installed in this process")]
pub struct AlreadyInstalled;

/// Installs the client of this process, once.
///
/// # Errors
///
/// One is installed already.
pub fn install(client: Client) -> Result<(), AlreadyInstalled> {
    INSTALLED.set(client).map_err(|_| AlreadyInstalled)
}

/// The client of this process, if one is installed.
#[must_use]
pub fn installed() -> Option<&'static Client> {
    INSTALLED.get()
}

/// Waits until every trigger and signal sent so far is delivered or has failed, at most that long.
///
/// Call it before a process ends, or the last of them may be lost.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// livecheck_core::flush(std::time::Duration::from_secs(5)).await;
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
pub async fn flush(timeout: Duration) {
    if !is_installed() {
        return;
    }
    // A thread of its own, and not one of the runtime's: this may run on any executor, and at the very end of it.
    let (flushed, until_flushed) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name("livecheck-flush".to_owned());
    let started = thread.spawn(move || {
        flush_blocking(timeout);
        // Who waited may have gone.
        let _ = flushed.send(());
    });
    match started {
        Ok(_) => drop(until_flushed.await),
        Err(error) => {
            tracing::warn!(target: "livecheck", %error, "the last triggers and signals may be lost");
        }
    }
}

/// Does what [`flush`] does, for a process that is about to end its own brokers: that they are gone is no news from then
/// on. What is sent afterwards is lost.
#[cfg(feature = "kafka")]
pub async fn close(timeout: Duration) {
    flush(timeout).await;
    if let Some(client) = installed() {
        client.counters.close();
    }
}

/// Does what [`flush`] does, and blocks the thread meanwhile: for a process without async code.
pub fn flush_blocking(timeout: Duration) {
    if let Some(client) = installed() {
        client.sink.flush(timeout);
    }
}

pub(crate) fn is_installed() -> bool {
    INSTALLED.get().is_some()
}

pub(crate) fn count_unserializable(case: &Case, error: &serde_json::Error) {
    if let Some(client) = installed() {
        client.counters.unserializable(case.name, error);
    }
}

/// Hands a trigger to the client; says whether it was taken. The context is that of the test.
pub(crate) fn send_test(test: &TestExecution, context: &Context) -> bool {
    let Some(client) = installed() else { return false };
    match encode(test) {
        Ok(value) => client.send(&client.topics.test_topic, context.record_key(), &value, None),
        Err(error) => {
            client.counters.unserializable(test.case_name.as_str(), &error);
            false
        }
    }
}

/// Whom a signal is for.
pub(crate) enum Addressee<K> {
    /// The test that this task is in.
    CurrentTest,
    /// Whoever waits for that key, if this task is in a test.
    Key(K),
    /// Whoever waits for that key.
    KeyAlways(K),
}

/// Hands a signal to the client, if this task is in a test or needs none. Otherwise, and without a client, it costs
/// a look.
pub(crate) fn send_signal<K: Display>(
    case: &'static Case,
    signal_name: &'static str,
    addressee: Addressee<K>,
    value: &impl Serialize,
) {
    let Some(client) = installed() else { return };
    let context = current();
    let own_key;
    let (key, record_key) = match (addressee, &context) {
        (Addressee::KeyAlways(key), _) | (Addressee::Key(key), Some(_)) => {
            own_key = key.to_string();
            (own_key.as_str(), own_key.as_str())
        }
        (Addressee::CurrentTest, Some(context)) => (context.id().as_str(), context.record_key()),
        (Addressee::CurrentTest | Addressee::Key(_), None) => return,
    };
    match encode(&SentSignal { signal_name, case_name: case.name, key, value }) {
        Ok(value) => drop(client.send(&client.topics.bus_topic, record_key, &value, context.as_ref())),
        Err(error) => client.counters.unserializable(case.name, &error),
    }
}
