//! All the cases, and how far the reports on them were read. Pure: what is read goes in, what changes comes out.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use livecheck_core::wire::{State, TestReport};
use livecheck_core::{CaseName, Cases, TestId, Timestamp};

use super::case_state::{CaseState, Change, ChangeKind, Rules};
use crate::config::CheckConfig;

/// How many cases are counted that this program does not have: their names come from elsewhere.
const MOST_UNKNOWN: usize = 1_000;

/// A case as a whole has changed.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseChange {
    /// The case.
    pub case: CaseName,
    /// What happened, and when.
    pub change: Change,
}

impl CaseChange {
    /// The report on it, as it goes to the report topic: one without a test.
    #[must_use]
    pub fn report(&self) -> TestReport {
        let (state, error) = match &self.change.kind {
            ChangeKind::Failing { .. } => (State::Fail, Some(self.change.kind.to_string())),
            ChangeKind::ServiceDown { latest } => (State::Fail, latest.error.clone()),
            ChangeKind::Stalled { .. } => (State::Stall, Some(self.change.kind.to_string())),
            ChangeKind::Recovered { .. } => (State::Pass, None),
        };
        TestReport {
            case_name: self.case.clone(),
            state,
            test: None,
            runtime: None,
            signal_latency: BTreeMap::new(),
            error,
            traceback: None,
            explanation: None,
            attempts: Vec::new(),
        }
    }
}

/// All the cases.
#[derive(Debug)]
pub(crate) struct Board {
    /// Of the cases that this program has.
    rules: BTreeMap<CaseName, Rules>,
    unknown: Rules,
    /// By what the names of their test cases begin with: those of checks.
    checks: BTreeMap<String, Rules>,
    cases: BTreeMap<CaseName, CaseState>,
    /// Those that are not as they were kept.
    changed: BTreeSet<CaseName>,
    /// By partition of the report topic: the next offset.
    offsets: BTreeMap<i32, i64>,
}

impl Board {
    /// Of those cases, and of what was kept of them and of others when the reports had been read up to there.
    pub(crate) fn restored(
        cases: &Cases,
        kept: BTreeMap<CaseName, CaseState>,
        offsets: BTreeMap<i32, i64>,
    ) -> Self {
        Self {
            rules: cases.iter().map(|case| (case.name.into(), Rules::of(&case.settings))).collect(),
            unknown: Rules::of_unknown(),
            checks: BTreeMap::new(),
            cases: kept,
            changed: BTreeSet::new(),
            offsets,
        }
    }

    /// A check is watched, and judged with each of its test cases.
    pub(crate) fn watch_check(&mut self, check: &CheckConfig) {
        let rules = Rules::of_check(check);
        // Of a test case nothing may be seen again: it was given another name.
        let of_test = Rules { warn_stalled_after: None, ..rules.clone() };
        self.checks.insert(format!("{}::", check.name), of_test);
        self.rules.insert(check.name.as_str().into(), rules);
    }

    fn rules_of(&self, name: &CaseName) -> &Rules {
        let of_check = || self.checks.iter().find(|(prefix, _)| name.as_str().starts_with(prefix.as_str()));
        self.rules.get(name).or_else(|| of_check().map(|(_, rules)| rules)).unwrap_or(&self.unknown)
    }

    /// From now on it is watched; it was last watched then, if ever.
    pub(crate) fn begin(&mut self, now: Timestamp, watched_until: Option<Timestamp>) {
        let pause = watched_until.map_or(Duration::ZERO, |until| now.since(until));
        for name in self.rules.keys() {
            self.cases
                .entry(name.clone())
                .and_modify(|case| case.unwatched(pause))
                .or_insert_with(|| CaseState::new(now));
            self.changed.insert(name.clone());
        }
    }

