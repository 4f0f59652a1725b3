//! The judgement: counts and criteria in, a verdict out. Nothing here knows Kafka or a clock.

use std::time::Duration;

use livecheck_core::wire::{State, TestReport};
use serde::Serialize;

use crate::args::FailureRate;

/// A case, as a user names it: by its whole name, or by the last part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CaseQuery(pub(crate) String);

impl CaseQuery {
    /// Whether that is the name of the case: Rust's paths and Python's have their last part behind a colon or a
    /// dot.
    pub(crate) fn matches(&self, name: &str) -> bool {
        name.strip_suffix(&self.0)
            .is_some_and(|before| before.is_empty() || before.ends_with("::") || before.ends_with('.'))
    }
}

/// What a gate asks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Criteria {
    pub(crate) cases: Vec<CaseQuery>,
    pub(crate) min_executions: u64,
    pub(crate) max_failure_rate: FailureRate,
}

/// Whether a deployment may go on.
///
/// In this order, the verdict on several cases is the greatest of theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum GateVerdict {
    /// There were enough executions, and no more of them failed than may.
    Pass,
    /// There were too few executions to tell.
    Inconclusive,
    /// There were enough executions, and too many failed.
    Fail,
}

impl GateVerdict {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Inconclusive => "INCONCLUSIVE",
            Self::Fail => "FAIL",
        }
    }
}

/// The reports on one case, counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct OfCase {
    /// As the user named it.
    pub(crate) case: String,
    pub(crate) verdict: Option<GateVerdict>,
    /// Those that passed or failed.
    pub(crate) executions: u64,
    pub(crate) passed: u64,
    /// FAIL, ERROR and TIMEOUT together.
    pub(crate) failures: u64,
    pub(crate) failed: u64,
    pub(crate) errors: u64,
    pub(crate) timeouts: u64,
    /// Executions that checked nothing, and count for nothing.
    pub(crate) skipped: u64,
    /// The share of the executions that failed; none where there were none.
    pub(crate) failure_rate: Option<f64>,
    /// What the latest failure said.
    pub(crate) latest_error: Option<String>,
}

/// What a gate says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Judgement {
    pub(crate) verdict: GateVerdict,
    pub(crate) min_executions: u64,
    pub(crate) max_failure_rate: f64,
    /// The time looked at, in seconds.
    pub(crate) window: f64,
    pub(crate) cases: Vec<OfCase>,
}

impl Judgement {
    /// A judgement of no report yet.
    pub(crate) fn new(criteria: &Criteria) -> Self {
        let cases = criteria.cases.iter().map(|query| OfCase { case: query.0.clone(), ..OfCase::default() });
        Self {
            verdict: GateVerdict::Inconclusive,
            min_executions: criteria.min_executions,
            max_failure_rate: criteria.max_failure_rate.share(),
            window: 0.0,
            cases: cases.collect(),
        }
    }

    /// Counts a report. Those on a case as a whole are on no execution.
    pub(crate) fn count(&mut self, criteria: &Criteria, report: &TestReport) {
        if report.test.is_none() {
            return;
        }
        for (query, of_case) in criteria.cases.iter().zip(&mut self.cases) {
            if query.matches(report.case_name.as_str()) {
                of_case.count(report);
            }
        }
    }

    /// Judges what was counted in that time.
    pub(crate) fn judged(mut self, criteria: &Criteria, window: Duration) -> Self {
        for of_case in &mut self.cases {
            of_case.judge(criteria);
        }
        // Without a case there is nothing that could have passed.
        let verdicts = self.cases.iter().filter_map(|of_case| of_case.verdict);
        self.verdict = verdicts.max().unwrap_or(GateVerdict::Inconclusive);
        self.window = window.as_secs_f64();
        self
    }
}

impl OfCase {
    fn count(&mut self, report: &TestReport) {
        match report.state {
            State::Pass => self.passed += 1,
            State::Fail => self.failed += 1,
            State::Error => self.errors += 1,
            State::Timeout => self.timeouts += 1,
            State::Skip => self.skipped += 1,
            // What says nothing of how an execution ended.
            _ => {}
        }
        if report.state.is_failure() {
            self.latest_error =
                report.error.as_ref().and_then(|error| error.lines().next()).map(str::to_owned);
        }
    }

