//! Alerts within a term: what happens to the cases goes to the desk, and what is due to the courier, once it is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use livecheck_alerts::{
    Courier, Delivery, Desk, Event, Facts, Gauges, Key, Kind, Message, Outcome, Policy, Receiver, Restored,
    Ticket,
};
use livecheck_core::wire::{State, TestReport};
use livecheck_core::{CaseName, Timestamp};
use serde_json::Value;
use tokio::runtime::Handle;

use super::board::{Board, CaseChange};
use super::case_state::{CaseState, ChangeKind, LastFailure};

/// How long the end of a term waits for what is under way, so that the next leader does not send it again.
const LAST_WORD: Duration = Duration::from_secs(2);
/// Of how many failures in a row, after the first one of a term, one is told.
const TOLD_OF: u32 = 10;

/// What came of telling somebody, for people.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertEvent {
    /// Who was told, or was to be.
    pub receiver: String,
    /// What of, in one line.
    pub title: String,
    /// How long it took.
    pub took: Duration,
    /// How often it has failed: before it was told, or in a row by now.
    pub failures: u32,
    /// What came of it.
    pub result: AlertResult,
}

/// What came of telling somebody.
#[derive(Clone, Debug, PartialEq)]
pub enum AlertResult {
    /// It was acknowledged.
    Sent,
    /// It was not.
    Failed {
        /// Why.
        reason: String,
        /// When it is tried again.
        retry_in: Duration,
    },
}

/// Who is told of alerts, and by which policy.
#[derive(Clone)]
pub(crate) struct AlertingOptions {
    pub(crate) policy: Policy,
    pub(crate) receivers: BTreeMap<String, Arc<Receiver>>,
    /// The numbers, as metrics want them.
    pub(crate) gauges: AlertGauges,
}

/// How alerting does, as metrics want to know it: shared by who counts and who tells.
#[derive(Clone, Debug, Default)]
pub(crate) struct AlertGauges(Arc<Mutex<Gauges>>);

impl AlertGauges {
    /// How it does now.
    pub(crate) fn get(&self) -> Gauges {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set(&self, gauges: Gauges) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = gauges;
    }
}

/// Alerts within a term.
pub(super) struct Alerting {
    desk: Desk,
    courier: Courier,
    /// What is sent once it is kept that it is.
    to_send: Vec<(Ticket, Message)>,
    /// The receivers of which it was told that they cannot be told.
    failing: BTreeSet<String>,
    /// What came of messages, and was not told yet.
    events: Vec<AlertEvent>,
    /// The numbers of the terms before.
    earlier: Gauges,
    gauges: AlertGauges,
}

impl Drop for Alerting {
    /// Who does not lead has nothing to tell.
    fn drop(&mut self) {
        self.gauges.set(self.gauges.get().idle());
    }
}

impl Alerting {
    pub(super) fn begin(
        options: &AlertingOptions,
        kept: Restored,
        board: &Board,
        runtime: &Handle,
        now: Timestamp,
    ) -> Self {
        let AlertingOptions { policy, receivers, gauges } = options;
        let mut desk = Desk::restore(policy.clone(), kept, now);
        desk.align(board.troubled().filter_map(|(name, case)| trouble(name, case)), now);
        let earlier = gauges.get();
        Self {
            desk,
            courier: Courier::new(receivers, runtime),
            to_send: Vec::new(),
            failing: BTreeSet::new(),
            events: Vec::new(),
            earlier,
            gauges: gauges.clone(),
        }
    }

    /// The receivers that are no longer configured, and were not told all.
    pub(super) fn orphans(&self) -> Vec<String> {
        self.desk.orphans().into_iter().map(str::to_owned).collect()
    }

    /// A report was read.
    pub(super) fn read(&mut self, report: &TestReport, at: Timestamp) {
        if report.test.is_some() && report.state != State::Skip {
            self.desk.executed(&report.case_name, report.state == State::Pass, at);
        }
    }

    /// A case as a whole has changed.
    pub(super) fn heed(&mut self, CaseChange { case, change }: &CaseChange) {
        let began = |kind, error: Option<&LastFailure>| Event::Began {
            kind,
            facts: facts(change.kind.to_string(), error),
        };
        let event = match &change.kind {
            ChangeKind::Failing { latest, .. } => began(Kind::Failing, Some(latest)),
            ChangeKind::ServiceDown { latest } => began(Kind::ServiceDown, Some(latest)),
            ChangeKind::Stalled { .. } => began(Kind::Stalled, None),
            ChangeKind::Recovered { .. } => Event::Recovered,
        };
        self.desk.heed(case, event, change.at);
    }

    /// Somebody has written something: a silence.
    pub(super) fn hear(&mut self, key: Key, value: Option<Value>) {
        let Key::Silence(id) = key else { return };
        match value.map(serde_json::from_value).transpose() {
            Ok(silence) => self.desk.silence(id, silence),
            Err(error) => tracing::warn!(%error, id, "a silence cannot be read, and is left out"),
        }
    }

