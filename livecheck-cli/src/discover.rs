//! Which packages have cases, and which of them the runner can link.
//!
//! The linker drops a crate that no code names, with its cases and without a word. So every library that
//! depends on livecheck is named in the runner, and a package that cannot be is named to the user.

use std::path::PathBuf;

use crate::{
    errors::Error,
    features::{self, FeatureRequest, PackageFeatures},
    metadata::{Dependency, DependencyKind, Metadata, Package, Target},
    nearest::nearest,
};

/// The package that users depend on.
const LIVECHECK: &str = "livecheck";

/// What the command line asks to be linked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    /// `--package`: only these; empty for all.
    pub(crate) packages: Vec<String>,
    /// `--exclude`: but not these.
    pub(crate) exclude: Vec<String>,
    /// The feature flags.
    pub(crate) features: FeatureRequest,
}

/// What was found.
#[derive(Clone, Debug)]
pub(crate) struct Discovery {
    /// How the user's packages depend on livecheck.
    pub(crate) livecheck: Dependency,
    /// The packages to link, by name.
    pub(crate) linked: Vec<LinkedPackage>,
    /// The packages that were asked for, or look as if they had cases, and cannot be linked.
    pub(crate) unlinked: Vec<Unlinked>,
    /// Whether the whole workspace was asked for.
    pub(crate) whole_workspace: bool,
}

/// A package whose library the runner links.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LinkedPackage {
    /// The package's name.
    pub(crate) name: String,
    /// The name of its library.
    pub(crate) library: String,
    /// The folder of its manifest.
    pub(crate) folder: PathBuf,
    /// Its features.
    pub(crate) features: PackageFeatures,
    /// The oldest Rust that it supports.
    pub(crate) rust_version: Option<String>,
}

/// A package whose cases, if it has some, the runner cannot link.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Unlinked {
    /// The package's name.
    pub(crate) package: String,
    /// Why not.
    pub(crate) reason: Reason,
}

/// Why a package cannot be linked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reason {
    /// It has only programs.
    NoLibrary,
    /// Its library is for other languages only.
    NotForRust,
    /// It is a procedural macro.
    ProcMacro,
    /// It depends on livecheck for its tests or its build script only.
    NotInDependencies,
    /// It depends on livecheck only with one of these features, all off.
    FeatureOff(Vec<String>),
    /// Its manifest says that it has no cases.
    SaysNone,
    /// It does not depend on livecheck.
    NoDependency,
}

impl Discovery {
    /// The names of the packages that are linked.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.linked.iter().map(|package| package.name.as_str()).collect()
    }
}

impl Reason {
    /// Whether it is worth a warning where nobody asked for the package.
    fn is_surprising(&self) -> bool {
        matches!(self, Self::NoLibrary | Self::NotForRust | Self::FeatureOff(_))
    }
}

/// Finds the packages to link.
pub(crate) fn discover(metadata: &Metadata, request: &Request) -> Result<Discovery, Error> {
    let selected = select(metadata, request)?;
    let mut livecheck = None;
    let mut candidates = Vec::new();
    let mut unlinked = Vec::new();
    let mut searched = Vec::new();

    for package in &selected {
        searched.push(package.name.clone());
        match classify(package) {
            Ok(dependency) => {
                livecheck.get_or_insert_with(|| dependency.clone());
                candidates.push((*package, dependency));
            }
            Err(reason) => unlinked.push(Unlinked { package: package.name.clone(), reason }),
        }
    }

    let packages: Vec<&Package> = candidates.iter().map(|(package, _)| *package).collect();
    let mut features = if packages.is_empty() {
        // Without a package to ask, "no such feature" would hide the error that matters.
        Default::default()
    } else {
        request.features.resolve(&packages)?
    };
    let mut linked = Vec::new();
    for (package, dependency) in candidates {
        let features = features.remove(&package.name).unwrap_or_default();
        match link(package, dependency, features, &asked_for_by_others(package, &selected)) {
            Ok(package) => linked.push(package),
            Err(reason) => unlinked.push(Unlinked { package: package.name.clone(), reason }),
        }
    }
    linked.sort_by(|a, b| a.name.cmp(&b.name));
    unlinked.sort_by(|a, b| a.package.cmp(&b.package));

    match livecheck {
        Some(livecheck) if !linked.is_empty() => {
            unlinked.retain(|one| one.reason.is_surprising() || request.packages.contains(&one.package));
            let whole_workspace = request.packages.is_empty() && request.exclude.is_empty();
            Ok(Discovery { livecheck, linked, unlinked, whole_workspace })
        }
        _ => {
            unlinked.retain(|one| one.reason != Reason::NoDependency);
            Err(Error::NoPackages { workspace: metadata.workspace_root.clone(), searched, unlinked })
        }
    }
}

