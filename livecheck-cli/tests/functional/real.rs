//! The real livecheck: macros, runner and all. Its dependencies are those that the checkout has built already.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Run, Workspace, checkout};

/// With a case, as a user writes it.
const CASE: &str = r#"
/// An order keeps its side.
#[livecheck::case(probability = 0.5)]
pub async fn order_flow(side: String, #[signal] executed: livecheck::Signal<String>) -> livecheck::Result {
    assert_eq!(executed.wait().await?, side);
    Ok(())
}
"#;

/// A workspace with the checkout's lock file and profiles, so that it can use what was built there.
fn workspace(name: &str) -> Workspace {
    let manifest = fs::read_to_string(checkout().join("Cargo.toml")).expect("the checkout has a manifest");
    let profiles = manifest.find("[profile").map_or("", |start| &manifest[start..]);
    let lock = fs::read_to_string(checkout().join("Cargo.lock")).expect("the checkout has a lock file");
    Workspace::new(name)
        .file(
            "Cargo.toml",
            &format!("[workspace]\nmembers = [\"packages/*\"]\nresolver = \"3\"\n\n{profiles}"),
        )
        .file("Cargo.lock", &lock)
        // Or the runner would find the checkout's, which is above.
        .file(".config/livecheck.toml", "")
}

/// A library that depends on livecheck; its feature `runner` puts the runner's dependencies into the lock file.
fn library(workspace: Workspace, name: &str, text: &str) -> Workspace {
    let manifest = format!(
        "[dependencies]\nlivecheck = {{ path = \"{}\" }}\n\n[features]\nrunner = [\"livecheck/runner-allocator\"]\n",
        checkout().display()
    );
    workspace.package(name, &manifest).file(&format!("packages/{name}/src/lib.rs"), text)
}

fn command(workspace: &Workspace, arguments: &[&str]) -> Command {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("is in the target directory");
    let mut command = workspace.command("", arguments);
    command.env("CARGO_TARGET_DIR", target);
    // Of the runners that are tested at once, one could have the port.
    command.env("LIVECHECK_WEB_LISTEN", "off");
    command
}

fn run(workspace: &Workspace, arguments: &[&str]) -> Run {
    workspace.finish(&mut command(workspace, arguments))
}

#[test]
fn cases_are_listed() {
    let workspace = library(workspace("real-list"), "orders", CASE);
    let workspace = library(workspace, "payments", &CASE.replace("order_flow", "payment_flow"));
    let list = run(&workspace, &["list"]);
    assert_eq!((list.code, list.stderr.as_str()), (Some(0), ""), "{list}");
    assert!(list.stdout.contains("order_flow") && list.stdout.contains("payment_flow"), "{list}");

    let part = run(&workspace, &["list", "payment", "--message-format", "json", "--locked"]);
    assert_eq!((part.code, part.stderr.as_str()), (Some(0), ""), "{part}");
    assert!(part.stdout.starts_with('{') && !part.stdout.contains("order_flow"), "{part}");

    let again = run(&workspace, &["list"]);
    assert_eq!(again.compiled, Vec::<String>::new(), "{again}");
}

#[test]
fn a_case_that_the_macro_refuses_does_not_build() {
    let text = CASE.replace("probability = 0.5", "probability = 5");
    let list = run(&library(workspace("real-broken"), "orders", &text), &["list"]);
    assert_eq!(list.code, Some(101), "{list}");
    assert!(list.stderr.contains("packages/orders/src/lib.rs"), "{list}");
}

#[test]
fn no_case_at_all_says_what_was_searched() {
    let list = run(&library(workspace("real-none"), "orders", ""), &["list"]);
    assert_eq!(list.code, Some(4), "{list}");
    assert!(list.stderr.contains("orders"), "{list}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_run_with_a_summary() {
    let workspace = library(workspace("real-ctrl-c"), "orders", CASE);
    let mut child = command(&workspace, &["run"]).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(child.stderr.take().expect("is piped")).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("Following")), "it follows the embedded broker's topic");
    kill_process(Pid::from_child(&child), Signal::INT).expect("it runs");
    let rest: Vec<String> = lines.collect();
    assert!(rest.iter().any(|line| line.contains("Summary")), "{rest:#?}");
    assert_eq!(child.wait().expect("ends").code(), Some(0), "{rest:#?}");
}

#[test]
fn uptests_in_rust_run_behind_the_executables_and_what_they_panic_with_is_shown_once() {
    let text = r#"
        #[livecheck::uptest(proc = "web")]
        async fn answers(target: livecheck::Target) {
            assert_eq!(target.host(), "10.0.0.1");
        }

        #[livecheck::uptest(proc = "web")]
        async fn breaks(target: livecheck::Target) -> livecheck::Result {
            assert_eq!(target.port(), 9, "the port");
            Ok(())
        }
    "#;
    let workspace = library(workspace("real-uptest"), "orders", text);
    // A link to what is executable already: a file that is written here another test may hold open.
    let passes = checkout().join("livecheck-uptest/testdata/velociraptor/passes/uptests");
    std::os::unix::fs::symlink(passes, workspace.path("uptests")).expect("can be linked");

    let both = run(&workspace, &["uptest", "web", "10.0.0.1", "8000"]);
    let filters = [(r"\[ *\d+\.\d{3}s\]", "[   0.000s]")];
    insta::with_settings!({ filters => filters }, { insta::assert_snapshot!(both.to_string()) });

    let executables = run(&workspace, &["uptest", "web", "10.0.0.1", "8000", "--no-build"]);
    assert_eq!(executables.code, Some(0), "{executables}");
    assert!(executables.stderr.contains("2 uptests: 2 passed"), "{executables}");
}
