//! Other attributes stay where they are, and `#[cfg]` goes for all that is generated.

#![deny(warnings)]

use livecheck::{Cases, Signal};

#[livecheck::case]
#[cfg(any())]
async fn absent(side: TypeThatIsNot) {}

#[cfg(any())]
#[livecheck::case]
async fn absent_too(side: TypeThatIsNot) {}

#[livecheck::case]
#[cfg(all())]
#[deprecated(note = "see `order_flow`")]
async fn present(#[allow(unused_variables)] side: u8, #[signal] _cached: Signal) {}

mod absent {}

fn main() {
    let cases = Cases::linked().expect("the names differ");
    assert_eq!(cases.iter().map(|case| case.name).collect::<Vec<_>>(), [present::CASE.name]);
    let _ = absent_too::EXISTS;
}

mod absent_too {
    pub(crate) const EXISTS: bool = false;
}
