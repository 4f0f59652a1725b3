//! Counts in words: `120 passed, 2 failed`.

use anstyle::Style;

use super::style::{COUNT, FAIL, PASS, WARN, paint};
use crate::engine::CaseTally;

/// The columns of counts, in the order in which they are shown.
pub(super) fn columns(counts: &CaseTally) -> [(&'static str, u64, Style); 6] {
    [
        ("passed", counts.pass, PASS),
        ("failed", counts.fail, FAIL),
        ("errors", counts.error, FAIL),
        ("timed out", counts.timeout, FAIL),
        ("skipped", counts.skip, WARN),
        ("in flight", counts.in_flight, COUNT),
    ]
}

/// The counts in words, or what to say where there was no trigger at all.
pub(super) fn in_words_or(counts: &CaseTally, nothing: &str) -> String {
    if counts.triggered == 0 { nothing.to_owned() } else { in_words(counts) }
}

/// What there is any of, and how many have passed in any case.
pub(crate) fn in_words(counts: &CaseTally) -> String {
    let parts = columns(counts).into_iter().filter(|&(name, count, _)| count > 0 || name == "passed");
    parts
        .map(|(name, count, style)| {
            let name = if name == "errors" && count == 1 { "error" } else { name };
            let style = if count == 0 { COUNT } else { style };
            format!("{} {}", paint(COUNT, count), paint(style, name))
        })
        .collect::<Vec<_>>()
        .join(", ")
}
