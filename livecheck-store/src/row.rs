//! A report as a row.

use std::borrow::Cow;
use std::hash::Hasher as _;

use fnv::FnvHasher;
use livecheck_core::text::floor_char_boundary;
use livecheck_core::wire::{Arguments, State, TestExecution, TestReport, decode, encode};
use livecheck_core::{CaseName, TestId, Timestamp};
use serde::Serializer as _;

use crate::cause::cause_of;

/// How many bytes of an error are kept.
const ERROR: usize = 8 * 1024;
/// How many bytes of all that is known of an execution are kept.
const DETAIL: usize = 128 * 1024;
/// How many bytes of a traceback are kept where the whole is too much.
const TRACEBACK: usize = 16 * 1024;
/// How long a name may be, or an id, in bytes.
const NAME: usize = 512;
/// How many signals of an execution are kept.
const SIGNALS: usize = 200;
/// What a row takes beside its texts, with its place in the indices. (Measured: 10 million rows in SQLite.)
const ROW: usize = 230;
/// The last moment that can be written as a date, in microseconds: 9999-12-30T22:00:00Z.
const LAST_MOMENT: i64 = 253_402_207_200_000_000;

/// A report, and when it was written to the log.
#[derive(Clone, Debug)]
pub struct Reported {
    /// When it was written, by the log's clock.
    pub at: Timestamp,
    /// The report.
    pub report: TestReport,
}

/// Whether all of such a report is kept. Of what passes at once the columns say what one wants to know; so the arguments
/// of its test are not kept, nor when that expires.
#[must_use]
pub fn is_kept_whole(report: &TestReport) -> bool {
    report.state != State::Pass || !report.attempts.is_empty()
}

/// What is kept of a report, in the form in which it is kept.
#[derive(Debug)]
pub(crate) struct NewRow<'r> {
    pub(crate) case: Cow<'r, str>,
    pub(crate) state: State,
    pub(crate) at: Timestamp,
    pub(crate) triggered: Timestamp,
    pub(crate) runtime: Option<f64>,
    pub(crate) whole_case: bool,
    pub(crate) test_id: Cow<'r, str>,
    pub(crate) signals: Vec<(Cow<'r, str>, f64)>,
    pub(crate) error: Option<Cow<'r, str>>,
    pub(crate) cause: Option<String>,
    pub(crate) detail: Option<String>,
}

impl<'r> NewRow<'r> {
    pub(crate) fn of(Reported { at, report }: &'r Reported) -> Self {
        let at = Timestamp::from_micros(at.as_micros().clamp(0, LAST_MOMENT));
        let test = report.test.as_ref();
        let error = report.error.as_deref().map(|error| bounded(error, ERROR));
        let is_failed_execution = report.state.is_failure() && test.is_some();
        let signals = report.signal_latency.iter().take(SIGNALS);
        Self {
            case: bounded(report.case_name.as_str(), NAME),
            state: report.state,
            at,
            triggered: test.map_or(at, |test| test.timestamp),
            runtime: report.runtime.filter(|seconds| seconds.is_finite()),
            whole_case: test.is_none(),
            test_id: test.map_or(Cow::Borrowed(""), |test| bounded(test.id.as_str(), NAME)),
            signals: signals.map(|(name, latency)| (bounded(name, NAME), *latency)).collect(),
            cause: is_failed_execution.then(|| cause_of(error.as_deref().unwrap_or_default())),
            detail: is_kept_whole(report).then(|| detail(report)).flatten(),
            error,
        }
    }

    /// The latencies as JSON, if there are any.
    pub(crate) fn signals_json(&self) -> Option<String> {
        if self.signals.is_empty() {
            return None;
        }
        let mut json = Vec::with_capacity(32 * self.signals.len());
        let signals = self.signals.iter().map(|(name, latency)| (name, latency));
        serde_json::Serializer::new(&mut json).collect_map(signals).ok()?;
        String::from_utf8(json).ok()
    }

    /// About how many bytes it takes in the database.
    pub(crate) fn bytes(&self, signals: Option<&str>) -> i64 {
        let text = |text: Option<&str>| text.map_or(0, str::len);
        let texts = [signals, self.error.as_deref(), self.detail.as_deref()].map(text).iter().sum::<usize>();
        // An id stands in two indices, too.
        i64::try_from(ROW + texts + 3 * self.test_id.len()).unwrap_or(i64::MAX)
    }
}

/// The number by which a state is kept.
pub(crate) const fn code_of(state: State) -> i64 {
    match state {
        State::Pass => 1,
        State::Fail => 2,
        State::Error => 3,
        State::Timeout => 4,
        State::Stall => 5,
        State::Skip => 6,
        // There is but one more, and what a later version adds is not known to this one.
        _ => 0,
    }
}

