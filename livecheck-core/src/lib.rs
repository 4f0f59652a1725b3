//! What a service traced by LiveCheck links: cases, signals, the context that travels with a request, the
//! wire format, and the client that sends.
//!
//! Use it through the façade crate, `livecheck`, whose front page is a tutorial. This crate is the light
//! half: it executes nothing. The parts, in the order in which a test meets them:
//!
//! | module | subject |
//! |---|---|
//! | [`case`] | a case and its [`settings`]: what `#[livecheck::case]` registers |
//! | [`trigger`](mod@trigger) | asking for an execution of a case |
//! | [`context`] | the test in flight: task-local, and in the headers of Kafka records and HTTP requests |
//! | [`signal`] | the events that the steps send and the case waits for |
//! | [`table`] | what a case remembers from one execution to the next |
//! | [`control`] | which requests are followed, changed while the process runs |
//! | [`client`] | how triggers and signals leave the process |
//! | [`origin`] | who sent them |
//! | [`variables`] | how the environment configures it |
//! | [`wire`] | what they look like on the topics |
//! | [`schedule`] | executions that nobody has to ask for |
//! | [`fake_request`] | requests of our own, where there are too few |
//! | [`execution`] | a case being executed: arguments in, signals in, outcome out |
//! | [`observer`] | code of your own that is told of all that |
//! | [`text`] | what others wrote, of which only so much is kept |
//! | [`uptest`] | asking one instance whether it is ready for traffic |

pub mod case;
pub mod client;
pub mod context;
pub mod control;
pub mod execution;
pub mod fake_request;
pub mod identity;
pub mod observer;
pub mod origin;
pub mod outcome;
pub mod schedule;
pub mod settings;
pub mod signal;
pub mod table;
pub mod text;
pub mod time;
pub mod trigger;
pub mod uptest;
#[cfg(feature = "reqwest")]
pub mod url;
pub mod variables;
pub mod wire;

pub use anyhow;
pub use inventory;

pub use crate::case::{AddedCase, Case, CaseBuilder, Cases, DuplicateCase};
pub use crate::client::{AlreadyInstalled, Client, ClientStatistics, Topics, flush, flush_blocking, install};
#[cfg(feature = "reqwest-middleware")]
pub use crate::context::CarryTest;
#[cfg(feature = "kafka")]
pub use crate::context::InTestRecord;
#[cfg(feature = "reqwest")]
pub use crate::context::InTestRequest;
#[cfg(feature = "tower")]
pub use crate::context::{CarryTestLayer, TestLayer};
pub use crate::context::{Context, InTest, NotInTest, current, test_id};
pub use crate::execution::Execution;
pub use crate::identity::{CaseName, ExecutionKey, PartitionKey, TestId};
pub use crate::observer::Observer;
pub use crate::origin::Origin;
pub use crate::outcome::{Error, Result, Skip, skip};
pub use crate::settings::Settings;
pub use crate::signal::{NoPayload, Signal, SignalSender, Timeout, WaitError};
pub use crate::table::{Table, WindowedTable};
pub use crate::time::Timestamp;
pub use crate::trigger::Trigger;
pub use crate::uptest::{Target, Uptest};
#[cfg(feature = "reqwest")]
pub use crate::url::{ServiceDown, get_url, post_url, url_request};
