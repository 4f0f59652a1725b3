//! The versions that the runner is built from.

use insta::assert_snapshot;

use crate::support::{Run, Workspace};

const DEPENDS: &str = "[dependencies]\n{livecheck}\n";

/// With a target directory of its own, whose lock file a test can look at.
fn run(workspace: &Workspace, arguments: &[&str]) -> Run {
    workspace.finish(workspace.command("", arguments).env("CARGO_TARGET_DIR", workspace.path("target")))
}

#[test]
fn the_users_lock_file_is_made_where_there_is_none() {
    let workspace = Workspace::new("no-lock").library("orders", DEPENDS);
    let first = run(&workspace, &["list"]);
    assert_eq!(first.code, Some(0), "{first}");
    let lock = workspace.read("Cargo.lock");
    assert!(lock.contains("name = \"inventory\"") && !lock.contains("generated-runner"), "{lock}");
}

#[test]
fn the_runners_lock_file_follows_the_users() {
    let workspace = Workspace::new("changed-lock").library("orders", DEPENDS);
    assert_eq!(run(&workspace, &["list"]).code, Some(0));
    assert!(!workspace.read("target/livecheck/runner/Cargo.lock").contains("name = \"extra\""));

    // A new dependency, as after `cargo add`.
    workspace
        .write("extra/Cargo.toml", "[package]\nname = \"extra\"\nversion = \"1.0.0\"\nedition = \"2024\"\n");
    workspace.write("extra/src/lib.rs", "");
    let manifest = workspace.read("packages/orders/Cargo.toml");
    workspace
        .write("packages/orders/Cargo.toml", &format!("{manifest}extra = {{ path = \"../../extra\" }}\n"));
    let locked = run(&workspace, &["list", "--locked"]);
    assert_eq!(locked.code, Some(101), "the user's lock file is out of date: {locked}");
    assert!(locked.stderr.contains("--locked"), "{locked}");

    let unlocked = run(&workspace, &["list"]);
    assert_eq!(unlocked.code, Some(0), "{unlocked}");
    assert!(workspace.read("Cargo.lock").contains("name = \"extra\""));
    assert!(workspace.read("target/livecheck/runner/Cargo.lock").contains("name = \"extra\""));
    let locked = run(&workspace, &["list", "--locked"]);
    assert_eq!((locked.code, locked.stderr.as_str()), (Some(0), ""), "{locked}");
}

#[test]
fn other_versions_than_the_users_are_refused_under_locked() {
    let workspace = Workspace::new("locked-versions").library("orders", DEPENDS);
    assert_eq!(run(&workspace, &["list"]).code, Some(0));
    // As if the runner's had been resolved on another day.
    let lock = workspace.read("target/livecheck/runner/Cargo.lock");
    let version =
        lock.split("name = \"inventory\"\nversion = \"").nth(1).and_then(|rest| rest.split('"').next());
    let version = version.expect("inventory is locked");
    workspace.write("target/livecheck/runner/Cargo.lock", &lock.replace(version, "0.3.999"));
    let locked = run(&workspace, &["list", "--locked"]);
    assert_snapshot!(locked.to_string().replace(version, "[version]"));
}

#[test]
fn nothing_is_written_when_nothing_changed() {
    let workspace = Workspace::new("warm").library("orders", DEPENDS);
    assert_eq!(run(&workspace, &["list"]).code, Some(0));
    let files = ["Cargo.toml", "Cargo.lock", "src/main.rs", "made-from"];
    let times = || {
        files.map(|file| {
            let file = workspace.path("target/livecheck/runner").join(file);
            file.metadata().and_then(|metadata| metadata.modified()).expect("is there")
        })
    };
    let before = times();
    let again = run(&workspace, &["list"]);
    assert_eq!(again.compiled, Vec::<String>::new(), "{again}");
    assert_eq!(times(), before);
}
