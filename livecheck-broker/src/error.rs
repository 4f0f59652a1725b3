use std::io;
use std::path::PathBuf;

/// Why a broker did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrokerError {
    /// Another program listens on the port asked for.
    #[error("port {port} on {host} is taken: another program listens there")]
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
    /// Another broker keeps its data there.
    #[error("the data folder {} is in use by another broker", path.display())]
    DataDirInUse {
        /// The folder.
        path: PathBuf,
    },
    /// The folder was written by a version of this broker that keeps its data in another way.
    #[error("the data folder {} is of format {found}, and this broker knows format {known} alone", path.display())]
    DataFormat {
        /// The folder.
        path: PathBuf,
        /// The format it is of.
        found: String,
        /// The format that can be read.
        known: u32,
    },
    /// The folder holds something else.
    #[error("{} holds files that are not a broker's: give it an empty folder, or a new one", path.display())]
    NotADataDir {
        /// The folder.
        path: PathBuf,
    },
    /// Something in the data folder is not as it was written.
    #[error("{} is damaged: {what}", path.display())]
    DataDamaged {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The operating system refused something in the data folder.
    #[error("cannot use {} to keep data", path.display())]
    DataDir {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
}
