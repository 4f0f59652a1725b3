//! Uptests that behave badly: a clear result for each, in bounded memory and time, and nothing left behind.

use std::time::{Duration, Instant};

use livecheck_uptest::Ending;
use livecheck_uptest::outcome::End;

use crate::rig::{assert_terminal, settings, testdata, uptest};

const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(120);

#[tokio::test]
async fn one_that_hangs_is_ended_with_all_that_it_has_started() {
    let ran = uptest(&["hangs=10.0.0.1:8000"], &settings(&testdata("bad-input"), SHORT)).await;
    assert!(matches!(ran.result("hangs").outcome.ending, Ending::TimedOut { end: End::Asked, .. }));
    assert!(matches!(ran.result("will-not-end").outcome.ending, Ending::TimedOut { end: End::Killed, .. }));
    assert_terminal!(ran);
}

#[tokio::test]
async fn what_one_leaves_behind_is_ended_and_said() {
    let began = Instant::now();
    let ran = uptest(&["leaves=10.0.0.1:8000"], &settings(&testdata("bad-input"), LONG)).await;
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    assert_terminal!(ran);
}

#[tokio::test]
async fn of_a_gigabyte_the_beginning_and_the_end_are_kept_and_no_output_moves_the_cursor() {
    let ran = uptest(&["prints=10.0.0.1:8000"], &settings(&testdata("bad-input"), LONG)).await;
    let output = &ran.result("a-gigabyte").outcome.output;
    assert_eq!(output.cut(), 1_000_000_000 + 14 - 512 * 1024);
    assert!(output.text().starts_with("beginning\n") && output.text().ends_with("end\n"));
    assert_terminal!(ran);
}

#[tokio::test]
async fn one_that_prints_without_end_is_ended_in_time() {
    let ran = uptest(&["endless=10.0.0.1:8000"], &settings(&testdata("bad-input"), SHORT)).await;
    let outcome = &ran.result("yes").outcome;
    assert!(matches!(outcome.ending, Ending::TimedOut { end: End::Asked, .. }), "{:?}", outcome.ending);
    assert!(outcome.elapsed < Duration::from_secs(30), "{:?}", outcome.elapsed);
}
