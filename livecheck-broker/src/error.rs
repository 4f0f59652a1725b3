use std::io;

/// Why a broker did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrokerError {
    /// Another program listens on the port asked for.
    #[error("port {port} on {host} is taken: another program listens there (port 0 chooses a free one)")]
    PortInUse {
        /// The address that was asked for.
        host: String,
        /// The port that was asked for.
        port: u16,
    },
    /// The operating system refused the address.
    #[error("cannot listen on {host}:{port}")]
    Listen {
        /// The address that was asked for.
        host: String,
        /// The port that was asked for.
        port: u16,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// A setting cannot be.
    #[error("{setting} cannot be {value}: it must be {rule}")]
    Setting {
        /// The setting, by the builder's name for it.
        setting: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        rule: &'static str,
    },
}
