//! The settings of a case, with Faust LiveCheck's names and defaults.

use std::time::Duration;

use serde::Serialize;

use crate::schedule::Schedule;

/// How a case is sampled, timed and watched: what stands in the parentheses of `#[livecheck::case(…)]`.
///
/// The names and defaults are those of `faust.livecheck.Case`, but for two: `probability` is 1.0 (Faust: 0.5)
/// and `active` is true (Faust decides it from the application), so that a case just written is executed like
/// a test just written; sampling is something that one asks for.
///
/// ```
/// use std::time::Duration;
/// use livecheck_core::Settings;
///
/// let settings = Settings::new().probability(0.5).warn_stalled_after(Duration::from_secs(60));
/// assert_eq!(settings.test_expires, Duration::from_secs(3 * 60 * 60));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Settings {
    /// Whether executions are asked for and executed at all. An inactive case is listed, and a test for it is
    /// a SKIP. Default: true.
    pub active: bool,
    /// The share of `maybe_trigger` calls that trigger, from 0.0 (none) to 1.0 (all, the default).
    pub probability: f64,
    /// How long no execution may be seen before the case is said to be stalled. Default: 30 minutes.
    #[serde(serialize_with = "seconds")]
    pub warn_stalled_after: Duration,
    /// How long after its trigger an execution may take before it ends as TIMEOUT. Default: 3 hours.
    #[serde(serialize_with = "seconds")]
    pub test_expires: Duration,
    /// How often a fake request is sent, if there is one for this case. Default: never.
    #[serde(serialize_with = "optional_seconds")]
    pub frequency: Option<Duration>,
    /// When it is executed without a trigger. Default: never.
    pub schedule: Option<Schedule>,
    /// How often an execution of a scheduled case that fails is tried again before that counts. Default: never.
    pub confirm: u32,
    /// What it is about, in words by which a subset of the cases can be chosen. Default: none.
    pub tags: &'static [&'static str],
    /// How many of the latest results a case's statistics are made from. Default: 100.
    pub max_history: usize,
    /// After how many failures in a row the case as a whole has failed. Default: 30.
    pub max_consecutive_failures: u32,
    /// How long a new state of the case must last before it is acted on. Default: 60 seconds.
    #[serde(serialize_with = "seconds")]
    pub state_transition_delay: Duration,
    /// Whether what an execution logs is shown as it happens, and not only when it does not pass.
    /// Default: false.
    pub realtime_logs: bool,
    /// The time that one request of a case's HTTP helpers may take in total. Default: 300 seconds.
    #[serde(serialize_with = "seconds")]
    pub url_timeout_total: Duration,
    /// The time that connecting may take in a case's HTTP helpers. Default: no limit of its own.
    #[serde(serialize_with = "optional_seconds")]
    pub url_timeout_connect: Option<Duration>,
    /// How often a case's HTTP helpers try again after an error. Default: 10.
    pub url_error_retries: u32,
    /// The pause before the first retry of a case's HTTP helpers. Default: 0.5 seconds.
    #[serde(serialize_with = "seconds")]
    pub url_error_delay_min: Duration,
    /// What the pause is multiplied by from one retry to the next. Default: 1.5.
    pub url_error_delay_backoff: f64,
    /// The longest pause between retries. Default: 5 seconds.
    #[serde(serialize_with = "seconds")]
    pub url_error_delay_max: Duration,
}

fn seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

#[expect(clippy::ref_option, reason = "the signature that serde asks for")]
fn optional_seconds<S: serde::Serializer>(
    duration: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    duration.map(|duration| duration.as_secs_f64()).serialize(serializer)
}

/// A `const` setter for each setting, as the attribute macro uses them.
macro_rules! setters {
    ($($name:ident: $type:ty => $value:expr),* $(,)?) => {
        $(
            #[doc = concat!("Sets [`", stringify!($name), "`](Self#structfield.", stringify!($name), ").")]
            #[must_use]
            pub const fn $name(mut self, $name: $type) -> Self {
                self.$name = $value;
                self
            }
        )*
    };
}

impl Settings {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            active: true,
            probability: 1.0,
            warn_stalled_after: Duration::from_secs(30 * 60),
            test_expires: Duration::from_secs(3 * 60 * 60),
            frequency: None,
            schedule: None,
            confirm: 0,
            tags: &[],
            max_history: 100,
            max_consecutive_failures: 30,
            state_transition_delay: Duration::from_secs(60),
            realtime_logs: false,
            url_timeout_total: Duration::from_secs(300),
            url_timeout_connect: None,
            url_error_retries: 10,
            url_error_delay_min: Duration::from_millis(500),
            url_error_delay_backoff: 1.5,
            url_error_delay_max: Duration::from_secs(5),
        }
    }

    setters! {
        active: bool => active,
        probability: f64 => probability,
        warn_stalled_after: Duration => warn_stalled_after,
        test_expires: Duration => test_expires,
        frequency: Duration => Some(frequency),
        schedule: Schedule => Some(schedule),
        confirm: u32 => confirm,
        tags: &'static [&'static str] => tags,
        max_history: usize => max_history,
        max_consecutive_failures: u32 => max_consecutive_failures,
        state_transition_delay: Duration => state_transition_delay,
        realtime_logs: bool => realtime_logs,
        url_timeout_total: Duration => url_timeout_total,
        url_timeout_connect: Duration => Some(url_timeout_connect),
        url_error_retries: u32 => url_error_retries,
        url_error_delay_min: Duration => url_error_delay_min,
        url_error_delay_backoff: f64 => url_error_delay_backoff,
        url_error_delay_max: Duration => url_error_delay_max,
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}
