//! Which alerts are meant: `package="payments"`, `case=~"orders::.*"`, as in Prometheus and Alertmanager.

use std::fmt;
use std::str::FromStr;

use regex_lite::Regex;
use serde::{Deserialize, Serialize};

use crate::labels::Labels;

/// One condition on a label.
///
/// ```
/// use livecheck_alerts::Matcher;
///
/// let matcher: Matcher = r#"package=~"pay.*""#.parse()?;
/// assert_eq!(matcher.to_string(), r#"package=~"pay.*""#);
/// assert!("package".parse::<Matcher>().is_err());
/// # Ok::<(), livecheck_alerts::MatcherError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Matcher {
    name: String,
    operator: Operator,
    value: String,
    /// What the value means, where it is a pattern.
    pattern: Option<Regex>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Is,
    IsNot,
    Matches,
    MatchesNot,
}

impl Operator {
    const ALL: [(Self, &'static str); 4] =
        [(Self::Matches, "=~"), (Self::MatchesNot, "!~"), (Self::IsNot, "!="), (Self::Is, "=")];

    fn is_negative(self) -> bool {
        matches!(self, Self::IsNot | Self::MatchesNot)
    }
}

/// A text that is no matcher.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MatcherError {
    /// It has another form.
    #[error("`{0}` is no matcher such as case=\"orders::order_flow\" or package=~\"pay.*\"")]
    Form(String),
    /// Its value is no pattern.
    #[error("`{pattern}` is no regular expression: {reason}")]
    Pattern {
        /// What stands there.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Matcher {
    /// That a label has exactly that value.
    #[must_use]
    pub fn is(name: &str, value: &str) -> Self {
        Self { name: name.to_owned(), operator: Operator::Is, value: value.to_owned(), pattern: None }
    }

    /// That a label has one of those values. At least one must be given.
    #[must_use]
    pub fn is_one_of<'v>(name: &str, values: impl IntoIterator<Item = &'v str>) -> Self {
        let values: Vec<&str> = values.into_iter().collect();
        if let [value] = values[..] {
            return Self::is(name, value);
        }
        let value = values.into_iter().map(regex_lite::escape).collect::<Vec<_>>().join("|");
        // What is escaped is a pattern.
        let pattern = whole(&value).ok();
        Self { name: name.to_owned(), operator: Operator::Matches, value, pattern }
    }

    /// Whether it holds for an alert with those labels. Of several values, as tags are, one must fit; and where it
    /// says what must not be, none may.
    #[must_use]
    pub fn matches(&self, labels: &Labels) -> bool {
        let fits = |value: &str| {
            self.pattern.as_ref().map_or(value == self.value, |pattern| pattern.is_match(value))
        };
        labels.values(&self.name).into_iter().any(fits) != self.operator.is_negative()
    }

    /// The label that it is about.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// A pattern that must match the whole of a value.
fn whole(pattern: &str) -> Result<Regex, regex_lite::Error> {
    Regex::new(&format!("^(?:{pattern})$"))
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, self.operator, &self.value) == (&other.name, other.operator, &other.value)
    }
}

impl Eq for Matcher {}

impl FromStr for Matcher {
    type Err = MatcherError;

    fn from_str(text: &str) -> Result<Self, MatcherError> {
        let form = || MatcherError::Form(text.to_owned());
        let is_name = |character: char| character.is_ascii_alphanumeric() || "_-".contains(character);
        let text_of_name = text.trim_start();
        let end = text_of_name.find(|character| !is_name(character)).ok_or_else(form)?;
        let (name, rest) = text_of_name.split_at(end);
        let rest = rest.trim();
        let (operator, value) = Operator::ALL
            .iter()
            .find_map(|(operator, sign)| Some((*operator, rest.strip_prefix(sign)?)))
            .filter(|_| !name.is_empty())
            .ok_or_else(form)?;
        let value = value.trim();
        let value = match value.strip_prefix('"') {
            // As JSON has it: a backslash escapes.
            Some(_) => serde_json::from_str(value).map_err(|_| form())?,
            None => value.to_owned(),
        };
        let pattern = match operator {
            Operator::Is | Operator::IsNot => None,
            Operator::Matches | Operator::MatchesNot => Some(whole(&value).map_err(|error| {
                MatcherError::Pattern { pattern: value.clone(), reason: error.to_string() }
            })?),
        };
        Ok(Self { name: name.to_owned(), operator, value, pattern })
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = Operator::ALL.iter().find(|(operator, _)| *operator == self.operator);
        let value = serde_json::to_string(&self.value).unwrap_or_default();
        write!(f, "{}{}{value}", self.name, sign.map_or("=", |(_, sign)| sign))
    }
}

impl From<Matcher> for String {
    fn from(matcher: Matcher) -> Self {
        matcher.to_string()
    }
}

impl TryFrom<String> for Matcher {
    type Error = MatcherError;

    fn try_from(text: String) -> Result<Self, MatcherError> {
        text.parse()
    }
}

/// Whether all of them hold; where there is none, they do.
#[must_use]
pub(crate) fn all_match(matchers: &[Matcher], labels: &Labels) -> bool {
    matchers.iter().all(|matcher| matcher.matches(labels))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels() -> Labels {
        let named = [("case", "orders::order_flow"), ("package", "payments")];
        Labels {
            named: named.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            tags: ["smoke", "slow"].map(str::to_owned).into(),
        }
    }

    #[test]
    fn a_matcher_is_read_as_prometheus_reads_it() {
        for (text, holds) in [
            (r#"package="payments""#, true),
            ("package = payments", true),
            (r#"package!="payments""#, false),
            (r#"case=~"orders::.*""#, true),
            (r#"case=~"order""#, false),
            (r#"case!~"order.*""#, false),
            (r#"tag="smoke""#, true),
            (r#"tag="fast""#, false),
            (r#"tag!="slow""#, false),
            (r#"tag=~"f.*|sl.*""#, true),
            (r#"team="""#, true),
            (r#"team!="""#, false),
        ] {
            let matcher: Matcher = text.parse().expect(text);
            assert_eq!(matcher.matches(&labels()), holds, "{text}");
        }
        for odd in ["", "case", "=x", "case~x", r#"case="a"#, r#"case=~"(""#] {
            assert!(odd.parse::<Matcher>().is_err(), "{odd}");
        }
    }

    #[test]
    fn several_cases_are_matched_by_name_and_not_as_patterns() {
        let matcher = Matcher::is_one_of("case", ["a.b", "orders::order_flow"]);
        assert!(matcher.matches(&labels()));
        let read: Matcher = matcher.to_string().parse().expect("it is read as it was written");
        assert_eq!(read, matcher);
        assert!(
            !Matcher::is_one_of("case", ["a.b", "c"]).matches(&Labels {
                named: [("case".to_owned(), "axb".to_owned())].into(),
                ..Labels::default()
            })
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(name in "[a-z_]{1,8}", value in "\\PC{0,20}", negative: bool) {
            let operator = if negative { Operator::IsNot } else { Operator::Is };
            let matcher = Matcher { name, operator, value, pattern: None };
            prop_assert_eq!(matcher.to_string().parse(), Ok(matcher));
        }
    }
}