    /// These rules hold of a case from now on.
    pub(crate) fn judge_by(&mut self, name: &str, rules: Rules, now: Timestamp) {
        let Some(before) = self.rules.get_mut(name).filter(|before| **before != rules) else { return };
        let is_expected_again = before.warn_stalled_after.is_none() && rules.warn_stalled_after.is_some();
        *before = rules;
        if let Some(case) = self.cases.get_mut(name).filter(|_| is_expected_again) {
            case.expected_from(now);
            self.changed.insert(name.into());
        }
    }

    /// A record of the report topic was read: a report on an execution, or something else.
    pub(crate) fn read(
        &mut self,
        partition: i32,
        offset: i64,
        at: Timestamp,
        report: Option<&TestReport>,
    ) -> Vec<CaseChange> {
        self.offsets.insert(partition, offset + 1);
        // Those on whole cases are this monitor's own, or another's, whose state is none of ours.
        let Some(report) = report.filter(|report| report.test.is_some()) else { return Vec::new() };
        self.change(&report.case_name, at, |case, rules| case.ended(rules, report, at))
    }

    /// Executions of a case were triggered, by then.
    pub(crate) fn seen(&mut self, case: &CaseName, at: Timestamp) -> Vec<CaseChange> {
        self.change(case, at, |case, rules| case.seen(rules, at))
    }

    /// A fake request could not be sent.
    pub(crate) fn service_down(
        &mut self,
        case: &CaseName,
        request: TestId,
        error: &str,
        at: Timestamp,
    ) -> Vec<CaseChange> {
        self.change(case, at, |case, rules| case.service_down(rules, request, error, at))
    }