    fn judge(&mut self, criteria: &Criteria) {
        self.failures = self.failed + self.errors + self.timeouts;
        self.executions = self.passed + self.failures;
        let rate = (self.executions > 0).then(|| self.failures as f64 / self.executions as f64);
        self.failure_rate = rate;
        self.verdict = Some(match rate {
            Some(rate) if self.executions >= criteria.min_executions => {
                if rate > criteria.max_failure_rate.share() { GateVerdict::Fail } else { GateVerdict::Pass }
            }
            _ => GateVerdict::Inconclusive,
        });
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn criteria(cases: &[&str], min_executions: u64, rate: &str) -> Criteria {
        let cases = cases.iter().map(|case| CaseQuery((*case).to_owned())).collect();
        Criteria { cases, min_executions, max_failure_rate: rate.parse().expect("a rate") }
    }

    pub(crate) fn report(case: &str, state: State) -> TestReport {
        let json = format!(
            r#"{{"case_name":"{case}","state":"{state}","test":{{"id":"o-1","case_name":"{case}",
            "timestamp":"2026-11-21T02:03:04Z","expires":"2026-11-21T05:03:04Z"}},"runtime":0.1,
            "error":"the side\nleft","traceback":null}}"#
        );
        livecheck_core::wire::decode(Some(json.as_bytes())).expect("a report")
    }

    pub(crate) fn judged(criteria: &Criteria, reports: &[(&str, State, u64)]) -> Judgement {
        let mut judgement = Judgement::new(criteria);
        for &(case, state, count) in reports {
            let report = report(case, state);
            (0..count).for_each(|_| judgement.count(criteria, &report));
        }
        judgement.judged(criteria, Duration::from_secs(600))
    }

    #[test]
    fn a_case_is_named_by_its_path_or_the_last_part_of_it() {
        let query = CaseQuery("order_flow".to_owned());
        for (name, matches) in [
            ("order_flow", true),
            ("stock_orders::cases::order_flow", true),
            ("orders.order_flow", true),
            ("slow_order_flow", false),
            ("order_flow::again", false),
        ] {
            assert_eq!(query.matches(name), matches, "{name}");
        }
    }

    #[test]
    fn too_few_executions_are_inconclusive_however_they_ended() {
        let criteria = criteria(&["order_flow"], 50, "1%");
        for state in [State::Pass, State::Fail] {
            let judgement = judged(&criteria, &[("order_flow", state, 49)]);
            assert_eq!(judgement.verdict, GateVerdict::Inconclusive);
        }
        assert_eq!(judged(&criteria, &[("order_flow", State::Pass, 50)]).verdict, GateVerdict::Pass);
        assert_eq!(judged(&criteria, &[("order_flow", State::Skip, 50)]).verdict, GateVerdict::Inconclusive);
    }

    #[test]
    fn as_many_may_fail_as_the_rate_says_and_not_one_more() {
        let criteria = criteria(&["order_flow"], 50, "1%");
        let verdict = |passed, failed| {
            judged(&criteria, &[("order_flow", State::Pass, passed), ("order_flow", State::Timeout, failed)])
                .verdict
        };
        assert_eq!(verdict(99, 1), GateVerdict::Pass);
        assert_eq!(verdict(98, 1), GateVerdict::Fail);
    }

    #[test]
    fn of_several_cases_each_must_do_well() {
        let criteria = criteria(&["a", "b"], 1, "0");
        let verdict = |reports: &[(&str, State, u64)]| judged(&criteria, reports).verdict;
        assert_eq!(verdict(&[("a", State::Pass, 1), ("b", State::Pass, 1)]), GateVerdict::Pass);
        assert_eq!(verdict(&[("a", State::Pass, 9)]), GateVerdict::Inconclusive);
        assert_eq!(verdict(&[("a", State::Fail, 1)]), GateVerdict::Fail);
    }

    proptest! {
        #[test]
        fn one_more_pass_opens_no_gate_less_and_one_more_failure_no_gate_more(
            passed in 0_u64..200, failed in 0_u64..200, min in 0_u64..200, rate in 0_u32..=100,
        ) {
            let criteria = criteria(&["c"], min, &format!("{rate}%"));
            let is_open = |passed, failed| {
                judged(&criteria, &[("c", State::Pass, passed), ("c", State::Fail, failed)]).verdict
                    == GateVerdict::Pass
            };
            if is_open(passed, failed) {
                prop_assert!(is_open(passed + 1, failed));
            }
            if passed + failed >= min.max(1) && !is_open(passed, failed) {
                prop_assert!(!is_open(passed, failed + 1));
            }
        }
    }
}
