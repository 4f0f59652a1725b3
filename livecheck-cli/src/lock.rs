//! The runner's lock file: the user's, and what only the runner needs.
//!
//! The user's lock file does not have the runner's own dependencies unless a member turns on livecheck's
//! feature `runner`: cargo locks the optional dependencies of a dependency only where they are used. So the
//! user's lock file is copied whenever it changes, and what it does not have is kept from the runner's previous
//! one: neither an offline build nor the versions of today depend on what was published since.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::{Table, Value};

/// A lock file, as far as it is read here.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(crate) struct Lock {
    #[serde(default, rename = "package")]
    packages: Vec<Locked>,
    #[serde(default)]
    patch: Patch,
}

/// A package at its version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) struct Locked {
    pub(crate) name: String,
    pub(crate) version: String,
    #[serde(default)]
    pub(crate) source: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
struct Patch {
    #[serde(default)]
    unused: Vec<Locked>,
}

/// How the runner's lock file differs from the user's.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Differences {
    /// Packages that both have, with the user's versions and the runner's.
    pub(crate) versions: Vec<(Locked, Vec<String>)>,
    /// Packages that only the runner has.
    pub(crate) only_runner: Vec<Locked>,
}

impl Lock {
    pub(crate) fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// The names of all packages.
    pub(crate) fn names(&self) -> BTreeSet<&str> {
        self.packages.iter().map(|package| package.name.as_str()).collect()
    }

    /// The patches that no package uses.
    pub(crate) fn unused_patches(&self) -> impl Iterator<Item = &Locked> {
        self.patch.unused.iter()
    }

    /// How this lock file of a runner, itself the package `runner`, differs from that of the `user`.
    pub(crate) fn differences(&self, user: &Self, runner: &str) -> Differences {
        let mut by_name: BTreeMap<&str, Vec<&Locked>> = BTreeMap::new();
        for package in &user.packages {
            by_name.entry(&package.name).or_default().push(package);
        }
        let mut differences = Differences::default();
        for package in self.packages.iter().filter(|package| package.name != runner) {
            let of_user = by_name.get(package.name.as_str()).map(Vec::as_slice).unwrap_or_default();
            let same = |other: &&Locked| other.version == package.version && other.source == package.source;
            if of_user.iter().any(same) {
                continue;
            }
            // Another major version beside the user's is one more package, not another version of it.
            let rivals: Vec<String> = of_user
                .iter()
                .filter(|other| compatible(&other.version, &package.version))
                .map(|other| other.version.clone())
                .collect();
            if rivals.is_empty() {
                differences.only_runner.push(package.clone());
            } else {
                differences.versions.push((package.clone(), rivals));
            }
        }
        differences
    }
}

/// The user's lock file with what only the runner's `previous` one has.
pub(crate) fn merge(user: &str, previous: &str) -> Result<String, toml::de::Error> {
    let mut merged: Table = toml::from_str(user)?;
    let previous: Table = toml::from_str(previous)?;
    let of_user = Lock::parse(user)?.packages;
    let is_new = |package: &Value| {
        let name = package.get("name").and_then(Value::as_str);
        let version = package.get("version").and_then(Value::as_str).unwrap_or_default();
        !of_user
            .iter()
            .any(|of_user| Some(of_user.name.as_str()) == name && compatible(&of_user.version, version))
    };
    let kept: Vec<Value> = previous
        .get("package")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        // A path is looked up anew, and has no version to keep.
        .filter(|package| package.get("source").is_some() && is_new(package))
        .cloned()
        .collect();
    if let Value::Array(packages) = merged.entry("package").or_insert_with(|| Value::Array(Vec::new())) {
        packages.extend(kept);
    }
    // A table has a text form by construction.
    Ok(merged.to_string())
}

/// The version of a package in the text of a lock file, which need not be parsed for that.
pub(crate) fn version<'a>(lock: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = lock.split_once(&format!("\nname = \"{name}\"\nversion = \""))?;
    rest.split('"').next()
}

/// Whether cargo keeps only one of two versions in a program: those of one major version, or one minor below 1.
pub(crate) fn compatible(a: &str, b: &str) -> bool {
    let line = |version: &str| {
        let mut numbers = version.split(['.', '-', '+']).map(str::to_owned);
        let major = numbers.next().unwrap_or_default();
        let minor = numbers.next().unwrap_or_default();
        match (major.as_str(), minor.as_str()) {
            ("0", "0") => version.to_owned(),
            ("0", _) => format!("0.{minor}"),
            _ => major,
        }
    };
    line(a) == line(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(packages: &[(&str, &str)]) -> String {
        let package = |(name, version): &(&str, &str)| {
            format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"registry\"\n\n")
        };
        let packages: String = packages.iter().map(package).collect();
        format!("version = 4\n\n{packages}")
    }

    fn parsed(packages: &[(&str, &str)]) -> Lock {
        Lock::parse(&lock(packages)).expect("is a lock file")
    }

    #[test]
    fn what_only_the_runner_has_is_kept() {
        let user = lock(&[("toml", "0.8.1"), ("serde", "1.0.2")]);
        let previous =
            lock(&[("toml", "0.8.9"), ("toml", "1.2.0"), ("serde", "1.0.1"), ("rdkafka", "0.39.0")]);
        let merged = merge(&user, &previous).expect("are lock files");
        let expected = [("toml", "0.8.1"), ("serde", "1.0.2"), ("toml", "1.2.0"), ("rdkafka", "0.39.0")];
        assert_eq!(Lock::parse(&merged).expect("is a lock file"), parsed(&expected));
    }

    #[test]
    fn a_path_is_not_kept() {
        let previous = "[[package]]\nname = \"orders\"\nversion = \"0.1.0\"\n";
        let merged = merge("version = 4\n", previous).expect("are lock files");
        assert_eq!(Lock::parse(&merged).expect("is a lock file"), Lock::default());
    }

    #[test]
    fn another_version_is_told_from_another_package() {
        let user = parsed(&[("serde", "1.0.2"), ("toml", "0.8.1")]);
        let runner =
            parsed(&[("runner", "0.0.0"), ("serde", "1.0.3"), ("toml", "1.2.0"), ("rdkafka", "0.39.0")]);
        let differences = runner.differences(&user, "runner");
        let names = |packages: &[&Locked]| packages.iter().map(|one| one.name.clone()).collect::<Vec<_>>();
        let versions: Vec<_> = differences.versions.iter().map(|(package, _)| package).collect();
        assert_eq!(names(&versions), ["serde"]);
        assert_eq!(names(&differences.only_runner.iter().collect::<Vec<_>>()), ["toml", "rdkafka"]);
    }

    #[test]
    fn versions_are_compatible_as_cargo_has_it() {
        assert!(compatible("1.2.3", "1.9.0") && compatible("0.3.1", "0.3.9") && compatible("0.0.3", "0.0.3"));
        assert!(!compatible("1.2.3", "2.0.0") && !compatible("0.3.1", "0.4.0"));
        assert!(!compatible("0.0.3", "0.0.4"));
        assert!(compatible("4.10.0+2.12.1", "4.9.0+2.11.0"));
    }

    #[test]
    fn a_version_is_found_in_the_text() {
        let text = lock(&[("livecheck-core", "0.2.0"), ("livecheck", "0.1.0")]);
        assert_eq!(version(&text, "livecheck"), Some("0.1.0"));
        assert_eq!(version(&text, "check"), None);
    }
}
