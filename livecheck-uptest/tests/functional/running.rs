//! In which order and how often uptests run, and with what.

use std::path::Path;
use std::time::Duration;

use livecheck_uptest::environment::Prefix;
use livecheck_uptest::outcome::Limit;
use livecheck_uptest::run::Settings;
use livecheck_uptest::{Ending, Verdict, json, junit};

use crate::rig::{assert_terminal, settings, testdata, uptest};

const LONG: Duration = Duration::from_secs(60);

/// Settings for the uptests that keep something in `scratch`.
fn with_scratch(scratch: &Path) -> Settings {
    let mut settings = settings(&testdata("projects"), LONG);
    let scratch = scratch.to_str().expect("a Unicode path").to_owned();
    settings.environment.variables.push(("SCRATCH".to_owned(), scratch));
    settings
}

#[tokio::test]
async fn what_fails_is_tried_again_until_the_instance_is_ready() {
    let scratch = tempfile::tempdir().expect("a folder");
    let mut settings = with_scratch(scratch.path());
    settings.retry_for = LONG;
    let ran = uptest(&["starting=10.0.0.1:8000"], &settings).await;
    assert_eq!(ran.result("becomes-ready").tries, 3);
    assert_terminal!(ran);
}

#[tokio::test]
async fn what_is_not_ready_in_time_has_failed() {
    let scratch = tempfile::tempdir().expect("a folder");
    let mut settings = with_scratch(scratch.path());
    settings.retry_for = Duration::from_millis(1);
    let ran = uptest(&["starting=10.0.0.1:8000"], &settings).await;
    assert_eq!(ran.result("becomes-ready").tries, 1);
    assert_eq!(ran.result("becomes-ready").outcome.ending, Ending::Exited(1));
}

#[tokio::test]
async fn instances_are_asked_side_by_side_and_the_uptests_of_each_one_after_another() {
    let scratch = tempfile::tempdir().expect("a folder");
    let ran = uptest(&["meeting=a:8001", "meeting=a:8002"], &with_scratch(scratch.path())).await;
    assert!(ran.results.iter().all(|result| result.outcome.ending.is_pass()), "{}", ran.terminal);
    let order: Vec<_> =
        ran.results.iter().map(|result| (result.instance.target.port(), result.check.name())).collect();
    let [first, second] = ["1-waits-for-the-other", "2-comes-after-it"];
    assert_eq!(
        order,
        [(8001, first.into()), (8001, second.into()), (8002, first.into()), (8002, second.into())],
        "results are in the order in which instances were named"
    );
}

#[tokio::test]
async fn when_the_time_of_the_run_is_over_nothing_more_is_started() {
    let mut settings = settings(&testdata("bad-input"), LONG);
    settings.total_timeout = Some(Duration::from_millis(300));
    let ran = uptest(&["hangs=10.0.0.1:8000"], &settings).await;
    let ending = |name| &ran.result(name).outcome.ending;
    assert!(matches!(ending("hangs"), Ending::TimedOut { limit: Limit::Run, .. }));
    assert_eq!(ending("will-not-end"), &Ending::Stopped(Limit::Run));
    assert_terminal!(ran);
}

#[tokio::test]
async fn executables_find_the_variables_that_are_meant_for_them() {
    let mut settings = settings(&testdata("projects"), LONG);
    let environment = &mut settings.environment;
    environment.variables = vec![("GIVEN".to_owned(), "one two".to_owned())];
    environment.clear = true;
    let words = ["environment=10.0.0.1:8000,zone=a"];
    let ran = uptest(&words, &settings).await;
    assert_eq!(ran.result("prints").outcome.output.text(), "GIVEN=one two HOME= ZONE=\n");

    // Behind a prefix they are set on its other side, and it has its own.
    settings.environment.exec = Some(Prefix::parse("env ZONE={zone} HOME=/there").expect("a command"));
    settings.environment.clear = false;
    let ran = uptest(&words, &settings).await;
    assert_eq!(ran.result("prints").outcome.output.text(), "GIVEN=one two HOME=/there ZONE=a\n");

    settings.environment.exec = Some(Prefix::parse("/no/such/docker exec {container}").expect("a command"));
    let ran =
        uptest(&["environment=10.0.0.1:8000", "environment=10.0.0.1:8001,container=c"], &settings).await;
    assert_terminal!(ran);
}

#[tokio::test]
async fn the_results_for_programs() {
    let settings = settings(&testdata("velociraptor/both-streams"), LONG);
    let ran = uptest(&["web=[::1]:8000,zone=a", "none=a:1"], &settings).await;
    let (plan, elapsed) = (&ran.plan, Duration::from_millis(1500));
    let json = json::render(plan, &ran.results, Verdict::Failed, elapsed).expect("it can be written");
    let pretty: serde_json::Value = serde_json::from_str(&json).expect("one object");
    let xml = junit::render(plan, &ran.results, false, elapsed).expect("it can be written");
    insta::with_settings!({
        filters => [
            (r#""elapsed": \d+\.\d+"#, r#""elapsed": 0.0"#),
            (r#"time="\d+\.\d+""#, r#"time="0.000""#),
            (r#""started": "[^"]+""#, r#""started": "INSTANT""#),
        ],
    }, {
        insta::assert_snapshot!("json", serde_json::to_string_pretty(&pretty).expect("JSON"));
        insta::assert_snapshot!("junit", xml);
    });
}
