//! Whatever happens, in whichever order: who is told that something begins is told that it is over, and nobody is told
//! what is not so.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use livecheck_core::Timestamp;
use proptest::prelude::*;

use super::world::{CASES, World, policy};
use crate::alert::Kind;
use crate::message::Status;
use crate::policy::Policy;

#[derive(Clone, Debug)]
enum Step {
    Begins(usize, Kind),
    Recovers(usize),
    Passes(u64),
    Down(usize),
    Up,
    Deaf(bool),
    Killed(Change),
    Silenced(usize, u64),
}

/// How the configuration of the next leader differs.
#[derive(Clone, Copy, Debug)]
enum Change {
    None,
    Label,
    Case(usize),
    Routes,
    Groups,
}

const RECEIVERS: [&str; 3] = ["chat", "manager", "pager"];

fn changed(change: Change) -> Policy {
    let mut policy = policy();
    match change {
        Change::None => {}
        Change::Label => drop(policy.labels.insert("team".to_owned(), "money".to_owned())),
        Change::Case(case) => drop(policy.subjects.remove(&World::case(case))),
        Change::Routes => policy.routes.clear(),
        Change::Groups => policy.routes.iter_mut().for_each(|route| route.group_by = vec!["case".to_owned()]),
    }
    policy
}

fn step(with_silences: bool, with_changes: bool) -> impl Strategy<Value = Step> {
    let case = 0..CASES.len();
    let kind = proptest::sample::select(vec![Kind::Failing, Kind::Stalled, Kind::ServiceDown]);
    let change = prop_oneof![
        Just(Change::None),
        Just(Change::Label),
        case.clone().prop_map(Change::Case),
        Just(Change::Routes),
        Just(Change::Groups),
    ];
    prop_oneof![
        4 => (case.clone(), kind).prop_map(|(case, kind)| Step::Begins(case, kind)),
        3 => case.clone().prop_map(Step::Recovers),
        4 => prop_oneof![1..60_u64, 60..20_000_u64].prop_map(Step::Passes),
        1 => (0..RECEIVERS.len()).prop_map(Step::Down),
        1 => Just(Step::Up),
        1 => any::<bool>().prop_map(Step::Deaf),
        1 => change.prop_map(move |change| Step::Killed(if with_changes { change } else { Change::None })),
        1 => (case, 1..20_000_u64).prop_map(move |(case, seconds)| {
            if with_silences { Step::Silenced(case, seconds) } else { Step::Up }
        }),
    ]
}

/// Does all of it, and then all is well for long. Gives when each alert began.
fn live(world: &mut World, steps: Vec<Step>) -> Vec<(Timestamp, usize, Kind)> {
    let (mut begun, mut open) = (Vec::new(), BTreeSet::new());
    for step in steps {
        match step {
            Step::Begins(case, kind) => {
                if open.insert((case, kind)) {
                    begun.push((world.now, case, kind));
                }
                world.begins(CASES[case], kind);
            }
            Step::Recovers(case) => {
                open.retain(|(other, _)| *other != case);
                world.recovers(CASES[case]);
            }
            Step::Passes(seconds) => world.pass(Duration::from_secs(seconds)),
            Step::Down(receiver) => drop(world.down.insert(RECEIVERS[receiver].to_owned())),
            Step::Up => world.down.clear(),
            Step::Deaf(is_deaf) => world.is_deaf = is_deaf,
            Step::Killed(change) => world.is_killed(changed(change)),
            Step::Silenced(case, seconds) => {
                world.silence(&format!("s-{case}"), CASES[case], Duration::from_secs(seconds));
            }
        }
    }
    world.down.clear();
    world.is_deaf = false;
    CASES.iter().for_each(|case| world.recovers(case));
    // Longer than any silence is kept.
    world.pass(Duration::from_secs(40 * 3600));
    begun
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn who_was_told_that_it_begins_is_told_that_it_is_over(
        steps in proptest::collection::vec(step(true, true), 1..40),
    ) {
        let mut world = World::new();
        live(&mut world, steps);
        let mut last = BTreeMap::new();
        for (_, message) in &world.arrived {
            for alert in &message.alerts {
                let known = last.insert((message.receiver.clone(), alert.fingerprint.clone()), alert.status);
                prop_assert!(known.is_some() || alert.status == Status::Firing, "an end without a beginning");
            }
        }
        prop_assert!(last.values().all(|status| *status == Status::Resolved), "{last:?}");
        prop_assert!(world.is_nothing_kept());
    }

    #[test]
    fn all_that_begins_is_told_to_all_whom_it_concerns_and_to_nobody_else(
        steps in proptest::collection::vec(step(false, false), 1..40),
    ) {
        let mut world = World::new();
        let begun = live(&mut world, steps);
        for (at, case, kind) in &begun {
            let concerned = if CASES[*case].starts_with("payments") { "pager" } else { "chat" };
            for receiver in ["manager", concerned] {
                let told = world.arrived.iter().any(|(when, message)| {
                    let mut alerts = message.alerts.iter();
                    when >= at && message.receiver == receiver && alerts.any(|alert| {
                        alert.case == CASES[*case] && alert.kind == *kind && alert.status == Status::Firing
                    })
                });
                prop_assert!(told, "{receiver} was not told of {} {kind}", CASES[*case]);
            }
        }
        for (when, message) in &world.arrived {
            prop_assert!(!message.alerts.is_empty());
            for alert in &message.alerts {
                let has_begun = begun.iter().any(|(at, case, kind)| {
                    at <= when && CASES[*case] == alert.case && *kind == alert.kind && *at == alert.starts_at
                });
                prop_assert!(has_begun, "{alert:?}");
                let is_of_payments = alert.labels["package"] == "payments";
                prop_assert!(message.receiver == "manager" || is_of_payments == (message.receiver == "pager"));
            }
        }
    }

    #[test]
    fn where_all_is_well_nothing_is_told_twice(
        begins in proptest::collection::vec((0..CASES.len(), 0..200_u64), 1..10),
    ) {
        let mut world = World::new();
        for (case, seconds) in begins {
            world.begins(CASES[case], Kind::Failing);
            world.pass(Duration::from_secs(seconds));
        }
        world.pass(Duration::from_secs(3600));
        for receiver in ["chat", "pager"] {
            for case in CASES {
                prop_assert!(world.told(receiver, case).len() <= 2, "once, and beside another of its group");
            }
            let messages = world.messages(receiver);
            prop_assert!(messages.iter().all(|message| !message.reminder));
        }
    }
}
