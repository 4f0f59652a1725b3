//! Reports that are larger than their topic takes.
//!
//! What a topic takes is not known beforehand: brokers count batches, compressed, and need not show their settings. So
//! reports are as large as they are, until one is refused; a report that can never be written would hold up all others of
//! its partition.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use livecheck_core::text::cut;
use livecheck_core::wire::{Arguments, TestReport, encode};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// The bound after the first refusal, in bytes: what a topic takes that has Kafka's own settings, with room for the rest of a
/// record. Then it is halved as long as there are more.
const FIRST: usize = 900_000;
/// The shares of the bound that the texts of a report may take: characters have up to four bytes.
const TEXT_SHARE: usize = 32;

/// Whether a report was refused for its size: told by the producer's thread, asked when a transaction has failed.
#[derive(Clone, Debug, Default)]
pub(super) struct Refused(Arc<AtomicBool>);

impl Refused {
    /// The delivery of a report has failed for that.
    pub(super) fn failed_for(&self, error: &KafkaError) {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::MessageSizeTooLarge) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

/// How large reports may be.
#[derive(Debug)]
pub(super) struct ReportSize {
    refused: Refused,
    /// In bytes.
    most: usize,
}

impl ReportSize {
    pub(super) const fn new(refused: Refused) -> Self {
        Self { refused, most: usize::MAX }
    }

    /// A transaction has failed: where that was for the size of a report, reports are to be smaller from now on.
    pub(super) fn transaction_failed(&mut self, report_topic: &str) {
        if !self.refused.take() {
            return;
        }
        if self.most == usize::MAX {
            tracing::warn!(
                "a report is larger than `{report_topic}` takes: such reports are written without what explains them, or \
                 without arguments, too; give the topic a larger max.message.bytes"
            );
        }
        self.most = FIRST.min(self.most / 2);
    }

    /// The JSON of a report: all of it, or as much as may be.
    pub(super) fn encode(&self, report: &TestReport) -> Result<Vec<u8>, serde_json::Error> {
        let whole = encode(report)?;
        if whole.len() <= self.most {
            return Ok(whole);
        }
        let mut short = TestReport { explanation: None, ..report.clone() };
        let explained = encode(&short)?;
        if explained.len() <= self.most {
            return Ok(explained);
        }
        if let Some(test) = &mut short.test {
            test.arguments = Arguments::default();
        }
        for text in [&mut short.error, &mut short.traceback].into_iter().flatten() {
            *text = cut(text, self.most / TEXT_SHARE);
        }
        short.attempts.clear();
        encode(&short)
    }
}

#[cfg(test)]
mod tests {
    use livecheck_core::wire::{Explanation, State, TestExecution, decode};
    use livecheck_core::{CaseName, Timestamp};

    use super::*;

    fn report() -> TestReport {
        let mut arguments = Arguments::new();
        arguments.insert("address", &"x".repeat(5_000)).expect("JSON");
        let test = TestExecution {
            id: "b8844dfb".into(),
            case_name: CaseName::from("orders::order_flow"),
            timestamp: Timestamp::from_millis(1_000),
            expires: Timestamp::from_millis(2_000),
            arguments,
        };
        let case = test.case_name.clone();
        TestReport {
            error: Some("y".repeat(5_000)),
            explanation: Some(Box::new(Explanation::default())),
            ..TestReport::new(case, State::Fail, Some(test))
        }
    }

    #[test]
    fn a_report_is_whole_until_one_is_refused_and_then_as_small_as_it_takes() {
        let refused = Refused::default();
        let mut size = ReportSize::new(refused.clone());
        let whole = size.encode(&report()).expect("JSON");
        size.transaction_failed("reports");
        assert_eq!(size.encode(&report()).expect("JSON"), whole, "it failed for something else");

        let mut smallest = whole.len();
        while size.most > 2_000 {
            refused.failed_for(&KafkaError::MessageProduction(RDKafkaErrorCode::MessageSizeTooLarge));
            size.transaction_failed("reports");
            let bytes = size.encode(&report()).expect("JSON");
            assert!(bytes.len() <= smallest.min(size.most), "{} of {}", bytes.len(), size.most);
            smallest = bytes.len();
            let read: TestReport = decode(Some(&bytes)).expect("a report");
            assert_eq!(read.test.map(|test| test.key()), report().test.map(|test| test.key()));
            assert_eq!(read.state, State::Fail);
        }
        assert!(smallest < 1_000);
    }
}
