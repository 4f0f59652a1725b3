//! What `cargo metadata --no-deps` says of a workspace.
//!
//! Without the dependency graph cargo answers in a tenth of the time, and needs neither lock file nor network.
//! That is enough here: the runner's manifest declares `livecheck` as the user's package does, and cargo
//! resolves it under the user's lock file and patches to the same package. Only the fields that are read are
//! declared, so that a newer cargo's output is read as well.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Deserialize;

/// A workspace.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Metadata {
    /// Without the dependency graph: the members.
    pub(crate) packages: Vec<Package>,
    pub(crate) workspace_root: PathBuf,
    pub(crate) target_directory: PathBuf,
    /// Where cargo keeps what is not meant for the user; since cargo 1.91, and by default the target directory.
    #[serde(default)]
    pub(crate) build_directory: Option<PathBuf>,
}

/// A member of the workspace.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) manifest_path: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) targets: Vec<Target>,
    /// Each feature with what it turns on; `default` and the implicit ones of optional dependencies included.
    pub(crate) features: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub(crate) rust_version: Option<String>,
    /// The manifest's `[package.metadata]`.
    #[serde(default)]
    pub(crate) metadata: serde_json::Value,
}

/// A dependency as a manifest declares it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Dependency {
    /// The package's name, whatever the manifest calls it.
    pub(crate) name: String,
    /// What the manifest calls it, if something else.
    pub(crate) rename: Option<String>,
    /// A registry or a git repository; `None` for a path.
    pub(crate) source: Option<String>,
    /// The version requirement.
    pub(crate) req: String,
    #[serde(default)]
    pub(crate) kind: DependencyKind,
    pub(crate) optional: bool,
    /// The features it asks for.
    pub(crate) features: Vec<String>,
    /// The index of a registry that is not crates.io.
    pub(crate) registry: Option<String>,
    pub(crate) path: Option<PathBuf>,
}

/// Which table of the manifest a dependency is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Option<String>")]
pub(crate) enum DependencyKind {
    #[default]
    Normal,
    Development,
    Build,
}

impl From<Option<String>> for DependencyKind {
    fn from(kind: Option<String>) -> Self {
        match kind.as_deref() {
            Some("dev") => Self::Development,
            Some("build") => Self::Build,
            // Cargo writes null for the ordinary kind.
            _ => Self::Normal,
        }
    }
}

/// Something that a package builds.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) kind: Vec<String>,
}

impl Package {
    /// The folder of its manifest.
    pub(crate) fn folder(&self) -> PathBuf {
        self.manifest_path.parent().map(PathBuf::from).unwrap_or_default()
    }

    /// Its library target, of whatever crate type.
    pub(crate) fn library(&self) -> Option<&Target> {
        self.targets.iter().find(|target| target.is_library())
    }
}

impl Target {
    /// Whether it is a library target, of whatever crate type.
    fn is_library(&self) -> bool {
        let library = ["lib", "rlib", "dylib", "cdylib", "staticlib", "proc-macro"];
        self.kind.iter().any(|kind| library.contains(&kind.as_str()))
    }

    /// Whether a Rust program can name it with `extern crate`.
    pub(crate) fn is_linkable(&self) -> bool {
        self.kind.iter().any(|kind| ["lib", "rlib", "dylib"].contains(&kind.as_str()))
    }

    /// Whether it is a procedural macro, which can have no cases.
    pub(crate) fn is_proc_macro(&self) -> bool {
        self.kind.iter().any(|kind| kind == "proc-macro")
    }
}
