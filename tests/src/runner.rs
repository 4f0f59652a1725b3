//! The runner, as a process.

use std::collections::BTreeMap;
use std::env;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::kafka::Kafka;
use crate::own_topics::OwnTopics;
use crate::process::{Ended, Process};

/// A program of this package, which cargo has built beside the tests; or any program, by its whole path.
///
/// # Panics
///
/// When it is not there.
#[must_use]
pub fn program(name: impl AsRef<Path>) -> PathBuf {
    // target/debug/deps/end-to-end-… → target/debug
    let tests = env::current_exe().expect("the tests know where they are");
    let program = tests.ancestors().nth(2).expect("target/debug").join(name);
    assert!(program.is_file(), "{} is not there; cargo builds it", program.display());
    program
}

/// A command that sees nothing of the settings of whoever runs the tests.
#[must_use]
pub fn clean_command(program: impl AsRef<Path>) -> Command {
    let mut command = Command::new(self::program(program));
    let ours = |name: &str| {
        ["LIVECHECK_", "STOCK_ORDERS_", "KAFKA_", "CARGO", "RUST"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
            || ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"].contains(&name)
    };
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(ours) {
            command.env_remove(name);
        }
    }
    command
}

/// A runner about to be started.
#[derive(Debug)]
pub struct RunnerCommand {
    program: PathBuf,
    arguments: Vec<String>,
    variables: BTreeMap<String, String>,
}

impl RunnerCommand {
    /// `test-runner` on those topics of the shared broker. It creates them where they are not there.
    #[must_use]
    pub fn on(topics: &OwnTopics) -> Self {
        Self::without_topics().variables(topics.variables())
    }

    /// `test-runner`, with nothing configured but the broker.
    #[must_use]
    pub fn without_topics() -> Self {
        let runner =
            Self { program: "test-runner".into(), arguments: Vec::new(), variables: BTreeMap::new() };
        // Of all the runners that are tested at once, one could have the port.
        let runner = runner.variable("LIVECHECK_WEB_LISTEN", "off");
        // What is tested of results says where they are kept.
        let runner = runner.variable("LIVECHECK_STORE_URL", "none");
        runner.variable("LIVECHECK_BOOTSTRAP_SERVERS", Kafka::shared().servers())
    }

    /// Another program than `test-runner`.
    #[must_use]
    pub fn program(self, program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), ..self }
    }

    /// With those arguments, separated by spaces.
    #[must_use]
    pub fn arguments(mut self, arguments: &str) -> Self {
        self.arguments.extend(arguments.split_whitespace().map(str::to_owned));
        self
    }

    /// With a variable.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    /// With variables.
    #[must_use]
    pub fn variables<'n>(self, variables: impl IntoIterator<Item = (&'n str, String)>) -> Self {
        variables.into_iter().fold(self, |runner, (name, value)| runner.variable(name, value))
    }

    /// Starts it, in a folder of its own.
    #[must_use]
    pub fn start(self) -> Runner {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = clean_command(&self.program);
        command.env("LIVECHECK_TABLES_DIR", folder.path().join("tables"));
        command.args(self.arguments).envs(self.variables).current_dir(folder.path());
        Runner { process: Process::start(command), _folder: folder }
    }

    /// Starts it, and waits until it has partitions and reads them.
    #[must_use]
    pub fn start_ready(self) -> Runner {
        let runner = self.start();
        runner.wait_for_text("Following topic");
        runner
    }

    /// Runs it to its end.
    #[must_use]
    pub fn output(self) -> Ended {
        self.start().ended()
    }
}

/// A runner, as a process.
#[derive(Debug)]
pub struct Runner {
    process: Process,
    /// Where it works; gone with it.
    _folder: TempDir,
}

impl Runner {
    /// Ends it as Ctrl-C does.
    #[must_use]
    pub fn interrupted(self) -> Ended {
        self.process.interrupt();
        self.process.ended()
    }

    /// Ends it as a service manager does.
    #[must_use]
    pub fn terminated(self) -> Ended {
        self.process.terminate();
        self.process.ended()
    }

    /// Waits for its end.
    #[must_use]
    pub fn ended(self) -> Ended {
        self.process.ended()
    }
}

impl Deref for Runner {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

impl DerefMut for Runner {
    fn deref_mut(&mut self) -> &mut Process {
        &mut self.process
    }
}
