//! The receivers: who is told, and how.
//!
//! | module | receiver |
//! |---|---|
//! | [`alertmanager`] | Alertmanager's API, version 2 |
//! | [`slack`] | the incoming webhooks of Slack, and of all that take the same |
//! | [`webhook`] | any URL, with JSON or with a text of one's own |
//! | [`pagerduty`] | PagerDuty's events, version 2 |
//! | [`email`] | SMTP |
//! | [`command`] | a program, with JSON on its standard input |

pub mod alertmanager;
pub mod command;
pub mod email;
pub mod pagerduty;
pub mod slack;
pub mod webhook;

use std::time::Duration;

use crate::message::Message;
use crate::policy::Manner;

pub use self::alertmanager::Alertmanager;
pub use self::command::CommandReceiver;
pub use self::email::Email;
pub use self::pagerduty::PagerDuty;
pub use self::slack::Slack;
pub use self::webhook::Webhook;

/// How long a receiver may take where its configuration does not say.
pub const TIMEOUT: Duration = Duration::from_secs(30);
/// How much of an answer is shown, in characters.
const SHOWN: usize = 300;

/// Who is told.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// How.
    pub way: Way,
    /// How long it may take to tell it.
    pub timeout: Duration,
}

/// How somebody is told.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Way {
    /// By Alertmanager.
    Alertmanager(Alertmanager),
    /// By Slack, or what takes the same.
    Slack(Slack),
    /// By a webhook.
    Webhook(Webhook),
    /// By PagerDuty.
    PagerDuty(PagerDuty),
    /// By email.
    Email(Box<Email>),
    /// By a command.
    Command(CommandReceiver),
}

/// What came back when somebody was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt(pub String);

/// Somebody could not be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SendError {
    /// Why. It has no secret in it.
    pub reason: String,
    /// Whether the receiver does not want it as it is, so that trying again soon is of no use.
    pub refused: bool,
    /// How long the receiver wants to be left alone.
    pub retry_after: Option<Duration>,
}

impl SendError {
    /// It may go better next time.
    pub(crate) fn passing(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), refused: false, retry_after: None }
    }

    /// It will not go better before somebody mends something.
    pub(crate) fn refused(reason: impl Into<String>) -> Self {
        Self { refused: true, ..Self::passing(reason) }
    }
}

impl Receiver {
    /// How it wants to be told.
    #[must_use]
    pub fn manner(&self) -> Manner {
        match &self.way {
            Way::Alertmanager(alertmanager) => alertmanager.manner(),
            _ => Manner::Messages,
        }
    }

    /// What it is, for people: `Alertmanager`, `email to a@example.com`.
    #[must_use]
    pub fn describe(&self) -> String {
        match &self.way {
            Way::Alertmanager(_) => "Alertmanager".to_owned(),
            Way::Slack(_) => "Slack".to_owned(),
            Way::Webhook(_) => "webhook".to_owned(),
            Way::PagerDuty(_) => "PagerDuty".to_owned(),
            Way::Email(email) => email.describe(),
            Way::Command(command) => format!("command `{}`", command.program),
        }
    }

    /// Tells it.
    ///
    /// # Errors
    ///
    /// It is not known to have heard it.
    pub async fn send(&self, message: &Message) -> Result<Receipt, SendError> {
        let sending = async {
            match &self.way {
                Way::Alertmanager(alertmanager) => alertmanager.send(message).await,
                Way::Slack(slack) => slack.send(message).await,
                Way::Webhook(webhook) => webhook.send(message).await,
                Way::PagerDuty(pagerduty) => pagerduty.send(message).await,
                Way::Email(email) => email.send(message).await,
                // It ends what it has started when the time is over.
                Way::Command(command) => command.send(message, self.timeout).await,
            }
        };
        if matches!(self.way, Way::Command(_)) {
            return sending.await;
        }
        tokio::time::timeout(self.timeout, sending).await.unwrap_or_else(|_| {
            let timeout = humantime::format_duration(self.timeout);
            Err(SendError::passing(format!("there was no answer within {timeout}")))
        })
    }
}

/// A text from elsewhere as it is shown: its beginning, on one line.
pub(crate) fn shown(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
