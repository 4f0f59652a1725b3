//! Other people's texts, of which only so much is kept.

use std::borrow::Cow;

use serde::Deserialize;

/// A text that lies in the JSON it is read from, unless it is escaped there: what becomes of it is all that is allocated.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Borrowed<'t>(#[serde(borrow)] Cow<'t, str>);

impl Borrowed<'_> {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text of at most so many characters; it says by an ellipsis that it was longer.
///
/// ```
/// use livecheck_core::text::cut;
///
/// assert_eq!(cut("Zürich", 6), "Zürich");
/// assert_eq!(cut("Zürich", 2), "Zü…");
/// ```
#[must_use]
pub fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The nearest start of a character at or before that byte; the end of the text, where it is shorter.
///
/// The standard library has it from Rust 1.91 on, as `str::floor_char_boundary`.
///
/// ```
/// use livecheck_core::text::floor_char_boundary;
///
/// assert_eq!(floor_char_boundary("Zürich", 2), 1);
/// assert_eq!(floor_char_boundary("Zürich", 100), 7);
/// ```
#[must_use]
pub fn floor_char_boundary(text: &str, index: usize) -> usize {
    (0..=index.min(text.len())).rev().find(|&index| text.is_char_boundary(index)).unwrap_or(0)
}
