//! Colours, and the column of verbs.

use std::fmt;
use std::time::Duration;

use anstyle::{AnsiColor, Style};

/// What went well.
pub const PASS: Style = AnsiColor::Green.on_default().bold();
/// What did not.
pub const FAIL: Style = AnsiColor::Red.on_default().bold();
/// What is odd.
pub const WARN: Style = AnsiColor::Yellow.on_default().bold();
/// The name of a package.
pub const PACKAGE: Style = AnsiColor::Magenta.on_default();
/// The path of a module.
pub const PATH: Style = AnsiColor::Cyan.on_default();
/// The name of a case or an uptest.
pub const NAME: Style = AnsiColor::Blue.on_default().bold();
/// A number, or a word that matters.
pub const COUNT: Style = Style::new().bold();
/// What is there for those who look for it.
pub const DIM: Style = Style::new().dimmed();

/// Where what is said of a verb begins: after the verb and a space.
pub const INDENT: usize = VERB + 1;
const VERB: usize = 12;

/// A verb, right-aligned as cargo does.
pub fn verb(style: Style, verb: &str) -> impl fmt::Display + use<> {
    let padded = format!("{verb:>VERB$}");
    Painted(style, padded)
}

/// A text in a colour.
pub fn paint(style: Style, text: impl fmt::Display) -> impl fmt::Display {
    Painted(style, text)
}

struct Painted<T>(Style, T);

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(style, text) = self;
        write!(f, "{style}{text}{style:#}")
    }
}

/// A duration of fixed width: `[   0.123s]`.
#[must_use]
pub fn bracketed(seconds: Option<f64>) -> String {
    match seconds {
        Some(seconds) => format!("[{seconds:>8.3}s]"),
        None => format!("[{:>9}]", ""),
    }
}

/// The time on a clock: `[ 00:01:23]`.
#[must_use]
pub fn clock(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("[{clock:>9}]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_of_one_width() {
        for text in [bracketed(Some(0.1234)), bracketed(None), clock(Duration::from_secs(5025))] {
            assert_eq!(text.len(), 11, "{text}");
        }
        assert_eq!(bracketed(Some(0.1236)), "[   0.124s]");
        assert_eq!(clock(Duration::from_secs(5025)), "[ 01:23:45]");
    }
}
