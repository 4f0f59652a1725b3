use livecheck::Signal;

#[livecheck::case]
async fn of_a_type<T>(side: T, #[signal] sent_to_db: Signal<T>) {
    let _ = (side, sent_to_db);
}

#[livecheck::case]
async fn of_a_lifetime<'a>(side: &'a str) {
    let _ = side;
}

#[livecheck::case]
async fn of_a_constant<const N: usize>(sides: [u8; N]) {
    let _ = sides;
}

#[livecheck::case]
async fn with_a_clause()
where
    u8: Copy,
{
}

#[livecheck::case]
async fn of_an_impl(side: impl Into<u8>, sides: Vec<impl Copy>) {
    let _ = (side, sides);
}

fn main() {
    let _ = of_a_type::trigger(1);
    let _ = of_an_impl::trigger(1, vec![2]);
}
