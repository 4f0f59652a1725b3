//! The embedded broker of a run, which other commands find by a file.

#[cfg(feature = "embedded")]
pub(super) use there::EmbeddedBroker;

#[cfg(not(feature = "embedded"))]
pub(super) use left_out::EmbeddedBroker;

/// The file in which a run says where its embedded broker is.
pub(super) const ADDRESS_FILE: &str = "embedded-broker";

#[cfg(feature = "embedded")]
mod there {
    use std::error::Error;
    use std::path::{Path, PathBuf};
    use std::{fs, io};

    use super::ADDRESS_FILE;
    use crate::config::Config;
    use crate::program::RunnerError;
    use crate::program::broker::state_dir;

    /// An embedded broker at work.
    pub(in crate::program) struct EmbeddedBroker {
        broker: livecheck_broker::Broker,
        /// Held for as long as the broker can be found there.
        _address: Option<AddressFile>,
    }

    impl EmbeddedBroker {
        /// Starts one, and says at which address.
        pub(in crate::program) async fn start(
            config: &Config,
            port: Option<u16>,
            data_dir: Option<&Path>,
        ) -> Result<(Self, String), RunnerError> {
            let mut builder = livecheck_broker::Broker::builder().port(port.unwrap_or(0));
            if let Some(folder) = data_dir {
                builder = builder.data_dir(folder);
            }
            let broker =
                builder.start().await.map_err(|error| RunnerError::EmbeddedBroker(in_full(&error)))?;
            let servers = broker.bootstrap_servers();
            let address = AddressFile::write(&state_dir(config), &servers)
                .inspect_err(
                    |error| tracing::warn!(%error, "other commands will not find the embedded broker"),
                )
                .ok();
            Ok((Self { broker, _address: address }, servers))
        }

        pub(in crate::program) async fn stop(self) {
            self.broker.shutdown().await;
        }
    }

    /// An error with its causes.
    fn in_full(error: &dyn Error) -> String {
        let cause = error.source().map(|cause| format!(": {}", in_full(cause)));
        format!("{error}{}", cause.unwrap_or_default())
    }

    /// The file that says where the broker is; gone with the run, however it ends.
    struct AddressFile {
        path: PathBuf,
        address: String,
    }

    impl AddressFile {
        fn write(dir: &Path, servers: &str) -> io::Result<Self> {
            fs::create_dir_all(dir)?;
            let path = dir.join(ADDRESS_FILE);
            fs::write(&path, servers)?;
            Ok(Self { path, address: servers.to_owned() })
        }
    }

    impl Drop for AddressFile {
        fn drop(&mut self) {
            // Another run may have written its own meanwhile.
            if fs::read_to_string(&self.path).is_ok_and(|address| address == self.address) {
                let _ = fs::remove_file(&self.path);
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_address_of_another_run_is_left_alone() {
            let folder = tempfile::tempdir().expect("a folder");
            let first = AddressFile::write(folder.path(), "127.0.0.1:1").expect("it is written");
            let second = AddressFile::write(folder.path(), "127.0.0.1:2").expect("it is written");
            let path = second.path.clone();
            drop(first);
            assert_eq!(fs::read_to_string(&path).ok().as_deref(), Some("127.0.0.1:2"));
            drop(second);
            assert!(!path.exists());
        }
    }
}

#[cfg(not(feature = "embedded"))]
mod left_out {
    use std::path::Path;

    use crate::config::Config;
    use crate::program::RunnerError;

    /// What cannot be, in a runner without the embedded broker.
    pub(in crate::program) enum EmbeddedBroker {}

    impl EmbeddedBroker {
        #[expect(clippy::unused_async, reason = "as the one that there is")]
        pub(in crate::program) async fn start(
            _: &Config,
            _: Option<u16>,
            _: Option<&Path>,
        ) -> Result<(Self, String), RunnerError> {
            let reason = "this runner was built without the feature `embedded`";
            Err(RunnerError::EmbeddedBroker(reason.to_owned()))
        }

        pub(in crate::program) async fn stop(self) {
            match self {}
        }
    }
}
