//! One service: started, watched, ended.

use std::fs::File;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use livecheck_terminal::cargo_environment;
use tokio::process::Command;
use tokio::sync::{mpsc, watch};

use super::error::ServiceError;
use super::event::{ServiceDied, ServiceEvent};
use super::guard::Guard;
use super::log;
use super::start::Environment;
use crate::config::{ServiceCommand, ServiceConfig};
use livecheck_uptest::Group;

/// A service that runs, or ran. Dropping it kills whatever is left of it.
#[derive(Debug)]
pub(super) struct Service {
    name: String,
    log: PathBuf,
    group: Group,
    ended: watch::Receiver<Option<Ended>>,
    /// Held while its death is to be told: once it is dropped, an end is one that was asked for.
    wanted: Option<watch::Sender<()>>,
}

/// How the process that was started has ended.
#[derive(Clone, Copy, Debug)]
struct Ended {
    status: ExitStatus,
    /// Whether all that it had started had ended, too.
    is_all: bool,
}

impl Service {
    /// Starts the command, with its output in its file.
    pub(super) fn start(
        config: &ServiceConfig,
        environment: &Environment,
        log: PathBuf,
    ) -> Result<Self, ServiceError> {
        let (stdout, stderr) = log::create(&log)
            .and_then(|file| Ok((file.try_clone()?, file)))
            .map_err(|source| ServiceError::Log { name: config.name.clone(), path: log.clone(), source })?;
        let spawn_error = |source| ServiceError::Spawn {
            name: config.name.clone(),
            command: config.command.to_string(),
            cwd: config.cwd.clone(),
            source,
        };
        let mut child = of_service(config, environment, stdout, stderr).spawn().map_err(spawn_error)?;
        let Some((id, group)) = child.id().and_then(|id| Some((id, Group::of(id)?))) else {
            // Only a child that has been waited for has no id.
            return Err(spawn_error(std::io::Error::other("the process has no id")));
        };
        let guard = Guard::over(id)
            .inspect_err(|error| tracing::debug!(%error, "nobody ends the service if this is killed"));

        let (end, ended) = watch::channel(None);
        tokio::spawn(async move {
            if let Ok(status) = child.wait().await {
                let is_all = !group.is_alive();
                end.send_replace(Some(Ended { status, is_all }));
                if !is_all {
                    // Until all of it was ended.
                    end.closed().await;
                }
            }
            drop(guard);
        });
        Ok(Self { name: config.name.clone(), log, group, ended, wanted: None })
    }

    /// From now on, tells `events` when it ends though nobody asked it to.
    pub(super) fn report_death(&mut self, events: mpsc::UnboundedSender<ServiceEvent>) {
        let (wanted, unwanted) = watch::channel(());
        self.wanted = Some(wanted);
        let (name, log, mut ended) = (self.name.clone(), self.log.clone(), self.ended.clone());
        tokio::spawn(async move {
            let died = died(name, log, &mut ended).await;
            // This fails where the sender is gone: the end was asked for.
            if unwanted.has_changed().is_ok() {
                // Nobody may listen any more.
                let _ = events.send(ServiceEvent::Died(died));
            }
        });
    }

    /// Waits for its end.
    pub(super) async fn died(&mut self) -> ServiceDied {
        died(self.name.clone(), self.log.clone(), &mut self.ended).await
    }

    /// What there may be left to end. The number of a group that is gone is free for another program's, which
    /// must not be ended in its place.
    fn group(&self) -> Option<Group> {
        let is_gone = self.ended.borrow().is_some_and(|ended| ended.is_all);
        (!is_gone && self.group.is_alive()).then_some(self.group)
    }

    /// Ends it and all that it has started.
    pub(super) async fn stop(mut self, grace: Duration) {
        self.wanted = None;
        if let Some(group) = self.group() {
            group.end(grace).await;
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.wanted = None;
        if let Some(group) = self.group() {
            group.kill();
        }
    }
}

async fn died(name: String, log: PathBuf, ended: &mut watch::Receiver<Option<Ended>>) -> ServiceDied {
    let status = match ended.wait_for(Option::is_some).await {
        Ok(ended) => ended.map(|ended| ended.status),
        // The task that waits for the process is gone without an answer: none will come.
        Err(_) => None,
    };
    match status {
        Some(status) => ServiceDied { name, status, last_lines: log::last_lines(&log), log },
        None => std::future::pending().await,
    }
}

/// A command line, about to be started.
pub(crate) fn command(line: &ServiceCommand) -> Command {
    let mut command = match line {
        ServiceCommand::Shell(line) => {
            let mut shell = Command::new("sh");
            shell.arg("-c").arg(line);
            shell
        }
        ServiceCommand::Program { program, arguments } => {
            let mut command = Command::new(program);
            command.args(arguments);
            command
        }
    };
    // Most of all `cargo run` is to build what it would build without us.
    for name in cargo_environment::of_a_package() {
        command.env_remove(name);
    }
    command
}

fn of_service(config: &ServiceConfig, environment: &Environment, stdout: File, stderr: File) -> Command {
    let mut command = command(&config.command);
    command
        .current_dir(&config.cwd)
        .envs(&environment.variables)
        .envs(&config.env)
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(stderr)
        // Its own group, so that the whole tree can be ended, and Ctrl-C reaches only the runner, which then
        // ends the services in their order.
        .process_group(0);
    command
}
