//! What goes wrong, and when: a list of steps that a seed determines.

use std::fmt;
use std::time::Duration;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt as _, SeedableRng as _};

/// The place of a runner: the process in it is killed and started again, the place stays.
pub type Slot = usize;

/// How large a schedule is, and what it may do.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// From the first step to the last.
    pub length: Duration,
    /// How many runners there are at most; one at the beginning and at the end.
    pub runners: usize,
    /// Whether the broker is stopped and killed too.
    pub broker: bool,
    /// For how long the broker is away the first time; zero, where that is no longer than the others.
    pub outage: Duration,
}

/// One thing that is done to the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A runner is started.
    Start(Slot),
    /// A runner is killed as by `kill -9`.
    Kill(Slot),
    /// A runner is asked to end, as a deployment does.
    Terminate(Slot),
    /// A runner is stopped as by `SIGSTOP`: it does not know that time passes.
    Pause(Slot),
    /// It goes on.
    Resume(Slot),
    /// A runner's connections are cut, and new ones refused.
    Cut(Slot),
    /// Whatever goes through a runner's connections takes this much longer.
    Slow(Slot, Duration),
    /// A runner's connections are as they were.
    Mend(Slot),
    /// The broker is killed as by `kill -9`.
    KillBroker,
    /// The broker is asked to end.
    StopBroker,
    /// The broker is started again.
    StartBroker,
}

/// A step, and when it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timed {
    /// From the beginning of the schedule.
    pub at: Duration,
    /// What is done.
    pub step: Step,
}

/// Steps, in the order of time. At its end one runner is up, and nothing is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The steps.
    pub steps: Vec<Timed>,
}

impl Schedule {
    /// The schedule of that seed: the same for the same seed and shape.
    ///
    /// Each runner and the broker have faults of their own, so that they meet in every way.
    ///
    /// ```
    /// use std::time::Duration;
    /// use livecheck_tests::faults::schedule::{Schedule, Shape};
    ///
    /// let shape = Shape { length: Duration::from_secs(30), runners: 3, broker: true, outage: Duration::ZERO };
    /// assert_eq!(Schedule::generate(7, shape), Schedule::generate(7, shape));
    /// assert_ne!(Schedule::generate(7, shape), Schedule::generate(8, shape));
    /// ```
    #[must_use]
    pub fn generate(seed: u64, shape: Shape) -> Self {
        let mut chance = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut steps: Vec<Timed> =
            (0..shape.runners).flat_map(|slot| Line::new(&mut chance, shape.length).runner(slot)).collect();
        if shape.broker {
            steps.extend(Line::new(&mut chance, shape.length).broker(shape.outage));
        }
        steps.sort_by_key(|timed| timed.at);
        Self { steps }
    }
}

impl Schedule {
    /// One runner, and no fault.
    #[must_use]
    pub fn calm() -> Self {
        Self { steps: vec![Timed { at: Duration::ZERO, step: Step::Start(0) }] }
    }
}

/// What happens to one runner, or to the broker, one thing after the other.
struct Line<'c> {
    chance: &'c mut Xoshiro256PlusPlus,
    at: Duration,
    length: Duration,
    steps: Vec<Timed>,
}

impl<'c> Line<'c> {
    fn new(chance: &'c mut Xoshiro256PlusPlus, length: Duration) -> Self {
        Self { chance, at: Duration::ZERO, length, steps: Vec::new() }
    }

    fn runner(mut self, slot: Slot) -> Vec<Timed> {
        let mut is_up = slot == 0;
        if is_up {
            self.now(Step::Start(slot));
        }
        while self.after(300..4_000) {
            if !is_up {
                self.now(Step::Start(slot));
                is_up = true;
                continue;
            }
            match self.chance.random_range(0..100) {
                0..30 => self.episode(Step::Kill(slot), 0..2_500, Step::Start(slot)),
                30..45 => self.episode(Step::Terminate(slot), 0..1_000, Step::Start(slot)),
                // Some of them longer than the session: the group goes on without the runner.
                45..60 => self.episode(Step::Pause(slot), 100..9_000, Step::Resume(slot)),
                60..75 => self.episode(Step::Cut(slot), 200..9_000, Step::Mend(slot)),
                75..90 => {
                    let delay = Duration::from_millis(self.chance.random_range(10..200));
                    self.episode(Step::Slow(slot, delay), 500..4_000, Step::Mend(slot));
                }
                _ if slot > 0 => {
                    self.now(Step::Terminate(slot));
                    is_up = false;
                }
                _ => {}
            }
        }
        if is_up && slot > 0 {
            self.now(Step::Terminate(slot));
        }
        self.steps
    }

