//! What a runner finds wrong before it starts, and says with what to do about it.

use livecheck_tests::own_topics::OwnTopics;
use livecheck_tests::runner::RunnerCommand;

#[test]
fn brokers_that_do_not_answer_are_an_error_that_names_them() {
    // Port 9 is that of the discard service, which nobody runs.
    let ended = RunnerCommand::without_topics()
        .variable("LIVECHECK_BOOTSTRAP_SERVERS", "127.0.0.1:9")
        .arguments("run")
        .output();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(96), ""));
    assert!(ended.stderr.contains("error: no Kafka broker at 127.0.0.1:9 answered"), "{}", ended.stderr);
    assert!(ended.stderr.contains("= help: "), "{}", ended.stderr);
}

#[test]
fn two_cases_of_one_name_are_an_error_that_names_both() {
    for command in ["list", "run"] {
        let ended = RunnerCommand::without_topics().program("same-name-runner").arguments(command).output();
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(96), ""), "{command}: {}", ended.stderr);
        assert!(ended.stderr.contains("two cases are named `shop::parcel`"), "{}", ended.stderr);
        assert_eq!(ended.stderr.matches("tests/src/bin/same-name-runner.rs:").count(), 2, "{}", ended.stderr);
        assert!(ended.stderr.contains("name = "), "it says what to do: {}", ended.stderr);
    }
}

#[test]
fn a_configuration_that_is_wrong_exits_with_96() {
    let topics = OwnTopics::named("terminal");
    let ended =
        RunnerCommand::on(&topics).arguments("run").variable("LIVECHECK_COMMIT_INTERVAL", "soon").output();
    assert_eq!(ended.code, Some(96));
    assert!(ended.stderr.contains("LIVECHECK_COMMIT_INTERVAL"), "{}", ended.stderr);
}
