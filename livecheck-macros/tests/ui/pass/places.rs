//! A case may stand wherever a function may that is no method.

#![deny(warnings)]

use livecheck::{Cases, Signal};

fn in_a_function() -> &'static str {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Local(u8);

    #[livecheck::case]
    async fn local(value: Local, #[signal] cached: Signal<Local>) -> livecheck::Result {
        assert_eq!(value.0, cached.wait().await?.0);
        Ok(())
    }

    let _ = local::trigger(Local(1));
    local::cached.send(&Local(1));
    local::CASE.name
}

mod private {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Hidden(u8);

    #[livecheck::case]
    async fn hidden(value: Hidden) {
        assert_eq!(value.0, 1);
    }

    #[livecheck::case]
    pub(super) async fn to_its_parent() {
        let _ = hidden::trigger(Hidden(1));
    }

    pub(crate) mod deeper {
        #[livecheck::case]
        pub(in crate::private) async fn to_a_path() {}

        #[livecheck::case]
        pub(crate) async fn to_the_crate() {}
    }

    pub(crate) fn reaches() {
        let _ = deeper::to_a_path::trigger();
    }
}

struct Orders;

impl Orders {
    fn in_a_method() {
        #[livecheck::case]
        async fn inside() {}

        let _ = inside::trigger();
    }
}

macro_rules! case {
    ($(#[$attribute:meta])* $name:ident($argument:ident: $type:ty), $probability:literal, $timeout:expr) => {
        $(#[$attribute])*
        #[livecheck::case(probability = $probability)]
        async fn $name(
            $argument: $type,
            fixed: u8,
            #[signal(timeout = $timeout)] cached: Signal<$type>,
        ) -> livecheck::Result {
            assert_eq!($argument, cached.wait().await?);
            assert_eq!(fixed, 1);
            Ok(())
        }
    };
}

case!(
    /// Out of a macro.
    of_a_macro(side: Vec<u8>), 0.25, "5s"
);

fn main() {
    assert_eq!(in_a_function(), concat!(module_path!(), "::local"));
    private::reaches();
    let _ = (private::to_its_parent::trigger(), private::deeper::to_the_crate::trigger());
    Orders::in_a_method();
    let _ = of_a_macro::trigger([1], 1);
    assert_eq!(of_a_macro::CASE.settings.probability, 0.25);
    assert_eq!(of_a_macro::CASE.docs, "Out of a macro.");
    assert_eq!(Cases::linked().map(|cases| cases.len()), Ok(7));
}
