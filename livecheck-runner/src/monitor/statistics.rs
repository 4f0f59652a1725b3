//! What the executions of a case have in common: how many there were, how long they took, how often they come.

use std::collections::BTreeMap;
use std::time::Duration;

use livecheck_core::Timestamp;
use livecheck_core::wire::{State, TestReport};
use serde::{Deserialize, Serialize};

use super::case_state::Rules;
use super::history::{History, Quantiles};
use crate::engine::CaseTally;

/// How many signals of a case are told apart: of a case that this program does not have, any names may come.
const MOST_SIGNALS: usize = 64;

/// What the executions of a case have in common.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    /// How many have ended, by what became of them.
    totals: CaseTally,
    /// When the latest executions started: how often they come is read off these.
    starts: Vec<Timestamp>,
    /// From the trigger to the pass. What did not pass says only how long was waited.
    runtime: History,
    /// By signal: from the trigger to the signal.
    signals: BTreeMap<String, History>,
}

impl Statistics {
    /// An execution that started then has ended.
    pub(super) fn ended(&mut self, rules: &Rules, report: &TestReport, started: Timestamp) {
        self.totals.count(report.state);
        if report.state == State::Skip {
            return;
        }
        // They end in another order than they start.
        let place = self.starts.partition_point(|other| *other <= started);
        self.starts.insert(place, started);
        // Between so many intervals stands one more start.
        if self.starts.len() > rules.max_history + 1 {
            self.starts.remove(0);
        }
        if let (State::Pass, Some(runtime)) = (report.state, report.runtime) {
            self.runtime.add(runtime, rules.max_history);
        }
        for (signal, latency) in &report.signal_latency {
            if let Some(history) = self.signals.get_mut(signal) {
                history.add(*latency, rules.max_history);
            } else if self.signals.len() < MOST_SIGNALS {
                self.signals.entry(signal.clone()).or_default().add(*latency, rules.max_history);
            }
        }
    }

    /// How many have ended, by what became of them, since the beginning; none is in flight here.
    #[must_use]
    pub fn totals(&self) -> CaseTally {
        self.totals
    }

    /// The share of the executions that passed among those that were not skipped; none where there are none.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a share needs no more digits")]
    pub fn success_rate(&self) -> Option<f64> {
        let executed = self.totals.ended() - self.totals.skip;
        (executed > 0).then(|| self.totals.pass as f64 / executed as f64)
    }

    /// From the trigger to the pass: Faust's `runtime_history`.
    #[must_use]
    pub fn runtime(&self) -> Option<Quantiles> {
        self.runtime.quantiles()
    }

    /// By signal: from the trigger to the signal.
    #[must_use]
    pub fn signals(&self) -> BTreeMap<&str, Quantiles> {
        let signals = self.signals.iter();
        signals.filter_map(|(name, history)| Some((name.as_str(), history.quantiles()?))).collect()
    }

    /// From one start to the next: Faust's `frequency_history`.
    #[must_use]
    pub fn frequency(&self) -> Option<Quantiles> {
        self.intervals().collect::<History>().quantiles()
    }

    /// By how much an interval was longer than the case's `frequency`: Faust's `latency_history`.
    #[must_use]
    pub fn latency(&self, frequency: Duration) -> Option<Quantiles> {
        let wanted = frequency.as_secs_f64();
        self.intervals().map(|interval| interval - wanted).collect::<History>().quantiles()
    }

    fn intervals(&self) -> impl Iterator<Item = f64> + '_ {
        self.starts.windows(2).map(|pair| pair[1].since(pair[0]).as_secs_f64())
    }
}
