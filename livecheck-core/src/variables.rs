//! The `LIVECHECK_…` variables: how a setting is spelt as one. The client of a service and the runner read the
//! same, so that one environment serves both.
//!
//! | variable | setting |
//! |---|---|
//! | `LIVECHECK_BOOTSTRAP_SERVERS` | the brokers, as `host:port` with commas between |
//! | `LIVECHECK_TOPICS_TEST_TOPIC`, `…_BUS_TOPIC`, `…_REPORT_TOPIC` | the [names of the topics](crate::Topics) |
//! | `LIVECHECK_SERVICE` | what the service [calls itself](crate::Origin); without it `OTEL_SERVICE_NAME`, or the program's name |
//! | `LIVECHECK_CONSUMER_GROUP` | the consumer group with which the service reads what it works on |
//! | `LIVECHECK_TOPICS_CONTROL_TOPIC` | the topic of what is set at run time |
//! | `LIVECHECK_CASES_ORDER_FLOW_PROBABILITY`, `…_ACTIVE` | those [settings](crate::Settings) of the case `order_flow`: as `10%` or `0.1`, and as `true` or `false` |
//! | `LIVECHECK_KAFKA_…` | any property of librdkafka: `_` stands for `.`, and `__` for `_` |
//!
//! The runner reads every setting of its configuration file in the same manner. A variable that is empty
//! counts as unset.

use crate::control::Setting;

/// What the name of every such variable begins with.
pub const PREFIX: &str = "LIVECHECK_";

/// What the name of a variable for a property of librdkafka begins with.
pub const KAFKA_PREFIX: &str = "LIVECHECK_KAFKA_";

/// What the name of a variable for a setting of a case begins with.
const CASES_PREFIX: &str = "LIVECHECK_CASES_";

/// The variable of a setting, by its path in the configuration.
///
/// ```
/// use livecheck_core::variables::variable;
///
/// assert_eq!(variable(&["bootstrap-servers"]), "LIVECHECK_BOOTSTRAP_SERVERS");
/// assert_eq!(variable(&["topics", "bus-topic"]), "LIVECHECK_TOPICS_BUS_TOPIC");
/// ```
#[must_use]
pub fn variable(path: &[&str]) -> String {
    format!("{PREFIX}{}", path.join("_").replace('-', "_").to_uppercase())
}

/// The property of librdkafka that a variable sets, if it sets one.
///
/// ```
/// use livecheck_core::variables::kafka_property;
///
/// assert_eq!(kafka_property("LIVECHECK_KAFKA_SECURITY_PROTOCOL").as_deref(), Some("security.protocol"));
/// assert_eq!(kafka_property("LIVECHECK_KAFKA_LOG__LEVEL").as_deref(), Some("log_level"));
/// assert_eq!(kafka_property("LIVECHECK_GROUP"), None);
/// ```
#[must_use]
pub fn kafka_property(variable: &str) -> Option<String> {
    let name = variable.strip_prefix(KAFKA_PREFIX)?.to_lowercase();
    Some(name.split("__").map(|part| part.replace('_', ".")).collect::<Vec<_>>().join("_"))
}

/// The variable that sets a property of librdkafka: [`kafka_property`] the other way round.
///
/// ```
/// use livecheck_core::variables::{kafka_property, variable_of_property};
///
/// let variable = variable_of_property("log_level");
/// assert_eq!(variable, "LIVECHECK_KAFKA_LOG__LEVEL");
/// assert_eq!(kafka_property(&variable).as_deref(), Some("log_level"));
/// ```
#[must_use]
pub fn variable_of_property(property: &str) -> String {
    format!("{KAFKA_PREFIX}{}", property.replace('_', "__").replace('.', "_").to_uppercase())
}

/// How a variable spells the name of a case, or the end of one: in capitals, with `_` for all that is no letter or digit.
pub(crate) fn spelt(case: &str) -> String {
    let words = case.split(|sign: char| !sign.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("_").to_uppercase()
}

/// The setting of a case that a variable sets, if it sets one; with the name of the case as it is spelt there.
///
/// ```
/// use livecheck_core::control::Setting;
/// use livecheck_core::variables::{case_setting, variable_of_case};
///
/// let variable = variable_of_case("cases::order_flow", Setting::Probability);
/// assert_eq!(variable, "LIVECHECK_CASES_CASES_ORDER_FLOW_PROBABILITY");
/// assert_eq!(case_setting(&variable), Some(("CASES_ORDER_FLOW", Setting::Probability)));
/// assert_eq!(case_setting("LIVECHECK_CASES_ORDER_FLOW"), None);
/// ```
#[must_use]
pub fn case_setting(variable: &str) -> Option<(&str, Setting)> {
    let (name, setting) = variable.strip_prefix(CASES_PREFIX)?.rsplit_once('_')?;
    let setting = Setting::ALL.into_iter().find(|known| known.name().to_uppercase() == setting)?;
    Some((name, setting)).filter(|_| !name.is_empty())
}

/// The variable that sets a setting of a case: [`case_setting`] the other way round.
#[must_use]
pub fn variable_of_case(case: &str, setting: Setting) -> String {
    format!("{CASES_PREFIX}{}_{}", spelt(case), setting.name().to_uppercase())
}

/// Whether a property of librdkafka is another name for the brokers.
#[must_use]
pub fn is_bootstrap_servers(property: &str) -> bool {
    matches!(property, "bootstrap.servers" | "metadata.broker.list")
}
