//! What shards say to each other, where a signal does not lie in the partition of the test that waits for it.
//!
//! A shard that executes a case which waits for a key asks the shard of that key's partition, and that one judges:
//! it answers with the first event of the key that the execution has not seen, if the log has it by the wait's
//! deadline, or, once its bus has been read past that, that there is none. A question is known by what it asks, and
//! its answer is a matter of the log alone: who asks again, after a crash say, is answered alike.
//!
//! A signal whose sender uses another partitioner is handed on, to the shard of its key; and shards tell each other how
//! far that has come ([`Strays`](super::strays::Strays)), and which tests nobody executes any more, so that none of them
//! forgets a signal that another one may yet ask for ([`Others`](super::others::Others)).

use livecheck_core::{CaseName, TestId, Timestamp};
use serde::{Deserialize, Serialize};

use super::checkpoint::{SavedEarlySignal, SavedSignal};

/// What a shard says to another.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Message {
    /// To the shard of the key.
    Question(Question),
    /// To the shard that has asked.
    Answer(Answer),
    /// To the shard of its key: a signal that lies in the sender's partition of the bus.
    Stray(SavedEarlySignal),
    /// To all: a signal of that log time was handed on.
    StraySeen(Timestamp),
    /// To all others: that partition wants to know once the signals up to that log time have been handed on.
    HowFar(ReadTo),
    /// To the one that wants to know: in that partition, those up to that log time have been handed on.
    ReadTo(ReadTo),
    /// To all others: that partition wants to know once all tests triggered before that log time have ended.
    TestsHowFar(ReadTo),
    /// To the one that wants to know: in that partition, those before that log time have ended.
    TestsDone(ReadTo),
}

/// A partition, and a log time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadTo {
    /// The partition of the shard that says so.
    pub partition: i32,
    /// To which log time.
    pub time: Timestamp,
}

/// Which event is the next of that signal and key?
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Question {
    /// Who wants to know.
    pub asker: Asker,
    /// The case.
    pub case: CaseName,
    /// The name of the signal.
    pub signal: String,
    /// The key that it was sent with.
    pub key: TestId,
    /// The events that the execution has already.
    pub seen: Vec<Place>,
    /// When the execution was triggered, in log time: an event whose tests had to come before that is not for it.
    #[serde(default = "no_start")]
    pub start: Timestamp,
    /// By when the event must have been logged.
    pub deadline: Timestamp,
}

/// What a version says that did not ask for it.
const fn no_start() -> Timestamp {
    Timestamp::MIN
}

/// An execution that waits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Asker {
    /// Where it is executed.
    pub partition: i32,
    /// The offset of its trigger there, which is the same when it is executed again.
    pub trigger: i64,
    /// The id of the test.
    pub test: TestId,
}

/// A place on the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The partition.
    pub partition: i32,
    /// The offset in it.
    pub offset: i64,
}

/// What the log says to a question.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// The question.
    pub question: Question,
    /// The event; none, if there is none by the deadline.
    pub event: Option<SavedSignal>,
}
