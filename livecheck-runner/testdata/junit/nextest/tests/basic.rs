//! One test for each way in which a test can end.

#[test]
fn order_is_stored() {}

#[test]
fn order_keeps_its_side() {
    eprintln!("what it wrote, with \u{1b}[31mcolour\u{1b}[0m");
    assert_eq!("Sell", "Buy", "the side <changed> & \"more\"");
}

/// Fails once: nextest says which attempt it is.
#[test]
fn order_is_cached() {
    let attempt = std::env::var("NEXTEST_ATTEMPT").expect("nextest says so");
    assert_ne!(attempt, "1", "the cache is empty");
}

#[test]
fn order_crashes() {
    std::process::abort();
}

#[test]
fn order_hangs() {
    std::thread::sleep(std::time::Duration::from_secs(3_600));
}

#[test]
#[ignore = "there is no sandbox"]
fn order_is_paid() {}