    /// Takes in what has come of messages, and looks what is due. Says whether it has to be kept at once.
    pub(super) fn go_on(&mut self, now: Timestamp) -> bool {
        let delivered = self.courier.delivered();
        let has_news = !delivered.is_empty();
        self.take(delivered, now);
        self.to_send.extend(self.desk.due(now));
        self.gauges.set(self.desk.gauges(now).after(&self.earlier));
        has_news || !self.to_send.is_empty()
    }

    /// Whether something is not as it was kept.
    pub(super) fn is_changed(&self) -> bool {
        self.desk.is_changed()
    }

    /// What is to be kept; a tombstone has no value.
    pub(super) fn take_changed(&mut self) -> Result<Vec<(Key, Option<Value>)>, serde_json::Error> {
        let changed = self.desk.take_changed().into_iter();
        changed.map(|(key, kept)| Ok((key, kept.map(serde_json::to_value).transpose()?))).collect()
    }

    /// What is due is kept, and is sent.
    pub(super) fn send(&mut self) {
        for (ticket, message) in std::mem::take(&mut self.to_send) {
            self.courier.send(ticket, message);
        }
    }

    /// What has come of messages since the last time.
    pub(super) fn take_events(&mut self) -> Vec<AlertEvent> {
        std::mem::take(&mut self.events)
    }

    /// The term is over: waits a moment for what is under way.
    pub(super) fn settle(&mut self, now: Timestamp) {
        let deadline = Instant::now() + LAST_WORD;
        while self.courier.is_busy() && Instant::now() < deadline {
            let delivered = self.courier.delivered_within(Duration::from_millis(100));
            self.take(delivered, now);
        }
    }

    fn take(&mut self, delivered: Vec<Delivery>, now: Timestamp) {
        for Delivery { ticket, receiver, title, took, result, .. } in delivered {
            let outcome = match &result {
                Ok(_) => Outcome::Acknowledged,
                Err(error) => Outcome::Failed { refused: error.refused, retry_after: error.retry_after },
            };
            let Some(standing) = self.desk.told(&ticket, outcome, now) else { continue };
            let failures = standing.failures;
            let result = match result {
                Ok(_) => {
                    self.failing.remove(&receiver);
                    AlertResult::Sent
                }
                Err(error) if self.failing.insert(receiver.clone()) || failures % TOLD_OF == 0 => {
                    let retry_in = standing.retry_in.unwrap_or_default();
                    AlertResult::Failed { reason: error.reason, retry_in }
                }
                Err(_) => continue,
            };
            self.events.push(AlertEvent { receiver, title, took, failures, result });
        }
    }
}

/// What is wrong with a case, by what is kept of it.
fn trouble(name: &CaseName, case: &CaseState) -> Option<(CaseName, Kind, Timestamp, Facts)> {
    let (state, since) = case.trouble()?;
    let (kind, facts) = match state {
        State::Stall => (Kind::Stalled, facts("no execution is seen".to_owned(), None)),
        _ if case.is_service_down() => {
            let summary = "a fake request could not be sent".to_owned();
            (Kind::ServiceDown, facts(summary, case.last_failure()))
        }
        _ => {
            let failures = match case.consecutive_failures() {
                0 => "it was failing, and has not recovered yet".to_owned(),
                1 => "an execution did not pass".to_owned(),
                count => format!("{count} executions in a row did not pass"),
            };
            (Kind::Failing, facts(failures, case.last_failure()))
        }
    };
    Some((name.clone(), kind, since, facts))
}

fn facts(summary: String, latest: Option<&LastFailure>) -> Facts {
    Facts {
        summary,
        error: latest.and_then(|latest| latest.error.clone()),
        execution: latest.and_then(|latest| latest.id.as_ref()).map(ToString::to_string),
    }
}

#[cfg(test)]
mod tests {
    use livecheck_core::Settings;

    use super::*;
    use crate::monitor::case_state::Rules;

    #[test]
    fn who_takes_over_tells_a_service_that_is_down_from_a_case_that_fails() {
        let (rules, at) = (Rules::of(&Settings::new()), Timestamp::from_millis(1_795_000_000_000));
        let kind_of = |case: &CaseState| {
            // As it is kept.
            let kept = serde_json::to_value(case).expect("it is JSON");
            let case = serde_json::from_value(kept).expect("it is read again");
            trouble(&"shop::checkout".into(), &case).map(|(_, kind, _, facts)| (kind, facts.summary))
        };
        let mut down = CaseState::new(at);
        assert_eq!(kind_of(&down), None);
        down.service_down(&rules, "checkout@1".into(), "connection refused", at);
        let summary = "a fake request could not be sent".to_owned();
        assert_eq!(kind_of(&down), Some((Kind::ServiceDown, summary)));

        let mut failing = CaseState::new(at);
        let test =
            serde_json::json!({ "id": "o-1", "case_name": "shop::checkout", "timestamp": at, "expires": at });
        let test = serde_json::from_value(test).expect("a test");
        let report = TestReport::new("shop::checkout".into(), State::Fail, Some(test));
        for _ in 0..Settings::new().max_consecutive_failures {
            failing.ended(&rules, &report, at);
        }
        assert!(matches!(kind_of(&failing), Some((Kind::Failing, _))));
    }
}