    fn broker(mut self, outage: Duration) -> Vec<Timed> {
        let mut outage = u64::try_from(outage.as_millis()).expect("a few minutes");
        while self.after(4_000..12_000) {
            let fault = if self.chance.random_bool(0.7) { Step::KillBroker } else { Step::StopBroker };
            self.episode(fault, outage + 100..outage + 3_000, Step::StartBroker);
            outage = 0;
        }
        self.steps
    }

    /// Lets time pass; says whether some is left.
    fn after(&mut self, millis: std::ops::Range<u64>) -> bool {
        self.at += Duration::from_millis(self.chance.random_range(millis));
        let is_left = self.at < self.length;
        self.at = self.at.min(self.length);
        is_left
    }

    fn now(&mut self, step: Step) {
        self.steps.push(Timed { at: self.at, step });
    }

    fn episode(&mut self, fault: Step, millis: std::ops::Range<u64>, repair: Step) {
        self.now(fault);
        self.after(millis);
        self.now(repair);
    }
}

impl Step {
    /// The runner that it is done to; none where it is done to the broker.
    #[must_use]
    pub const fn slot(self) -> Option<Slot> {
        match self {
            Self::Start(slot)
            | Self::Kill(slot)
            | Self::Terminate(slot)
            | Self::Pause(slot)
            | Self::Resume(slot)
            | Self::Cut(slot)
            | Self::Slow(slot, _)
            | Self::Mend(slot) => Some(slot),
            Self::KillBroker | Self::StopBroker | Self::StartBroker => None,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(slot) => write!(f, "start runner {slot}"),
            Self::Kill(slot) => write!(f, "kill -9 runner {slot}"),
            Self::Terminate(slot) => write!(f, "terminate runner {slot}"),
            Self::Pause(slot) => write!(f, "pause runner {slot}"),
            Self::Resume(slot) => write!(f, "resume runner {slot}"),
            Self::Cut(slot) => write!(f, "cut the connections of runner {slot}"),
            Self::Slow(slot, delay) => {
                write!(f, "slow the connections of runner {slot} by {} ms", delay.as_millis())
            }
            Self::Mend(slot) => write!(f, "mend the connections of runner {slot}"),
            Self::KillBroker => f.write_str("kill -9 the broker"),
            Self::StopBroker => f.write_str("stop the broker"),
            Self::StartBroker => f.write_str("start the broker"),
        }
    }
}

impl fmt::Display for Timed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{:>8.3}s] {}", self.at.as_secs_f64(), self.step)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a runner's place is in, as the steps have it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Place {
        Empty,
        Up,
        Paused,
        Hampered,
    }

    fn follow(place: Place, step: Step) -> Option<Place> {
        match (place, step) {
            (Place::Empty, Step::Start(_))
            | (Place::Paused, Step::Resume(_))
            | (Place::Hampered, Step::Mend(_)) => Some(Place::Up),
            (Place::Up, Step::Kill(_) | Step::Terminate(_)) => Some(Place::Empty),
            (Place::Up, Step::Pause(_)) => Some(Place::Paused),
            (Place::Up, Step::Cut(_) | Step::Slow(..)) => Some(Place::Hampered),
            _ => None,
        }
    }

    proptest! {
        #[test]
        fn each_step_is_possible_and_at_the_end_one_runner_is_up_and_nothing_is_broken(
            seed in any::<u64>(), seconds in 1..120_u64, runners in 1..5_usize, broker in any::<bool>(),
            outage in 0..200_u64,
        ) {
            let outage = Duration::from_secs(outage);
            let shape = Shape { length: Duration::from_secs(seconds), runners, broker, outage };
            let schedule = Schedule::generate(seed, shape);
            prop_assert!(schedule.steps.is_sorted_by_key(|timed| timed.at));
            let mut places = vec![Place::Empty; runners];
            let mut serves = true;
            for timed in &schedule.steps {
                prop_assert!(timed.at <= shape.length);
                match timed.step.slot() {
                    Some(slot) => {
                        let next = follow(places[slot], timed.step);
                        prop_assert!(next.is_some(), "{} while {:?}", timed, places[slot]);
                        places[slot] = next.expect("just asked");
                    }
                    None => {
                        prop_assert!(broker);
                        prop_assert_eq!(timed.step != Step::StartBroker, serves, "{}", timed);
                        serves = !serves;
                    }
                }
            }
            prop_assert!(serves);
            prop_assert_eq!(places[0], Place::Up);
            prop_assert!(places[1..].iter().all(|place| *place == Place::Empty));
        }
    }

    #[test]
    fn in_some_hundred_seeds_there_is_every_kind_of_fault() {
        let shape =
            Shape { length: Duration::from_secs(20), runners: 3, broker: true, outage: Duration::ZERO };
        let mut kinds = std::collections::HashSet::new();
        for seed in 0..300 {
            let steps = Schedule::generate(seed, shape).steps;
            kinds.extend(steps.iter().map(|timed| std::mem::discriminant(&timed.step)));
        }
        assert_eq!(kinds.len(), 11);
    }
}
