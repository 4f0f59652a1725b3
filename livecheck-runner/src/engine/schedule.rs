//! When an execution starts and expires, in log time.

use std::time::Duration;

use livecheck_core::Timestamp;
use livecheck_core::wire::TestExecution;

/// A trigger further from the log's time than this is worth a word.
const WORTH_SAYING: Duration = Duration::from_secs(60);
/// Time zones differ by multiples of this.
const ZONE_STEP: Duration = Duration::from_secs(15 * 60);
/// The largest offset from UTC that there is.
const LARGEST_ZONE: Duration = Duration::from_secs(14 * 60 * 60);
/// How far from a multiple of [`ZONE_STEP`] a difference may be and still come from a time zone: the clock's
/// own error, and the way of the record to the broker.
const ZONE_TOLERANCE: Duration = Duration::from_secs(5);

/// When an execution starts and expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Schedule {
    pub(super) start: Timestamp,
    pub(super) expires: Timestamp,
    /// What was wrong with the sender's clock, as far as one can see.
    pub(super) skew: Option<Skew>,
}

/// The clock of a process that triggers differs from the log's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skew {
    /// The time that the trigger says.
    pub said: Timestamp,
    /// The time at which the log has it.
    pub logged: Timestamp,
}

/// The test had expired before it was even written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AlreadyExpired {
    pub(super) expired: Timestamp,
    pub(super) logged: Timestamp,
}

/// The schedule of a test that the log has at `logged`.
///
/// The log's time rules: the execution starts when its trigger was logged and lives as long as the trigger
/// says, so a sender's clock that is off moves nothing. Faust sends times that are off by the host's offset
/// from UTC (`utcnow().astimezone()`), hence the one thing that the trigger's own times decide, whether the
/// test is too old to execute, is not believed where the difference is that of a time zone, or negative.
pub(super) fn schedule(test: &TestExecution, logged: Timestamp) -> Result<Schedule, AlreadyExpired> {
    let lifetime = test.expires.since(test.timestamp);
    let age = logged.since(test.timestamp);
    if age >= lifetime && (lifetime.is_zero() || !is_zone_offset(age)) {
        return Err(AlreadyExpired { expired: test.expires, logged });
    }
    let skewed = logged.distance(test.timestamp) > WORTH_SAYING;
    Ok(Schedule {
        start: logged,
        expires: logged + lifetime,
        skew: skewed.then_some(Skew { said: test.timestamp, logged }),
    })
}

fn is_zone_offset(difference: Duration) -> bool {
    let past_step = Duration::from_micros(
        u64::try_from(difference.as_micros() % ZONE_STEP.as_micros()).unwrap_or(u64::MAX),
    );
    let near_step = past_step <= ZONE_TOLERANCE || ZONE_STEP - past_step <= ZONE_TOLERANCE;
    near_step && difference + ZONE_TOLERANCE >= ZONE_STEP && difference <= LARGEST_ZONE + ZONE_TOLERANCE
}

#[cfg(test)]
mod tests {
    use livecheck_core::wire::Arguments;

    use super::*;

    const HOUR: Duration = Duration::from_secs(60 * 60);

    fn test(timestamp: Timestamp, lifetime: Duration) -> TestExecution {
        TestExecution {
            id: "o-1".into(),
            case_name: "c".into(),
            timestamp,
            expires: timestamp + lifetime,
            arguments: Arguments::new(),
        }
    }

    fn noon() -> Timestamp {
        "2026-11-21T12:00:00Z".parse().expect("an instant")
    }

    #[test]
    fn a_test_starts_when_it_is_logged_and_lives_as_long_as_it_says() {
        let logged = noon() + Duration::from_millis(20);
        let schedule = schedule(&test(noon(), 3 * HOUR), logged).expect("fresh");
        assert_eq!(schedule, Schedule { start: logged, expires: logged + 3 * HOUR, skew: None });
    }

    #[test]
    fn a_test_written_after_its_end_is_expired() {
        let old = test(noon(), 3 * HOUR);
        assert!(schedule(&old, noon() + 3 * HOUR + Duration::from_secs(71)).is_err());
        assert!(schedule(&test(noon(), Duration::ZERO), noon()).is_err());
    }

    #[test]
    fn a_clock_that_is_a_time_zone_off_breaks_no_fresh_test() {
        for quarters in -56..=56_i64 {
            let offset = Duration::from_secs(quarters.unsigned_abs() * 15 * 60);
            let said = if quarters < 0 { noon() - offset } else { noon() + offset };
            let schedule =
                schedule(&test(said, HOUR), noon() + Duration::from_millis(3)).expect("plainly fresh");
            assert_eq!(schedule.expires.since(schedule.start), HOUR);
            assert_eq!(schedule.skew.is_some(), quarters != 0, "{quarters} quarters of an hour");
        }
    }

    #[test]
    fn a_clock_ahead_is_said_and_breaks_nothing() {
        let schedule = schedule(&test(noon() + 7 * HOUR / 3, HOUR), noon()).expect("not from the future");
        assert_eq!(schedule.start, noon());
        assert!(schedule.skew.is_some());
    }
}
