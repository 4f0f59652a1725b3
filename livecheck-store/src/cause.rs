//! What failures have in common, whatever their ids and numbers.

use livecheck_core::text::floor_char_boundary;

/// How many characters of an error's first line tell it from others.
const MOST: usize = 200;

/// What an error has in common with others of its kind: its first line, with numbers, ids and times written as `#`.
///
/// ```
/// use livecheck_store::cause_of;
///
/// let error = "assertion failed: order b8844dfb-ee88-42db-a003-bcf33cdb87e4 changed its side\n  left: Buy";
/// assert_eq!(cause_of(error), "assertion failed: order # changed its side");
/// assert_eq!(cause_of("signal `sent_2` did not come within 1.5s"), "signal `sent_2` did not come within #s");
/// ```
#[must_use]
pub fn cause_of(error: &str) -> String {
    let line = error.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let mut cause = String::new();
    let mut is_name = false;
    let mut words = Words(line);
    let mut count = 0;
    while let Some(word) = words.next() {
        if count >= MOST {
            cause.push('…');
            break;
        }
        // What stands in back ticks is a name, and has its numbers for good.
        if word == "`" {
            is_name = !is_name;
        }
        if is_name {
            cause.push_str(word);
        } else {
            push_generalized(&mut cause, word);
        }
        count = cause.chars().count();
    }
    cause.replace('\0', "\u{fffd}")
}

/// A line in words, and what stands between them.
struct Words<'t>(&'t str);

impl<'t> Words<'t> {
    fn next(&mut self) -> Option<&'t str> {
        let first = self.0.chars().next()?;
        let length = if is_of_word(first) {
            self.0.find(|c| !is_of_word(c)).unwrap_or(self.0.len()).min(floor_char_boundary(self.0, MOST))
        } else {
            first.len_utf8()
        };
        let (word, rest) = self.0.split_at(length);
        self.0 = rest;
        Some(word)
    }
}

/// Ids have hyphens and underscores in them, and numbers a point.
fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '.')
}

fn push_generalized(cause: &mut String, word: &str) {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let hex = word.len() >= 8 && word.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    if digits == 0 {
        cause.push_str(word);
        return;
    }
    let unit = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let end = if word.ends_with('.') { "." } else { "" };
    match unit {
        // A number, and what it counts: `1.5s`, `404`.
        unit if !hex && unit.len() <= 2 && !unit.bytes().any(|byte| byte.is_ascii_digit()) => {
            cause.push('#');
            cause.push_str(if unit.is_empty() { end } else { unit });
        }
        _ => {
            // One id is like another, and so is `order-17`; the word before the hyphen stays.
            let name = word.split(|c: char| c.is_ascii_digit()).next().unwrap_or_default();
            if !hex && name.ends_with(['-', '_']) {
                cause.push_str(name);
            }
            cause.push('#');
            cause.push_str(end);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn errors_that_differ_by_ids_and_numbers_have_one_cause() {
        for (one, other) in [
            ("order o-17 is late", "order o-4711 is late"),
            ("GET http://10.0.0.1:8000/ gave 502", "GET http://10.0.0.17:8001/ gave 503"),
            ("id deadbeef1234 is unknown", "id 0123456789ab is unknown"),
            ("took 1.5s.", "took 12.25s."),
            ("at 2026-11-21T02:03:04Z", "at 2026-11-22T12:13:14Z"),
        ] {
            assert_eq!(cause_of(one), cause_of(other));
        }
        assert_eq!(cause_of("took 1.5s, and 20 % more."), "took #s, and # % more.");
    }

    #[test]
    fn errors_of_another_kind_have_another_cause() {
        assert_ne!(cause_of("signal `step1` did not come"), cause_of("signal `step2` did not come"));
        assert_ne!(cause_of("order is late"), cause_of("order is wrong"));
    }

    proptest! {
        #[test]
        fn a_cause_is_bounded_and_one_line(error in "\\PC{0,600}(\n\\PC{0,20})?") {
            let cause = cause_of(&error);
            prop_assert!(cause.chars().count() <= 2 * MOST + 1, "{}", cause);
            prop_assert!(!cause.contains('\n'));
        }
    }
}
