//! A short run of the faults that CONTRIBUTING.md has by the hour.

use std::path::Path;
use std::process::Command;

use livecheck_tests::kafka::Kafka;
use livecheck_tests::runner::clean_command;

#[test]
fn whatever_is_killed_stopped_and_cut_off_every_execution_has_one_report_and_the_right_one() {
    let mut command = clean_command("faults");
    command.args(["--rounds", "1", "--length", "15"]);
    if Kafka::shared().is_real() {
        // The other tests need it alive.
        command.args(["--broker", Kafka::shared().servers()]);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1500 executions: lost 0, duplicated 0, wrong 0"), "{said}");
}

#[test]
fn every_bug_that_is_planted_to_show_that_tests_fail_fits_the_sources() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let planted = root.join("tests/planted").read_dir().unwrap().map(|entry| entry.unwrap().path());
    let patches: Vec<_> = planted.collect();
    assert!(patches.len() > 5, "{patches:?}");
    for patch in patches {
        let checked =
            Command::new("git").current_dir(root).args(["apply", "--check"]).arg(&patch).output().unwrap();
        let said = String::from_utf8_lossy(&checked.stderr);
        assert!(checked.status.success(), "{}: plant it anew\n{said}", patch.display());
    }
}
