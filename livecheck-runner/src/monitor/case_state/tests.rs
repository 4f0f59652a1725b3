//! The machine step by step, and against what its rules say of a whole sequence.

use livecheck_core::Settings;
use livecheck_core::wire::{State, TestReport};
use proptest::prelude::*;

use super::*;

const STALLED_AFTER: u64 = 1_000;
const DELAY: u64 = 300;
const IN_A_ROW: u32 = 3;

fn rules() -> Rules {
    Rules::of(
        &Settings::new()
            .warn_stalled_after(Duration::from_millis(STALLED_AFTER))
            .max_consecutive_failures(IN_A_ROW)
            .state_transition_delay(Duration::from_millis(DELAY))
            .max_history(5),
    )
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(i64::try_from(millis).expect("a short time"))
}

fn report(state: State, runtime_millis: u64) -> TestReport {
    TestReport {
        case_name: "orders::order_flow".into(),
        state,
        test: None,
        runtime: Some(Duration::from_millis(runtime_millis).as_secs_f64()),
        signal_latency: [("sent".to_owned(), 0.25)].into(),
        error: state.is_failure().then(|| "the side changed".to_owned()),
        traceback: None,
        explanation: None,
        attempts: Vec::new(),
    }
}

/// A case that has seen executions with those verdicts, a hundredth of a second each, and what was said.
struct Watched {
    case: CaseState,
    said: Vec<(u64, String)>,
}

impl Watched {
    fn new() -> Self {
        Self { case: CaseState::new(at(0)), said: Vec::new() }
    }

    fn ended(&mut self, millis: u64, state: State) -> &mut Self {
        let changes = self.case.ended(&rules(), &report(state, 10), at(millis));
        self.say(&changes)
    }

    fn fails_at<const N: usize>(&mut self, times: [u64; N]) {
        for millis in times {
            self.ended(millis, State::Fail);
        }
    }

    fn tick(&mut self, millis: u64) -> &mut Self {
        let changes = self.case.tick(&rules(), at(millis));
        self.say(&changes)
    }

    fn say(&mut self, changes: &[Change]) -> &mut Self {
        self.said.extend(changes.iter().map(|change| (millis(change.at), said(change))));
        self
    }

    fn is(&self, state: State, said: &[(u64, &str)]) {
        let expected: Vec<_> = said.iter().map(|(at, said)| (*at, (*said).to_owned())).collect();
        assert_eq!((self.case.state(), &self.said), (state, &expected));
    }
}

fn millis(at: Timestamp) -> u64 {
    u64::try_from(at.as_millis()).expect("a time after 1970")
}

fn said(change: &Change) -> String {
    match &change.kind {
        ChangeKind::Failing { .. } => "failing".to_owned(),
        ChangeKind::ServiceDown { .. } => "down".to_owned(),
        ChangeKind::Stalled { .. } => "stalled".to_owned(),
        ChangeKind::Recovered { from, .. } => format!("recovered from {from}"),
    }
}

#[test]
fn the_first_verdicts_set_the_state() {
    use State::{Error, Fail, Pass, Skip, Timeout};
    Watched::new().is(State::Init, &[]);
    Watched::new().ended(1, Pass).is(Pass, &[]);
    Watched::new().ended(1, Skip).is(Skip, &[]);
    Watched::new().ended(1, Error).ended(2, Timeout).is(Timeout, &[]);
    Watched::new().ended(1, Fail).ended(2, Skip).is(Fail, &[]);
    Watched::new().ended(1, Fail).ended(2, Pass).ended(3, Skip).is(Skip, &[]);
}

#[test]
fn it_fails_with_the_failures_in_a_row_that_are_allowed_and_is_reported_once() {
    let mut case = Watched::new();
    case.ended(1, State::Fail).ended(2, State::Error).ended(3, State::Pass).ended(4, State::Fail);
    case.ended(5, State::Skip).ended(6, State::Timeout).is(State::Timeout, &[]);
    case.ended(7, State::Fail).ended(8, State::Fail).is(State::Fail, &[(7, "failing")]);
    assert_eq!(case.case.consecutive_failures(), 4);
    assert_eq!(case.case.trouble(), Some((State::Fail, at(7))));
    let last = case.case.last_failure().expect("it failed");
    assert_eq!((last.at, last.error.as_deref()), (at(8), Some("the side changed")));
}

