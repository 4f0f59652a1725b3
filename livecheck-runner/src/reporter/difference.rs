//! Two values that should be equal, shown as what differs between them.

use std::fmt::Write;

use livecheck_core::wire::Difference;
use similar::{ChangeTag, TextDiff};

use super::style::{DIM, FAIL, PASS, paint};
use super::text::{cut, plain};

/// Values up to this long are shown on a line each.
const SHORT: usize = 60;
/// How many equal lines are shown around a difference.
const CONTEXT: usize = 2;
/// How many lines are shown at most.
const MOST_LINES: usize = 60;

/// What differs: a line each for short values, else the lines that differ, with those around them.
pub(super) fn render(Difference { left, right }: &Difference, indent: usize, width: Option<usize>) -> String {
    let mut out = String::new();
    let room = width.map_or(usize::MAX, |width| width.saturating_sub(indent + 2)).max(20);
    if [left, right].iter().all(|value| value.chars().count() <= SHORT && !value.contains('\n')) {
        for (style, label, value) in [(FAIL, "- left:  ", left), (PASS, "+ right: ", right)] {
            let _ = writeln!(
                out,
                "{:indent$}{}",
                "",
                paint(style, cut(&format!("{label}{}", plain(value)), room))
            );
        }
        return out;
    }
    let legend = format!("{} {}", paint(FAIL, "- left"), paint(PASS, "+ right"));
    let _ = writeln!(out, "{:indent$}{legend}", "");
    let (left, right) = (broken(left), broken(right));
    let (left, right): (Vec<&str>, Vec<&str>) =
        (left.iter().map(String::as_str).collect(), right.iter().map(String::as_str).collect());
    let diff = TextDiff::from_slices(&left, &right);
    let mut lines = Vec::new();
    for (number, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if number > 0 {
            lines.push(paint(DIM, "  …").to_string());
        }
        for change in group.iter().flat_map(|operation| diff.iter_changes(operation)) {
            let (style, sign) = match change.tag() {
                ChangeTag::Delete => (FAIL, '-'),
                ChangeTag::Insert => (PASS, '+'),
                ChangeTag::Equal => (DIM, ' '),
            };
            lines.push(paint(style, format!("{sign} {}", cut(&plain(change.value()), room))).to_string());
        }
    }
    let left_out = lines.len().saturating_sub(MOST_LINES);
    for line in lines.iter().take(MOST_LINES) {
        let _ = writeln!(out, "{:indent$}{line}", "");
    }
    if left_out > 0 {
        let _ = writeln!(out, "{:indent$}{}", "", paint(DIM, format_args!("  … {left_out} lines more")));
    }
    out
}

/// What `{:?}` has written on one line, as `{:#?}` would have: so that what differs stands on lines of its own.
/// A text of several lines stays as it is.
fn broken(debug: &str) -> Vec<String> {
    if debug.contains('\n') {
        return debug.lines().map(str::to_owned).collect();
    }
    let mut lines = vec![String::new()];
    let mut depth = 0_usize;
    let mut characters = debug.chars().peekable();
    let mut is_quoted = false;
    while let Some(character) = characters.next() {
        match character {
            '"' => is_quoted = !is_quoted,
            '\\' if is_quoted => {
                push(&mut lines, character);
                characters.next().into_iter().for_each(|escaped| push(&mut lines, escaped));
                continue;
            }
            ')' | ']' | '}' if !is_quoted && depth > 0 => {
                depth -= 1;
                lines.push("    ".repeat(depth));
            }
            _ => {}
        }
        push(&mut lines, character);
        if is_quoted || character == '"' {
            continue;
        }
        match character {
            '(' | '[' | '{' => {
                let closing = [')', ']', '}'];
                if characters.peek().is_some_and(|next| closing.contains(next)) {
                    characters.next().into_iter().for_each(|closing| push(&mut lines, closing));
                } else {
                    depth += 1;
                    lines.push("    ".repeat(depth));
                    let _ = characters.next_if_eq(&' ');
                }
            }
            ',' if depth > 0 => {
                lines.push("    ".repeat(depth));
                let _ = characters.next_if_eq(&' ');
            }
            _ => {}
        }
    }
    lines.into_iter().map(|line| line.trim_end().to_owned()).filter(|line| !line.is_empty()).collect()
}

fn push(lines: &mut [String], character: char) {
    if let Some(line) = lines.last_mut() {
        line.push(character);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(left: &str, right: &str) -> String {
        let difference = Difference { left: left.to_owned(), right: right.to_owned() };
        anstream::adapter::strip_str(&render(&difference, 4, Some(80))).to_string()
    }

    #[test]
    fn short_values_stand_below_each_other() {
        insta::assert_snapshot!(shown("Sell", "Buy"));
    }

    #[test]
    fn of_long_values_the_fields_that_differ_are_shown() {
        let order = |side: &str, quantity: u32| {
            format!(
                r#"Order {{ id: "o-1, {{so}} \"called\"", user: User {{ name: "Ann", roles: [] }}, side: {side}, lines: [Line {{ quantity: {quantity} }}, Line {{ quantity: 2 }}], note: None, price: 3.33 }}"#
            )
        };
        insta::assert_snapshot!(shown(&order("Sell", 1), &order("Buy", 7)));
    }

    #[test]
    fn values_that_their_case_has_written_on_several_lines_are_compared_by_them() {
        insta::assert_snapshot!(shown("one\ntwo\nthree", "one\n2\nthree"));
    }

    proptest! {
        #[test]
        fn nothing_of_a_value_is_lost_but_white_space(value in r#"[a-z(){}\[\]," \\]{0,80}"#) {
            let without_space = |text: &str| text.replace(' ', "");
            prop_assert_eq!(without_space(&broken(&value).concat()), without_space(&value));
        }
    }
}
