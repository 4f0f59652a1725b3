//! `cargo livecheck build`, and where things are built.

use std::process::Command;

use insta::assert_snapshot;

use crate::support::Workspace;

const DEPENDS: &str = "[dependencies]\n{livecheck}\n";

#[test]
fn a_built_runner_runs_alone() {
    let workspace = Workspace::new("build").library("orders", DEPENDS).library("payments", DEPENDS);
    let built = workspace.run(&["build", "-o", "ship/runner"]);
    assert_snapshot!(built);
    let mut runner = Command::new(workspace.path("ship/runner"));
    assert_snapshot!(workspace.finish(runner.arg("list").current_dir("/")));
}

#[test]
fn a_built_runner_goes_into_a_folder() {
    let workspace = Workspace::new("build-into").library("orders", DEPENDS).file("ship/README", "");
    for (folder, expected) in [("ship", "ship/"), ("new/", "new/")] {
        let built = workspace.run(&["build", "-o", folder, "--cargo-profile", "dev"]);
        assert_eq!(built.stdout, format!("{expected}livecheck-runner\n"), "{built}");
    }
}

#[test]
fn a_path_that_cannot_be_written_to_is_an_error() {
    let workspace = Workspace::new("build-nowhere").library("orders", DEPENDS).file("ship", "");
    let built = workspace.run(&["build", "-o", "ship/runner", "--cargo-profile", "dev"]);
    assert_eq!(built.code, Some(96), "{built}");
    assert!(built.stderr.contains("error: `ship/runner` could not be written"), "{built}");
}

#[test]
fn without_a_path_the_program_stays_where_cargo_built_it() {
    let workspace = Workspace::new("build-there").library("orders", DEPENDS);
    let built = workspace.run(&["build"]);
    assert_eq!(built.stdout, "[target]/release/livecheck-runner-[hash]\n", "{built}");
}

#[test]
fn parts_of_a_workspace_do_not_build_one_another_again() {
    let workspace = Workspace::new("parts").library("orders", DEPENDS).library("payments", DEPENDS);
    for arguments in [&["list"][..], &["list", "-p", "orders"]] {
        assert_eq!(workspace.run(arguments).code, Some(0));
    }
    for arguments in [&["list"][..], &["list", "-p", "orders"]] {
        let again = workspace.run(arguments);
        assert_eq!(again.compiled, Vec::<String>::new(), "{again}");
    }
}

#[test]
fn the_target_directory_may_be_named() {
    let workspace = Workspace::new("target-dir").library("orders", DEPENDS);
    let run = workspace.run_in("packages", &["list", "--target-dir", "built"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(workspace.path("packages/built/livecheck/runner/Cargo.toml").exists());
}

#[test]
fn cargos_configuration_in_the_users_folder_applies() {
    let workspace = Workspace::new("configured")
        .file(".cargo/config.toml", "[build]\nrustflags = [\"--cfg\", \"configured\"]\n")
        .library("orders", DEPENDS)
        .file(
            "packages/orders/src/lib.rs",
            "#![allow(unexpected_cfgs)]\n#[cfg(configured)]\nlivecheck::case!(flow);\n",
        );
    let run = workspace.run(&["list"]);
    assert!(run.stdout.contains("case: orders::flow"), "{run}");
}
