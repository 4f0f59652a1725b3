//! Cron expressions: what is right in one, and what is wrong, by the field that it is in.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use crate::ScheduleError;

/// A field: what it is called, what it may be, and the names that stand for numbers.
struct Field {
    name: &'static str,
    least: u32,
    most: u32,
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", least: 0, most: 59, names: &[] },
    Field { name: "hour", least: 0, most: 23, names: &[] },
    Field { name: "day of the month", least: 1, most: 31, names: &[] },
    Field {
        name: "month",
        least: 1,
        most: 12,
        names: &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
    },
    Field {
        name: "day of the week",
        least: 0,
        most: 7,
        names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
    },
];

/// What stands for a whole expression.
const NICKNAMES: [&str; 7] =
    ["@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually"];

/// The expression's own words, and the name of a time zone where one stands behind them.
pub(crate) fn split(text: &str) -> Result<(String, Option<&str>), ScheduleError> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let fields = if words.first().is_some_and(|word| word.starts_with('@')) { 1 } else { FIELDS.len() };
    let (expression, rest) = words.split_at_checked(fields).unwrap_or((&words, &[]));
    let zone = match rest {
        [] => None,
        // Six fields, of which the first are seconds: no zone looks like that.
        [zone]
            if zone.contains(|c: char| c.is_ascii_digit() || c == '*') && !zone.contains('/')
                || is_weekdays(zone) =>
        {
            return Err(ScheduleError::Seconds);
        }
        [zone] => Some(*zone),
        _ => return Err(ScheduleError::Fields { count: words.len() }),
    };
    if expression.len() < fields {
        return Err(ScheduleError::Fields { count: words.len() });
    }
    Ok((expression.join(" "), zone))
}

fn is_weekdays(word: &str) -> bool {
    let [.., weekday] = &FIELDS;
    word.split([',', '-']).all(|part| weekday.names.contains(&part.to_uppercase().as_str()))
}

/// The expression, read.
pub(crate) fn parse(expression: &str) -> Result<Cron, ScheduleError> {
    if expression.starts_with('@') {
        let lower = expression.to_lowercase();
        if !NICKNAMES.contains(&lower.as_str()) {
            return Err(ScheduleError::Nickname {
                word: expression.to_owned(),
                nearest: nearest(&lower, &NICKNAMES),
            });
        }
    } else {
        for (field, text) in FIELDS.iter().zip(expression.split_whitespace()) {
            field.check(text)?;
        }
    }
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    parser
        .parse(expression)
        .map_err(|error| ScheduleError::Cron { expression: expression.to_owned(), reason: error.to_string() })
}

impl Field {
    /// Says what is wrong, as far as it can be said better than by who reads the whole.
    fn check(&self, text: &str) -> Result<(), ScheduleError> {
        for item in text.split(',') {
            let range = item.split_once('/').map_or(item, |(range, _)| range);
            // `L`, `15W` and `FRI#2` have their own signs.
            if range.contains(['#', 'L', 'l', 'W', 'w', '?', '*', '+']) && !self.is_name_like(range) {
                continue;
            }
            for bound in range.split('-') {
                self.check_bound(bound)?;
            }
        }
        Ok(())
    }

    /// Whether it is letters that have to be a name: JUL has an L, and WED a W.
    fn is_name_like(&self, range: &str) -> bool {
        !self.names.is_empty() && range.split('-').all(|bound| bound.len() >= 3 && is_word(bound))
    }

    fn check_bound(&self, bound: &str) -> Result<(), ScheduleError> {
        let Self { name, least, most, .. } = *self;
        if let Ok(number) = bound.parse::<u32>() {
            if (least..=most).contains(&number) {
                return Ok(());
            }
        } else if self.names.contains(&bound.to_uppercase().as_str()) {
            return Ok(());
        }
        let nearest = nearest(&bound.to_uppercase(), self.names);
        Err(ScheduleError::Bound { field: name, text: bound.to_owned(), least, most, nearest })
    }
}

fn is_word(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphabetic())
}

/// The name that was probably meant.
fn nearest(text: &str, names: &[&'static str]) -> Option<&'static str> {
    let distance = |name: &str| strsim::damerau_levenshtein(text, name);
    let best = names.iter().copied().min_by_key(|name| distance(name))?;
    (distance(best) <= best.len().max(text.len()) / 3).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        let read = split(text).and_then(|(expression, _)| parse(&expression).map(drop));
        read.expect_err(text).to_string()
    }

    #[test]
    fn what_is_wrong_is_said_of_its_field() {
        assert_eq!(wrong("0 25 * * *"), "`25` is no hour: it is 0 to 23");
        assert_eq!(
            wrong("0 9 * * MON-FIR"),
            "`FIR` is no day of the week: it is 0 to 7, or a name; did you mean `FRI`?"
        );
        assert_eq!(
            wrong("0 9 * JULY *"),
            "`JULY` is no month: it is 1 to 12, or a name; did you mean `JUL`?"
        );
        assert_eq!(wrong("60 * * * *"), "`60` is no minute: it is 0 to 59");
        assert_eq!(wrong("@hurly"), "`@hurly` stands for no schedule; did you mean `@hourly`?");
        assert_eq!(
            wrong("0 9 *"),
            "a cron expression has five fields: minute, hour, day of the month, month, day of the week, and a time zone \
             behind them; this has 3"
        );
        assert_eq!(
            wrong("0 0 9 * * MON-FRI"),
            "a cron expression has no seconds here: five fields, and behind them a time zone; for slots closer than a \
             minute there is `every`"
        );
        assert!(wrong("*/0 * * * *").contains("`*/0 * * * *`"), "{}", wrong("*/0 * * * *"));
    }

    #[test]
    fn what_cron_knows_is_known() {
        for text in [
            "0 * * * *",
            "*/15 9-17 * * MON-FRI",
            "0 0 L * *",
            "0 0 * * FRI#2",
            "0 0 15W * *",
            "30 4 1,15 * 5",
            "0 22 * * 1-5",
            "5 4 * * sun",
            "0 0 * JUL,AUG WED",
            "@hourly",
            "@Daily",
            "0 0 * * 7",
        ] {
            let (expression, zone) = split(text).expect(text);
            assert_eq!(zone, None, "{text}");
            if let Err(error) = parse(&expression) {
                panic!("{text}: {error}");
            }
        }
        assert_eq!(split("@daily Europe/Berlin"), Ok(("@daily".to_owned(), Some("Europe/Berlin"))));
        assert_eq!(split("0 9 * * 1  UTC").expect("a zone").1, Some("UTC"));
        assert_eq!(split("0 9 * * 1 Etc/GMT+5").expect("a zone").1, Some("Etc/GMT+5"));
    }
}
