//! Calls cargo.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    process::{self, Command, Stdio},
};

use livecheck_terminal::cargo_environment;
use serde::Deserialize;
use tracing::info;

use crate::{args::CargoOptions, errors::Error, metadata::Metadata, runner_args::ColorWhen};

/// Cargo, with the options of the command line.
///
/// It always runs in the folder that the user is in, so that the same configuration files apply as to the
/// user's own builds, and writes what it has to say to standard error.
#[derive(Debug)]
pub(crate) struct Cargo<'a> {
    pub(crate) options: &'a CargoOptions,
    pub(crate) color: ColorWhen,
    pub(crate) quiet: bool,
}

/// Where the runner is built from and to.
#[derive(Debug)]
pub(crate) struct BuildPlan<'a> {
    pub(crate) manifest: &'a Path,
    pub(crate) program: &'a str,
    pub(crate) target_directory: &'a Path,
    pub(crate) build_directory: Option<&'a Path>,
}

/// Of cargo's messages about a build, the one on a finished artifact.
#[derive(Deserialize)]
struct Artifact {
    target: ArtifactTarget,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct ArtifactTarget {
    name: String,
}

impl Cargo<'_> {
    /// The workspace, without its dependency graph, and the text in which cargo described it.
    pub(crate) fn metadata(&self) -> Result<(Metadata, String), Error> {
        let mut command = self.command("metadata");
        command.args(["--no-deps", "--format-version", "1"]);
        if let Some(manifest) = &self.options.manifest_path {
            command.arg("--manifest-path").arg(manifest);
        }
        self.lock_options(&mut command);
        let output = run(&mut command)?;
        if !output.status.success() {
            return Err(Error::MetadataFailed { command: in_short(&command) });
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        match serde_json::from_str(&text) {
            Ok(metadata) => Ok((metadata, text)),
            Err(source) => Err(Error::MetadataUnreadable { command: in_short(&command), source }),
        }
    }

    /// Brings the user's lock file up to date with the manifests, as a build of theirs would.
    pub(crate) fn update_user_lock(&self, manifest: &Path) -> Result<(), Error> {
        let mut command = self.update(manifest);
        self.lock_options(&mut command);
        self.resolve(command)
    }

    /// Brings the runner's lock file up to date with its manifest.
    pub(crate) fn update_runner_lock(&self, manifest: &Path) -> Result<(), Error> {
        let mut command = self.update(manifest);
        // The runner itself is not in the user's lock file, so this one is never locked: it is compared.
        if self.options.is_offline() {
            command.arg("--offline");
        }
        self.resolve(command)
    }

    /// Builds the runner, and finds its program.
    pub(crate) fn build(&self, plan: &BuildPlan<'_>) -> Result<PathBuf, Error> {
        let options = self.options;
        let profile = options.profile();
        let mut command = self.command("build");
        command
            .args(["--message-format", "json-render-diagnostics"])
            .arg("--manifest-path")
            .arg(plan.manifest)
            .arg("--target-dir")
            .arg(plan.target_directory)
            .args(["--profile", profile])
            // Above the manifest, the configuration files and the environment: a failure is a panic, and is caught.
            .args(["--config", &format!("profile.{profile}.panic=\"unwind\"")]);
        if let Some(directory) = plan.build_directory.filter(|directory| *directory != plan.target_directory)
        {
            let directory = toml::Value::from(directory.to_string_lossy().into_owned());
            command.args(["--config", &format!("build.build-dir={directory}")]);
        }
        if let Some(triple) = &options.target {
            command.args(["--target", triple]);
        }
        if let Some(jobs) = &options.build_jobs {
            command.args(["--jobs", jobs]);
        }
        command.args(std::iter::repeat_n("--verbose", options.cargo_verbose.into()));
        self.lock_options(&mut command);

        let output = run(&mut command)?;
        if !output.status.success() {
            let code = output.status.code();
            return Err(Error::BuildFailed { command: in_short(&command), code });
        }
        program(&output.stdout, plan.program).ok_or_else(|| Error::NoProgram { command: in_short(&command) })
    }

    fn update(&self, manifest: &Path) -> Command {
        let mut command = self.command("update");
        // Only what the lock file does not have; and nothing is downloaded but the registry's index.
        command.arg("--workspace").arg("--manifest-path").arg(manifest);
        command
    }

    fn resolve(&self, mut command: Command) -> Result<(), Error> {
        if !self.quiet && !self.options.cargo_quiet && self.options.cargo_verbose == 0 {
            command.arg("--quiet");
        }
        if run(&mut command)?.status.success() {
            Ok(())
        } else {
            Err(Error::ResolveFailed { command: in_short(&command) })
        }
    }

    fn command(&self, subcommand: &str) -> Command {
        // Cargo says which cargo started us.
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let mut command = Command::new(cargo);
        for name in cargo_environment::of_a_package() {
            command.env_remove(name);
        }
        command.arg(subcommand).arg("--color").arg(match self.color {
            ColorWhen::Auto => "auto",
            ColorWhen::Always => "always",
            ColorWhen::Never => "never",
        });
        if self.quiet || self.options.cargo_quiet {
            command.arg("--quiet");
        }
        for value in &self.options.config {
            command.args(["--config", value]);
        }
        command
    }

    fn lock_options(&self, command: &mut Command) {
        if self.options.is_locked() {
            command.arg("--locked");
        }
        if self.options.is_offline() {
            command.arg("--offline");
        }
    }
}

/// Runs cargo, and takes what it writes to standard output.
fn run(command: &mut Command) -> Result<process::Output, Error> {
    info!("running `{}`", in_full(command));
    command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| Error::CargoNotStarted { command: in_full(command), source })
}

/// The path of a program among cargo's messages about a build.
fn program(messages: &[u8], name: &str) -> Option<PathBuf> {
    messages
        .split(|byte| *byte == b'\n')
        .filter_map(|line| std::str::from_utf8(line).ok())
        // There is a message for each of hundreds of crates, and one of interest.
        .filter(|line| line.contains("\"executable\":\""))
        .filter_map(|line| serde_json::from_str::<Artifact>(line).ok())
        .find(|artifact| artifact.target.name == name)
        .and_then(|artifact| artifact.executable)
}

/// The command line, for people.
fn in_full(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_stem().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

/// The command line without its options, most of which are our own.
fn in_short(command: &Command) -> String {
    let subcommand = command.get_args().next().map(OsStr::to_string_lossy).unwrap_or_default();
    format!("cargo {subcommand}")
}
