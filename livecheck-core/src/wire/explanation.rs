//! How an execution went, step by step: the additional member `explanation` of a report on one that did not pass.
//!
//! Faust ignores it. It is bounded: see [`Explanation`]'s constants for how many steps, log lines and bytes it holds at
//! most; where something was left out it says so.

use serde::{Deserialize, Deserializer, Serialize};

use crate::identity::TestId;
use crate::origin::Origin;
use crate::text::cut;
use crate::time::Timestamp;

/// What is known of an execution that did not pass.
///
/// ```
/// use livecheck_core::wire::{Step, TestReport, decode};
///
/// let report: TestReport = decode(Some(br#"{
///     "case_name": "orders::order_flow", "state": "TIMEOUT", "test": null, "runtime": 5.1, "signal_latency": {},
///     "error": "signal `executed` did not come within 5s", "traceback": null,
///     "explanation": {
///         "timeline": [
///             {"step": "trigger", "time": "2026-11-21T02:03:04.000000Z",
///              "at": {"topic": "livecheck", "partition": 3, "offset": 17},
///              "origin": {"service": "order-web", "host": "web-1"}},
///             {"step": "wait", "name": "executed", "began": "2026-11-21T02:03:04.000000Z",
///              "deadline": "2026-11-21T02:03:09.000000Z", "end": "timed-out"}
///         ],
///         "waiting_for": {"name": "executed", "deadline": "2026-11-21T02:03:09.000000Z",
///                         "consumer": {"group": "order-executor", "lag": 1204, "members": 0}}
///     }
/// }"#))?;
/// let explanation = report.explanation.expect("it did not pass");
/// assert!(matches!(explanation.timeline[0], Step::Trigger(_)));
/// assert_eq!(explanation.waiting_for.map(|missing| missing.name).as_deref(), Some("executed"));
/// # Ok::<(), livecheck_core::wire::DecodeError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Explanation {
    /// The trigger, each signal that came, and each wait that got none: in the order of time, by the log's clock. Of
    /// many the first and the latest are kept.
    pub timeline: Vec<Step>,
    /// How many steps were left out of the middle of the timeline.
    #[serde(skip_serializing_if = "is_zero")]
    pub steps_left_out: u64,
    /// The name of the signal that the log has last; none, if it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_step: Option<String>,
    /// What the case waited for when it ended, in vain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<MissingStep>,
    /// The values that a failed `assert_eq!` or `assert_ne!` has compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<Difference>,
    /// What the case has logged, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<LogLine>,
    /// How many lines, older than these, were not kept.
    #[serde(skip_serializing_if = "is_zero")]
    pub logs_left_out: u64,
}

impl Explanation {
    /// How many steps a timeline has at most.
    pub const MOST_STEPS: usize = 60;
    /// How many characters of a signal's value are kept.
    pub const VALUE_CHARACTERS: usize = 200;
    /// How many lines of the log of an execution are kept.
    pub const MOST_LOG_LINES: usize = 100;
    /// How many characters of a line of the log are kept.
    pub const LOG_CHARACTERS: usize = 500;
    /// How many characters of each of two compared values are kept.
    pub const COMPARED_CHARACTERS: usize = 4_000;

    /// The value of a signal as it stands in a timeline: JSON, cut where it is long.
    #[must_use]
    pub fn value(json: &str) -> String {
        cut(json, Self::VALUE_CHARACTERS)
    }

    /// Leaves steps out of the middle of the timeline, where there are too many.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        let most = Self::MOST_STEPS;
        if let Some(over) = self.timeline.len().checked_sub(most).filter(|over| *over > 0) {
            // What came first tells where it began, and what came last where it ended.
            self.timeline.drain(most / 3..most / 3 + over);
            self.steps_left_out += over as u64;
        }
        self
    }
}

/// Something that happened in the course of an execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Step {
    /// The test was triggered.
    Trigger(TriggerStep),
    /// A signal came.
    Signal(SignalStep),
    /// A wait ended without a signal.
    Wait(WaitStep),
    /// Something that this version does not know: a report of a later one.
    #[serde(other)]
    Unknown,
}

impl Step {
    /// When it was, in log time; of a wait, when it ended. None where it is unknown.
    #[must_use]
    pub fn time(&self) -> Option<Timestamp> {
        match self {
            Self::Trigger(trigger) => Some(trigger.time),
            Self::Signal(signal) => Some(signal.time),
            Self::Wait(wait) => Some(wait.deadline),
            Self::Unknown => None,
        }
    }
}

/// A place in a topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The offset in it.
    pub offset: i64,
}

/// The test was triggered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriggerStep {
    /// The log time of the trigger: from here all that follows is counted.
    pub time: Timestamp,
    /// Where the trigger stands.
    pub at: Place,
    /// Who sent it, as far as it says.
    #[serde(default)]
    pub origin: Origin,
}

/// A signal came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SignalStep {
    /// Its name.
    pub name: String,
    /// Its log time.
    pub time: Timestamp,
    /// From the trigger to the signal, in seconds.
    pub latency: f64,
    /// Where it stands.
    pub at: Place,
    /// Who sent it, as far as it says.
    #[serde(default)]
    pub origin: Origin,
    /// The key that it was sent with, where that is not the id of the test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<TestId>,
    /// Its value as JSON, cut where it is [long](Explanation::VALUE_CHARACTERS); none where it has none, or where the
    /// case's `#[signal(redact)]` keeps it out of reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The wait that received it; none, if none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<WaitSpan>,
    /// Whether it came after a wait for it had ended.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_late: bool,
}

