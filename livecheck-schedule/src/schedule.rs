//! The slots of a rule, one after another.

use std::fmt;
use std::time::Duration;

use croner::Cron;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Zoned};

use crate::{Instant, cron, jitter, zone};

/// How many slots are looked at to see how far they are from each other: more than a year of daily ones.
const LOOKED_AT: usize = 400;
/// From where they are looked at: always the same, so that what is refused is refused on any day.
const LOOKED_AT_FROM: i64 = 1_767_225_600; // 2026-01-01T00:00:00Z

/// A rule that gives slots.
#[derive(Clone, Debug)]
pub struct Schedule {
    rule: Rule,
    jitter: Duration,
}

#[derive(Clone, Debug)]
enum Rule {
    /// At every whole number of those since 1970.
    Every(Duration),
    /// Where the clock of that zone matches.
    Cron { cron: Box<Cron>, expression: String, zone: TimeZone },
}

/// What is wrong with a schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// It has too many fields, or too few.
    #[error(
        "a cron expression has five fields: minute, hour, day of the month, month, day of the week, and a time zone \
         behind them; this has {count}"
    )]
    Fields {
        /// How many it has.
        count: usize,
    },
    /// It begins with seconds.
    #[error(
        "a cron expression has no seconds here: five fields, and behind them a time zone; for slots closer than a minute \
         there is `every`"
    )]
    Seconds,
    /// A number, or a name, that its field does not have.
    #[error("`{text}` is no {field}: it is {least} to {most}{}{}", or_a_name(*least, *most), did_you_mean(*nearest))]
    Bound {
        /// The field.
        field: &'static str,
        /// What stands there.
        text: String,
        /// The least number that may.
        least: u32,
        /// The greatest number that may.
        most: u32,
        /// The name that was probably meant.
        nearest: Option<&'static str>,
    },
    /// A word such as `@hourly` that is none.
    #[error("`{word}` stands for no schedule{}", did_you_mean(*nearest))]
    Nickname {
        /// The word.
        word: String,
        /// The one that was probably meant.
        nearest: Option<&'static str>,
    },
    /// It is no cron expression, for another reason.
    #[error("`{expression}` is no cron expression: {reason}")]
    Cron {
        /// The expression.
        expression: String,
        /// The reason.
        reason: String,
    },
    /// There is no such time zone.
    #[error("there is no time zone `{name}`{}", did_you_mean(nearest.as_deref()))]
    Zone {
        /// The name.
        name: String,
        /// The one that was probably meant.
        nearest: Option<String>,
    },
    /// The time zone is given twice.
    #[error("the time zone is given twice: `{first}` in the expression, and `{second}`")]
    TwoZones {
        /// That in the expression.
        first: String,
        /// The other one.
        second: String,
    },
    /// No moment matches.
    #[error("`{0}` never comes: there is no such day")]
    Never(String),
    /// The time between two slots is nothing.
    #[error("the time between two slots must be longer than zero")]
    Zero,
    /// A slot could be fired when the next one is due.
    #[error(
        "a jitter of {} is not shorter than the {} between two slots",
        shown(*jitter),
        shown(*distance)
    )]
    Jitter {
        /// The jitter.
        jitter: Duration,
        /// The shortest time between two slots.
        distance: Duration,
    },
}

impl Schedule {
    /// Slots at each whole number of periods since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    ///
    /// The period is zero.
    pub fn every(period: Duration) -> Result<Self, ScheduleError> {
        if period.as_micros() == 0 {
            return Err(ScheduleError::Zero);
        }
        Ok(Self { rule: Rule::Every(period), jitter: Duration::ZERO })
    }

    /// Slots where the clock of a time zone matches a cron expression of five fields, or a word such as `@hourly`. The zone
    /// stands behind the fields, or is given beside them; without one it is UTC.
    ///
    /// # Errors
    ///
    /// Anything is wrong in it, or it never comes.
    pub fn cron(text: &str, zone: Option<&str>) -> Result<Self, ScheduleError> {
        let (expression, own_zone) = cron::split(text)?;
        let name = match (own_zone, zone) {
            (Some(first), Some(second)) => {
                return Err(ScheduleError::TwoZones { first: first.to_owned(), second: second.to_owned() });
            }
            (one, other) => one.or(other),
        };
        let cron = Box::new(cron::parse(&expression)?);
        let zone = name.map_or(Ok(TimeZone::UTC), zone::of)?;
        let schedule = Self { rule: Rule::Cron { cron, expression, zone }, jitter: Duration::ZERO };
        match schedule.after(looked_at_from()) {
            Some(_) => Ok(schedule),
            None => Err(ScheduleError::Never(text.to_owned())),
        }
    }

