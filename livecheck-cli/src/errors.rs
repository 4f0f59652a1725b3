//! What can go wrong, what to do about it, and the exit code.

use std::{io, path::PathBuf};

use livecheck_broker::BrokerError;
use thiserror::Error;

use crate::{
    discover::{Reason, Unlinked},
    lock::Locked,
    runner_args::exit_code,
};

/// An error that `cargo livecheck` expects to meet.
#[derive(Debug, Error)]
pub(crate) enum Error {
    #[error("there is no Cargo.toml in `{}` or above it", folder.display())]
    NotAProject { folder: PathBuf },

    #[error("there is no manifest at `{}`", path.display())]
    ManifestNotFound { path: PathBuf },

    #[error("`{command}` could not be started")]
    CargoNotStarted { command: String, source: io::Error },

    // Cargo has said why.
    #[error("`{command}` failed")]
    MetadataFailed { command: String },

    #[error("`{command}` answered what this version does not understand")]
    MetadataUnreadable { command: String, source: serde_json::Error },

    #[error("{option} `{name}`: there is no such package in the workspace at `{}`", workspace.display())]
    UnknownPackage { option: &'static str, name: String, nearest: Vec<String>, workspace: PathBuf },

    #[error("feature `{feature}`: none of the packages with cases has it ({})", packages.join(", "))]
    UnknownFeature { feature: String, packages: Vec<String>, nearest: Vec<String> },

    #[error("{}", no_packages(unlinked))]
    NoPackages { workspace: PathBuf, searched: Vec<String>, unlinked: Vec<Unlinked> },

    #[error("`{}` could not be read", path.display())]
    Read { path: PathBuf, source: io::Error },

    #[error("`{}` could not be written", path.display())]
    Write { path: PathBuf, source: io::Error },

    #[error("`{}` is no TOML that this version understands", path.display())]
    Toml { path: PathBuf, source: toml::de::Error },

    // Cargo has said why.
    #[error("`{command}` failed: the runner's dependencies do not resolve")]
    ResolveFailed { command: String },

    #[error("with --locked the runner would have other versions than `{}`: {}", lock.display(), list_versions(versions))]
    LockDiffers { lock: PathBuf, versions: Vec<(Locked, Vec<String>)> },

    // Cargo has said why.
    #[error("`{command}` failed{}", code.map(|code| format!(" with exit code {code}")).unwrap_or_default())]
    BuildFailed { command: String, code: Option<i32> },

    #[error("`{command}` built no program")]
    NoProgram { command: String },

    #[error("the runner `{}` could not be started", path.display())]
    RunnerNotStarted { path: PathBuf, source: io::Error },

    #[error("the threads of this program could not be started")]
    Runtime { source: io::Error },

    #[error("the embedded broker could not be started")]
    Broker { source: BrokerError },

    #[error("{option}: the results of uptests are reported by a runner, and none is built here")]
    NeedsRunner { option: &'static str },

    #[error(transparent)]
    Uptest(#[from] livecheck_uptest::UptestError),

    #[error("standard output could not be written to")]
    Output { source: io::Error },

    #[error("the signals that end the program could not be waited for")]
    Signals { source: io::Error },
}

impl Error {
    /// The exit code that this ends with.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::UnknownPackage { .. } | Self::UnknownFeature { .. } | Self::NeedsRunner { .. } => {
                exit_code::USAGE
            }
            Self::NoPackages { .. } => exit_code::NO_CASES,
            Self::CargoNotStarted { .. } | Self::MetadataFailed { .. } | Self::MetadataUnreadable { .. } => {
                exit_code::CARGO_METADATA_FAILED
            }
            Self::BuildFailed { .. } | Self::NoProgram { .. } | Self::ResolveFailed { .. } => {
                exit_code::BUILD_FAILED
            }
            Self::Output { .. } => exit_code::WRITE_OUTPUT_FAILED,
            Self::Uptest(error) => error.exit_code(),
            Self::NotAProject { .. }
            | Self::ManifestNotFound { .. }
            | Self::Read { .. }
            | Self::Write { .. }
            | Self::Toml { .. }
            | Self::LockDiffers { .. }
            | Self::RunnerNotStarted { .. }
            | Self::Runtime { .. }
            | Self::Broker { .. }
            | Self::Signals { .. } => exit_code::SETUP_FAILED,
        }
    }

