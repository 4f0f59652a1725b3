//! Settings at run time: of which requests a case is triggered, changed without a restart.
//!
//! What holds of a case is what its code says, under what the profile of the configuration says, under what somebody has
//! set while services and runners run. The last stands on a small compacted topic, `livecheck-control`, that every
//! process with a client follows:
//!
//! ```text
//!  cargo livecheck set ──▶ topic `livecheck-control` ──▶ a thread in each service and runner ──▶ maybe_trigger
//!                          the latest of each setting     Controls, Profile ─▶ Sampling            an atomic
//! ```
//!
//! | module | subject |
//! |---|---|
//! | `plan` | what a setting is to be, from when and until when |
//! | `controls` | what stands on the topic |
//! | `profile` | what the configuration and the variables of a service say |
//! | `sampling` | the heart: what holds of a case at a moment, by those and its code |
//! | `live` | what holds in this process now |
//! | `follower` | the thread |

mod controls;
#[cfg(feature = "kafka")]
mod follower;
mod live;
mod plan;
mod probability;
mod profile;
mod sampling;

pub use controls::{Control, Controls, Setting, key};
#[cfg(feature = "kafka")]
pub(crate) use follower::follow;
pub(crate) use live::{added, share};
pub use live::{apply_controls, apply_profile, is_active, sampling};
pub use plan::{Plan, Step};
pub use probability::{NoProbability, Probability};
pub use profile::{CaseProfile, NoValue, Profile};
pub use sampling::{Effective, Origin, Sampling};
