//! What may be changed from the page, by those who have the token.

use futures_util::future::BoxFuture;
use livecheck_core::CaseName;
use livecheck_core::control::Probability;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What changes something, on the request of somebody who has the token.
pub trait Control: Send + Sync + 'static {
    /// Changes it; says what was done, or why not.
    fn change(&self, case: CaseName, change: Change) -> BoxFuture<'_, Result<String, ChangeError>>;
}

/// What is to be done with a case.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Change {
    /// Trigger an execution with these arguments.
    Trigger {
        /// By name.
        #[serde(default)]
        arguments: BTreeMap<String, Arc<RawValue>>,
    },
    /// Send no alerts about it for a while.
    Silence {
        /// For how long, such as `2h`.
        #[serde(rename = "for")]
        lasts: String,
        /// Why.
        reason: String,
    },
    /// Set the share of requests that are followed, in all services and runners.
    Probability {
        /// The share; none takes back what was set.
        value: Option<Probability>,
        /// For how long, such as `1h`; for good, if that is not said.
        #[serde(default, rename = "for")]
        lasts: Option<String>,
    },
}

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// There is no such case here.
    #[error("there is no case `{0}` in this runner")]
    UnknownCase(CaseName),
    /// What was asked for makes no sense.
    #[error("{0}")]
    Refused(String),
    /// The brokers do not answer, or what else is needed.
    #[error("{0}")]
    Failed(String),
}
