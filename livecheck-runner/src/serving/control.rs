//! What may be changed from the page: an execution may be triggered.

use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use livecheck_core::{CaseName, Cases, Trigger};
use livecheck_web::control::{Change, ChangeError, Control};

use crate::kafka::Connection;

/// How long a trigger may take to reach the brokers.
const PATIENCE: Duration = Duration::from_secs(5);

/// Triggers executions, as a service does.
pub(super) struct Triggering {
    connection: Connection,
    cases: Cases,
}

impl Triggering {
    pub(super) fn new(connection: Connection, cases: Cases) -> Self {
        Self { connection, cases }
    }

    async fn trigger(
        &self,
        name: CaseName,
        arguments: std::collections::BTreeMap<String, std::sync::Arc<serde_json::value::RawValue>>,
    ) -> Result<String, ChangeError> {
        let case = self.cases.get(name.as_str()).ok_or(ChangeError::UnknownCase(name))?;
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

impl Control for Triggering {
    fn change(&self, case: CaseName, change: Change) -> BoxFuture<'_, Result<String, ChangeError>> {
        match change {
            Change::Trigger { arguments } => self.trigger(case, arguments).boxed(),
        }
    }
}
