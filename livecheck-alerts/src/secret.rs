//! A text that nobody is to see: a token, a password, a URL with a key in it.

use std::fmt;

/// What stands where a secret stood.
const MASK: &str = "…";
/// A secret that is shorter masks nothing but itself: `a` stands in every sentence.
const SHORTEST_MASKED: usize = 4;

/// A text that is shown nowhere. It has no `Display`, and cannot be serialized; `Debug` shows that there is one.
///
/// ```
/// use livecheck_alerts::Secret;
///
/// let token = Secret::new("hunter2");
/// assert_eq!(format!("{token:?}"), "Secret(…)");
/// assert_eq!(token.masked_in("401: token hunter2 is unknown"), "401: token … is unknown");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text from being seen.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the one that it is meant for.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// A text in which it may stand, such as what a server answered, without it.
    #[must_use]
    pub fn masked_in(&self, text: &str) -> String {
        if self.0.len() < SHORTEST_MASKED { text.to_owned() } else { text.replace(&self.0, MASK) }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({MASK})")
    }
}
