//! The attempts of an execution that was tried again before its failure counted.

use serde::{Deserialize, Serialize};

use super::report::State;

/// One attempt at an execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// What became of it.
    pub state: State,
    /// How long it took, in seconds.
    pub runtime: f64,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Where it went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceback: Option<String>,
}