#[test]
fn it_recovers_when_tests_pass_and_none_has_failed_for_the_delay() {
    let mut case = Watched::new();
    case.fails_at([1, 2, 3]);
    case.ended(100, State::Pass).is(State::Fail, &[(3, "failing")]);
    // One failure more, and the delay begins anew.
    case.ended(200, State::Error).ended(400, State::Pass).tick(499).is(State::Error, &[(3, "failing")]);
    case.tick(5_000).is(State::Stall, &[(3, "failing"), (500, "recovered from FAIL"), (1_400, "stalled")]);
}

#[test]
fn a_pass_after_the_delay_recovers_at_once() {
    let mut case = Watched::new();
    case.fails_at([1, 2, 3]);
    case.ended(700, State::Pass).is(State::Pass, &[(3, "failing"), (700, "recovered from FAIL")]);
}

#[test]
fn a_test_from_before_the_failure_recovers_nothing() {
    let mut case = Watched::new();
    case.fails_at([1, 2, 3]);
    let changes = case.case.ended(&rules(), &report(State::Pass, 698), at(700));
    case.say(&changes).tick(900).is(State::Fail, &[(3, "failing")]);
}

#[test]
fn nothing_seen_is_a_stall_at_its_moment_whenever_it_is_looked_at() {
    let mut case = Watched::new();
    case.tick(999).is(State::Init, &[]);
    case.tick(1_500).tick(9_000).is(State::Stall, &[(1_000, "stalled")]);
    // The execution says that the stall was over by then, and not that there was none.
    case.ended(9_500, State::Pass).is(State::Pass, &[(1_000, "stalled"), (9_500, "recovered from STALL")]);
    case.ended(20_000, State::Pass);
    assert_eq!(case.said[2..], [(10_500, "stalled".to_owned()), (20_000, "recovered from STALL".to_owned())]);
}

#[test]
fn a_test_in_flight_or_skipped_is_seen_too() {
    let mut case = Watched::new();
    let changes = case.case.seen(&rules(), at(800));
    case.say(&changes).tick(1_799).is(State::Init, &[]);
    case.ended(1_799, State::Skip).tick(2_798).is(State::Skip, &[]);
}

#[test]
fn failures_after_a_stall_are_shown_as_what_they_are() {
    let mut case = Watched::new();
    case.tick(1_000).ended(1_100, State::Timeout).is(State::Timeout, &[(1_000, "stalled")]);
    case.ended(1_200, State::Timeout).ended(1_300, State::Timeout);
    case.is(State::Timeout, &[(1_000, "stalled"), (1_300, "failing")]);

    let mut case = Watched::new();
    case.tick(1_000).ended(1_100, State::Timeout).tick(2_100).is(State::Stall, &[(1_000, "stalled")]);
}

#[test]
fn a_service_that_is_down_fails_the_case_at_once_and_until_tests_pass_again() {
    let mut case = Watched::new();
    case.ended(1, State::Pass);
    for time in [10, 20] {
        let changes = case.case.service_down(&rules(), "fake".into(), "nobody listens", at(time));
        case.say(&changes);
    }
    case.ended(200, State::Pass).is(State::Fail, &[(10, "down")]);
    assert_eq!((case.case.consecutive_failures(), case.case.statistics().totals().fail), (0, 0));
    case.tick(320).is(State::Pass, &[(10, "down"), (320, "recovered from FAIL")]);
}

#[test]
fn what_happens_while_nobody_watches_is_no_stall() {
    let mut case = Watched::new();
    case.ended(100, State::Pass);
    case.case.unwatched(Duration::from_secs(60));
    case.tick(61_099).is(State::Pass, &[]);
    case.tick(61_100).is(State::Stall, &[(61_100, "stalled")]);
}

