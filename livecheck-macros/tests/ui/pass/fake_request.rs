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

mod facade {
    pub(crate) use ::livecheck as renamed;
}

mod without_a_crate_of_that_name {
    // What is generated must not look here.
    mod livecheck {}

    #[::livecheck::fake_request(crate::cases::order_flow, crate = crate::facade::renamed)]
    async fn by_another_name() {}
}

fn main() {
    let linked = livecheck::fake_request::FakeRequest::linked();
    let ours = linked.filter(|request| std::ptr::eq(request.case, cases::order_flow::CASE));
    assert_eq!(ours.count(), 3);
    let _ = (fails(), never_fails());
}
