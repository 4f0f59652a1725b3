//! Uptests are found once they are linked, and do what they say.

use std::time::Duration;

use livecheck::{Target, Uptest};

/// It answers.
#[livecheck::uptest(proc = "web", timeout = "5s")]
async fn answers(target: Target) -> livecheck::Result {
    assert_eq!(target.port(), 80, "the port");
    Ok(())
}

mod inner {
    #[livecheck_macros::uptest(proc = "worker")]
    pub(crate) async fn r#match(_: livecheck::Target) {}
}

#[test]
fn what_the_attribute_says_is_registered() {
    let uptests = Uptest::linked();
    let shown: Vec<_> = uptests.iter().map(|uptest| (uptest.name, uptest.proc, uptest.timeout)).collect();
    assert_eq!(
        shown,
        [("uptest::answers", "web", Some(Duration::from_secs(5))), ("uptest::inner::match", "worker", None),]
    );
    assert_eq!(uptests[0].docs, "It answers.");
    let line = include_str!("uptest.rs").lines().nth(uptests[0].location.line as usize - 1);
    assert_eq!(line, Some("async fn answers(target: Target) -> livecheck::Result {"));
}

#[tokio::test]
async fn the_function_is_called_with_the_instance() {
    let uptest = Uptest::linked()[0];
    assert!((uptest.run)("[::1]:80".parse().expect("a target")).await.is_ok());
    let panicked = tokio::spawn((uptest.run)("[::1]:81".parse().expect("a target"))).await;
    assert!(panicked.expect_err("the port is another").is_panic());
    // It stays the function that it is.
    inner::r#match("a:1".parse().expect("a target")).await;
}
