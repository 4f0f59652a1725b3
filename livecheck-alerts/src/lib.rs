//! Alerts: who is told that a case fails, and that it is over.
//!
//! For teams whose Prometheus does not tell them. This crate knows no Kafka: what happens to cases goes in, and what is
//! to be kept and to be sent comes out. The leading runner of a group keeps the one in the transactions of its monitor,
//! and lets the other be sent.
//!
//! | module | subject |
//! |---|---|
//! | [`alert`], [`labels`], [`matcher`] | what an alert is, and which are meant |
//! | [`rate`] | the share of executions that did not pass |
//! | [`silence`], [`maintenance`] | what nobody wants to hear of, for a time |
//! | [`policy`] | who is told of what, and when |
//! | [`conversation`] | what one receiver knows of one group of alerts |
//! | [`desk`] | the heart: all of it, as a state machine with time as a value |
//! | `backoff` | how long it is waited before a message is sent again |
//! | [`message`], [`text`], [`template`] | what a receiver is told |
//! | [`receiver`], [`http`] | the edge: who is told, and how |
//! | [`courier`] | all of them side by side, so that a slow one holds up no other |
//! | [`gauges`] | the numbers, for metrics |
//! | [`secret`] | texts that nobody is to see |

pub mod alert;
mod backoff;
pub mod conversation;
pub mod courier;
pub mod desk;
pub mod gauges;
pub mod http;
pub mod labels;
pub mod maintenance;
pub mod matcher;
pub mod message;
pub mod policy;
pub mod rate;
pub mod receiver;
pub mod secret;
pub mod silence;
pub mod template;
pub mod text;

pub use crate::alert::{Alert, AlertKey, Facts, Kind};
pub use crate::conversation::Outcome;
pub use crate::courier::{Courier, Delivery};
pub use crate::desk::{Desk, Event, Key, Restored, Standing, Ticket};
pub use crate::gauges::{Gauges, ReceiverGauges};
pub use crate::http::{Credentials, Endpoint, EndpointError};
pub use crate::labels::{Fingerprint, Labels};
pub use crate::maintenance::Window;
pub use crate::matcher::{Matcher, MatcherError};
pub use crate::message::{Message, Status, Told};
pub use crate::policy::{Manner, Policy, Route, Subject, Timing};
pub use crate::rate::FailureRate;
pub use crate::receiver::{Receipt, Receiver, SendError, Way};
pub use crate::secret::Secret;
pub use crate::silence::Silence;
pub use crate::template::{Template, TemplateError};
