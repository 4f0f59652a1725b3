//! The terminal that the reporter and the log share: lines that stay, and a live line below them.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anstream::ColorChoice;

use crate::args::ColorWhen;

/// Goes to the first column, and clears the line.
const CLEAR: &str = "\r\u{1b}[2K";

/// A terminal, or what stands in its place. Clones share it.
#[derive(Clone)]
pub struct Screen(Arc<Mutex<Inner>>);

struct Inner {
    out: Box<dyn Write + Send>,
    is_coloured: bool,
    is_terminal: bool,
    live: String,
    /// The first error: what follows is not written any more.
    error: Option<io::Error>,
}

impl Screen {
    /// The standard error of this process.
    #[must_use]
    pub fn stderr() -> Self {
        let is_coloured = anstream::AutoStream::choice(&io::stderr()) != ColorChoice::Never;
        Self::new(io::stderr(), is_coloured, io::stderr().is_terminal())
    }

    /// The standard output of this process.
    #[must_use]
    pub fn stdout() -> Self {
        let is_coloured = anstream::AutoStream::choice(&io::stdout()) != ColorChoice::Never;
        Self::new(io::stdout(), is_coloured, io::stdout().is_terminal())
    }

    /// Anything else.
    #[must_use]
    pub fn new(out: impl Write + Send + 'static, is_coloured: bool, is_terminal: bool) -> Self {
        let out = Box::new(out);
        Self(Arc::new(Mutex::new(Inner { out, is_coloured, is_terminal, live: String::new(), error: None })))
    }

    /// Whether a live line can be shown.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.lock().is_terminal
    }

    /// Whether colours are wanted.
    #[must_use]
    pub fn is_coloured(&self) -> bool {
        self.lock().is_coloured
    }

    /// The columns, if there is a terminal.
    #[must_use]
    pub fn width(&self) -> Option<usize> {
        let size = if self.is_terminal() { terminal_size::terminal_size_of(io::stderr()) } else { None };
        size.map(|(terminal_size::Width(columns), _)| usize::from(columns)).filter(|&columns| columns > 0)
    }

    /// Prints whole lines, above the live line.
    pub fn print(&self, text: &str) {
        if !text.is_empty() {
            let mut inner = self.lock();
            let clear = if inner.live.is_empty() { "" } else { CLEAR };
            let end = if text.ends_with('\n') { "" } else { "\n" };
            let live = inner.live.clone();
            inner.write(&[clear, text, end, &live]);
        }
    }

    /// Prints whole lines, and shows this as the live line below them: what the lines say and what the live
    /// line says are of one moment.
    pub fn print_with_live(&self, text: &str, live: &str) {
        let mut inner = self.lock();
        let live = if inner.is_terminal { live } else { "" };
        if text.is_empty() && inner.live == live {
            return;
        }
        let clear = if inner.live.is_empty() { "" } else { CLEAR };
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        live.clone_into(&mut inner.live);
        inner.write(&[clear, text, end, live]);
    }

    /// Shows this as the live line; an empty text shows none.
    pub fn show_live(&self, line: &str) {
        let mut inner = self.lock();
        if inner.is_terminal && inner.live != line {
            line.clone_into(&mut inner.live);
            inner.write(&[CLEAR, line]);
        }
    }

    /// The first error that writing met, if it met one. What came after it has not been written.
    #[must_use]
    pub fn take_error(&self) -> Option<io::Error> {
        self.lock().error.take()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Writes the parts in one go, so that nothing comes between.
    fn write(&mut self, parts: &[&str]) {
        if self.error.is_some() {
            return;
        }
        let mut text = parts.concat();
        if !self.is_coloured {
            // Clearing a line is no colour: a terminal whose user wants none has a live line all the same.
            let plain = parts.iter().map(|&part| match part {
                CLEAR => CLEAR.to_owned(),
                part => anstream::adapter::strip_str(part).to_string(),
            });
            text = plain.collect();
        }
        let written = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
        self.error = written.err();
    }
}

impl fmt::Debug for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Screen").finish_non_exhaustive()
    }
}

/// Makes `--color` hold for all that this process prints. `auto` leaves it to the terminal, `NO_COLOR` and
/// `CLICOLOR_FORCE`.
pub fn set_colour(when: ColorWhen) {
    let choice = match when {
        ColorWhen::Auto => ColorChoice::Auto,
        ColorWhen::Always => ColorChoice::Always,
        ColorWhen::Never => ColorChoice::Never,
    };
    choice.write_global();
}

#[cfg(test)]
pub(crate) use self::tests::test_screen;

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A screen without colours, and what was written on it.
    pub(crate) fn test_screen(is_terminal: bool) -> (Screen, Written) {
        let written = Written::default();
        (Screen::new(written.clone(), false, is_terminal), written)
    }

    /// What was written.
    #[derive(Clone, Debug, Default)]
    pub(crate) struct Written(Arc<Mutex<Vec<u8>>>);

    impl Written {
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().expect("no test panics").clone()).expect("UTF-8")
        }
    }

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no test panics").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_go_above_the_live_line() {
        let written = Written::default();
        let screen = Screen::new(written.clone(), false, true);
        screen.print("one\n");
        screen.show_live("\u{1b}[1mlive\u{1b}[0m");
        screen.print("two");
        screen.show_live("");
        assert_eq!(written.text(), format!("one\n{CLEAR}live{CLEAR}two\nlive{CLEAR}"));
    }

    #[test]
    fn lines_and_the_live_line_change_together() {
        let written = Written::default();
        let screen = Screen::new(written.clone(), false, true);
        screen.print_with_live("one\n", "waiting");
        screen.print_with_live("", "waiting");
        screen.print_with_live("two", "running");
        screen.print_with_live("", "");
        assert_eq!(written.text(), format!("one\nwaiting{CLEAR}two\nrunning{CLEAR}"));
    }

    #[test]
    fn without_a_terminal_there_is_no_live_line() {
        let written = Written::default();
        let screen = Screen::new(written.clone(), true, false);
        screen.show_live("live");
        screen.print("\u{1b}[1mone\u{1b}[0m\n");
        assert_eq!(written.text(), "\u{1b}[1mone\u{1b}[0m\n");
    }

    #[test]
    fn after_an_error_nothing_is_written() {
        struct Broken;
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let screen = Screen::new(Broken, false, false);
        screen.print("one");
        screen.print("two");
        assert_eq!(screen.take_error().map(|error| error.kind()), Some(io::ErrorKind::BrokenPipe));
    }
}
