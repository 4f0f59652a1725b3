#![doc = include_str!("docs/tutorial.md")]
// What a feature adds has no page where the feature is off.
#![cfg_attr(feature = "kafka", doc = "[install]: Client::install_from_env()")]
#![cfg_attr(feature = "kafka", doc = "[kafka]: context::InTestRecord\n[extract]: context::kafka::extract()")]
#![cfg_attr(feature = "reqwest", doc = "[reqwest]: context::InTestRequest")]
#![cfg_attr(feature = "tower", doc = "[tower]: context::TestLayer")]
#![cfg_attr(not(feature = "kafka"), doc = "[install]: #features\n[kafka]: #features\n[extract]: #features")]
#![cfg_attr(not(feature = "reqwest"), doc = "[reqwest]: #features")]
#![cfg_attr(not(feature = "tower"), doc = "[tower]: #features")]

mod runner_main;

pub use livecheck_core::*;
pub use livecheck_macros::*;

/// The program that `cargo livecheck` builds.
#[cfg(feature = "runner")]
pub use livecheck_runner as runner;

/// Guides beyond the tutorial on the front page.
pub mod guide {
    #[doc = include_str!("docs/alerts.md")]
    pub mod alerts {}
    #[doc = include_str!("docs/coming-from-faust.md")]
    pub mod coming_from_faust {}
    #[doc = include_str!("docs/metrics.md")]
    pub mod metrics {}
    #[doc = include_str!("docs/page.md")]
    pub mod page {}
    #[doc = include_str!("docs/schedules.md")]
    pub mod schedules {}
    #[doc = include_str!("docs/store.md")]
    pub mod store {}
    #[doc = include_str!("docs/failures.md")]
    pub mod failures {}
    #[doc = include_str!("docs/uptests.md")]
    pub mod uptests {}
}
