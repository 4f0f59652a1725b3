//! The runners at work, by what each says of itself.

use std::collections::BTreeMap;
use std::time::Duration;

use livecheck_core::{CaseName, Timestamp};

use super::record::RunnerRecord;
use crate::engine::CaseTally;

/// How often at least a runner says something of itself.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(5);
/// After how long a runner that says nothing is taken for gone.
pub(crate) const GONE_AFTER: Duration = Duration::from_secs(15);

/// The runners, as they are known from the monitor's topic.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roster(BTreeMap<String, (Timestamp, RunnerRecord)>);

impl Roster {
    /// A runner said that of itself, then. Gives the cases of which it has seen triggers since it last did.
    pub(crate) fn says(&mut self, id: String, at: Timestamp, record: RunnerRecord) -> Vec<CaseName> {
        let before = self.0.get(&id).map(|(_, record)| &record.cases);
        let triggered = |name| before.and_then(|cases| cases.get(name)).map_or(0, |tally| tally.triggered);
        let seen = record.cases.iter().filter(|(name, tally)| tally.triggered > triggered(*name));
        let seen = seen.map(|(name, _)| name.clone()).collect();
        self.0.insert(id, (at, record));
        seen
    }

    /// A runner has ended.
    pub(crate) fn gone(&mut self, id: &str) {
        self.0.remove(id);
    }

    /// Those that have said something lately.
    pub(crate) fn at_work(&self, now: Timestamp) -> impl Iterator<Item = (&str, &RunnerRecord)> {
        let is_at_work = move |at: &Timestamp| now.since(*at) < GONE_AFTER;
        self.0
            .iter()
            .filter(move |(_, (at, _))| is_at_work(at))
            .map(|(id, (_, record))| (id.as_str(), record))
    }

    /// Those that are gone without a word, since before then.
    pub(crate) fn silent_since(&self, then: Timestamp) -> Vec<String> {
        self.0.iter().filter(|(_, (at, _))| *at < then).map(|(id, _)| id.clone()).collect()
    }

    /// How many executions of each case are in flight.
    pub(crate) fn in_flight(&self, now: Timestamp) -> BTreeMap<&CaseName, u64> {
        let mut in_flight = BTreeMap::new();
        for (name, CaseTally { in_flight: count, .. }) in
            self.at_work(now).flat_map(|(_, record)| &record.cases)
        {
            *in_flight.entry(name).or_default() += count;
        }
        in_flight
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::Serves;

    fn record(triggered: u64, in_flight: u64) -> RunnerRecord {
        let tally = CaseTally { triggered, in_flight, pass: triggered - in_flight, ..CaseTally::default() };
        let cases = [("orders::order".into(), tally)].into();
        RunnerRecord { host: "host".to_owned(), started: Timestamp::MIN, cases, serves: Serves::default() }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    #[test]
    fn triggers_are_seen_when_their_count_has_grown() {
        let mut roster = Roster::default();
        let mut says = |id: &str, triggered| roster.says(id.to_owned(), at(0), record(triggered, 0)).len();
        assert_eq!(
            [says("one", 0), says("one", 3), says("one", 3), says("two", 3), says("one", 4)],
            [0, 1, 0, 1, 1]
        );
    }

    #[test]
    fn who_is_gone_has_nothing_in_flight() {
        let mut roster = Roster::default();
        roster.says("one".to_owned(), at(0), record(3, 2));
        roster.says("two".to_owned(), at(10), record(5, 4));
        let name: CaseName = "orders::order".into();
        assert_eq!(roster.in_flight(at(14))[&name], 6);
        assert_eq!(roster.in_flight(at(15))[&name], 4, "one was killed");
        assert_eq!(roster.silent_since(at(1)), ["one"]);
        roster.gone("two");
        assert_eq!(roster.at_work(at(15)).count(), 0);
    }
}