    /// When a case changes its state if nothing is seen of it before.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        self.rules.iter().filter_map(|(name, rules)| self.cases.get(name)?.due(rules)).min()
    }

    /// Time has passed.
    pub(crate) fn tick(&mut self, now: Timestamp) -> Vec<CaseChange> {
        let due: Vec<CaseName> = self
            .rules
            .iter()
            .filter(|(name, rules)| {
                self.cases.get(*name).and_then(|case| case.due(rules)).is_some_and(|due| due <= now)
            })
            .map(|(name, _)| name.clone())
            .collect();
        due.iter().flat_map(|name| self.change(name, now, |case, rules| case.tick(rules, now))).collect()
    }

    fn change(
        &mut self,
        name: &CaseName,
        at: Timestamp,
        change: impl FnOnce(&mut CaseState, &Rules) -> Vec<Change>,
    ) -> Vec<CaseChange> {
        if !self.cases.contains_key(name) {
            let room = self.rules.len() + MOST_UNKNOWN;
            if !self.rules.contains_key(name) && self.cases.len() >= room {
                return Vec::new();
            }
            self.cases.insert(name.clone(), CaseState::new(at));
        }
        let rules = self.rules_of(name).clone();
        let Some(case) = self.cases.get_mut(name) else { return Vec::new() };
        let changes = change(case, &rules);
        if !self.changed.contains(name) {
            self.changed.insert(name.clone());
        }
        changes.into_iter().map(|change| CaseChange { case: name.clone(), change }).collect()
    }

    /// By partition of the report topic: where to go on.
    pub(crate) fn offsets(&self) -> &BTreeMap<i32, i64> {
        &self.offsets
    }

    /// The cases of this program with which something is wrong.
    pub(crate) fn troubled(&self) -> impl Iterator<Item = (&CaseName, &CaseState)> {
        let ours = self.cases.iter().filter(|(name, _)| self.rules.contains_key(*name));
        ours.filter(|(_, case)| case.trouble().is_some())
    }

    /// Whether something is not as it was kept.
    pub(crate) fn is_changed(&self) -> bool {
        !self.changed.is_empty()
    }

    /// The cases that are not as they were kept, which is to be mended now.
    pub(crate) fn take_changed(&mut self) -> Vec<(&CaseName, &CaseState)> {
        let changed = std::mem::take(&mut self.changed);
        self.cases.iter().filter(|(name, _)| changed.contains(*name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use livecheck_core::case::Location;
    use livecheck_core::{Case, Settings};

    use super::*;

    static ORDER: Case = Case {
        settings: Settings::new().warn_stalled_after(Duration::from_secs(5)).max_consecutive_failures(2),
        ..Case::new("orders::order", Location { package: "orders", file: "src/lib.rs", line: 1 }, |_| {
            Box::pin(async { Ok(()) })
        })
    };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn cases() -> Cases {
        Cases::new([&ORDER]).expect("one name")
    }

    fn board() -> Board {
        Board::restored(&cases(), BTreeMap::new(), BTreeMap::new())
    }

    fn report(case: &str, state: State, with_test: bool) -> TestReport {
        let test = format!(
            r#"{{"id":"o-1","case_name":"{case}","timestamp":"2026-11-21T02:03:04Z","expires":"2026-11-21T05:03:04Z"}}"#
        );
        let test = with_test.then(|| serde_json::from_str(&test).expect("a test"));
        TestReport {
            case_name: case.into(),
            state,
            test,
            runtime: Some(0.1),
            signal_latency: BTreeMap::new(),
            error: None,
            traceback: None,
            explanation: None,
            attempts: Vec::new(),
        }
    }

    #[test]
    fn a_successor_goes_on_where_its_predecessor_was() {
        let mut first = board();
        first.begin(at(100), None);
        assert!(first.read(3, 41, at(101), Some(&report(ORDER.name, State::Fail, true))).is_empty());
        let kept = first.take_changed().into_iter().map(|(n, c)| (n.clone(), c.clone())).collect();
        assert!(!first.is_changed());
        let mut second = Board::restored(&cases(), kept, first.offsets().clone());
        second.begin(at(103), Some(at(102)));
        assert_eq!(second.offsets()[&3], 42);
        let changes = second.read(3, 42, at(104), Some(&report(ORDER.name, State::Timeout, true)));
        assert_eq!(changes[0].change.kind.to_string(), "2 executions in a row did not pass");
        let report = changes[0].report();
        assert_eq!((report.state, report.test.is_none(), report.runtime), (State::Fail, true, None));
    }

    #[test]
    fn a_stall_counts_only_while_somebody_watches() {
        let mut board = board();
        board.begin(at(0), None);
        assert_eq!(board.due(), Some(at(5)));
        board.begin(at(3_602), Some(at(2)));
        assert_eq!(board.due(), Some(at(3_605)), "two seconds of the five were watched");
        let said: Vec<_> = board.tick(at(3_605)).iter().map(|said| said.change.kind.to_string()).collect();
        assert_eq!(said, ["no execution was seen for 5s, nor any before"]);
    }

    #[test]
    fn a_case_that_nothing_is_asked_of_does_not_stall_nor_as_soon_as_it_is_asked_again() {
        let mut board = board();
        board.begin(at(0), None);
        board.judge_by(ORDER.name, Rules::of(&ORDER.settings.clone().probability(0.0)), at(1));
        assert_eq!(board.due(), None);
        board.take_changed();
        board.judge_by(ORDER.name, Rules::of(&ORDER.settings), at(1_000));
        assert_eq!(board.due(), Some(at(1_005)));
        assert_eq!(board.take_changed().len(), 1, "a successor is to know it");
    }

    #[test]
    fn what_is_no_report_on_an_execution_only_moves_the_position() {
        let mut board = board();
        board.begin(at(0), None);
        board.take_changed();
        assert!(board.read(0, 6, at(1), None).is_empty());
        assert!(board.read(0, 7, at(1), Some(&report(ORDER.name, State::Stall, false))).is_empty());
        assert_eq!((board.offsets()[&0], board.is_changed()), (8, false));
    }

    #[test]
    fn cases_of_other_programs_are_counted_within_bounds() {
        let mut board = board();
        board.begin(at(0), None);
        for number in 0..5_000 {
            let report = report(&format!("case-{number}"), State::Fail, true);
            assert!(board.read(0, number, at(1), Some(&report)).is_empty());
        }
        assert_eq!(board.take_changed().len(), MOST_UNKNOWN + 1);
        assert_eq!(board.due(), Some(at(5)), "they do not stall");
    }
}