/// The members that the command line asks for, by name.
fn select<'a>(metadata: &'a Metadata, request: &Request) -> Result<Vec<&'a Package>, Error> {
    let members = || metadata.packages.iter().map(|package| package.name.as_str());
    for (option, names) in [("--package", &request.packages), ("--exclude", &request.exclude)] {
        for name in names {
            if !members().any(|member| member == name) {
                return Err(Error::UnknownPackage {
                    option,
                    name: name.clone(),
                    nearest: nearest(name, members()),
                    workspace: metadata.workspace_root.clone(),
                });
            }
        }
    }
    let mut selected: Vec<&Package> = metadata
        .packages
        .iter()
        .filter(|package| request.packages.is_empty() || request.packages.contains(&package.name))
        .filter(|package| !request.exclude.contains(&package.name))
        .collect();
    selected.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(selected)
}

/// How a package depends on livecheck, or why it can have no cases that a program links.
fn classify(package: &Package) -> Result<&Dependency, Reason> {
    let depends = || package.dependencies.iter().filter(|dependency| dependency.name == LIVECHECK);
    if depends().next().is_none() {
        return Err(Reason::NoDependency);
    }
    if package.library().is_some_and(Target::is_proc_macro) {
        return Err(Reason::ProcMacro);
    }
    if package.metadata.pointer("/livecheck/cases") == Some(&serde_json::Value::Bool(false)) {
        return Err(Reason::SaysNone);
    }
    let dependency = depends()
        .filter(|dependency| dependency.kind == DependencyKind::Normal)
        // One that is always there is better than an optional one for another platform.
        .min_by_key(|dependency| dependency.optional)
        .ok_or(Reason::NotInDependencies)?;
    match package.library() {
        None => Err(Reason::NoLibrary),
        Some(library) if !library.is_linkable() => Err(Reason::NotForRust),
        Some(_) => Ok(dependency),
    }
}

/// The package as the runner links it, or why it has no cases with these features.
fn link(
    package: &Package,
    dependency: &Dependency,
    features: PackageFeatures,
    by_others: &PackageFeatures,
) -> Result<LinkedPackage, Reason> {
    let called = dependency.rename.as_deref().unwrap_or(&dependency.name);
    let active = features.activate(package, called) || by_others.activate(package, called);
    if dependency.optional && !active {
        return Err(Reason::FeatureOff(features::that_activate(package, called)));
    }
    let library = package.library().ok_or(Reason::NoLibrary)?;
    Ok(LinkedPackage {
        name: package.name.clone(),
        // Cargo gives the target's name with hyphens where older manifests wrote them.
        library: library.name.replace('-', "_"),
        folder: package.folder(),
        features,
        rust_version: package.rust_version.clone(),
    })
}

/// The features of `package` that other members ask for where they depend on it.
fn asked_for_by_others(package: &Package, members: &[&Package]) -> PackageFeatures {
    let enabled = members
        .iter()
        .flat_map(|member| &member.dependencies)
        .filter(|dependency| dependency.name == package.name && dependency.path.is_some())
        .filter(|dependency| dependency.kind != DependencyKind::Development)
        .flat_map(|dependency| dependency.features.iter().cloned())
        .collect();
    PackageFeatures { enabled, no_default: true }
}
