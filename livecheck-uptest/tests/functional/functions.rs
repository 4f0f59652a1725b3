//! Uptests in Rust, which run behind the executables of their process.

use std::time::Duration;

use livecheck_core::anyhow::anyhow;
use livecheck_core::case::Location;
use livecheck_core::uptest::Checking;
use livecheck_core::{Target, Uptest};
use livecheck_uptest::Verdict;

use crate::rig::{assert_terminal, settings, testdata, uptest_with};

const LOCATION: Location = Location { package: "orders", file: "src/uptests.rs", line: 1 };

const fn of_web(name: &'static str, run: fn(Target) -> Checking) -> Uptest {
    Uptest { name, proc: "web", docs: "", location: LOCATION, timeout: None, run }
}

static ANSWERS: Uptest = of_web("orders::answers", |target| {
    Box::pin(async move {
        assert_eq!(target.to_string(), "10.0.0.1:8000");
        Ok(())
    })
});
static BREAKS: Uptest = of_web("orders::breaks", |target| {
    // Also what panics before it first waits.
    assert_eq!(target.port(), 9, "the port");
    Box::pin(async { Ok(()) })
});
static CANNOT_TELL: Uptest = of_web("orders::cannot_tell", |_| {
    Box::pin(async { Err(anyhow!("connection refused").context("asking the database")) })
});
static DOES_NOT_APPLY: Uptest = of_web("orders::does_not_apply", |_| {
    Box::pin(async { livecheck_core::skip("there is no database here") })
});
static HANGS: Uptest = Uptest {
    timeout: Some(Duration::from_millis(50)),
    ..of_web("orders::hangs", |_| Box::pin(std::future::pending()))
};
static OF_ANOTHER: Uptest = Uptest { proc: "worker", ..of_web("orders::of_another", |_| unreachable!()) };

#[tokio::test]
async fn each_way_to_end_is_shown_and_a_function_of_another_process_is_not_asked() {
    let functions = [&ANSWERS, &BREAKS, &CANNOT_TELL, &DOES_NOT_APPLY, &HANGS, &OF_ANOTHER];
    let settings = settings(&testdata("velociraptor/passes"), Duration::from_secs(60));
    let ran = uptest_with(&["web=10.0.0.1:8000"], &settings, &functions).await;
    assert_eq!(ran.verdict, Verdict::Failed);
    assert_terminal!(ran);
}

#[tokio::test]
async fn what_checks_nothing_opens_no_gate() {
    let settings = settings(&testdata("velociraptor/only-hidden"), Duration::from_secs(60));
    let ran = uptest_with(&["web=10.0.0.1:8000"], &settings, &[&DOES_NOT_APPLY]).await;
    assert_eq!(ran.verdict, Verdict::NothingFound);
    let ran = uptest_with(&["web=10.0.0.1:8000"], &settings, &[&DOES_NOT_APPLY, &ANSWERS]).await;
    assert_eq!(ran.verdict, Verdict::Passed);
}