    /// The same, with each slot fired up to that much later.
    ///
    /// # Errors
    ///
    /// That is not shorter than the time from a slot to the next.
    pub fn with_jitter(self, jitter: Duration) -> Result<Self, ScheduleError> {
        let distance = self.distances().min().unwrap_or(Duration::MAX);
        if jitter >= distance {
            return Err(ScheduleError::Jitter { jitter, distance });
        }
        Ok(Self { jitter, ..self })
    }

    /// The first slot after that moment.
    #[must_use]
    pub fn after(&self, moment: Instant) -> Option<Instant> {
        match &self.rule {
            Rule::Every(period) => {
                let period = i64::try_from(period.as_micros()).ok()?;
                let slot = moment.as_microsecond().div_euclid(period).checked_add(1)?.checked_mul(period)?;
                Instant::from_microsecond(slot).ok()
            }
            Rule::Cron { cron, zone, .. } => {
                let next: Zoned = cron.find_next_occurrence(&moment.to_zoned(zone.clone()), false).ok()?;
                // A match that is not later would be asked for again and again.
                Some(next.timestamp()).filter(|slot| *slot > moment)
            }
        }
    }

    /// When a slot is fired: a little later, if there is a jitter. For a name and a slot it is always the same.
    #[must_use]
    pub fn fired_at(&self, name: &str, slot: Instant) -> Instant {
        let later = jitter::of(name, slot.as_microsecond(), self.jitter);
        SignedDuration::try_from(later).ok().and_then(|later| slot.checked_add(later).ok()).unwrap_or(slot)
    }

    /// The longest time from a slot to the next, and by how much one is fired later: whoever has not seen a slot being
    /// fired for longer misses one.
    #[must_use]
    pub fn longest_distance(&self) -> Duration {
        self.distances().max().unwrap_or_default() + self.jitter
    }

    fn distances(&self) -> impl Iterator<Item = Duration> + '_ {
        let slots = std::iter::successors(self.after(looked_at_from()), |slot| self.after(*slot));
        let slots: Vec<Instant> = slots.take(LOOKED_AT).collect();
        let distance =
            |pair: &[Instant]| Duration::try_from(pair[1].duration_since(pair[0])).unwrap_or_default();
        slots.windows(2).map(distance).collect::<Vec<_>>().into_iter()
    }
}

/// As people read it: `0 9 * * MON-FRI Europe/Berlin`, `every 15m`; with the jitter.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.rule {
            Rule::Every(period) => write!(f, "every {}", shown(*period))?,
            Rule::Cron { expression, zone, .. } => match zone.iana_name() {
                Some(zone) => write!(f, "{expression} {zone}")?,
                None => f.write_str(expression)?,
            },
        }
        if self.jitter.is_zero() { Ok(()) } else { write!(f, ", up to {} later", shown(self.jitter)) }
    }
}

/// Two that people read alike are alike.
impl PartialEq for Schedule {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

fn looked_at_from() -> Instant {
    Instant::from_second(LOOKED_AT_FROM).unwrap_or(Instant::UNIX_EPOCH)
}

/// `1h 30m`, `500ms`.
fn shown(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

/// Months and days of the week have names.
fn or_a_name(least: u32, most: u32) -> &'static str {
    if matches!((least, most), (1, 12) | (0, 7)) { ", or a name" } else { "" }
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!("; did you mean `{nearest}`?"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Instant {
        text.parse().expect(text)
    }

    /// The slots after a moment, as texts of UTC.
    fn slots(schedule: &Schedule, from: &str, count: usize) -> Vec<String> {
        let slots = std::iter::successors(schedule.after(at(from)), |slot| schedule.after(*slot));
        slots.take(count).map(|slot| slot.to_string()).collect()
    }

    fn berlin(expression: &str) -> Schedule {
        Schedule::cron(expression, Some("Europe/Berlin")).expect(expression)
    }

    #[test]
    fn a_slot_that_summer_time_leaves_out_is_fired_at_the_end_of_what_is_left_out() {
        // On 2026-03-29 it goes from 02:00 to 03:00 in Berlin, at 01:00 UTC.
        assert_eq!(
            slots(&berlin("30 2 * * *"), "2026-03-28T00:00:00Z", 3),
            ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]
        );
        assert_eq!(
            slots(&berlin("*/30 * * * *"), "2026-03-29T00:15:00Z", 3),
            ["2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"]
        );
    }

    #[test]
    fn a_slot_that_winter_time_repeats_is_fired_once_unless_it_goes_by_the_time_that_passes() {
        // On 2026-10-25 it goes from 03:00 back to 02:00 in Berlin, at 01:00 UTC.
        assert_eq!(
            slots(&berlin("30 2 * * *"), "2026-10-24T00:00:00Z", 3),
            ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]
        );
        assert_eq!(
            slots(&berlin("30 * * * *"), "2026-10-25T00:00:00Z", 3),
            ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z"]
        );
    }

