//! What an observer says, told to the reporter: each odd thing once, each verdict always.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

use livecheck_core::CaseName;
use livecheck_core::wire::TestReport;
use tokio::sync::mpsc;

use super::bounds::Bounds;
use super::once::Awaited;
use crate::engine::{CaseTally, Notice, Tally};
use crate::kafka::{HealthEvent, Unreadable};
use crate::observer::Observation;
use crate::reporter::{BadRecords, Events, Finished, RunEvent, Snapshot, StopReason};

/// How often at most the counts are told.
const STATUS_EVERY: Duration = Duration::from_millis(100);

pub(super) struct Following {
    events: Events,
    snapshot: Snapshot,
    /// When the snapshot was told last.
    told: Option<Instant>,
    /// Whether it has changed since.
    is_news: bool,
    /// How many executions have been handed over to other runners; and how many of them before the run was stopped.
    handed_over: u64,
    handed_over_while_running: u64,
    /// How many records could not be read, by kind and topic.
    unreadable: HashMap<(&'static str, String), u64>,
    bounds: Bounds,
    /// What was executed, by the reports told.
    executed: BTreeMap<CaseName, CaseTally>,
    /// What the bounds said once they were reached: what was executed beyond is not told.
    bound_reached: Option<StopReason>,
    /// What has been said, by kind and source.
    said: HashSet<String>,
    /// In a run that does things once: those that are not done, and nothing else counts.
    awaited: Option<Awaited>,
}

impl Following {
    pub(super) fn new(events: Events, bounds: Bounds) -> Self {
        Self {
            events,
            snapshot: Snapshot::default(),
            told: None,
            is_news: false,
            handed_over: 0,
            handed_over_while_running: 0,
            unreadable: HashMap::new(),
            bounds,
            executed: BTreeMap::new(),
            bound_reached: None,
            said: HashSet::new(),
            awaited: None,
        }
    }

    /// From now on only these executions count, and when all of them have ended it is enough.
    pub(super) fn only(&mut self, awaited: Awaited) {
        for (case, _) in &awaited {
            let tally = self.executed.entry(case.clone()).or_default();
            tally.triggered += 1;
            tally.in_flight += 1;
        }
        self.awaited = Some(awaited);
        self.snapshot = Snapshot { cases: self.executed.clone() };
        self.is_news = true;
        self.tell_status();
    }

    /// Executions that did not pass.
    pub(super) fn failures(&self) -> u64 {
        self.executed().failures()
    }

    /// Whether enough was executed.
    pub(super) fn bound_reached(&self) -> Option<StopReason> {
        self.bound_reached
    }

    fn executed(&self) -> CaseTally {
        let mut total = CaseTally::default();
        self.executed.values().for_each(|tally| total += *tally);
        total
    }

    pub(super) fn finished(&self, elapsed: Duration) -> Finished {
        let bad_records = self.unreadable.values().sum();
        // Of a run that does things once nothing counts but these, which are counted as in flight until they end: what a
        // fake request has triggered before it failed is not among them.
        let left_in_flight = match self.awaited {
            Some(_) => 0,
            None => self.handed_over - self.handed_over_while_running,
        };
        Finished { elapsed, snapshot: self.snapshot.clone(), left_in_flight, bad_records }
    }

    /// The run is being stopped: what is handed over from here on is left in flight.
    pub(super) fn stopping(&mut self) {
        self.tell_status();
        self.handed_over_while_running = self.handed_over;
    }

    /// When the counts are to be told, if they have changed since they were told last.
    pub(super) fn status_due(&self) -> Option<Instant> {
        let told = self.told.filter(|_| self.is_news)?;
        Some(told + STATUS_EVERY)
    }

    /// Tells the counts as they are now.
    pub(super) fn tell_status(&mut self) {
        if self.is_news {
            self.is_news = false;
            self.told = Some(Instant::now());
            self.events.send(self.snapshot.clone());
        }
    }

    /// Follows until the first partitions are there.
    pub(super) async fn until_assigned(&mut self, observations: &mut mpsc::UnboundedReceiver<Observation>) {
        while let Some(observation) = observations.recv().await {
            let assigned = matches!(observation, Observation::Assigned);
            self.observe(observation);
            if assigned {
                return;
            }
        }
    }

