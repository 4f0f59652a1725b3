//! What is said where nothing can be run.

use insta::assert_snapshot;

use crate::support::Workspace;

const DEPENDS: &str = "[dependencies]\n{livecheck}\n";

#[test]
fn outside_a_cargo_project() {
    // Above the tests' own folder there is the checkout.
    let folder = tempfile::tempdir().expect("can be made");
    let workspace = Workspace::empty("no-project");
    let run = workspace.finish(workspace.command("", &["list"]).current_dir(folder.path()));
    let folder = folder.path().canonicalize().expect("is there").display().to_string();
    assert_snapshot!(run.to_string().replace(&folder, "[folder]"));
}

#[test]
fn a_manifest_that_is_not_there() {
    let workspace = Workspace::empty("no-manifest");
    assert_snapshot!(workspace.run(&["list", "--manifest-path", "elsewhere/Cargo.toml"]));
}

#[test]
fn a_manifest_that_cargo_does_not_understand() {
    let workspace = Workspace::empty("broken-manifest").file("Cargo.toml", "[package\nname = \"orders\"\n");
    let run = workspace.run(&["list"]);
    assert_eq!(run.code, Some(102), "{run}");
    assert!(run.stderr.contains("Cargo.toml:1"), "cargo says where: {run}");
    assert!(run.stderr.ends_with("error: `cargo metadata` failed\n"), "{run}");
}

#[test]
fn a_case_that_does_not_compile() {
    let workspace = Workspace::new("broken-case")
        .library("orders", DEPENDS)
        .file("packages/orders/src/lib.rs", "livecheck::case!(flow);\nfn broken() -> u8 { \"text\" }\n");
    let run = workspace.run(&["list"]);
    assert_eq!(run.code, Some(101), "{run}");
    assert!(
        run.stderr.contains("error[E0308]") && run.stderr.contains("packages/orders/src/lib.rs"),
        "{run}"
    );
    assert!(run.stderr.ends_with("error: `cargo build` failed with exit code 101\n"), "{run}");
    assert_eq!(run.stdout, "");
}

#[test]
fn a_dependency_that_does_not_resolve() {
    let workspace =
        Workspace::new("unresolvable").library("orders", &format!("{DEPENDS}inventory = \"99\"\n"));
    let run = workspace.run(&["list"]);
    assert_eq!(run.code, Some(101), "{run}");
    assert!(run.stderr.contains("inventory"), "cargo says what: {run}");
    assert!(run.stderr.ends_with("dependencies do not resolve\n"), "{run}");
}

#[test]
fn colour_is_for_terminals_and_for_those_who_ask() {
    let workspace = Workspace::empty("colour");
    let arguments = ["list", "--manifest-path", "elsewhere/Cargo.toml"];
    let plain = workspace.run(&arguments).stderr;
    let coloured = workspace.run(&[&["--color", "always"], &arguments[..]].concat()).stderr;
    assert!(!plain.contains('\u{1b}'), "{plain}");
    assert!(coloured.starts_with("\u{1b}[1m\u{1b}[31merror"), "{coloured:?}");
}
