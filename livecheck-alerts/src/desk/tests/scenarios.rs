//! What a team will meet.

use std::time::Duration;

use livecheck_schedule::Schedule;

use super::world::{CASES, TIMING, World, policy};
use crate::alert::Kind;
use crate::maintenance::Window;
use crate::message::Status::{Firing, Resolved};
use crate::rate::FailureRate;

const ORDER: &str = CASES[0];
const PARCEL: &str = CASES[1];
const REFUND: &str = CASES[2];
const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn what_begins_together_is_one_message_and_so_is_its_end() {
    let mut world = World::new();
    world.begins(ORDER, Kind::Failing);
    world.pass(Duration::from_secs(20));
    world.begins(PARCEL, Kind::Stalled);
    world.begins(PARCEL, Kind::Stalled);
    assert!(world.messages("chat").is_empty(), "the first message waits for more");
    world.pass(Duration::from_secs(11));
    let [message] = world.messages("chat")[..] else { panic!("one message") };
    assert_eq!((message.alerts.len(), message.status, message.reminder), (2, Firing, false));
    assert_eq!(message.group["package"], "orders");
    world.recovers(ORDER);
    world.recovers(PARCEL);
    world.pass(TIMING.group_interval);
    let [_, message] = world.messages("chat")[..] else { panic!("two messages") };
    assert_eq!((message.alerts.len(), message.status), (2, Resolved));
    assert!(world.messages("pager").is_empty(), "it is told of payments alone");
    world.pass(20 * MINUTE);
    assert!(world.is_nothing_kept());
}

#[test]
fn it_is_said_again_that_nothing_has_changed() {
    let mut world = World::new();
    world.begins(REFUND, Kind::ServiceDown);
    world.pass(TIMING.group_wait + 2 * TIMING.repeat_interval + 10 * MINUTE);
    let reminders: Vec<_> = world.messages("pager").iter().map(|message| message.reminder).collect();
    assert_eq!(reminders, [false, true, true]);
    let mut ids: Vec<_> = world.messages("pager").iter().map(|message| message.id.clone()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 3, "a reminder is no repetition");
}

#[test]
fn a_receiver_that_is_down_for_ten_minutes_is_told_all_of_it() {
    let mut world = World::new();
    world.down.insert("chat".to_owned());
    world.begins(ORDER, Kind::Failing);
    world.pass(5 * MINUTE);
    // It is over before it could be told, and the leader is another one.
    world.recovers(ORDER);
    world.begins(PARCEL, Kind::Failing);
    world.is_killed(policy());
    world.pass(5 * MINUTE);
    assert!(world.messages("chat").is_empty());
    assert_eq!(world.desk.gauges(world.now).receivers["chat"].pending, 1);
    world.down.clear();
    world.pass(MINUTE);
    assert_eq!((world.told("chat", ORDER), world.told("chat", PARCEL)), (vec![Firing], vec![Firing]));
    world.pass(TIMING.group_interval);
    assert_eq!(world.told("chat", ORDER), [Firing, Resolved]);
    world.recovers(PARCEL);
    world.pass(TIMING.group_interval);
    assert_eq!(world.told("chat", PARCEL).last(), Some(&Resolved));
}

#[test]
fn a_receiver_that_is_down_holds_up_no_other() {
    let mut world = World::new();
    world.down.insert("chat".to_owned());
    world.begins(ORDER, Kind::Failing);
    world.begins(REFUND, Kind::Failing);
    world.pass(TIMING.group_wait);
    assert_eq!((world.messages("chat").len(), world.messages("pager").len()), (0, 1));
}

#[test]
fn a_silence_hides_what_begins_and_not_the_end_of_what_was_told() {
    let mut world = World::new();
    world.begins(REFUND, Kind::Failing);
    world.pass(TIMING.group_wait);
    world.silence("s", REFUND, 24 * 60 * MINUTE);
    world.begins(REFUND, Kind::Stalled);
    world.pass(12 * 60 * MINUTE);
    assert_eq!(world.told("pager", REFUND), [Firing], "no reminder, and nothing of the stall");
    world.recovers(REFUND);
    world.pass(TIMING.group_interval);
    assert_eq!(world.told("pager", REFUND), [Firing, Resolved]);
    world.begins(REFUND, Kind::Failing);
    world.recovers(REFUND);
    world.pass(60 * MINUTE);
    assert_eq!(world.told("pager", REFUND).len(), 2, "it has come and gone in silence");
    world.begins(REFUND, Kind::Failing);
    world.pass(60 * MINUTE);
    world.silence("s", REFUND, Duration::ZERO);
    world.pass(TIMING.group_interval);
    assert_eq!(world.told("pager", REFUND).len(), 3, "it goes on, and the silence is over");
}

#[test]
fn a_case_that_was_removed_is_over_for_all_who_were_told() {
    let mut world = World::new();
    world.begins(REFUND, Kind::Failing);
    world.pass(TIMING.group_wait);
    let mut without = policy();
    without.subjects.remove(&World::case(2));
    world.is_killed(without);
    world.pass(TIMING.group_interval);
    assert_eq!(world.told("pager", REFUND), [Firing, Resolved]);
}

