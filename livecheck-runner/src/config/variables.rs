//! Settings from `LIVECHECK_…` variables.

use std::collections::BTreeMap;

use livecheck_core::variables::{PREFIX, kafka_property, variable};

use super::error::ConfigError;
use super::kafka;
use super::layer::{Layer, Source};
use super::problem::nearest;
use super::value::Value;

pub(super) const PROFILE: &str = "LIVECHECK_PROFILE";
pub(super) const CONFIG_FILE: &str = "LIVECHECK_CONFIG_FILE";

/// The `LIVECHECK_…` variables of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// Those of this process.
    #[must_use]
    pub fn of_this_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// The value of a variable that is set and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The value of any variable of this process, or of one of these.
    pub(super) fn any(&self, name: &str) -> Option<String> {
        let ours = self.get(name).map(str::to_owned);
        ours.or_else(|| std::env::var(name).ok()).filter(|value| !value.is_empty())
    }

    /// The settings that they make, and warnings about those that look misspelt.
    pub(super) fn layer(&self) -> Result<(Layer, Vec<String>), ConfigError> {
        let mut reading =
            Reading { variables: self, asked: vec![PROFILE.into(), CONFIG_FILE.into()], error: None };
        let mut layer = Layer::read(&mut reading);
        let Reading { asked, error, .. } = reading;
        if let Some(error) = error {
            return Err(error);
        }
        let mut warnings = Vec::new();
        for (name, value) in &self.0 {
            let of_a_case = layer.cases.set_from_variable(name, value.trim()).map_err(|expected| {
                ConfigError::Variable {
                    name: name.clone(),
                    value: value.clone(),
                    expected: expected.expected(),
                }
            })?;
            if of_a_case {
                continue;
            }
            if let Some(property) = kafka_property(name) {
                kafka::check(&property, value).map_err(|refused| ConfigError::KafkaProperty {
                    source_name: name.clone(),
                    advice: refused.advice(),
                })?;
                layer.set_property(property, value.clone());
            } else if !asked.contains(name) {
                // It may well be another program's: only a name that is nearly ours is worth a word.
                if let Some(nearest) = nearest(name, asked.iter().map(String::as_str))
                    .filter(|nearest| strsim::levenshtein(nearest, name) <= 3)
                {
                    warnings.push(format!("the variable {name} is no setting; did you mean {nearest}?"));
                }
            }
        }
        Ok((layer, warnings))
    }
}

impl FromIterator<(String, String)> for Variables {
    /// Keeps those that begin with `LIVECHECK_` and are not empty.
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        let ours = |(name, value): &(String, String)| name.starts_with(PREFIX) && !value.trim().is_empty();
        Self(variables.into_iter().filter(ours).collect())
    }
}

struct Reading<'v> {
    variables: &'v Variables,
    asked: Vec<String>,
    error: Option<ConfigError>,
}

impl Source for Reading<'_> {
    fn get<T: Value>(&mut self, path: &'static [&'static str]) -> Option<T> {
        let name = variable(path);
        let value = self.variables.get(&name);
        self.asked.push(name.clone());
        let value = value?;
        let read = T::from_text(value.trim());
        if read.is_none() && self.error.is_none() {
            self.error = Some(ConfigError::Variable { name, value: value.to_owned(), expected: T::EXPECTED });
        }
        read
    }
}
