//! Which features of the user's packages the runner turns on.
//!
//! In the runner's build the user's packages are dependencies, so cargo's own `--features` does not reach them:
//! the flags are read as cargo would read them and become part of the generated manifest.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::{errors::Error, metadata::Package, nearest::nearest};

/// The feature flags of the command line.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct FeatureRequest {
    /// `--features`, each with commas or spaces between, `name` or `package/name`.
    pub(crate) features: Vec<String>,
    /// `--all-features`
    pub(crate) all: bool,
    /// `--no-default-features`
    pub(crate) no_default: bool,
}

/// The features of one package.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct PackageFeatures {
    /// Those to turn on beside the default ones.
    pub(crate) enabled: BTreeSet<String>,
    /// Whether not to turn on the default ones.
    pub(crate) no_default: bool,
}

impl FeatureRequest {
    /// The features of each of `packages`, by the package's name.
    pub(crate) fn resolve(&self, packages: &[&Package]) -> Result<BTreeMap<String, PackageFeatures>, Error> {
        let mut resolved: BTreeMap<_, _> = packages
            .iter()
            .map(|package| (package.name.clone(), self.of_every_feature_flag(package)))
            .collect();
        for feature in self.names() {
            let (of, name) = match feature.split_once('/') {
                Some((package, name)) => (Some(package), name),
                None => (None, feature),
            };
            let mut found = false;
            for package in packages {
                if of.is_none_or(|of| of == package.name) && package.features.contains_key(name) {
                    resolved.entry(package.name.clone()).or_default().enabled.insert(name.to_owned());
                    found = true;
                }
            }
            if !found {
                return Err(unknown_feature(feature, of, name, packages));
            }
        }
        Ok(resolved)
    }

    fn of_every_feature_flag(&self, package: &Package) -> PackageFeatures {
        let enabled = if self.all {
            package.features.keys().filter(|name| *name != "default").cloned().collect()
        } else {
            BTreeSet::new()
        };
        PackageFeatures { enabled, no_default: self.no_default }
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.features.iter().flat_map(|list| list.split([',', ' '])).filter(|name| !name.is_empty())
    }
}

impl PackageFeatures {
    /// Whether these turn on the optional dependency that the manifest of `package` calls `dependency`.
    pub(crate) fn activate(&self, package: &Package, dependency: &str) -> bool {
        let mut queue: VecDeque<&str> = self.enabled.iter().map(String::as_str).collect();
        if !self.no_default {
            queue.push_back("default");
        }
        let mut seen = BTreeSet::new();
        while let Some(feature) = queue.pop_front() {
            if !seen.insert(feature) {
                continue;
            }
            for turned_on in package.features.get(feature).into_iter().flatten() {
                if turns_on(turned_on, dependency) {
                    return true;
                }
                queue.push_back(turned_on);
            }
        }
        false
    }
}

/// The features of `package` that turn on the optional dependency `dependency`, for people to choose from.
pub(crate) fn that_activate(package: &Package, dependency: &str) -> Vec<String> {
    let alone = |name: &str| PackageFeatures { enabled: BTreeSet::from([name.to_owned()]), no_default: true };
    package.features.keys().filter(|name| alone(name).activate(package, dependency)).cloned().collect()
}

/// Whether an entry of a `[features]` list turns on an optional dependency: `dep:x` and `x/feature` do,
/// `x?/feature` does not.
fn turns_on(entry: &str, dependency: &str) -> bool {
    let name = entry.strip_prefix("dep:").or_else(|| entry.split_once('/').map(|(name, _)| name));
    name == Some(dependency)
}

fn unknown_feature(feature: &str, of: Option<&str>, name: &str, packages: &[&Package]) -> Error {
    let known = packages
        .iter()
        .filter(|package| of.is_none_or(|of| of == package.name))
        .flat_map(|package| package.features.keys().map(String::as_str));
    Error::UnknownFeature {
        feature: feature.to_owned(),
        packages: packages.iter().map(|package| package.name.clone()).collect(),
        nearest: nearest(name, known),
    }
}
