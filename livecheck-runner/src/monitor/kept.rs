//! What is kept on the monitor's topic, put together again.

use std::collections::BTreeMap;

use livecheck_core::{CaseName, Timestamp};

use super::case_state::CaseState;
use super::own_topic::OwnRecord;
use super::record::{Key, Position, RunnerRecord, decode_value};
use super::roster::Roster;
use super::slots::Slots;

/// What is kept of a group.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept {
    pub(crate) cases: BTreeMap<CaseName, CaseState>,
    pub(crate) position: Option<Position>,
    /// By what is done by the clock: what has become of its slots.
    pub(crate) slots: BTreeMap<CaseName, Slots>,
    pub(crate) alerts: livecheck_alerts::Restored,
    pub(crate) roster: Roster,
}

impl Kept {
    /// The runner that leads, by its id, and what it says of itself; none, if none that is at work does.
    pub(crate) fn leader(&self, now: Timestamp) -> Option<(&str, &RunnerRecord)> {
        let leader = self.position.as_ref()?.leader.as_str();
        self.roster.at_work(now).find(|(runner, _)| *runner == leader)
    }

    /// Takes in the next record. One that cannot be read is as if it were not there, but for what is logged.
    pub(crate) fn take(&mut self, OwnRecord { key, at, value }: OwnRecord) {
        let value = value.as_deref();
        let taken = match &key {
            Key::Case(name) => decode_value(value).map(|state| drop(self.cases.insert(name.clone(), state))),
            Key::Position => decode_value(value).map(|position| self.position = Some(position)),
            Key::Slots(name) => decode_value(value).map(|slots| {
                self.slots.insert(name.clone(), slots);
            }),
            Key::Alerts(key) => value
                .map(|value| decode_value(Some(value)))
                .transpose()
                .and_then(|value| Ok(self.alerts.take(key.clone(), value)?)),
            Key::Runner(id) if value.is_none() => {
                self.roster.gone(id);
                Ok(())
            }
            Key::Runner(id) => {
                decode_value(value).map(|record| drop(self.roster.says(id.clone(), at, record)))
            }
        };
        if let Err(error) = taken {
            tracing::warn!(%error, ?key, "what the monitor has kept cannot be read, and is left out");
        }
    }
}
