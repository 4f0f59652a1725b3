//! Alerts: who would be told, and whether anybody would.

use std::sync::Arc;
use std::time::Duration;

use livecheck_alerts::{Receipt, Receiver, SendError, Status};

use super::finding::Finding;
use crate::config::AlertsConfig;
use crate::reporter::text::plural;

/// Who would be told of what; nothing where the configuration has no alerts.
pub(crate) fn alerts(alerts: Option<&AlertsConfig>) -> Vec<Finding> {
    let subject = "alerts";
    let Some(alerts) = alerts else { return Vec::new() };
    let unresolved = alerts.unresolved.iter().map(|problem| {
        let found = format!("{} (line {})", problem.message, problem.line);
        let advice =
            problem.help.clone().unwrap_or_else(|| "a run that sends alerts does not start".to_owned());
        Finding::fail(subject, found, advice)
    });
    let mut findings: Vec<_> = unresolved.collect();
    if alerts.receivers.is_empty() {
        if findings.is_empty() {
            let advice = "add [profile.NAME.alerts.receiver.NAME]";
            findings.push(Finding::warn(subject, "there is no receiver: nobody is told", advice));
        }
        return findings;
    }
    let (routes, windows) = alerts.counts();
    let receivers =
        alerts.receivers.iter().map(|(name, receiver)| format!("{name} ({})", receiver.describe()));
    let receivers: Vec<_> = receivers.collect();
    let found = format!(
        "{}: {}; {}, {}",
        plural(receivers.len(), "receiver", "receivers"),
        receivers.join(", "),
        plural(routes, "route", "routes"),
        plural(windows, "maintenance window", "maintenance windows"),
    );
    findings.push(Finding::ok(subject, found));
    findings.extend(alerts.unreachable().into_iter().map(|name| {
        let advice = "name it in a route, or leave it out";
        Finding::warn(subject, format!("no route leads to receiver `{name}`: it is never told"), advice)
    }));
    findings
}

/// What came of a test alert, its beginning and its end.
pub(crate) fn test_alert(
    name: &str,
    receiver: &Arc<Receiver>,
    came_back: &[(Status, Duration, Result<Receipt, SendError>)],
) -> Finding {
    let subject = format!("test alert to {name}");
    for (status, _, result) in came_back {
        if let Err(error) = result {
            let found = format!("the {} message: {}", status.as_str(), error.reason);
            let advice = if error.refused {
                format!(
                    "the {} does not want it as it is: look at its URL, its secrets and its settings",
                    receiver.describe()
                )
            } else {
                "is it there, and can this machine reach it? A run tries again until it is told".to_owned()
            };
            return Finding::fail(subject, found, advice);
        }
    }
    let said = came_back.iter().filter_map(|(status, took, result)| {
        let Receipt(said) = result.as_ref().ok()?;
        Some(format!("{} in {:.3}s: {said}", status.as_str(), took.as_secs_f64()))
    });
    Finding::ok(subject, said.collect::<Vec<_>>().join("; "))
}

/// A receiver that was named and is not there.
pub(crate) fn no_such_receiver(name: &str, alerts: Option<&AlertsConfig>) -> Finding {
    let known: Vec<&str> =
        alerts.iter().flat_map(|alerts| alerts.receivers.keys()).map(String::as_str).collect();
    let advice = match &known[..] {
        [] => "add one: [profile.NAME.alerts.receiver.NAME]; another profile is chosen with --profile"
            .to_owned(),
        known => format!("there are {}", known.join(", ")),
    };
    let found = if name.is_empty() {
        "no receiver is configured".to_owned()
    } else {
        format!("there is no receiver `{name}`")
    };
    Finding::fail("test alert", found, advice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use livecheck_alerts::Way;
    use livecheck_alerts::receiver::CommandReceiver;

    #[test]
    fn what_came_back_is_said() {
        let way = Way::Command(CommandReceiver {
            program: "page-me".to_owned(),
            arguments: Vec::new(),
            cwd: std::path::PathBuf::new(),
        });
        let receiver = Arc::new(Receiver { way, timeout: Duration::from_secs(1) });
        let took = Duration::from_millis(214);
        let ok = || Ok(Receipt("it ended with 0: paged".to_owned()));
        let failed =
            |refused| Err(SendError { reason: "exit status 3".to_owned(), refused, retry_after: None });
        let findings = [
            test_alert("pager", &receiver, &[(Status::Firing, took, ok()), (Status::Resolved, took, ok())]),
            test_alert("pager", &receiver, &[(Status::Firing, took, failed(true))]),
            test_alert(
                "pager",
                &receiver,
                &[(Status::Firing, took, ok()), (Status::Resolved, took, failed(false))],
            ),
            no_such_receiver("paegr", None),
            no_such_receiver("", None),
        ];
        let text: String = findings.iter().map(|finding| finding.render(Some(100))).collect();
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string());
    }
}
