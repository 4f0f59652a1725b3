//! Alertmanager, by its API of version 2 (`POST /api/v2/alerts`).
//!
//! It groups, silences and reminds by itself, and wants to be told again and again, as Prometheus does: an alert of
//! which it hears nothing until its `endsAt` is over for it. So each is told again within a quarter of that time, and
//! what is over is told for a quarter of an hour (`rules.resolvedRetention` in Prometheus), with its end in the past.

use std::collections::BTreeMap;
use std::time::Duration;

use livecheck_core::Timestamp;
use serde::Serialize;

use super::{Receipt, SendError};
use crate::http::{Endpoint, EndpointError};
use crate::message::{Message, Told};
use crate::policy::Manner;

/// How often alerts are told again where the configuration does not say: Prometheus's `--rules.alert.resend-delay`.
pub const RESEND_EVERY: Duration = Duration::from_secs(60);
/// For how many of these times an alert goes on for Alertmanager, if it hears nothing more.
const LIVES: u32 = 4;
/// For how long the end is told.
const LINGER: Duration = Duration::from_secs(15 * 60);

/// An Alertmanager.
#[derive(Clone, Debug)]
pub struct Alertmanager {
    endpoint: Endpoint,
    resend_every: Duration,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PostableAlert<'m> {
    labels: &'m BTreeMap<String, String>,
    annotations: BTreeMap<&'static str, &'m str>,
    starts_at: Timestamp,
    ends_at: Timestamp,
    #[serde(rename = "generatorURL", skip_serializing_if = "Option::is_none")]
    generator_url: Option<&'m str>,
}

impl Alertmanager {
    /// The one at that URL, to which `/api/v2/alerts` is added.
    ///
    /// # Errors
    ///
    /// The URL has no room for that.
    pub fn new(endpoint: Endpoint, resend_every: Duration) -> Result<Self, EndpointError> {
        Ok(Self { endpoint: endpoint.join("api/v2/alerts")?, resend_every })
    }

    pub(super) fn manner(&self) -> Manner {
        Manner::Resend { every: self.resend_every, linger: LINGER }
    }

    pub(super) async fn send(&self, message: &Message) -> Result<Receipt, SendError> {
        let body = serde_json::to_vec(&self.alerts(message, Timestamp::now()));
        let body = body.map_err(|error| SendError::refused(error.to_string()))?;
        self.endpoint.post("application/json", body).await
    }

    fn alerts<'m>(&self, message: &'m Message, now: Timestamp) -> Vec<PostableAlert<'m>> {
        let postable = |alert: &'m Told| {
            let mut annotations = BTreeMap::from([("summary", alert.summary.as_str())]);
            let texts = [("description", alert.error.as_deref()), ("execution", alert.execution.as_deref())];
            annotations.extend(texts.into_iter().filter_map(|(name, text)| Some((name, text?))));
            PostableAlert {
                labels: &alert.labels,
                annotations,
                starts_at: alert.starts_at,
                ends_at: alert.ends_at.unwrap_or(now + self.resend_every * LIVES),
                generator_url: message.link.as_deref(),
            }
        };
        message.alerts.iter().map(postable).collect()
    }
}
