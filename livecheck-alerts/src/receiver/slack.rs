//! Slack's incoming webhooks, and what takes the same: Mattermost, Rocket.Chat, Discord's `/slack`, Google's bridges.

use serde_json::{Value, json};

use super::{Receipt, SendError};
use crate::http::Endpoint;
use crate::message::{Message, Status};
use crate::template::Template;
use crate::text;

/// How much text one message has at most, in characters (Slack: 40,000, and collapses much less).
const MOST_TEXT: usize = 3_000;

/// An incoming webhook.
#[derive(Clone, Debug)]
pub struct Slack {
    /// Where it is: the URL is the secret.
    pub endpoint: Endpoint,
    /// The channel, where it is another than the webhook's own.
    pub channel: Option<String>,
    /// The text; all that there is to say without it.
    pub template: Option<Template>,
}

impl Slack {
    pub(super) async fn send(&self, message: &Message) -> Result<Receipt, SendError> {
        let body = self.body(message)?.to_string().into_bytes();
        self.endpoint.post("application/json", body).await
    }

    /// The body of the request. Attachments are what all of them understand.
    fn body(&self, message: &Message) -> Result<Value, SendError> {
        let text = match &self.template {
            // It is the user's own, with markup as they want it.
            Some(template) => {
                template.render(message).map_err(|error| SendError::refused(error.to_string()))?
            }
            None => escaped(&text::of(message)),
        };
        let text: String = text.chars().take(MOST_TEXT).collect();
        let title = escaped(&message.title());
        let color = match (message.test, message.status) {
            (true, _) => "#439fe0",
            (false, Status::Firing) => "danger",
            (false, Status::Resolved) => "good",
        };
        let mut attachment = json!({
            "color": color,
            "title": &title,
            "text": text,
            "fallback": &title,
            "footer": format!("LiveCheck, group {}", escaped(&message.origin)),
        });
        if let Some(link) = &message.link {
            attachment["title_link"] = link.as_str().into();
        }
        let mut body = json!({ "attachments": [attachment] });
        if let Some(channel) = &self.channel {
            body["channel"] = channel.as_str().into();
        }
        Ok(body)
    }
}

/// Text without markup: Slack takes these three characters for it, and nothing else can call a channel.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