#[test]
fn a_case_that_is_not_expected_does_not_stall_and_one_that_is_unknown_does_not_fail() {
    for settings in [Settings::new().active(false), Settings::new().probability(0.0)] {
        assert_eq!(CaseState::new(at(0)).due(&Rules::of(&settings)), None);
    }
    let mut case = CaseState::new(at(0));
    let ended = |time| case.ended(&Rules::of_unknown(), &report(State::Fail, 1), at(time));
    assert!((1..200).flat_map(ended).next().is_none());
    assert_eq!(case.statistics().totals().fail, 199);
}

#[test]
fn statistics_are_of_the_latest_executions_and_totals_of_all() {
    let mut case = Watched::new();
    for (time, state) in
        [(0, State::Pass), (20, State::Fail), (60, State::Pass), (90, State::Skip), (140, State::Pass)]
    {
        case.ended(100 + time, state);
    }
    let statistics = case.case.statistics();
    let totals = statistics.totals();
    assert_eq!((totals.triggered, totals.pass, totals.fail, totals.skip), (5, 3, 1, 1));
    assert_eq!(statistics.success_rate(), Some(0.75));
    let frequency = statistics.frequency().expect("several have started");
    assert_eq!((frequency.median, frequency.p99), (0.04, 0.08));
    assert_eq!(statistics.latency(Duration::from_millis(40)).expect("the same").p50, 0.0);
    assert_eq!(statistics.runtime().expect("some have passed").p50, 0.01);
    assert_eq!(statistics.signals()["sent"].p90, 0.25);
}

#[test]
fn starts_are_put_in_order_since_executions_end_in_another() {
    let mut case = CaseState::new(at(0));
    for (end, runtime) in [(100, 0), (300, 250), (310, 10)] {
        let _ = case.ended(&rules(), &report(State::Pass, runtime), at(end));
    }
    // They started at 50, 100 and 300.
    let frequency = case.statistics().frequency().expect("several have started");
    assert_eq!((frequency.median, frequency.p50), (0.125, 0.05));
}

/// What comes: a verdict, or that an execution is in flight, after so many milliseconds.
#[derive(Clone, Debug)]
struct Step {
    after: u64,
    ended: Option<(State, u64)>,
}

fn step() -> impl Strategy<Value = Step> {
    let state = prop_oneof![
        4 => Just(State::Pass),
        3 => Just(State::Fail),
        1 => Just(State::Error),
        1 => Just(State::Timeout),
        1 => Just(State::Skip),
    ];
    let ended = prop_oneof![9 => (state, 0..400_u64).prop_map(Some), 1 => Just(None)];
    (prop_oneof![9 => 0..200_u64, 1 => 0..3_000_u64], ended).prop_map(|(after, ended)| Step { after, ended })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(step(), 0..60)
}

/// What is said when time is looked at every so many milliseconds, and the case as it is at the end.
fn watch(steps: &[Step], every: Option<u64>, kept_as_json: bool) -> (CaseState, Vec<Change>) {
    let (rules, mut case) = (rules(), CaseState::new(at(0)));
    let (mut now, mut said) = (0, Vec::new());
    for step in steps {
        let next = now + step.after;
        for time in every.into_iter().flat_map(|every| (now..next).step_by(every.try_into().expect("few"))) {
            said.extend(case.tick(&rules, at(time)));
        }
        now = next;
        said.extend(match step.ended {
            Some((state, runtime)) => case.ended(&rules, &report(state, runtime.min(now)), at(now)),
            None => case.seen(&rules, at(now)),
        });
        if kept_as_json {
            let json = serde_json::to_string(&case).expect("it has JSON");
            case = serde_json::from_str(&json).expect("it reads what it writes");
        }
    }
    (case, said)
}

