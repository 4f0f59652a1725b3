//! What the runner takes over from the manifest at the workspace's root.
//!
//! The runner's package is a workspace of its own, and cargo reads patches, profiles and the resolver from the
//! root manifest only. With the same ones the dependencies come out of the user's target directory as they are;
//! with others they would be built again, and behave otherwise than in production.

use std::{collections::BTreeSet, path::Path};

use toml::{Table, Value};

/// The tables that count for every package of a workspace.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct RootManifest {
    /// The version of cargo's resolver.
    pub(crate) resolver: String,
    /// `[patch]`
    pub(crate) patch: Table,
    /// `[replace]`
    pub(crate) replace: Table,
    /// `[profile]`
    pub(crate) profile: Table,
}

/// The profiles of cargo's own that a profile ends in.
#[derive(Clone, Copy)]
enum BuiltIn {
    Dev,
    Release,
}

impl BuiltIn {
    /// Cargo's default for what a profile may say of a single package.
    fn default(self, key: &str) -> Option<Value> {
        let dev = matches!(self, Self::Dev);
        Some(match key {
            "opt-level" => Value::Integer(if dev { 0 } else { 3 }),
            "debug" | "debug-assertions" | "overflow-checks" => Value::Boolean(dev),
            "codegen-units" => Value::Integer(if dev { 256 } else { 16 }),
            "strip" => Value::String("none".to_owned()),
            _ => return None,
        })
    }
}

impl RootManifest {
    /// Reads the manifest at the root `folder` of a workspace with these members.
    pub(crate) fn parse(text: &str, folder: &Path, members: &[&str]) -> Result<Self, toml::de::Error> {
        let manifest: Table = toml::from_str(text)?;
        let table = |name: &str| manifest.get(name).and_then(Value::as_table).cloned().unwrap_or_default();
        let mut patch = table("patch");
        for (_, source) in &mut patch {
            absolute_paths(source, folder);
        }
        let mut replace = Value::Table(table("replace"));
        absolute_paths(&mut replace, folder);
        let replace = match replace {
            Value::Table(replace) => replace,
            _ => Table::new(),
        };
        Ok(Self {
            resolver: resolver(&manifest),
            patch,
            replace,
            profile: profiles(table("profile"), members),
        })
    }
}

/// Makes the `path` of each dependency in a table of dependencies absolute.
fn absolute_paths(dependencies: &mut Value, folder: &Path) {
    for (_, dependency) in dependencies.as_table_mut().into_iter().flatten() {
        if let Some(Value::String(path)) = dependency.get_mut("path") {
            *path = folder.join(&*path).to_string_lossy().into_owned();
        }
    }
}

/// The resolver that cargo would use: the one that is named, or that of the root package's edition.
fn resolver(manifest: &Table) -> String {
    let get = |path: &[&str]| {
        let mut tables = path.iter();
        let first = manifest.get(*tables.next()?)?;
        tables.try_fold(first, |value, name| value.get(name))
    };
    let text = |path: &[&str]| get(path).and_then(Value::as_str);
    if let Some(resolver) = text(&["workspace", "resolver"]).or_else(|| text(&["package", "resolver"])) {
        return resolver.to_owned();
    }
    let inherited = get(&["package", "edition", "workspace"]).is_some();
    let edition =
        if inherited { text(&["workspace", "package", "edition"]) } else { text(&["package", "edition"]) };
    match edition {
        Some("2015" | "2018") | None => "1",
        Some("2021") => "2",
        Some(_) => "3",
    }
    .to_owned()
}

/// The profiles, so changed that they do to the members what they did.
///
/// The members are no members of the runner's workspace, where `[profile.….package."*"]` would count for them
/// too; each gets a table of its own that says what the profile says without it. What a profile says of panics
/// is left out: a failed assertion must unwind.
fn profiles(mut profiles: Table, members: &[&str]) -> Table {
    let before = profiles.clone();
    for (name, profile) in &mut profiles {
        let Some(profile) = profile.as_table_mut() else { continue };
        profile.remove("panic");
        let chain = Chain::new(&before, name);
        let of_others: BTreeSet<&String> = chain.of_package("*").flat_map(Table::keys).collect();
        if of_others.is_empty() {
            continue;
        }
        let packages = profile.entry("package").or_insert_with(|| Table::new().into());
        let Some(packages) = packages.as_table_mut() else { continue };
        for member in members {
            let own = packages.entry(*member).or_insert_with(|| Table::new().into());
            let Some(own) = own.as_table_mut() else { continue };
            for key in &of_others {
                if let Some(value) = chain.effective(member, key) {
                    own.entry((*key).clone()).or_insert(value);
                }
            }
        }
    }
    profiles
}

/// A profile with those it inherits from, and what it ends in.
struct Chain<'a> {
    /// Nearest first, as far as the manifest has them.
    profiles: Vec<&'a Table>,
    built_in: BuiltIn,
}

