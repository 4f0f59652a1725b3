//! A program with a `main` of its own, `livecheck::main!`, that makes cases when it starts.

use livecheck_tests::own_topics::OwnTopics;
use livecheck_tests::runner::RunnerCommand;

fn regions(topics: &OwnTopics) -> RunnerCommand {
    RunnerCommand::on(topics).program("regions-runner").variable("TESTS_REGIONS", "eu,us")
}

#[test]
fn cases_that_are_made_at_the_start_are_listed_triggered_and_executed() {
    let topics = OwnTopics::named("own-main");
    let list = regions(&topics).arguments("list").output();
    assert_eq!(list.code, Some(0), "{}", list.stderr);
    for case in ["refunds::eu", "refunds::us"] {
        assert!(list.stdout.contains(case), "{}", list.stdout);
    }
    let runner = regions(&topics).arguments("run --max-executions 1").start_ready();
    let triggered = regions(&topics).arguments("trigger refunds::us --arg amount=3").output();
    assert_eq!(triggered.code, Some(0), "{}", triggered.stderr);
    let ended = runner.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("refunds::us"), "{}", ended.stderr);
}

#[test]
fn where_the_start_fails_nothing_is_run() {
    let ended = RunnerCommand::without_topics().program("regions-runner").arguments("run").output();
    assert_eq!(ended.code, Some(96), "{}", ended.stderr);
    assert_eq!(
        ended.stderr,
        "error: what this program does before it begins has failed\n  caused by: no regions are listed\n  \
         caused by: environment variable not found\n"
    );
}
