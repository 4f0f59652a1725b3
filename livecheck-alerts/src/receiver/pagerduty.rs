//! PagerDuty's Events API, version 2: <https://developer.pagerduty.com/docs/events-api-v2-overview>.
//!
//! A group of alerts is one incident: its key is the same from the first trigger to the resolution.

use serde_json::{Value, json};

use super::{Receipt, SendError};
use crate::http::Endpoint;
use crate::message::{Message, Status};
use crate::secret::Secret;
use crate::text;

/// Where PagerDuty takes events.
pub const URL: &str = "https://events.pagerduty.com/v2/enqueue";
/// How long a summary may be, in characters.
const MOST_SUMMARY: usize = 1_024;
/// How much of the details is told, in characters: an event may have 512 KB.
const MOST_DETAILS: usize = 32_000;

/// A service of PagerDuty.
#[derive(Clone, Debug)]
pub struct PagerDuty {
    /// Where events go.
    pub endpoint: Endpoint,
    /// The integration key of the service.
    pub routing_key: Secret,
    /// How bad it is.
    pub severity: Severity,
}

/// How bad it is, as PagerDuty has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Severity {
    /// The worst.
    #[default]
    Critical,
    /// An error.
    Error,
    /// A warning.
    Warning,
    /// To be known.
    Info,
}

impl Severity {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Critical, Self::Error, Self::Warning, Self::Info];

    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

impl PagerDuty {
    pub(super) async fn send(&self, message: &Message) -> Result<Receipt, SendError> {
        let body = self.event(message).to_string().into_bytes();
        self.endpoint
            .post("application/json", body)
            .await
            .map_err(|error| SendError { reason: self.routing_key.masked_in(&error.reason), ..error })
    }

    /// The event, as it is documented.
    fn event(&self, message: &Message) -> Value {
        let routing_key = self.routing_key.expose();
        let dedup_key = format!("livecheck-{}", message.group_key);
        if message.status == Status::Resolved {
            return json!({ "routing_key": routing_key, "event_action": "resolve", "dedup_key": dedup_key });
        }
        let common = |label: &str| {
            let mut values = message.alerts.iter().map(|alert| alert.labels.get(label));
            let first = values.next()??;
            values.all(|value| value == Some(first)).then(|| first.clone())
        };
        let mut event = json!({
            "routing_key": routing_key,
            "event_action": "trigger",
            "dedup_key": dedup_key,
            "client": "LiveCheck",
            "payload": {
                "summary": cut(&self.summary(message), MOST_SUMMARY),
                "source": format!("livecheck/{}", message.origin),
                "severity": self.severity.as_str(),
                "timestamp": message.alerts.iter().map(|alert| alert.starts_at).min().map(|at| at.to_string()),
                "component": common("case"),
                "group": common("package"),
                "class": common("kind"),
                "custom_details": {
                    "alerts": message.alerts.iter().filter(|alert| alert.status == Status::Firing).count(),
                    "text": cut(&text::of(message), MOST_DETAILS),
                },
            },
        });
        if let Some(payload) = event["payload"].as_object_mut() {
            payload.retain(|_, value| !value.is_null());
        }
        if let Some(link) = &message.link {
            event["client_url"] = link.as_str().into();
            event["links"] = json!([{ "href": link, "text": "LiveCheck" }]);
        }
        event
    }

    fn summary(&self, message: &Message) -> String {
        match &message.alerts[..] {
            [alert] => format!("{}: {}", alert.case, alert.summary),
            _ => message.title(),
        }
    }
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}
