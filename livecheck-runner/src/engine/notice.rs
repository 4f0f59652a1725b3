//! What the engine sees that an operator should know, and that ends up in no report.

use std::fmt;

use livecheck_core::{CaseName, TestId};

use super::schedule::Skew;

/// Something odd about a record, or about the memory it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// A trigger was stamped by a clock that is off.
    Skewed {
        /// The case triggered.
        case: CaseName,
        /// The two times.
        skew: Skew,
    },
    /// A signal is for a case that is not linked into this runner, or has a name that its case does not have.
    UnknownSignal {
        /// The case that the signal names.
        case: CaseName,
        /// The signal's name.
        signal: String,
        /// Its offset on the bus.
        offset: i64,
    },
    /// A signal lies in another partition than that of its key, and is handed on.
    MisplacedSignal {
        /// Its case.
        case: CaseName,
        /// Its name.
        signal: String,
        /// The partition of the bus that it lies in.
        partition: i32,
        /// That of its key.
        belongs_in: i32,
    },
    /// Early signals had to be given up because memory was short: their tests may time out.
    EarlySignalsAbandoned {
        /// The id of the test of the oldest one.
        id: TestId,
        /// How many bytes early signals may take.
        limit: usize,
    },
}

impl Notice {
    /// A short name of the kind, as metrics and counters use it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Skewed { .. } => "clock-skew",
            Self::UnknownSignal { .. } => "unknown-signal",
            Self::MisplacedSignal { .. } => "misplaced-signal",
            Self::EarlySignalsAbandoned { .. } => "early-signals-abandoned",
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Skewed { case, skew } => write!(
                f,
                "a trigger of `{case}` says {}, and was logged at {}: the sender's clock or time zone is off; \
                 the log's time is used",
                skew.said, skew.logged
            ),
            Self::UnknownSignal { case, signal, offset } => write!(
                f,
                "signal `{signal}` of case `{case}` (offset {offset} of the bus) is not known to this runner"
            ),
            Self::MisplacedSignal { case, signal, partition, belongs_in } => write!(
                f,
                "signal `{signal}` of case `{case}` lies in partition {partition} of the bus, and its key belongs in \
                 {belongs_in}: its sender uses another partitioner than Kafka's own. It is handed on, which takes time. \
                 Let that sender set partitioner=murmur2_random"
            ),
            Self::EarlySignalsAbandoned { id, limit } => write!(
                f,
                "signals that wait for their tests take more than {limit} bytes: the oldest, for test `{id}`, \
                 was given up"
            ),
        }
    }
}