    /// What else there is to know, a line each.
    pub(crate) fn notes(&self) -> Vec<String> {
        match self {
            Self::NoPackages { workspace, searched, unlinked } => {
                let searched = format!("searched in `{}`: {}", workspace.display(), searched.join(", "));
                std::iter::once(searched).chain(unlinked.iter().map(Unlinked::why)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// What the user can do about it, a line each.
    pub(crate) fn help(&self) -> Vec<String> {
        match self {
            Self::NotAProject { .. } => {
                vec![
                    "go to the folder of a cargo workspace, or name its manifest: --manifest-path PATH"
                        .to_owned(),
                ]
            }
            Self::UnknownPackage { nearest, .. } if !nearest.is_empty() => vec![did_you_mean(nearest)],
            Self::UnknownPackage { .. } => {
                vec!["`cargo metadata --no-deps` lists the packages of the workspace".to_owned()]
            }
            Self::UnknownFeature { nearest, .. } if !nearest.is_empty() => vec![did_you_mean(nearest)],
            Self::NoPackages { searched, unlinked, .. } if unlinked.is_empty() => {
                let package = searched.first().map_or("PACKAGE", String::as_str);
                vec![
                    format!(
                        "add livecheck to a library that is to have cases: cargo add livecheck --package {package}"
                    ),
                    "then write an `async fn` there, under `#[livecheck::case]`".to_owned(),
                ]
            }
            Self::NoPackages { unlinked, .. } => unlinked
                .iter()
                .map(|one| format!("in `{}`, {}", one.package, one.reason.what_to_do()))
                .collect(),
            Self::LockDiffers { versions, .. } => versions
                .iter()
                .map(|(package, _)| format!("cargo update {} --precise {}", package.name, package.version))
                .collect(),
            Self::Broker { source: BrokerError::PortInUse { .. } } => {
                vec!["name another port, or let the system choose one: --port 0".to_owned()]
            }
            Self::Broker { source: BrokerError::DataDirInUse { .. } } => {
                vec!["end that one, or name another folder: --data-dir DIR".to_owned()]
            }
            Self::Broker { source: BrokerError::DataDamaged { .. } | BrokerError::DataFormat { .. } } => {
                vec!["begin with another folder, or move this one away: --data-dir DIR".to_owned()]
            }
            Self::NeedsRunner { .. } => vec![
                "run it where a library depends on livecheck, without --no-build; or by a runner that was built: \
                 ./livecheck-runner uptest …"
                    .to_owned(),
            ],
            _ => Vec::new(),
        }
    }
}

impl Unlinked {
    /// The warning's text.
    pub(crate) fn why(&self) -> String {
        let package = &self.package;
        match &self.reason {
            Reason::NoLibrary => format!(
                "package `{package}` depends on livecheck but has no library target: its cases, if it has some, are not found"
            ),
            Reason::NotForRust => format!(
                "package `{package}` depends on livecheck but its library is for other languages: its cases, if it has some, are not found"
            ),
            Reason::ProcMacro => format!("package `{package}` is a procedural macro and can have no cases"),
            Reason::NotInDependencies => format!(
                "package `{package}` has livecheck in [dev-dependencies] or [build-dependencies] only: a runner has neither"
            ),
            Reason::FeatureOff(_) => format!(
                "package `{package}` depends on livecheck only with a feature that is off: its cases are not found"
            ),
            Reason::SaysNone => format!("package `{package}` says in its manifest that it has no cases"),
            Reason::NoDependency => format!("package `{package}` does not depend on livecheck"),
        }
    }
}

impl Reason {
    /// What to do so that the package's cases are found.
    pub(crate) fn what_to_do(&self) -> String {
        match self {
            Self::NoLibrary => {
                "move the cases to a library (src/lib.rs); if there are none, say so: [package.metadata.livecheck] cases = false".to_owned()
            }
            Self::NotForRust => "add \"rlib\" to crate-type in [lib]".to_owned(),
            Self::ProcMacro => "move the cases to a library".to_owned(),
            Self::NotInDependencies => {
                "move livecheck to [dependencies], and the cases to the library".to_owned()
            }
            Self::FeatureOff(features) if features.is_empty() => {
                "give it a feature that turns livecheck on".to_owned()
            }
            Self::FeatureOff(features) => format!("turn it on: --features {}", features.join(" or ")),
            Self::SaysNone => "take `cases = false` out of [package.metadata.livecheck]".to_owned(),
            Self::NoDependency => "cargo add livecheck".to_owned(),
        }
    }
}

fn did_you_mean(nearest: &[String]) -> String {
    let names: Vec<String> = nearest.iter().map(|name| format!("`{name}`")).collect();
    format!("did you mean {}?", names.join(" or "))
}

fn no_packages(unlinked: &[Unlinked]) -> &'static str {
    if unlinked.is_empty() {
        "no package depends on livecheck, so there are no cases"
    } else {
        "no package that depends on livecheck can be linked, so there are no cases"
    }
}

fn list_versions(versions: &[(Locked, Vec<String>)]) -> String {
    let one = |(package, of_user): &(Locked, Vec<String>)| {
        format!("{} {} instead of {}", package.name, package.version, of_user.join(", "))
    };
    versions.iter().map(one).collect::<Vec<_>>().join("; ")
}
