//! What the runner takes over from the manifest at the workspace's root.
//!
//! The runner's package is a workspace of its own, and cargo reads patches, profiles and the resolver from the
//! root manifest only. With the same ones the dependencies come out of the user's target directory as they are;
//! with others they would be built again, and behave otherwise than in production.

use std::path::Path;

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

/// The profiles of cargo's own that a profile ends in when it inherits from no other.
enum BuiltIn {
    Dev,
    Release,
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
        let chain = chain(&before, name);
        let of_others: Vec<&String> = chain
            .iter()
            .filter_map(|profile| profile.get("package")?.get("*")?.as_table())
            .flat_map(Table::keys)
            .collect();
        if of_others.is_empty() {
            continue;
        }
        for member in members {
            let says_itself = |key: &str| {
                let own = |profile: &&Table| profile.get("package")?.get(member)?.get(key).cloned();
                chain.iter().find_map(own)
            };
            let mut own = Table::new();
            for key in &of_others {
                if let Some(value) = says_itself(key).or_else(|| effective(&chain, name, key)) {
                    own.insert((*key).clone(), value);
                }
            }
            let packages = profile.entry("package").or_insert_with(|| Value::Table(Table::new()));
            let member = packages.as_table_mut().map(|packages| packages.entry(*member));
            if let Some(Value::Table(member)) = member.map(|member| member.or_insert(Table::new().into())) {
                for (key, value) in own {
                    member.entry(key).or_insert(value);
                }
            }
        }
    }
    profiles
}

/// A profile and those it inherits from, nearest first, as far as the manifest has them.
fn chain<'a>(profiles: &'a Table, name: &str) -> Vec<&'a Table> {
    let mut chain = Vec::new();
    let mut next = Some(name.to_owned());
    while let Some(name) = next.take() {
        let profile = profiles.get(&name).and_then(Value::as_table);
        next = profile.and_then(|profile| profile.get("inherits")).and_then(Value::as_str).map(str::to_owned);
        chain.extend(profile);
        // A circle is cargo's to refuse.
        if chain.len() > profiles.len() {
            break;
        }
    }
    chain
}

/// What a profile says of `key` for a package without a table of its own.
fn effective(chain: &[&Table], name: &str, key: &str) -> Option<Value> {
    let said = chain.iter().find_map(|profile| profile.get(key).cloned());
    let last =
        chain.last().and_then(|profile| profile.get("inherits")).and_then(Value::as_str).unwrap_or(name);
    said.or_else(|| {
        let built_in = match last {
            "release" | "bench" => BuiltIn::Release,
            _ => BuiltIn::Dev,
        };
        default(&built_in, key)
    })
}

/// Cargo's defaults for what a profile may say of a single package.
fn default(profile: &BuiltIn, key: &str) -> Option<Value> {
    let dev = matches!(profile, BuiltIn::Dev);
    Some(match key {
        "opt-level" => Value::Integer(if dev { 0 } else { 3 }),
        "debug" | "debug-assertions" | "overflow-checks" => Value::Boolean(dev),
        "codegen-units" => Value::Integer(if dev { 256 } else { 16 }),
        "strip" => Value::String("none".to_owned()),
        _ => return None,
    })
}
