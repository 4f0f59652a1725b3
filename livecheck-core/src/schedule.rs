//! Executions that nobody has to ask for: when a case is due, and which execution belongs to which moment.
//!
//! The rule stands here as it stood in the attribute, which has checked it; what it means, the runner knows.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::case::Case;
use crate::identity::TestId;
use crate::time::Timestamp;

/// When a case is executed without a trigger: `#[livecheck::case(schedule = "0 9 * * MON-FRI Europe/Berlin")]`, or
/// `every = "15m"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// At which moments.
    pub rule: Rule,
    /// By how much at most each of them is fired later, so that not all fire at once.
    pub jitter: Duration,
}

/// At which moments a case is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Where the clock of a time zone matches.
    Cron {
        /// Five fields, or a word such as `@hourly`.
        expression: &'static str,
        /// The name of the zone in the IANA database; without one it may stand behind the fields, or it is UTC.
        timezone: Option<&'static str>,
    },
    /// At each whole number of those since 1970.
    Every(Duration),
}

impl Schedule {
    /// By the clock.
    #[must_use]
    pub const fn cron(expression: &'static str, timezone: Option<&'static str>) -> Self {
        Self { rule: Rule::Cron { expression, timezone }, jitter: Duration::ZERO }
    }

    /// Again and again.
    #[must_use]
    pub const fn every(period: Duration) -> Self {
        Self { rule: Rule::Every(period), jitter: Duration::ZERO }
    }

    /// The same, with each moment up to that much later.
    #[must_use]
    pub const fn jitter(self, jitter: Duration) -> Self {
        Self { jitter, ..self }
    }
}

/// As in `list --message-format json`; durations are in seconds.
impl Serialize for Schedule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Members {
            cron: Option<&'static str>,
            timezone: Option<&'static str>,
            every: Option<f64>,
            jitter: f64,
        }
        let (cron, timezone, every) = match self.rule {
            Rule::Cron { expression, timezone } => (Some(expression), timezone, None),
            Rule::Every(period) => (None, None, Some(period.as_secs_f64())),
        };
        Members { cron, timezone, every, jitter: self.jitter.as_secs_f64() }.serialize(serializer)
    }
}

/// A moment at which a case is due, by its schedule or by the `frequency` of its fake request.
///
/// Of a slot there is one execution, whoever fires it: the id and the timestamp of its test are made of the case and the
/// slot.
#[derive(Clone, Copy, Debug)]
pub struct Slot {
    case: &'static Case,
    time: Timestamp,
}

impl Slot {
    /// The slot of a case at that moment.
    #[must_use]
    pub fn new(case: &'static Case, time: Timestamp) -> Self {
        Self { case, time }
    }

    /// The case whose slot it is.
    #[must_use]
    pub fn case(&self) -> &'static Case {
        self.case
    }

    /// When it is.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// The id of the test that belongs to it.
    #[must_use]
    pub fn id(&self) -> TestId {
        TestId::from(self.to_string())
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.case.name, self.time)
    }
}
