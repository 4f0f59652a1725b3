//! The state of a case as a small picture, to be shown in a README or on a wall.

use livecheck_core::wire::State;
use maud::{Markup, html};

/// How wide a character is about, at the size of the text; badges are not set by what knows fonts.
const CHARACTER: usize = 7;
const PADDING: usize = 12;
/// A longer name is cut.
const LONGEST: usize = 40;

/// What is said of a state, and its colour, against which white can be read.
const fn look(state: State) -> (&'static str, &'static str) {
    match state {
        State::Pass => ("passing", "#18794e"),
        State::Fail => ("failing", "#ce2c31"),
        State::Error => ("error", "#ce2c31"),
        State::Timeout => ("timeout", "#ce2c31"),
        State::Stall => ("stalled", "#8a5a00"),
        State::Skip => ("skipped", "#60646c"),
        _ => ("no executions", "#60646c"),
    }
}

/// The badge of a case in that state.
pub(crate) fn badge(name: &str, state: State) -> Markup {
    let short = name.rsplit("::").next().unwrap_or(name);
    let label = crate::words::first_line(short, LONGEST);
    let (said, colour) = look(state);
    let left = label.chars().count() * CHARACTER + PADDING;
    let right = said.len() * CHARACTER + PADDING;
    let (width, title) = (left + right, format!("{label}: {said}"));
    html! {
        svg xmlns="http://www.w3.org/2000/svg" width=(width) height="20" role="img" aria-label=(title) {
            title { (title) }
            rect width=(width) height="20" rx="3" fill="#3d4147" {}
            rect x=(left) width=(right) height="20" rx="3" fill=(colour) {}
            rect x=(left) width="4" height="20" fill=(colour) {}
            g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" {
                text x=(left / 2) y="14" { (label) }
                text x=(left + right / 2) y="14" { (said) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_badge_says_the_name_and_the_state() {
        insta::assert_snapshot!(badge("orders::order_flow", State::Pass).into_string());
    }

    #[test]
    fn markup_in_a_name_is_text() {
        let badge = badge("<script>alert(1)</script>", State::Fail).into_string();
        assert!(!badge.contains("<script>") && badge.contains("&lt;script&gt;"), "{badge}");
    }
}
