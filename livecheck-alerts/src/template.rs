//! Texts of one's own, with what a message has in them.

use std::fmt;

use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

use crate::message::Message;
use crate::text;

/// A template in the language of Jinja, which sees the members of a [`Message`], and beside them `title` and `text`.
///
/// ```
/// use livecheck_alerts::Template;
///
/// assert!(Template::new("{{ title }}: {{ alerts | length }}").is_ok());
/// assert!(Template::new("{{ titel }}").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(String);

/// A template that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no template: {0}")]
pub struct TemplateError(String);

#[derive(Serialize)]
struct Seen<'m> {
    #[serde(flatten)]
    message: &'m Message,
    title: String,
    text: String,
}

impl Template {
    /// Reads a template, and tries it with a message, so that a name that is not there is found now.
    ///
    /// # Errors
    ///
    /// It cannot be read, or names something that no message has.
    pub fn new(source: impl Into<String>) -> Result<Self, TemplateError> {
        let template = Self(source.into());
        template.render(&Message::test("test", "livecheck", crate::Status::Firing))?;
        template.render(&Message::test("test", "livecheck", crate::Status::Resolved))?;
        Ok(template)
    }

    /// The text for a message.
    ///
    /// # Errors
    ///
    /// It names something that this message does not have.
    pub fn render(&self, message: &Message) -> Result<String, TemplateError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let seen = Seen { message, title: message.title(), text: text::of(message) };
        environment.render_str(&self.0, seen).map_err(|error| TemplateError(reason(&error)))
    }
}

/// What is wrong, and in which line.
fn reason(error: &minijinja::Error) -> String {
    let what = error
        .detail()
        .map_or_else(|| error.kind().to_string(), |detail| format!("{}: {detail}", error.kind()));
    match error.line() {
        Some(line) => format!("{what} (line {line})"),
        None => what,
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
