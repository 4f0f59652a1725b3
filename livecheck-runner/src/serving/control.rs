//! What may be changed from the page: an execution may be triggered, a case silenced, and its probability set.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use livecheck_alerts::{Matcher, Silence};
use livecheck_core::control::{Control as Controlled, Plan, Probability, Setting, key};
use livecheck_core::time::IntoDuration;
use livecheck_core::{Case, CaseName, Cases, Timestamp, Trigger};
use livecheck_web::control::{Change, ChangeError, Control};
use serde_json::value::RawValue;

use crate::kafka::{Connection, write_controls};
use crate::monitor::write_silence;

/// How long a trigger may take to reach the brokers.
const PATIENCE: Duration = Duration::from_secs(5);

/// By whom something is set, for those who ask.
const BY: &str = "the page";

/// Does what the page is asked to do.
pub(super) struct Operator {
    connection: Connection,
    cases: Cases,
    /// Of the runners, whose leader sends alerts.
    group: Option<String>,
    /// Of topics that it creates.
    replication_factor: Option<i32>,
}

impl Operator {
    pub(super) fn new(
        connection: Connection,
        cases: Cases,
        group: Option<String>,
        replication_factor: Option<i32>,
    ) -> Self {
        Self { connection, cases, group, replication_factor }
    }

    fn case(&self, name: &CaseName) -> Result<&'static Case, ChangeError> {
        self.cases.get(name.as_str()).ok_or_else(|| ChangeError::UnknownCase(name.clone()))
    }

    /// Triggers an execution, as a service does.
    async fn trigger(
        &self,
        name: CaseName,
        arguments: BTreeMap<String, Arc<RawValue>>,
    ) -> Result<String, ChangeError> {
        let case = self.case(&name)?;
        for argument in case.arguments {
            if !arguments.contains_key(argument.name) {
                let missing = format!("the argument `{}` ({}) is missing", argument.name, argument.type_name);
                return Err(ChangeError::Refused(missing));
            }
        }
        if let Some(unknown) =
            arguments.keys().find(|name| case.arguments.iter().all(|known| known.name != **name))
        {
            return Err(ChangeError::Refused(format!("the case has no argument `{unknown}`")));
        }
        if livecheck_core::client::installed().is_none() {
            // Another part of this runner may have been quicker, which is as well.
            let _ = self.connection.client_builder().install();
        }
        let client = livecheck_core::client::installed()
            .ok_or_else(|| ChangeError::Failed("there is no way to the brokers".to_owned()))?;
        let delivered = client.statistics().delivered;
        let trigger = Trigger::always(case, |writer| {
            arguments.iter().for_each(|(name, value)| writer.argument(name, value));
        });
        let test = trigger.send();
        livecheck_core::flush(PATIENCE).await;
        match test {
            Some(test) if client.statistics().delivered > delivered => Ok(format!("triggered {}", test.id())),
            _ => Err(ChangeError::Failed(format!(
                "the trigger was not acknowledged within {}",
                humantime::format_duration(PATIENCE)
            ))),
        }
    }
}

impl Operator {
    /// Sets the probability as `set` does, or takes back what was set.
    async fn set_probability(
        &self,
        name: CaseName,
        value: Option<Probability>,
        lasts: Option<String>,
    ) -> Result<String, ChangeError> {
        self.case(&name)?;
        let lasts = lasts.as_deref().map(duration).transpose()?;
        let now = Timestamp::now();
        let record = match value {
            None => key(&name, Setting::Probability).map(|key| (key, None)),
            Some(value) => {
                let plan = Plan::constant(value, now, BY.to_owned());
                let plan = if let Some(lasts) = lasts { plan.until(now + lasts) } else { plan };
                Controlled::Probability(plan).record(&name).map(|(key, value)| (key, Some(value)))
            }
        };
        let record = record.map_err(|error| ChangeError::Refused(error.to_string()))?;
        let written = write_controls(&self.connection, &[record], self.replication_factor).await;
        written.map_err(|error| ChangeError::Failed(error.to_string()))?;
        Ok(match (value, lasts) {
            (None, _) => "the probability is what the code says again".to_owned(),
            (Some(value), None) => format!("the probability is {value}"),
            (Some(value), Some(lasts)) => {
                format!("the probability is {value} for {}", humantime::format_duration(lasts))
            }
        })
    }
}

impl Operator {
    /// Silences the alerts about a case, as `silence` does.
    async fn silence(&self, name: CaseName, lasts: &str, reason: String) -> Result<String, ChangeError> {
        let (case, lasts) = (self.case(&name)?, duration(lasts)?);
        if reason.trim().is_empty() {
            return Err(ChangeError::Refused("why? A silence says its reason".to_owned()));
        }
        let Some(group) = self.group.clone() else {
            return Err(ChangeError::Refused("a run of one's own sends no alerts".to_owned()));
        };
        let since = Timestamp::now();
        let matchers = vec![Matcher::is_one_of("case", [case.name])];
        let silence = Silence { matchers, since, until: since + lasts, by: BY.to_owned(), reason };
        let id = uuid::Uuid::new_v4().simple().to_string()[..8].to_owned();
        let written = {
            let id = id.clone();
            self.connection.ask(move |connection| write_silence(connection, &group, &id, &silence)).await
        };
        written.map_err(|error| ChangeError::Failed(error.to_string()))?;
        Ok(format!(
            "silenced for {}: `silence end {id}` ends it before that",
            humantime::format_duration(lasts)
        ))
    }
}

fn duration(text: &str) -> Result<Duration, ChangeError> {
    let read = text.trim().into_duration();
    let read = read.map_err(|error| ChangeError::Refused(format!("for how long? {error}")))?;
    let is_some = !read.is_zero();
    is_some.then_some(read).ok_or_else(|| ChangeError::Refused("a time of zero is none".to_owned()))
}

impl Control for Operator {
    fn change(&self, case: CaseName, change: Change) -> BoxFuture<'_, Result<String, ChangeError>> {
        match change {
            Change::Trigger { arguments } => self.trigger(case, arguments).boxed(),
            Change::Silence { lasts, reason } => {
                async move { self.silence(case, &lasts, reason).await }.boxed()
            }
            Change::Probability { value, lasts } => self.set_probability(case, value, lasts).boxed(),
        }
    }
}