impl<'a> Chain<'a> {
    fn new(profiles: &'a Table, name: &str) -> Self {
        let mut name = name;
        let mut chain = Vec::new();
        loop {
            let profile = profiles.get(name).and_then(Value::as_table);
            chain.extend(profile);
            match profile.and_then(|profile| profile.get("inherits")).and_then(Value::as_str) {
                // A circle is cargo's to refuse.
                Some(next) if chain.len() <= profiles.len() => name = next,
                _ => break,
            }
        }
        let built_in = if ["release", "bench"].contains(&name) { BuiltIn::Release } else { BuiltIn::Dev };
        Self { profiles: chain, built_in }
    }

    /// What is said in `[….package.<spec>]`.
    fn of_package(&self, spec: &str) -> impl Iterator<Item = &'a Table> {
        self.profiles.iter().filter_map(move |profile| profile.get("package")?.get(spec)?.as_table())
    }

    /// What the member gets for `key`: what is said of it, or of all packages, or by default.
    fn effective(&self, member: &str, key: &str) -> Option<Value> {
        let of_member = self.of_package(member).find_map(|table| table.get(key));
        let of_all = || self.profiles.iter().find_map(|profile| profile.get(key));
        of_member.or_else(of_all).cloned().or_else(|| self.built_in.default(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> RootManifest {
        RootManifest::parse(text, Path::new("/w"), &["orders"]).expect("is TOML")
    }

    #[test]
    fn the_resolver_is_named_or_follows_the_edition() {
        let resolver = |text| parse(text).resolver;
        assert_eq!(resolver("[workspace]\nresolver = \"3\"\n"), "3");
        assert_eq!(resolver("[package]\nedition = \"2018\"\nresolver = \"2\"\n"), "2");
        assert_eq!(resolver("[workspace]\n"), "1");
        assert_eq!(resolver("[package]\nname = \"a\"\n"), "1");
        assert_eq!(resolver("[package]\nedition = \"2021\"\n"), "2");
        assert_eq!(resolver("[package]\nedition = \"2024\"\n"), "3");
        let inherited = "[package]\nedition.workspace = true\n[workspace.package]\nedition = \"2021\"\n";
        assert_eq!(resolver(inherited), "2");
    }

    #[test]
    fn paths_of_patches_and_replacements_are_absolute() {
        let root = parse(
            "[patch.crates-io]\na = { path = \"forks/a\" }\nb = { git = \"https://b\" }\n[replace]\n\"c:1.0.0\" = { path = \"c\" }\n",
        );
        assert_eq!(root.patch["crates-io"]["a"]["path"].as_str(), Some("/w/forks/a"));
        assert_eq!(root.patch["crates-io"]["b"]["git"].as_str(), Some("https://b"));
        assert_eq!(root.replace["c:1.0.0"]["path"].as_str(), Some("/w/c"));
    }

    #[test]
    fn what_a_profile_says_of_other_packages_does_not_reach_the_members() {
        let root = parse(
            "[profile.dev.package.\"*\"]\nopt-level = 3\ndebug = false\n\
             [profile.dev.package.orders]\nopt-level = 1\n",
        );
        let orders = &root.profile["dev"]["package"]["orders"];
        assert_eq!(orders["opt-level"].as_integer(), Some(1), "it says so itself");
        assert_eq!(orders["debug"].as_bool(), Some(true), "cargo's default");
        assert_eq!(root.profile["dev"]["package"]["*"]["opt-level"].as_integer(), Some(3));
    }

    #[test]
    fn a_profile_inherits_what_is_said_of_other_packages() {
        let root = parse(
            "[profile.release]\ndebug = 1\n[profile.release.package.\"*\"]\ndebug = 0\ncodegen-units = 1\n\
             [profile.ship]\ninherits = \"release\"\ndebug = 2\n",
        );
        let orders = |profile: &str| root.profile[profile]["package"]["orders"].clone();
        assert_eq!(orders("release")["debug"].as_integer(), Some(1));
        assert_eq!(orders("ship")["debug"].as_integer(), Some(2));
        assert_eq!(orders("ship")["codegen-units"].as_integer(), Some(16));
    }

    #[test]
    fn profiles_say_nothing_of_panics() {
        let root = parse("[profile.release]\npanic = \"abort\"\nlto = true\n");
        assert_eq!(root.profile["release"].as_table().map(Table::len), Some(1));
    }

    #[test]
    fn profiles_in_a_circle_are_left_to_cargo() {
        let text = "[profile.a]\ninherits = \"b\"\n[profile.b]\ninherits = \"a\"\n[profile.b.package.\"*\"]\nstrip = true\n";
        assert_eq!(parse(text).profile.len(), 2);
    }
}
