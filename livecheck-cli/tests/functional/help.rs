//! The help texts.

use insta::assert_snapshot;

use crate::support::Workspace;

#[test]
fn help_lists_the_commands() {
    let workspace = Workspace::empty("help");
    assert_snapshot!(workspace.run(&["--help"]).stdout);
}

#[test]
fn help_of_run_has_the_runners_options_and_cargos() {
    let workspace = Workspace::empty("help-run");
    assert_snapshot!(workspace.run(&["run", "--help"]).stdout);
}

#[test]
fn help_of_build_has_no_options_of_a_run() {
    let workspace = Workspace::empty("help-build");
    assert_snapshot!(workspace.run(&["build", "-h"]).stdout);
}

#[test]
fn help_of_broker_tells_all_faults() {
    let workspace = Workspace::empty("help-broker");
    assert_snapshot!(workspace.run(&["broker", "--help"]).stdout);
}

#[test]
fn a_misspelt_option_is_a_usage_error() {
    let workspace = Workspace::empty("usage");
    let run = workspace.run(&["run", "--bootstrap-server", "a"]);
    assert_eq!(run.code, Some(2), "{run}");
    assert!(run.stderr.contains("--bootstrap-servers"), "{run}");
}