/// From when until when a wait could last, in log time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitSpan {
    /// When its clock began: at the trigger, or at the signal that the case had received last.
    pub began: Timestamp,
    /// When it would have ended.
    pub deadline: Timestamp,
}

/// A wait ended without a signal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitStep {
    /// The name of the signal.
    pub name: String,
    /// The key that the signal was to have, where that is not the id of the test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<TestId>,
    /// When its clock began.
    pub began: Timestamp,
    /// By when the signal was to come.
    pub deadline: Timestamp,
    /// What became of it.
    pub end: WaitEnd,
}

/// What became of a wait that got no signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum WaitEnd {
    /// Its time passed.
    TimedOut,
    /// The execution ended while it lasted.
    Cancelled,
    /// Something that this version does not know.
    #[serde(other)]
    Unknown,
}

/// The step that is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingStep {
    /// The name of the signal.
    pub name: String,
    /// The key that it was to have, where that is not the id of the test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<TestId>,
    /// By when it was to come, in log time.
    pub deadline: Timestamp,
    /// Who sent it for other tests of the case, as far as that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// How far the consumer behind it is, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consumer: Option<ConsumerLag>,
}

/// How far a consumer group is behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsumerLag {
    /// The group.
    pub group: String,
    /// How many records it has yet to read, of all the partitions that it has committed offsets for.
    pub lag: u64,
    /// The topics that it reads, with how many records of each it has yet to read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<TopicLag>,
    /// How many members the group has; none, if that could not be found out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<u32>,
}

/// How many records of a topic a consumer group has yet to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicLag {
    /// The topic.
    pub topic: String,
    /// How many.
    pub lag: u64,
}

/// Two values that were compared, as Rust's `Debug` writes them; cut where they are
/// [long](Explanation::COMPARED_CHARACTERS).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The first argument of `assert_eq!`.
    pub left: String,
    /// The second.
    pub right: String,
}

/// A line of the log of an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When it was written, by the runner's clock.
    pub time: Timestamp,
    /// `ERROR`, `WARN`, `INFO`, `DEBUG` or `TRACE`.
    pub level: String,
    /// The module that has written it.
    pub target: String,
    /// The message and its fields; cut where it is [long](Explanation::LOG_CHARACTERS).
    pub message: String,
}

/// Reads an explanation; one that does not fit, of another version say, is none, and costs the report nothing.
pub(super) fn lenient<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Box<Explanation>>, D::Error> {
    let json = Option::<serde_json::Value>::deserialize(deserializer)?;
    Ok(json.and_then(|json| serde_json::from_value(json).ok()))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{State, TestReport, decode, encode};

    fn signal(number: usize) -> Step {
        let at = |micros| Timestamp::from_micros(micros);
        Step::Signal(SignalStep {
            name: format!("step-{number}"),
            time: at(7),
            latency: 0.5,
            at: Place { topic: "livecheck-bus".into(), partition: 1, offset: 9 },
            origin: Origin::from_header("service=order-web;host=web-1"),
            key: None,
            value: Some(Explanation::value(&"é".repeat(300))),
            wait: Some(WaitSpan { began: at(1), deadline: at(8) }),
            is_late: false,
        })
    }

    #[test]
    fn an_explanation_is_written_and_read_and_what_is_not_known_is_no_harm() {
        let json = r#"{"case_name":"c","state":"TIMEOUT","test":null,"runtime":1.5,"signal_latency":{},"error":null,
            "traceback":null,"explanation":EXPLANATION}"#;
        let read = |explanation: &str| -> TestReport {
            let json = json.replace("EXPLANATION", explanation);
            decode(Some(json.as_bytes())).expect("the report is read")
        };
        let explanation = Explanation { timeline: vec![signal(1)], ..Explanation::default() };
        let mut report = read("null");
        assert_eq!(report.explanation, None);
        report.explanation = Some(Box::new(explanation));
        let written = encode(&report).expect("it is written");
        let again: TestReport = decode(Some(&written)).expect("our own");
        assert_eq!(again.explanation, report.explanation);

        let newer = read(r#"{"timeline":[{"step":"lunch","with":"cheese"}],"weather":"fine"}"#);
        assert_eq!(newer.explanation.expect("an explanation").timeline, [Step::Unknown]);
        assert_eq!(read(r#""because""#).explanation, None);
        assert_eq!(read(r#"{"timeline":7}"#).state, State::Timeout);
    }

    #[test]
    fn of_many_steps_the_first_and_the_latest_are_kept() {
        let timeline: Vec<_> = (0..200).map(signal).collect();
        let bounded = Explanation { timeline, ..Explanation::default() }.bounded();
        assert_eq!((bounded.timeline.len(), bounded.steps_left_out), (Explanation::MOST_STEPS, 140));
        assert_eq!(bounded.timeline.first(), Some(&signal(0)));
        assert_eq!(bounded.timeline.last(), Some(&signal(199)));
    }

    #[test]
    fn the_largest_explanation_is_far_smaller_than_a_record_may_be() {
        let line = LogLine {
            time: Timestamp::from_micros(1),
            level: "ERROR".into(),
            target: "orders".into(),
            message: cut(&"\u{10348}".repeat(10_000), Explanation::LOG_CHARACTERS),
        };
        let compared = cut(&"\u{10348}".repeat(10_000), Explanation::COMPARED_CHARACTERS);
        let explanation = Explanation {
            timeline: (0..1_000).map(signal).collect(),
            difference: Some(Difference { left: compared.clone(), right: compared }),
            logs: vec![line; Explanation::MOST_LOG_LINES],
            ..Explanation::default()
        };
        let bytes = encode(&explanation.bounded()).expect("it is written").len();
        assert!(bytes < 512 * 1024, "{bytes}");
    }
}
