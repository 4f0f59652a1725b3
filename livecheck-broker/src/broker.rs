//! The broker as its user holds it.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::chaos::Chaos;
use crate::error::BrokerError;
use crate::network;
use crate::node::{Node, Settings};

/// Loopback alone: a broker without authentication is nobody else's.
const HOST: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// A running broker. Dropping it stops it.
#[derive(Debug)]
pub struct Broker {
    port: u16,
    node: Weak<Node>,
    stop: watch::Sender<bool>,
    serving: Option<JoinHandle<()>>,
}

impl Broker {
    /// A broker to be, with Kafka's own defaults and a free port.
    pub fn builder() -> BrokerBuilder {
        BrokerBuilder { port: 0, data_dir: None, chaos: None, settings: Settings::default() }
    }

    /// The address to give to clients as `bootstrap.servers`.
    #[must_use]
    pub fn bootstrap_servers(&self) -> String {
        format!("{HOST}:{}", self.port)
    }

    /// The port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Makes these faults from now on, in place of those it made before; `None` stands for none.
    pub fn set_chaos(&self, chaos: impl Into<Option<Chaos>>) {
        if let Some(node) = self.node.upgrade() {
            node.set_chaos(chaos.into());
        }
    }

    /// Stops it: once this returns, its port is free and every connection is closed. What it held
    /// is gone, unless it was kept in a [data folder](BrokerBuilder::data_dir).
    pub async fn shutdown(mut self) {
        let _ = self.stop.send(true);
        if let Some(serving) = self.serving.take() {
            // An error is a panic or an abort; either way it serves no more.
            let _ = serving.await;
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.abort();
        }
    }
}

/// Settings for a broker, then [`start`](Self::start).
#[derive(Debug, Clone)]
#[must_use = "nothing happens until it is started"]
pub struct BrokerBuilder {
    port: u16,
    data_dir: Option<PathBuf>,
    chaos: Option<Chaos>,
    settings: Settings,
}

impl BrokerBuilder {
    /// The port to listen on; 0, the default, chooses a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Keeps all that the broker holds in this folder, and begins with what is kept there; created if need be. It
    /// holds everything in memory alone by default, and what it holds ends with it.
    pub fn data_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(folder.into());
        self
    }

    /// Makes faults on purpose; none by default.
    pub fn chaos(mut self, chaos: impl Into<Option<Chaos>>) -> Self {
        self.chaos = chaos.into();
        self
    }

    /// How many partitions a topic gets that does not say (Kafka's `num.partitions`); 1 by default.
    pub fn default_partitions(mut self, partitions: i32) -> Self {
        self.settings.default_partitions = partitions;
        self
    }

    /// Whether a topic is created when a client first asks for it (Kafka's `auto.create.topics.enable`); it is
    /// by default.
    pub fn auto_create_topics(mut self, create: bool) -> Self {
        self.settings.auto_create_topics = create;
        self
    }

    /// The largest record batch accepted (Kafka's `message.max.bytes`), for topics that do not say; 1 MiB by
    /// default.
    pub fn max_message_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_message_bytes = bytes;
        self
    }

    /// How much memory requests and answers may take that are under way, over all connections together; 512 MiB by
    /// default. Past it, who fetches gets one batch at a time, and a large request ends its connection.
    pub fn max_traffic_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_traffic_bytes = bytes;
        self
    }

    /// The shortest session time-out that a group member may ask for (Kafka's
    /// `group.min.session.timeout.ms`); 6 s by default.
    pub fn min_session_timeout(mut self, timeout: Duration) -> Self {
        self.settings.min_session_timeout = timeout;
        self
    }

    /// How much of a partition is kept, for topics that do not say (Kafka's `log.retention.bytes`): once there is
    /// more, the oldest records go. 1 GiB by default, since it is kept in memory; `None` stands for no limit.
    pub fn retention_bytes(mut self, bytes: impl Into<Option<u64>>) -> Self {
        self.settings.retention_bytes = bytes.into();
        self
    }

    /// How long records are kept, in topics that do not say (Kafka's `log.retention.ms`): seven days by
    /// default; `None` stands for ever.
    pub fn retention(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.settings.retention = time.into();
        self
    }

    /// How long a connection may be silent (Kafka's `connections.max.idle.ms`); ten minutes by default.
    pub fn max_idle(mut self, time: Duration) -> Self {
        self.settings.max_idle = time;
        self
    }

    /// How long a group without members keeps its offsets (Kafka's `offsets.retention.minutes`); seven days by
    /// default.
    pub fn offsets_retention(mut self, time: Duration) -> Self {
        self.settings.offsets_retention = time;
        self
    }

    /// How often it is looked for records past their retention, topics to compact, and ids and offsets that
    /// have expired; every second by default.
    pub fn upkeep_interval(mut self, interval: Duration) -> Self {
        self.settings.upkeep_interval = interval;
        self
    }

    /// Starts the broker on the caller's tokio runtime.
    ///
    /// # Errors
    ///
    /// When the port is taken, the system refuses to listen, a setting makes no sense, or the data folder is in
    /// use, of another format, or damaged.
    pub async fn start(self) -> Result<Broker, BrokerError> {
        self.settings.check()?;
        let listener = TcpListener::bind((HOST, self.port)).await.map_err(|source| self.not_bound(source))?;
        let port = listener.local_addr().map_err(|source| self.not_bound(source))?.port();
        let (stop, stopped) = watch::channel(false);
        let Self { settings, data_dir, chaos, .. } = self;
        let kept_in = data_dir.as_ref().map(|folder| folder.display().to_string());
        let node = match data_dir {
            None => Node::new(settings, HOST.to_string(), port),
            Some(folder) => {
                let restored = move || Node::restored(settings, HOST.to_string(), port, &folder);
                // A panic goes on here.
                match tokio::task::spawn_blocking(restored).await {
                    Ok(restored) => restored?,
                    Err(error) => std::panic::resume_unwind(error.into_panic()),
                }
            }
        };
        node.set_chaos(chaos);
        let node = Arc::new(node);
        let weak = Arc::downgrade(&node);
        let serving = tokio::spawn(network::serve(node, listener, stopped));
        tracing::info!(port, kept_in, "embedded Kafka broker listens; for development and tests only");
        Ok(Broker { port, node: weak, stop, serving: Some(serving) })
    }

    fn not_bound(&self, source: std::io::Error) -> BrokerError {
        let (host, port) = (HOST.to_string(), self.port);
        if source.kind() == std::io::ErrorKind::AddrInUse {
            BrokerError::PortInUse { host, port }
        } else {
            BrokerError::Listen { host, port, source }
        }
    }
}