    pub(super) fn observe(&mut self, observation: Observation) {
        match observation {
            Observation::Assigned => {}
            Observation::Committed { reports, tally } => {
                reports.into_iter().for_each(|report| self.report(report));
                self.status(&tally);
            }
            Observation::Unreadable { latest, count } => self.unreadable(latest, count),
            Observation::Notice { notice, count } => self.notice(&notice, count),
            Observation::Health(HealthEvent::Lost { reason }) => self.warn(format!(
                "no Kafka broker can be reached ({reason}): trying again until one answers; what is in flight \
                 is judged only when all signals of its time have been read"
            )),
            Observation::Health(HealthEvent::Back) => self.warn("Kafka answers again".to_owned()),
            Observation::Health(HealthEvent::Lags(_)) => {}
            Observation::Logged { execution, line } => self.events.send(RunEvent::Log { execution, line }),
            Observation::Warning(text) => self.warn(text),
        }
    }

    pub(super) fn report(&mut self, report: TestReport) {
        if self.bound_reached.is_some() || !self.is_awaited(&report) {
            return;
        }
        self.executed.entry(report.case_name.clone()).or_default().count(report.state);
        self.events.send(report);
        self.bound_reached = match &self.awaited {
            Some(awaited) if awaited.is_empty() => Some(StopReason::AllRun),
            _ => self.bounds.reached(&self.executed()),
        };
        if self.bound_reached.is_some() || self.awaited.is_some() {
            self.snapshot = Snapshot { cases: self.executed.clone() };
            self.is_news = true;
        }
    }

    /// Whether a report is one that counts; it counts once.
    fn is_awaited(&mut self, report: &TestReport) -> bool {
        let (Some(awaited), Some(test)) = (&mut self.awaited, &report.test) else {
            return self.awaited.is_none();
        };
        // The test cases of a check are known only when they are reported: they have its id.
        if awaited.iter().any(|(check, id)| *id == test.id && is_of_check(&report.case_name, check)) {
            return true;
        }
        let is_awaited = awaited.remove(&(report.case_name.clone(), test.id.clone()));
        if is_awaited {
            let tally = self.executed.entry(report.case_name.clone()).or_default();
            tally.triggered -= 1;
            tally.in_flight -= 1;
        }
        is_awaited
    }

    /// Whether there is something that was to be done once, and is not.
    pub(super) fn awaits_more(&self) -> bool {
        self.awaited.as_ref().is_some_and(|awaited| !awaited.is_empty())
    }

    fn status(&mut self, tally: &Tally) {
        self.handed_over = tally.handed_over.values().sum();
        if self.bound_reached.is_some() || self.awaited.is_some() {
            return;
        }
        self.snapshot = Snapshot { cases: tally.cases.clone() };
        self.is_news = true;
        if self.told.is_none_or(|told| told.elapsed() >= STATUS_EVERY) {
            self.tell_status();
        }
    }

    /// Once per kind and topic; then at each power of ten.
    fn unreadable(&mut self, latest: Unreadable, count: u64) {
        let Unreadable { topic, partition, offset, error } = latest;
        let (kind, reason) = (error.kind(), error.to_string());
        tracing::debug!(kind, topic, partition, offset, reason, "a record cannot be read");
        self.unreadable.insert((kind, topic.clone()), count);
        if is_power_of_ten(count) {
            let kind = kind.to_owned();
            let bad = BadRecords { kind, topic, partition, offset, reason, count };
            self.events.send(RunEvent::BadRecords(bad));
        }
    }

    /// Once per kind and source.
    fn notice(&mut self, notice: &Notice, count: u64) {
        tracing::debug!(kind = notice.kind(), count, "{notice}");
        if self.said.insert(source(notice)) {
            self.warn(notice.to_string());
        }
    }

    fn warn(&self, text: String) {
        self.events.send(RunEvent::Warning(text));
    }
}

/// Whether a case is a test case of that check.
fn is_of_check(case: &CaseName, check: &CaseName) -> bool {
    case.as_str().strip_prefix(check.as_str()).is_some_and(|rest| rest.starts_with("::"))
}

fn is_power_of_ten(count: u64) -> bool {
    count > 0 && 10_u64.checked_pow(count.ilog10()) == Some(count)
}

fn source(notice: &Notice) -> String {
    match notice {
        Notice::Skewed { case, .. } => format!("{} {case}", notice.kind()),
        Notice::UnknownSignal { case, signal, .. } => format!("{} {case} {signal}", notice.kind()),
        Notice::MisplacedSignal { .. } | Notice::EarlySignalsAbandoned { .. } => notice.kind().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_each_power_of_ten_is_said() {
        let said: Vec<u64> = (0..2_000).filter(|count| is_power_of_ten(*count)).collect();
        assert_eq!(said, [1, 10, 100, 1_000]);
    }
}
