//! A short run of the faults that CONTRIBUTING.md has by the hour.

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
