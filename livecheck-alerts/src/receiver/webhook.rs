//! Any URL: the message as JSON, or a text of one's own.

use super::{Receipt, SendError};
use crate::http::Endpoint;
use crate::message::Message;
use crate::template::Template;

/// A webhook.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Where it is.
    pub endpoint: Endpoint,
    /// The body of the request; the message as JSON without it.
    pub template: Option<Template>,
    /// What the body is, for the header `Content-Type`.
    pub content_type: String,
}

impl Webhook {
    pub(super) async fn send(&self, message: &Message) -> Result<Receipt, SendError> {
        let body = match &self.template {
            Some(template) => {
                template.render(message).map(String::into_bytes).map_err(|error| error.to_string())
            }
            None => serde_json::to_vec(message).map_err(|error| error.to_string()),
        };
        self.endpoint.post(&self.content_type, body.map_err(SendError::refused)?).await
    }
}
