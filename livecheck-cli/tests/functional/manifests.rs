//! Names, paths, profiles and patches: what of the user's manifests the runner's has.

use insta::assert_snapshot;

use crate::support::{ONE_CASE, Workspace, stand_in};

const DEPENDS: &str = "[dependencies]\n{livecheck}\n";

#[test]
fn names_with_hyphens_and_other_names_for_libraries_are_linked() {
    let workspace = Workspace::new("names")
        .library("order-flow", DEPENDS)
        .library("payments", &format!("{DEPENDS}[lib]\nname = \"pay\"\n"))
        .library("test", DEPENDS);
    let run = workspace.run(&["list"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run}");
    for case in ["order_flow::flow", "pay::flow", "test::flow"] {
        assert!(run.stdout.contains(case), "{run}");
    }
}

#[test]
fn libraries_of_one_name_are_all_linked() {
    let workspace = Workspace::new("one-name")
        .library("aaa", &format!("{DEPENDS}[lib]\nname = \"orders\"\n"))
        .file("packages/aaa/src/lib.rs", "livecheck::case!(first);\n")
        .library("orders", DEPENDS);
    let run = workspace.run(&["list"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run}");
    assert!(run.stdout.contains("orders::first") && run.stdout.contains("orders::flow"), "{run}");
}

#[test]
fn a_renamed_dependency_is_found() {
    let renamed = stand_in().replacen("livecheck = {", "probes = { package = \"livecheck\",", 1);
    let workspace = Workspace::new("renamed")
        .library("orders", &format!("[dependencies]\n{renamed}\n"))
        .file("packages/orders/src/lib.rs", &ONE_CASE.replace("livecheck", "probes"));
    let run = workspace.run(&["list"]);
    assert!(run.stdout.contains("case: orders::flow"), "{run}");
}

#[test]
fn panics_unwind_whatever_the_profiles_say() {
    let workspace = Workspace::new("panic-abort")
        .file(
            "Cargo.toml",
            "[workspace]\nmembers = [\"packages/*\"]\nresolver = \"3\"\n\n[profile.dev]\npanic = \"abort\"\n\n\
             [profile.fast]\ninherits = \"release\"\npanic = \"abort\"\n",
        )
        .file(".cargo/config.toml", "[profile.release]\npanic = \"abort\"\n")
        .library("orders", DEPENDS);
    // The generated program refuses to be compiled otherwise.
    for profile in [&["list"][..], &["list", "--release"], &["list", "--cargo-profile", "fast"]] {
        let run = workspace.run(profile);
        assert_eq!(run.code, Some(0), "{run}");
    }
}

#[test]
fn a_compiler_flag_that_aborts_on_panics_is_refused() {
    let workspace = Workspace::new("panic-flag").library("orders", DEPENDS);
    let run = workspace.finish(workspace.command("", &["list"]).env("RUSTFLAGS", "-Cpanic=abort"));
    assert_eq!(run.code, Some(101), "{run}");
    assert!(run.stderr.contains("panics must unwind"), "{run}");
}

#[test]
fn a_patched_livecheck_is_the_one_that_is_linked() {
    let workspace = Workspace::new("patched")
        .file(
            "Cargo.toml",
            &format!(
                "[workspace]\nmembers = [\"packages/*\"]\nresolver = \"3\"\n\n[patch.crates-io]\n{}\nunused = {{ path = \"unused\" }}\n",
                stand_in()
            ),
        )
        .file("unused/Cargo.toml", "[package]\nname = \"unused\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\n[workspace]\n")
        .file("unused/src/lib.rs", "")
        .library("orders", "[dependencies]\nlivecheck = \"0.1\"\n");
    let run = workspace.run(&["list"]);
    assert!(run.stdout.contains("case: orders::flow"), "{run}");
    // The user's own builds warn of the patch that nothing uses; the runner's do not do so again and again.
    let again = workspace.run(&["list"]);
    assert_eq!((again.code, again.stderr.as_str()), (Some(0), ""), "{again}");
}

#[test]
fn the_generated_package_is_for_people_to_read() {
    let workspace = Workspace::new("generated")
        .file(
            "Cargo.toml",
            "[workspace]\nmembers = [\"packages/*\"]\nresolver = \"2\"\n\n[profile.dev]\ndebug = \"line-tables-only\"\npanic = \"abort\"\n\n\
             [profile.dev.package.\"*\"]\ndebug = false\nopt-level = 2\n\n[profile.dev.package.elsewhere]\nopt-level = 3\n",
        )
        .library("order-flow", &format!("{DEPENDS}[features]\nslow = []\n"))
        .library("payments", &format!("{DEPENDS}[lib]\nname = \"pay\"\n"));
    let run = workspace.finish(
        workspace.command("", &["list", "-F", "slow"]).env("CARGO_TARGET_DIR", workspace.path("target")),
    );
    assert_eq!(run.code, Some(0), "{run}");
    let checkout = stand_in();
    let stand_in = checkout.split('"').nth(1).expect("has a path");
    let root = workspace.path("").display().to_string();
    let redacted = |text: String| {
        text.replace(stand_in, "[stand-in]").replace(root.trim_end_matches('/'), "[workspace]")
    };
    assert_snapshot!(redacted(workspace.read("target/livecheck/runner/Cargo.toml")));
    assert_snapshot!(redacted(workspace.read("target/livecheck/runner/src/main.rs")));
}
