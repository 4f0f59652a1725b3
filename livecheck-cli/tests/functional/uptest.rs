//! Uptests in a folder without any Rust.

use std::os::unix::fs::symlink;

use insta::{assert_snapshot, with_settings};

use crate::support::{Run, Workspace, checkout};

/// A folder outside of any cargo project, with the uptests of one that Velociraptor's uptester was recorded with.
fn project(folder: &str) -> tempfile::TempDir {
    let project = tempfile::tempdir().expect("can be made");
    let recorded = checkout().join("livecheck-uptest/testdata/velociraptor").join(folder).join("uptests");
    symlink(recorded, project.path().join("uptests")).expect("can be linked");
    project
}

fn run_in(project: &tempfile::TempDir, arguments: &[&str]) -> Run {
    let workspace = Workspace::empty("uptest");
    workspace.finish(workspace.command("", arguments).current_dir(project.path()))
}

fn assert_run(name: &str, run: &Run) {
    with_settings!({ filters => [(r"\[ *\d+\.\d{3}s\]", "[   0.000s]")] }, {
        assert_snapshot!(name, run.to_string());
    });
}

#[test]
fn executables_are_run_and_nothing_is_built() {
    let run = run_in(&project("passes"), &["uptest", "web", "10.0.0.1", "8000"]);
    assert!(run.compiled.is_empty());
    assert_run("all_pass", &run);
}

#[test]
fn all_failures_are_shown() {
    let run = run_in(&project("fails"), &["uptest", "web=10.0.0.1:8000", "web=[::1]:8000", "--jobs", "1"]);
    assert_run("some_fail", &run);
}

#[test]
fn what_cannot_be_executed_is_explained() {
    let run = run_in(&project("not-executable"), &["uptest", "web", "10.0.0.1", "8000"]);
    assert_run("not_executable", &run);
    let run = run_in(&project("no-file"), &["uptest", "web", "10.0.0.1", "8000"]);
    assert_run("no_file", &run);
}

#[test]
fn no_uptests_are_a_failure_unless_they_may_be_none() {
    let project = project("only-hidden");
    let instances = ["uptest", "web=a:1", "worker=a:2"];
    assert_run("nothing_found", &run_in(&project, &instances));
    assert_run("nothing_allowed", &run_in(&project, &[&instances[..], &["--allow-empty"]].concat()));
}

#[test]
fn velociraptors_line_is_all_that_stands_on_standard_output() {
    let velociraptor =
        |folder| run_in(&project(folder), &["uptest", "web", "10.0.0.1", "8000", "--format", "velociraptor"]);
    let passes = velociraptor("passes");
    let recorded = checkout().join("livecheck-uptest/testdata/velociraptor/passes/expected");
    assert_eq!(passes.stdout, std::fs::read_to_string(recorded).expect("is recorded"));
    assert_eq!((passes.stderr.as_str(), passes.code), ("", Some(0)));
    assert_run("velociraptor_without_a_folder", &{
        let project = tempfile::tempdir().expect("can be made");
        run_in(&project, &["uptest", "web", "10.0.0.1", "8000", "--format", "velociraptor"])
    });
}

#[test]
fn what_names_no_instance_is_refused() {
    let project = project("passes");
    let refused = [
        &["uptest", "web", "10.0.0.1", "80000"][..],
        &["uptest", "web=10.0.0.256:80"],
        &["uptest", "web"],
        &["uptest", "../web", "10.0.0.1", "80"],
        &["uptest", "web", "10.0.0.1", "80", "--env-file", "none"],
        &["uptest", "web", "10.0.0.1", "80", "--root", "none"],
        &["uptest", "web", "10.0.0.1", "80", "--exec", "docker 'exec"],
    ];
    let said: Vec<String> = refused
        .map(|arguments| {
            let run = run_in(&project, arguments);
            format!("{}\n{} {}", arguments.join(" "), run.code.unwrap_or_default(), run.stderr)
        })
        .into();
    assert_snapshot!(said.join("\n"));
}
