//! What the runner is started with, and how it ends.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use insta::assert_snapshot;

use crate::support::Workspace;

fn workspace(name: &str) -> Workspace {
    Workspace::new(name).library("orders", "[dependencies]\n{livecheck}\n")
}

#[test]
fn a_run_may_fall_back_to_the_embedded_broker() {
    let run = workspace("run").run(&["run", "--for", "10m", "flow"]);
    assert_snapshot!(run);
}

#[test]
fn arguments_of_a_trigger_arrive() {
    let run = workspace("trigger").run(&["trigger", "order_flow", "--id", "7", "--arg", "side=sell"]);
    assert_snapshot!(run.stdout);
}

#[test]
fn the_exit_code_is_that_of_the_runner() {
    let workspace = workspace("exit-code");
    for code in ["100", "4", "0"] {
        let run = workspace.finish(workspace.command("", &["run"]).env("STAND_IN_EXIT_CODE", code));
        assert_eq!(run.code, code.parse().ok(), "{run}");
    }
}

#[test]
fn the_configuration_file_of_a_workspace_elsewhere_is_named_to_the_runner() {
    let workspace = workspace("configuration").file(".config/livecheck.toml", "");
    let elsewhere = tempfile::tempdir().expect("can be made");
    let manifest = workspace.path("Cargo.toml").display().to_string();
    let mut command = workspace.command("", &["list", "--manifest-path", &manifest]);
    let run = workspace.finish(command.current_dir(elsewhere.path()));
    assert!(run.stdout.contains(" --config-file=[workspace]/.config/livecheck.toml\n"), "{run}");
    let named = workspace.finish(command.args(["--config-file", "other.toml"]));
    assert!(named.stdout.contains(" --config-file=other.toml\n"), "{named}");
    // In the workspace the runner finds the nearest one itself.
    let inside = workspace.run_in("packages/orders", &["list"]);
    assert!(!inside.stdout.contains("--config-file"), "{inside}");
}

#[test]
fn the_environment_is_the_runners_to_read() {
    let workspace = workspace("environment");
    let run =
        workspace.finish(workspace.command("", &["doctor"]).env("LIVECHECK_BOOTSTRAP_SERVERS", "kafka:9092"));
    assert!(!run.stdout.contains("bootstrap"), "{run}");
}

#[cfg(unix)]
#[test]
fn the_runner_takes_the_place_of_cargo_livecheck() {
    let workspace = workspace("replaced");
    let mut command = workspace.command("", &["run"]);
    let mut child = command
        .env("STAND_IN_WAIT", "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let stdout = BufReader::new(child.stdout.take().expect("is piped"));
    let waiting = stdout.lines().map_while(Result::ok).any(|line| line == "waiting");
    assert!(waiting, "the runner says that it waits");
    // Signals to the process that was started end the runner itself: there is no other.
    child.kill().expect("can be ended");
    let status = child.wait().expect("ends");
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9));
}
