//! Something wrong in a configuration file, and how it is shown: the line, a caret, a help.

use std::fmt;
use std::ops::Range;
use std::path::Path;

use livecheck_core::text::floor_char_boundary;

/// What keys have in their names whose values are nobody's business.
const SECRETIVE: [&str; 6] = ["key", "pass", "pem", "secret", "token", "url"];

/// Something wrong at one place of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub message: String,
    /// What to do, if that can be said.
    pub help: Option<String>,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// The line's text.
    pub text: String,
    /// How many characters of it are meant.
    pub width: usize,
}

impl Problem {
    /// A problem with those bytes of `file`.
    pub(super) fn at(file: &str, span: Range<usize>, message: impl Into<String>) -> Self {
        let start = floor_char_boundary(file, span.start);
        let end = floor_char_boundary(file, span.end).max(start);
        let line_start = file[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = file[start..].find('\n').map_or(file.len(), |newline| start + newline);
        let text = file[line_start..line_end].trim_end();
        Self {
            message: message.into(),
            help: None,
            line: file[..start].matches('\n').count() + 1,
            column: file[line_start..start].chars().count() + 1,
            text: text.to_owned(),
            width: file[start..end.min(line_end)].trim_end().chars().count().max(1),
        }
    }

    /// With what to do about it.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Without what follows on the line.
    pub(super) fn without_what_follows(mut self) -> Self {
        self.text = self.text.chars().take(self.column - 1 + self.width).collect();
        self.text.push_str(" …");
        self
    }

    /// Without the value on the line, where its key sounds like a secret's: of what is no TOML nobody knows more.
    pub(super) fn without_secrets(mut self) -> Self {
        let Some((key, _)) = self.text.split_once('=') else { return self };
        let key = key.to_ascii_lowercase();
        if SECRETIVE.iter().any(|word| key.contains(word)) {
            let shown = key.chars().count() + 1;
            self.text = self.text.chars().take(shown).chain(" …".chars()).collect();
            self.column = self.column.min(shown + 2);
            self.width = 1;
        }
        self
    }

    /// Without what stands beside it on the line.
    pub(super) fn alone(mut self) -> Self {
        let before = " ".repeat(self.column - 1);
        let meant: String = self.text.chars().skip(self.column - 1).take(self.width).collect();
        self.text = format!("{before}{meant} …");
        self
    }

    /// Writes it as rustc writes its errors.
    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>, file: &Path) -> fmt::Result {
        let Self { message, help, line, column, text, width } = self;
        let margin = line.to_string().len();
        writeln!(f, "{message}")?;
        writeln!(f, "{:margin$}--> {}:{line}:{column}", "", file.display())?;
        writeln!(f, "{:margin$} |", "")?;
        // A tab is as wide as the terminal says; as a space, the caret stands where it should.
        writeln!(f, "{line} | {}", text.replace('\t', " "))?;
        write!(f, "{:margin$} | {:before$}{}", "", "", "^".repeat(*width), before = column - 1)?;
        if let Some(help) = help {
            write!(f, "\n{:margin$} = help: {help}", "")?;
        }
        Ok(())
    }
}

/// That one of `names` that is most like `name`, if one is like it at all.
pub(super) fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    names
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|&(likeness, _)| likeness > 0.8)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_counted_in_characters() {
        let file = "a = 1\nname = \"é\", b = 2\n";
        let start = file.find("b =").expect("it stands there");
        let problem = Problem::at(file, start..start + 1, "odd");
        assert_eq!((problem.line, problem.column, problem.width), (2, 13, 1));
        assert_eq!(problem.text, "name = \"é\", b = 2");
    }

    #[test]
    fn a_place_of_several_lines_ends_with_the_first() {
        let problem = Problem::at("a = [\n1,\n]\n", 4..10, "odd");
        assert_eq!((problem.line, problem.width), (1, 1));
    }

    #[test]
    fn the_end_of_the_file_is_a_place() {
        assert_eq!(Problem::at("a = ", 4..4, "odd").column, 5);
        assert_eq!(Problem::at("é", 1..9, "odd").column, 1);
    }

    #[test]
    fn the_nearest_name_is_like_the_one_that_came() {
        let names = ["bootstrap-servers", "group", "commit-interval"];
        assert_eq!(nearest("bootstrap-server", names), Some("bootstrap-servers"));
        assert_eq!(nearest("commit_interval", names), Some("commit-interval"));
        assert_eq!(nearest("zzz", names), None);
    }
}