#[test]
fn other_labels_are_another_alert_and_the_first_is_over() {
    let mut world = World::new();
    world.begins(REFUND, Kind::Failing);
    world.pass(TIMING.group_wait);
    let mut other = policy();
    other.labels.insert("team".to_owned(), "money".to_owned());
    world.is_killed(other);
    world.pass(TIMING.group_interval);
    for receiver in ["pager", "manager"] {
        let told = |with: bool| world.told_of(receiver, |alert| alert.labels.contains_key("team") == with);
        assert_eq!(told(false).last(), Some(&Resolved), "{receiver}");
        assert_eq!(told(true).last(), Some(&Firing), "{receiver}");
    }
}

#[test]
fn a_receiver_that_is_configured_no_longer_is_remembered_for_a_day() {
    let mut world = World::new();
    world.begins(REFUND, Kind::Failing);
    world.pass(TIMING.group_wait);
    let mut without = policy();
    without.receivers.remove("pager");
    world.is_killed(without.clone());
    assert_eq!(world.desk.orphans().into_iter().collect::<Vec<_>>(), ["pager"]);
    world.recovers(REFUND);
    world.pass(60 * MINUTE);
    world.is_killed(policy());
    world.pass(TIMING.group_interval);
    assert_eq!(world.told("pager", REFUND), [Firing, Resolved], "it came back");
    world.begins(REFUND, Kind::Failing);
    world.pass(TIMING.group_wait);
    world.is_killed(without);
    world.recovers(REFUND);
    world.pass(25 * 60 * MINUTE);
    assert!(world.is_nothing_kept());
}

#[test]
fn who_takes_silence_for_an_end_is_told_again_and_again() {
    let mut world = World::new();
    world.begins(ORDER, Kind::Failing);
    assert_eq!(world.messages("manager").len(), 1, "at once");
    world.pass(3 * MINUTE);
    assert_eq!(world.messages("manager").len(), 4);
    world.recovers(ORDER);
    assert_eq!(world.told("manager", ORDER).last(), Some(&Resolved), "at once");
    world.pass(30 * MINUTE);
    let told = world.told("manager", ORDER);
    let ends = told.iter().filter(|status| **status == Resolved).count();
    assert!((14..=16).contains(&ends), "the end is told for a quarter of an hour: {ends}");
}

#[test]
fn too_large_a_share_of_failures_is_an_alert_until_it_is_smaller() {
    let mut world = World::new();
    let mut policy = policy();
    policy.failure_rate = Some(FailureRate { above: 0.5, over: 10 * MINUTE, at_least: 4 });
    world.is_killed(policy.clone());
    for passed in [true, false, false, false] {
        world.desk.executed(&World::case(2), passed, world.now);
        world.go_on();
    }
    world.pass(TIMING.group_wait);
    let [message] = world.messages("pager")[..] else { panic!("one message") };
    assert_eq!(message.alerts[0].summary, "3 of 4 executions within 10m did not pass");
    // That is none of the case's troubles as a whole, and outlives a leader.
    world.is_killed(policy);
    world.desk.align([], world.now);
    world.recovers(REFUND);
    assert_eq!(world.told("pager", REFUND), [Firing]);
    for _ in 0..3 {
        world.desk.executed(&World::case(2), true, world.now);
    }
    world.pass(TIMING.group_interval);
    assert_eq!(world.told("pager", REFUND), [Firing, Resolved]);
}

#[test]
fn what_is_wrong_by_what_is_kept_of_the_cases_is_an_alert() {
    let mut world = World::new();
    world.begins(ORDER, Kind::Failing);
    let wrong = (World::case(2), Kind::Stalled, world.now, crate::Facts::default());
    world.desk.align([wrong], world.now);
    world.pass(TIMING.group_wait);
    assert_eq!(world.told("pager", REFUND), [Firing]);
    assert_eq!(world.told("chat", ORDER), [Firing], "it has been, so it is told");
    world.pass(TIMING.group_interval);
    assert_eq!(world.told("chat", ORDER), [Firing, Resolved]);
}

#[test]
fn a_maintenance_window_hides_what_begins_in_it_until_it_closes() {
    let mut world = World::new();
    let mut policy = policy();
    policy.windows = vec![Window {
        name: "hourly".to_owned(),
        matchers: vec![r#"package="payments""#.parse().expect("a matcher")],
        schedule: Schedule::cron("0 * * * *", None).expect("a schedule"),
        lasts: 20 * MINUTE,
    }];
    world.is_killed(policy);
    // 1970-01-12T13:46:40Z, to fourteen o'clock.
    world.pass(Duration::from_secs(13 * 60 + 30));
    world.begins(REFUND, Kind::Failing);
    world.begins(ORDER, Kind::Failing);
    world.pass(19 * MINUTE);
    assert_eq!((world.told("pager", REFUND), world.told("chat", ORDER)), (vec![], vec![Firing]));
    world.pass(2 * MINUTE);
    assert_eq!(world.told("pager", REFUND), [Firing]);
}
