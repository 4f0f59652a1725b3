//! A plan as text, read and written.

use std::fmt::{self, Display, Formatter};
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::ApiKey;

use super::plan::{Chaos, Fault, Rule};
use crate::api;

/// Why a plan of faults is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChaosError {
    /// A rule is not written as rules are.
    #[error("\"{0}\" is no rule: a rule is a request, a colon and a fault, like produce:drop@0.1")]
    Rule(String),
    /// A seed is not a number.
    #[error("the seed cannot be \"{0}\": it must be a whole number, and not negative")]
    Seed(String),
    /// No request has this name.
    #[error("no request \"{0}\" is served: name one as Kafka does, like produce or end-txn, or say any")]
    Request(String),
    /// No fault has this name.
    #[error(
        "there is no fault \"{0}\": there are delay=, pause=, drop, drop-answer, forget, forget-answer and error="
    )]
    Fault(String),
    /// A time is none.
    #[error(
        "\"{0}\" is no time: a time is a number with us, ms, s or m, like 20ms, or two of them, like 5ms..50ms"
    )]
    Time(String),
    /// A probability is none.
    #[error("\"{0}\" is no probability: it must be a number from 0 to 1")]
    Probability(String),
    /// Kafka has no such error.
    #[error("Kafka has no error \"{0}\": give its name, like NOT_LEADER_OR_FOLLOWER, or its number")]
    Error(String),
    /// Such requests have no answer that could say so.
    #[error("a {0} request cannot be answered with an error: drop or forget it")]
    NoError(String),
}

impl FromStr for Chaos {
    type Err = ChaosError;

    fn from_str(text: &str) -> Result<Self, ChaosError> {
        let mut chaos = Self::seeded(0);
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            if let Some(seed) = part.strip_prefix("seed=") {
                chaos.seed = seed.parse().map_err(|_| ChaosError::Seed(seed.to_owned()))?;
            } else {
                chaos = chaos.with(rule(part)?)?;
            }
        }
        Ok(chaos)
    }
}

fn rule(part: &str) -> Result<Rule, ChaosError> {
    let (name, rest) = part.split_once(':').ok_or_else(|| ChaosError::Rule(part.to_owned()))?;
    let (what, probability) = rest.split_once('@').unwrap_or((rest, "1"));
    let request = if name.trim().eq_ignore_ascii_case("any") { None } else { Some(request(name)?) };
    let bad_probability = || ChaosError::Probability(probability.trim().to_owned());
    let probability = probability.trim().parse().map_err(|_| bad_probability())?;
    Ok(Rule { request, fault: fault(what.trim())?, probability })
}

/// As it is read, with times to the microsecond.
impl Display for Chaos {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "seed={}", self.seed)?;
        self.rules.iter().try_for_each(|rule| write!(f, ", {rule}"))
    }
}

impl Display for Rule {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.request {
            Some(request) => f.write_str(&in_words(&format!("{request:?}"), '-').to_lowercase())?,
            None => f.write_str("any")?,
        }
        match &self.fault {
            Fault::Delay(times) => write!(f, ":delay={}", written(times))?,
            Fault::Pause(times) => write!(f, ":pause={}", written(times))?,
            Fault::Drop { served: false } => f.write_str(":drop")?,
            Fault::Drop { served: true } => f.write_str(":drop-answer")?,
            Fault::Forget { served: false } => f.write_str(":forget")?,
            Fault::Forget { served: true } => f.write_str(":forget-answer")?,
            Fault::Error(code) => match ResponseError::try_from_code(*code) {
                Some(error) => {
                    write!(f, ":error={}", in_words(&format!("{error:?}"), '_').to_uppercase())?;
                }
                None => write!(f, ":error={code}")?,
            },
        }
        if self.probability < 1.0 { write!(f, "@{}", self.probability) } else { Ok(()) }
    }
}

fn written(times: &RangeInclusive<Duration>) -> String {
    let one = |time: &Duration| match time.as_micros() {
        micros if micros % 1_000_000 == 0 => format!("{}s", micros / 1_000_000),
        micros if micros % 1000 == 0 => format!("{}ms", micros / 1000),
        micros => format!("{micros}us"),
    };
    let (from, to) = (one(times.start()), one(times.end()));
    if from == to { from } else { format!("{from}..{to}") }
}

/// `EndTxn` with `between` its words.
fn in_words(name: &str, between: char) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push(between);
        }
        words.push(letter);
    }
    words
}

/// The request of this name, written as Kafka does or with dashes.
pub(super) fn request(name: &str) -> Result<ApiKey, ChaosError> {
    let found = api::served().find(|key| is_same(&format!("{key:?}"), name));
    found.ok_or_else(|| ChaosError::Request(name.trim().to_owned()))
}

fn fault(text: &str) -> Result<Fault, ChaosError> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    match name.trim() {
        "delay" => Ok(Fault::Delay(times(value)?)),
        "pause" => Ok(Fault::Pause(times(value)?)),
        "error" => error(value).map(Fault::Error),
        "drop" if value.is_empty() => Ok(Fault::Drop { served: false }),
        "drop-answer" if value.is_empty() => Ok(Fault::Drop { served: true }),
        "forget" if value.is_empty() => Ok(Fault::Forget { served: false }),
        "forget-answer" if value.is_empty() => Ok(Fault::Forget { served: true }),
        _ => Err(ChaosError::Fault(text.to_owned())),
    }
}

fn times(text: &str) -> Result<RangeInclusive<Duration>, ChaosError> {
    let bad = || ChaosError::Time(text.trim().to_owned());
    let (from, to) = text.split_once("..").unwrap_or((text, text));
    let (from, to) = (time(from.trim()).ok_or_else(bad)?, time(to.trim()).ok_or_else(bad)?);
    if from <= to { Ok(from..=to) } else { Err(bad()) }
}