/// The state of that number.
pub(crate) fn state_of(code: i64) -> State {
    State::ALL.into_iter().find(|state| code_of(*state) == code).unwrap_or(State::Init)
}

/// A report again, from what is kept of it.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) case: String,
    pub(crate) state: State,
    pub(crate) at: Timestamp,
    pub(crate) triggered: Timestamp,
    pub(crate) runtime: Option<f64>,
    pub(crate) whole_case: bool,
    pub(crate) test_id: String,
    pub(crate) signals: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) detail: Option<String>,
}

impl Kept {
    pub(crate) fn report(self) -> Reported {
        let at = self.at;
        if let Some(Ok(report)) = self.detail.as_ref().map(|json| decode(Some(json.as_bytes()))) {
            return Reported { at, report };
        }
        let case_name: CaseName = self.case.into();
        let test = (!self.whole_case).then(|| TestExecution {
            id: TestId::from(self.test_id),
            case_name: case_name.clone(),
            timestamp: self.triggered,
            expires: self.triggered,
            arguments: Arguments::default(),
        });
        let signals = self.signals.as_deref().and_then(|json| serde_json::from_str(json).ok());
        Reported {
            at,
            report: TestReport {
                case_name,
                state: self.state,
                test,
                runtime: self.runtime,
                signal_latency: signals.unwrap_or_default(),
                error: self.error,
                traceback: None,
                explanation: None,
                attempts: Vec::new(),
            },
        }
    }
}

/// All of the report as JSON; of one that is too large, what matters most.
fn detail(report: &TestReport) -> Option<String> {
    let json = |report: &TestReport| {
        let bytes = encode(report).ok().filter(|bytes| bytes.len() <= DETAIL)?;
        // JSON writes a NUL as an escape, so there is none in it.
        String::from_utf8(bytes).ok()
    };
    json(report).or_else(|| {
        let mut smaller = report.clone();
        smaller.error = smaller.error.map(|error| bounded(&error, ERROR).into_owned());
        smaller.traceback = smaller.traceback.map(|traceback| bounded(&traceback, TRACEBACK).into_owned());
        if let Some(explanation) = &mut smaller.explanation {
            explanation.logs_left_out += explanation.logs.len() as u64;
            explanation.logs.clear();
        }
        json(&smaller).or_else(|| {
            smaller.test.iter_mut().for_each(|test| test.arguments = Arguments::default());
            json(&smaller)
        })
    })
}

/// At most so many bytes of a text, without the one character that PostgreSQL has not.
///
/// A text that is cut ends with the hash of the whole, so that two that begin alike stay two.
fn bounded(text: &str, most: usize) -> Cow<'_, str> {
    let text =
        if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) };
    if text.len() <= most {
        return text;
    }
    // FNV-1a is the same in every version, unlike the standard library's hash.
    let mut hash = FnvHasher::default();
    hash.write(text.as_bytes());
    let end = format!("…{:016x}", hash.finish());
    Cow::Owned(format!("{}{end}", &text[..floor_char_boundary(&text, most - end.len())]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_known_by_its_number() {
        for state in State::ALL {
            assert_eq!(state_of(code_of(state)), state);
        }
    }

    #[test]
    fn long_texts_that_begin_alike_stay_two() {
        let (one, other) = ("ä".repeat(NAME) + "1", "ä".repeat(NAME) + "2");
        let (one, other) = (bounded(&one, NAME), bounded(&other, NAME));
        assert!(one.len() <= NAME && other.len() <= NAME);
        assert_ne!(one, other);
        assert_eq!(bounded("a\0b", NAME), "a\u{fffd}b");
    }

    #[test]
    fn of_a_report_that_is_too_large_what_matters_most_is_kept() {
        let report = TestReport {
            case_name: "c".into(),
            state: State::Fail,
            test: None,
            runtime: None,
            signal_latency: std::collections::BTreeMap::new(),
            error: Some("e".repeat(DETAIL)),
            traceback: Some("t".repeat(DETAIL)),
            explanation: None,
            attempts: Vec::new(),
        };
        let reported = Reported { at: Timestamp::MAX, report };
        let row = NewRow::of(&reported);
        let detail = row.detail.expect("it is kept");
        assert!(detail.len() < DETAIL && detail.contains("eee") && detail.contains("ttt"));
        assert!(row.error.expect("it has one").len() <= ERROR);
        assert_eq!(row.at.to_string(), "9999-12-30T22:00:00.000000Z");
    }
}
