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
        &["uptest", "web", "10.0.0.1", "80", "--exec", "docker exec {container}"],
        &["uptest", "web", "10.0.0.1", "80", "--env", "=1"],
        &["uptest", "web", "10.0.0.1", "80", "--timeout", "soon"],
        &["uptest", "web", "10.0.0.1", "80", "--reports"],
        &["uptest"],
    ];
    let said: Vec<String> = refused
        .map(|arguments| {
            let run = run_in(&project, arguments);
            format!("{}\n{} {}", arguments.join(" "), run.code.unwrap_or_default(), run.stderr)
        })
        .into();
    assert_snapshot!(said.join("\n"));
}

/// The root of the uptests that behave badly.
fn bad_input() -> String {
    checkout().join("livecheck-uptest/testdata/bad-input").display().to_string()
}

#[test]
fn what_leaves_its_process_group_is_ended_with_the_run() {
    let project = tempfile::tempdir().expect("can be made");
    let run = run_in(&project, &["uptest", "escapes", "10.0.0.1", "8000", "--root", &bad_input()]);
    assert_eq!(run.code, Some(0), "{run}");
    let said = run.stderr.lines().find(|line| line.contains("groups of its own")).expect("it is said");
    let ids: Vec<&str> = said.split(['(', ')']).skip(1).step_by(2).collect();
    assert!(!ids.is_empty(), "{said}");
    for id in ids {
        // In a container nobody may have waited for it.
        let status = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        assert!(status.is_empty() || status.contains(") Z "), "{status}");
    }
}

#[test]
fn a_gigabyte_of_output_needs_no_gigabyte_of_memory() {
    let project = tempfile::tempdir().expect("can be made");
    let mut command = std::process::Command::new("sh");
    // In KiB: less than what is printed.
    command.args(["-c", "ulimit -v 800000; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_cargo-livecheck")]);
    command.args([
        "livecheck",
        "uptest",
        "prints",
        "10.0.0.1",
        "8000",
        "--format",
        "json",
        "--root",
        &bad_input(),
    ]);
    let run = Workspace::empty("gigabyte").finish(command.current_dir(project.path()));
    assert_eq!(run.code, Some(100), "{}", run.stderr);
    assert!(run.stdout.contains(r#""bytes_not_kept":999475726"#));
    assert!(run.stdout.len() < 2_000_000, "{} bytes", run.stdout.len());
}

#[test]
fn ctrl_c_ends_what_runs_and_starts_nothing_more() {
    use std::io::{BufRead, BufReader, Read};

    let arguments = ["uptest", "hangs", "10.0.0.1", "8000", "--root", &bad_input()];
    let mut command = Workspace::empty("ctrl-c").command("", &arguments);
    let mut child = command.stderr(std::process::Stdio::piped()).spawn().expect("it starts");
    let mut stderr = BufReader::new(child.stderr.take().expect("is piped"));
    let mut said = String::new();
    while !said.contains("Starting") {
        assert_ne!(stderr.read_line(&mut said).expect("is text"), 0, "{said}");
    }
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT)
        .expect("it runs");
    stderr.read_to_string(&mut said).expect("is text");
    assert_eq!(child.wait().expect("it ends").code(), Some(100), "{said}");
    assert!(said.contains("STOPPED") && said.contains("2 not run to the end"), "{said}");
}

#[test]
fn all_instances_of_a_file_are_asked() {
    let project = tempfile::tempdir().expect("can be made");
    let folder = project.path().join("uptests");
    std::fs::create_dir(&folder).expect("can be made");
    let web = checkout().join("livecheck-uptest/testdata/velociraptor/passes/uptests/web");
    symlink(web, folder.join("web")).expect("can be linked");
    std::fs::write(folder.join("instances"), "# green\nweb: 10.0.0.1:8000 [::1]:8000\n")
        .expect("can be written");
    let run = run_in(&project, &["uptest", "--all", "web=web-3:8000", "--jobs", "1"]);
    assert_run("all_instances", &run);

    std::fs::write(project.path().join("blue"), "web: 10.0.0.1\n").expect("can be written");
    let run = run_in(&project, &["uptest", "--all=blue"]);
    assert_eq!(run.code, Some(2), "{run}");
    assert!(run.stderr.starts_with("error: line 1 of blue: `10.0.0.1` has no port"), "{run}");
}

#[test]
fn more_or_less_is_said_where_that_is_asked_for() {
    let project = project("fails");
    assert_run("verbose", &run_in(&project, &["uptest", "web", "10.0.0.1", "8000", "-v"]));
    assert_run("quiet", &run_in(&project, &["uptest", "web", "10.0.0.1", "8000", "-q"]));
}
