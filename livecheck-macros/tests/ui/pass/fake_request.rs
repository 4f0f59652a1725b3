//! A fake request may stand in another module than its case, and returns what a case may.

mod cases {
    #[livecheck::case(frequency = "1m")]
    pub(crate) async fn order_flow() {}
}

#[livecheck::fake_request(cases::order_flow)]
async fn fails() -> livecheck::Result {
    cases::order_flow::trigger().send();
    Ok(())
}

#[livecheck::fake_request(crate::cases::order_flow)]
async fn never_fails() {}

fn main() {
    let linked = livecheck::fake_request::FakeRequest::linked();
    let ours = linked.filter(|request| std::ptr::eq(request.case, cases::order_flow::CASE));
    assert_eq!(ours.count(), 2);
    let _ = (fails(), never_fails());
}