fn time(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    match unit.trim() {
        "us" => Some(Duration::from_micros(number)),
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_secs(number.checked_mul(60)?)),
        _ => None,
    }
}

fn error(text: &str) -> Result<i16, ChaosError> {
    let text = text.trim();
    let known = |code: &i16| {
        ResponseError::try_from_code(*code).is_some_and(|error| !matches!(error, ResponseError::Unknown(_)))
    };
    let found = match text.parse() {
        Ok(code) => Some(code).filter(known),
        Err(_) => (-1..=200).find(|code| {
            ResponseError::try_from_code(*code).is_some_and(|error| is_same(&format!("{error:?}"), text))
        }),
    };
    found.ok_or_else(|| ChaosError::Error(text.to_owned()))
}

/// Whether two names differ in dashes, underscores and case alone.
fn is_same(one: &str, other: &str) -> bool {
    let letters = |text: &str| {
        let kept = text.trim().chars().filter(|letter| !matches!(letter, '-' | '_'));
        kept.map(|letter| letter.to_ascii_lowercase()).collect::<String>()
    };
    letters(one) == letters(other)
}

pub(super) fn check(rule: &Rule) -> Result<(), ChaosError> {
    if !(0.0..=1.0).contains(&rule.probability) {
        return Err(ChaosError::Probability(rule.probability.to_string()));
    }
    if let Fault::Error(code) = rule.fault {
        error(&code.to_string())?;
        if let Some(request) = rule.request.filter(|request| !api::can_refuse(*request)) {
            return Err(ChaosError::NoError(format!("{request:?}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn times() -> impl Strategy<Value = RangeInclusive<Duration>> {
        (0..5_000_000_u64, 0..5_000_000_u64)
            .prop_map(|(from, more)| Duration::from_micros(from)..=Duration::from_micros(from + more))
    }

    fn any_fault() -> impl Strategy<Value = Fault> {
        prop_oneof![
            times().prop_map(Fault::Delay),
            times().prop_map(Fault::Pause),
            any::<bool>().prop_map(|served| Fault::Drop { served }),
            any::<bool>().prop_map(|served| Fault::Forget { served }),
            prop_oneof![Just(-1_i16), 1..120_i16]
                .prop_filter("Kafka's", |code| error(&code.to_string()).is_ok())
                .prop_map(Fault::Error),
        ]
    }

    fn any_rule() -> impl Strategy<Value = Rule> {
        let requests: Vec<_> = api::served().map(Some).chain([None]).collect();
        (prop::sample::select(requests), any_fault(), 0.0..=1.0)
            .prop_map(|(request, fault, probability)| Rule { request, fault, probability })
            .prop_filter("possible", |rule| check(rule).is_ok())
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            seed in any::<u64>(),
            rules in proptest::collection::vec(any_rule(), 0..5),
        ) {
            let chaos = Chaos { seed, rules };
            prop_assert_eq!(chaos.to_string().parse(), Ok(chaos));
        }
    }

    #[test]
    fn a_plan_is_written_as_people_write_it() {
        let plan = "seed=7, produce:drop-answer@0.1, fetch:delay=5ms..50ms@0.2, any:pause=2s, \
                    end-txn:error=COORDINATOR_NOT_AVAILABLE@0.05, heartbeat:forget@0.01";
        assert_eq!(plan.parse::<Chaos>().map(|chaos| chaos.to_string()).as_deref(), Ok(plan));
    }

    #[test]
    fn a_plan_is_read() {
        let chaos: Chaos = " seed=7, produce:drop-answer@0.1 ,fetch:delay=5ms..2s, ANY:pause=1m@0.5,\
                            EndTxn:error=COORDINATOR_NOT_AVAILABLE,end-txn:error=15"
            .parse()
            .expect("a plan");
        let delay = Fault::Delay(Duration::from_millis(5)..=Duration::from_secs(2));
        let minute = Duration::from_secs(60);
        let expected = Chaos::seeded(7)
            .on("Produce", Fault::Drop { served: true }, 0.1)
            .and_then(|chaos| chaos.on("Fetch", delay, 1.0))
            .and_then(|chaos| chaos.on_any(Fault::Pause(minute..=minute), 0.5))
            .and_then(|chaos| chaos.on("EndTxn", Fault::Error(15), 1.0))
            .and_then(|chaos| chaos.on("EndTxn", Fault::Error(15), 1.0));
        assert_eq!(Ok(chaos), expected);
        assert_eq!("".parse(), Ok(Chaos::seeded(0)));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let text = str::to_owned;
        for (plan, expected) in [
            ("produce", ChaosError::Rule(text("produce"))),
            ("seed=-1", ChaosError::Seed(text("-1"))),
            ("produse:drop", ChaosError::Request(text("produse"))),
            ("produce:explode", ChaosError::Fault(text("explode"))),
            ("produce:drop=1", ChaosError::Fault(text("drop=1"))),
            ("produce:delay", ChaosError::Time(String::new())),
            ("produce:delay=5", ChaosError::Time(text("5"))),
            ("produce:delay=9ms..5ms", ChaosError::Time(text("9ms..5ms"))),
            ("produce:drop@2", ChaosError::Probability(text("2"))),
            ("produce:drop@often", ChaosError::Probability(text("often"))),
            ("produce:error=NO_COFFEE", ChaosError::Error(text("NO_COFFEE"))),
            ("produce:error=31337", ChaosError::Error(text("31337"))),
            ("api-versions:error=3", ChaosError::NoError(text("ApiVersions"))),
        ] {
            assert_eq!(plan.parse::<Chaos>(), Err(expected), "{plan}");
        }
    }
}