    #[test]
    fn a_zone_stands_behind_the_fields_or_beside_them() {
        let behind = Schedule::cron("0 9 * * MON-FRI America/New_York", None).expect("a schedule");
        assert_eq!(slots(&behind, "2026-11-20T15:00:00Z", 1), ["2026-11-23T14:00:00Z"]);
        assert_eq!(behind.to_string(), "0 9 * * MON-FRI America/New_York");
        let both = Schedule::cron("0 9 * * * UTC", Some("Europe/Berlin")).expect_err("two zones");
        assert_eq!(
            both.to_string(),
            "the time zone is given twice: `UTC` in the expression, and `Europe/Berlin`"
        );
        let none = Schedule::cron("0 9 * * * Europe/Berln", None).expect_err("no zone");
        assert_eq!(none.to_string(), "there is no time zone `Europe/Berln`; did you mean `Europe/Berlin`?");
    }

    #[test]
    fn what_never_comes_is_refused() {
        let never = Schedule::cron("0 0 30 2 *", None).expect_err("no such day");
        assert_eq!(never.to_string(), "`0 0 30 2 *` never comes: there is no such day");
        assert_eq!(Schedule::every(Duration::ZERO).err(), Some(ScheduleError::Zero));
    }

    #[test]
    fn a_jitter_is_shorter_than_the_time_between_two_slots() {
        let hourly = Schedule::every(Duration::from_secs(3_600)).expect("a schedule");
        let too_long = hourly.clone().with_jitter(Duration::from_secs(3_600)).expect_err("too long");
        assert_eq!(too_long.to_string(), "a jitter of 1h is not shorter than the 1h between two slots");
        let jittery = hourly.with_jitter(Duration::from_secs(30)).expect("shorter");
        assert_eq!(jittery.to_string(), "every 1h, up to 30s later");
    }

    #[test]
    fn the_longest_distance_of_weekdays_is_a_weekend() {
        let weekdays = berlin("0 9 * * MON-FRI");
        // With the hour by which a weekend is longer in autumn.
        assert_eq!(weekdays.longest_distance(), Duration::from_secs((72 + 1) * 3_600));
    }

    const EXPRESSIONS: &[&str] = &[
        "* * * * *",
        "*/7 * * * *",
        "0 * * * *",
        "30 2 * * *",
        "0 9 * * MON-FRI",
        "15 3 1 * *",
        "59 23 31 12 *",
    ];
    const ZONES: &[&str] = &[
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "Africa/Casablanca",
    ];

    proptest! {
        #[test]
        fn slots_go_on_and_each_is_found_from_any_moment_before_it(
            expression in prop::sample::select(EXPRESSIONS),
            zone in prop::sample::select(ZONES),
            from in 1_700_000_000_i64..2_000_000_000,
            back in 0_i64..1_000_000,
        ) {
            let schedule = Schedule::cron(expression, Some(zone)).expect("a schedule");
            let from = Instant::from_second(from).expect("a time");
            let first = schedule.after(from).expect("there is one");
            let second = schedule.after(first).expect("there is another");
            prop_assert!(from < first && first < second);
            // Nothing lies between: from any moment between the two the second is next.
            let between = first.as_microsecond()
                + back.rem_euclid((second.as_microsecond() - first.as_microsecond()).max(1));
            let between = Instant::from_microsecond(between).expect("a time");
            prop_assert_eq!(schedule.after(between), Some(second));
        }

        #[test]
        fn intervals_do_not_drift(seconds in 1_u64..100_000, from in 0_i64..2_000_000_000) {
            let schedule = Schedule::every(Duration::from_secs(seconds)).expect("a schedule");
            let from = Instant::from_second(from).expect("a time");
            let slot = schedule.after(from).expect("there is one");
            prop_assert!(slot > from);
            prop_assert_eq!(slot.as_second() % i64::try_from(seconds).expect("small"), 0);
            prop_assert!(slot.as_second() - from.as_second() <= i64::try_from(seconds).expect("small"));
        }

        #[test]
        fn a_slot_is_fired_within_its_jitter_and_always_at_one_moment(slot in 0_i64..2_000_000, seconds in 1_u64..3_599) {
            let hourly = Schedule::every(Duration::from_secs(3_600)).expect("a schedule");
            let jittery = hourly.with_jitter(Duration::from_secs(seconds)).expect("shorter");
            let slot = Instant::from_second(slot * 3_600).expect("a time");
            let fired = jittery.fired_at("token", slot);
            prop_assert_eq!(fired, jittery.fired_at("token", slot));
            let later = fired.as_microsecond() - slot.as_microsecond();
            prop_assert!((0..i64::try_from(seconds).expect("small") * 1_000_000).contains(&later));
        }
    }
}
