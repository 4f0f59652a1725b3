//! One connection to the report topic and to the store: what is read is written, with how far it was read.

use std::time::{Duration, Instant};

use livecheck_core::Timestamp;
use livecheck_store::{Positions, Reported, Retention, Store, StoreError, Writer};
use rdkafka::error::KafkaError;

use super::progress::Round;
use crate::kafka::{Connection, KafkaEdgeError, cluster_id};
use crate::monitor::{Missed, Reports};

/// How many reports are written at once.
const BATCH: usize = 20_000;
/// How often it is looked for what is too old.
const PRUNE_EVERY: Duration = Duration::from_secs(60);

/// Why a session is over.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionEnd {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the reports cannot be read: {0}")]
    Kafka(#[from] KafkaEdgeError),
}

impl From<KafkaError> for SessionEnd {
    fn from(error: KafkaError) -> Self {
        Self::Kafka(KafkaEdgeError::Client(error))
    }
}

/// One connection to both.
pub(super) struct Session {
    writer: Writer,
    reports: Reports,
    positions: Positions,
    retention: Retention,
    pruned: Option<Instant>,
}

impl Session {
    /// Begins where the store says that it was left. Says what of the reports is gone. Blocks.
    pub(super) fn begin(
        store: &Store,
        connection: &Connection,
        retention: Retention,
    ) -> Result<(Self, Vec<Missed>), SessionEnd> {
        let mut writer = store.writer()?;
        let cluster = cluster_id(connection)?.unwrap_or_default();
        let positions = writer.positions(&cluster, &connection.topics.report_topic)?;
        let (reports, missed) = Reports::follow_again(connection, &positions.next)?;
        Ok((Self { writer, reports, positions, retention, pruned: None }, missed))
    }

    /// Reads what there is, and writes it. Blocks, for some hundred milliseconds where there is nothing to do.
    pub(super) fn go_on(&mut self) -> Result<Round, SessionEnd> {
        self.reports.read();
        let (mut batch, mut until) = (Vec::new(), None);
        while batch.len() < BATCH {
            let Some(merged) = self.reports.pop() else { break };
            until = Some(merged.at);
            self.positions.next.insert(merged.partition, merged.record.offset + 1);
            batch.extend(merged.record.report.map(|report| Reported { at: merged.at, report }));
        }
        let mut written = 0;
        if until.is_some() {
            written = self.writer.write(&batch, Some(&self.positions))?.new;
        }
        if self.pruned.is_none_or(|pruned| pruned.elapsed() >= PRUNE_EVERY) {
            let pruned = self.writer.prune(&self.retention, Timestamp::now())?;
            // Where there is more to remove it goes on in the next round: what comes in is not to wait for it.
            self.pruned = (!pruned.is_more).then(Instant::now);
        }
        Ok(Round { written, is_level: self.reports.is_level(), until })
    }

    /// Asks for all from here on anew: the next rounds until one is level write all that there is at this moment.
    pub(super) fn read_anew(&mut self) -> Result<(), SessionEnd> {
        Ok(self.reports.read_anew()?)
    }
}
