//! Whatever the scope calls `core`, `Box` or `livecheck`, and wherever the façade is.

mod deep {
    pub(crate) mod facade {
        pub(crate) use ::livecheck as renamed;
    }
}

mod shadows {
    pub(crate) mod core {}
    pub(crate) mod std {}
    pub(crate) mod livecheck {}
    pub(crate) struct Box;
    pub(crate) struct Option;
    pub(crate) struct Result;
    pub(crate) enum Nothing {
        None,
        Some,
        Ok,
        Err,
    }
    pub(crate) trait Outcome {
        fn into_result(self) -> u8;
    }
    impl<T> Outcome for T {
        fn into_result(self) -> u8 {
            1
        }
    }
}

#[allow(unused_imports)]
use shadows::{Nothing::*, *};

use deep::facade::renamed::Signal;

#[::livecheck::case(name = "shadowed", frequency = "1m")]
async fn order_flow(side: u8, #[signal(timeout = 5)] cached: Signal<u8>) -> ::livecheck::Result {
    assert_eq!(side, cached.wait().await?);
    ::core::result::Result::Ok(())
}

#[::livecheck::case(crate = deep::facade::renamed)]
async fn renamed(side: u8, #[signal] cached: Signal) {
    let _ = (side, cached);
}

fn main() {
    assert_eq!(order_flow::CASE.name, "shadowed");
    let _ = (order_flow::trigger(1), renamed::maybe_trigger(1));
}
