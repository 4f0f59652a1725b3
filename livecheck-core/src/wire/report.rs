//! `faust.livecheck.models.TestReport`: the value of a record on the report topic.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::attempt::Attempt;
use super::explanation::{Explanation, lenient};
use super::test_execution::TestExecution;
use crate::identity::CaseName;

/// The outcome of one execution, or the state of a case as a whole.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TestReport {
    /// The case.
    pub case_name: CaseName,
    /// What became of it.
    pub state: State,
    /// The execution; none in a report on the case as a whole.
    pub test: Option<TestExecution>,
    /// From the trigger to the verdict, in seconds.
    pub runtime: Option<f64>,
    /// For each signal received, from the trigger to the signal, in seconds.
    #[serde(default)]
    pub signal_latency: BTreeMap<String, f64>,
    /// What went wrong.
    pub error: Option<String>,
    /// Where it went wrong.
    pub traceback: Option<String>,
    /// How it went, step by step: in a report on an execution that did not pass. Faust has no such member, and ignores
    /// it.
    #[serde(default, deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Box<Explanation>>,
    /// Each attempt, the last one included, where the execution was tried again before its failure counted. Faust has no
    /// such member, either.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
}

impl TestReport {
    /// One that says no more than what became of it.
    #[must_use]
    pub fn new(case_name: CaseName, state: State, test: Option<TestExecution>) -> Self {
        Self {
            case_name,
            state,
            test,
            runtime: None,
            signal_latency: BTreeMap::new(),
            error: None,
            traceback: None,
            explanation: None,
            attempts: Vec::new(),
        }
    }

    /// Whether it has passed at last, and has not before.
    #[must_use]
    pub fn is_flaky(&self) -> bool {
        self.state == State::Pass && self.attempts.iter().any(|attempt| attempt.state.is_failure())
    }
}

/// What became of an execution, or of a case.
///
/// Faust writes a pass as `111/***/111`; we write `PASS`, which Faust reads, and read both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum State {
    /// Nothing is known yet.
    Init,
    /// The contract held at every step.
    Pass,
    /// The contract broke: the case panicked, as `assert!` does.
    Fail,
    /// The case returned an error, or could not be started.
    Error,
    /// A signal did not come in time, or the test expired.
    Timeout,
    /// No execution was seen for longer than `warn_stalled_after`.
    Stall,
    /// The case was not executed.
    Skip,
}

/// A state of no known name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no state: PASS, FAIL, ERROR, TIMEOUT, STALL, SKIP and INIT are")]
pub struct UnknownState(String);

impl State {
    /// Every state, in the order in which summaries show them.
    pub const ALL: [Self; 7] =
        [Self::Init, Self::Pass, Self::Fail, Self::Error, Self::Timeout, Self::Stall, Self::Skip];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Init => "INIT",
            Self::Pass => "PASS",
            Self::Fail => "FAIL",
            Self::Error => "ERROR",
            Self::Timeout => "TIMEOUT",
            Self::Stall => "STALL",
            Self::Skip => "SKIP",
        }
    }

    /// Whether this says that something is wrong with the system or with the case.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Fail | Self::Error | Self::Timeout | Self::Stall)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for State {
    type Err = UnknownState;

    fn from_str(name: &str) -> Result<Self, UnknownState> {
        if name == "111/***/111" {
            return Ok(Self::Pass);
        }
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == name)
            .ok_or_else(|| UnknownState(name.chars().take(64).collect()))
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for State {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        name.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{decode, encode};

    #[test]
    fn both_spellings_of_a_pass_are_read_and_ours_is_written() {
        assert_eq!("111/***/111".parse(), Ok(State::Pass));
        assert_eq!("PASS".parse(), Ok(State::Pass));
        assert_eq!(State::Pass.to_string(), "PASS");
        assert!("pass".parse::<State>().is_err());
    }

    #[test]
    fn a_report_on_a_whole_case_has_no_test() {
        let json = br#"{"case_name":"c","state":"STALL","test":null,"runtime":null,"signal_latency":{},
            "error":"stalled","traceback":null,"__faust":{"ns":"faust.livecheck.models.TestReport"}}"#;
        let report: TestReport = decode(Some(json)).expect("Faust's own record");
        assert_eq!(report.state, State::Stall);
        assert!(report.test.is_none());
        let written = encode(&report).expect("a record is written");
        assert!(String::from_utf8_lossy(&written).contains(r#""runtime":null"#));
    }
}