proptest! {
    #[test]
    fn looking_more_often_changes_nothing(steps in steps(), every in 1..500_u64) {
        prop_assert_eq!(watch(&steps, None, false), watch(&steps, Some(every), false));
    }

    #[test]
    fn a_restart_changes_nothing(steps in steps()) {
        prop_assert_eq!(watch(&steps, None, false), watch(&steps, None, true));
    }

    #[test]
    fn nothing_happens_before_it_is_due_and_something_when_it_is(steps in steps()) {
        let (mut case, _) = watch(&steps, None, false);
        while let Some(due) = case.due(&rules()) {
            prop_assert!(case.tick(&rules(), due - Duration::from_micros(1)).is_empty());
            let changes = case.tick(&rules(), due);
            prop_assert!(changes.iter().all(|change| change.at == due));
            prop_assert!(case.due(&rules()).is_none_or(|next| next > due), "it has happened");
        }
        prop_assert_eq!(case.state(), State::Stall, "without executions each case ends there");
    }

    #[test]
    fn every_execution_is_counted_and_so_is_the_row_of_failures(steps in steps()) {
        let (case, _) = watch(&steps, None, false);
        let states: Vec<State> = steps.iter().filter_map(|step| Some(step.ended?.0)).collect();
        let count = |state| u64::try_from(states.iter().filter(|other| **other == state).count()).expect("few");
        let totals = case.statistics().totals();
        prop_assert!(totals.balances());
        prop_assert_eq!(
            [totals.pass, totals.fail, totals.error, totals.timeout, totals.skip],
            [State::Pass, State::Fail, State::Error, State::Timeout, State::Skip].map(count)
        );
        let row = states.iter().rev().take_while(|state| **state != State::Pass);
        let row = row.filter(|state| state.is_failure()).count();
        prop_assert_eq!(case.consecutive_failures(), u64::try_from(row).expect("few"));
    }

    /// What the rules say of a whole sequence, found by looking at all of it for each moment.
    #[test]
    fn what_is_said_is_what_the_sequence_says(steps in steps()) {
        let (case, said) = watch(&steps, None, false);
        let mut trouble = None;
        for change in &said {
            let next = match &change.kind {
                ChangeKind::Failing { consecutive_failures, .. } => {
                    prop_assert_ne!(trouble, Some(State::Fail), "it is said once");
                    prop_assert!(*consecutive_failures >= IN_A_ROW.into());
                    Some(State::Fail)
                }
                ChangeKind::ServiceDown { .. } => unreachable!("no request was sent"),
                ChangeKind::Stalled { .. } => {
                    prop_assert_ne!(trouble, Some(State::Stall), "it is said once");
                    let since = change.at - Duration::from_millis(STALLED_AFTER);
                    prop_assert!(quiet_between(&steps, since, change.at), "something was seen");
                    Some(State::Stall)
                }
                ChangeKind::Recovered { from, .. } => {
                    prop_assert_eq!(trouble, Some(*from), "what was not said cannot be over");
                    if *from == State::Fail {
                        let since = change.at - Duration::from_millis(DELAY);
                        prop_assert!(no_failure_between(&steps, since, change.at), "it has failed since");
                    }
                    None
                }
            };
            trouble = next;
        }
        prop_assert_eq!(case.trouble().map(|(state, _)| state), trouble);
        // While nothing was said, nothing was to be said: no row of failures, and no gap.
        if said.is_empty() {
            prop_assert!(case.consecutive_failures() < IN_A_ROW.into());
            prop_assert!(times(&steps).all(|(after, _, _)| after <= STALLED_AFTER));
        }
    }
}

/// Each step: after how long it came, when, and what.
fn times(steps: &[Step]) -> impl Iterator<Item = (u64, Timestamp, Option<State>)> + '_ {
    let mut now = 0;
    steps.iter().map(move |step| {
        now += step.after;
        (step.after, at(now), step.ended.map(|ended| ended.0))
    })
}

fn quiet_between(steps: &[Step], since: Timestamp, until: Timestamp) -> bool {
    times(steps).all(|(_, time, _)| time <= since || time >= until)
}

fn no_failure_between(steps: &[Step], since: Timestamp, until: Timestamp) -> bool {
    times(steps)
        .filter(|(_, _, state)| state.is_some_and(State::is_failure))
        .all(|(_, time, _)| time <= since || time >= until)
}
