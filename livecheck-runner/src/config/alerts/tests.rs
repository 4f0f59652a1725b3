//! Alerts in the configuration: what can be said, and how mistakes are shown.

use std::path::Path;

use livecheck_core::Cases;

use super::super::{Config, ConfigError, Variables};
use crate::args::ConfigOptions;

/// The guide, whose examples are read as they stand.
const GUIDE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../src/docs/alerts.md"));

fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join(".config")).expect("a folder");
    std::fs::write(folder.path().join(".config/livecheck.toml"), text).expect("a file");
    std::fs::write(folder.path().join("secret"), "T0PSECRET\n").expect("a file");
    let variables: Variables =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let options = ConfigOptions { profile: Some("production".to_owned()), ..ConfigOptions::default() };
    Config::load(&options, &variables, folder.path())
}

fn refused(text: &str) -> String {
    load(text, &[]).expect_err("a bad configuration").to_string()
}

#[test]
fn every_example_of_the_guide_is_a_configuration() {
    let examples: Vec<&str> =
        GUIDE.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(examples.len() >= 10, "{}", examples.len());
    let mut types = Vec::new();
    for example in examples {
        // The secrets of others are not here; what names them is right.
        let example = example.replace("${SLACK_URL}", "https://hooks.slack.com/services/T/B/x");
        let example = example.replace("${PAGERDUTY_KEY}", "0123456789");
        let example = example.replace("/run/secrets/slack-url", "slack").replace("/run/secrets/", "secret/");
        let config = load(&example, &[]).unwrap_or_else(|error| panic!("{example}\n{error}"));
        let alerts = config.alerts.expect("alerts");
        types.extend(alerts.receivers.values().map(|receiver| receiver.describe()));
        let policy = alerts.policy("shop", &Cases::default());
        assert_eq!(policy.origin, "shop");
    }
    for kind in ["Alertmanager", "Slack", "PagerDuty", "command"] {
        assert!(types.iter().any(|known| known.starts_with(kind)), "{kind}: {types:?}");
    }
}

#[test]
fn every_mistake_is_shown_at_its_place_and_no_secret_is() {
    let text = refused(
        r##"[profile.production.alerts]
on = ["failing", "stalle", "failure-rate"]
receivers = ["chta"]
failure-rate = { above = "110%", over = "0s", atleast = 3 }
labels = { case = "x", "1a" = "b", team = 3 }
group-wait = "soon"
recievers = []
[profile.production.alerts.receiver."../chat"]
type = "slack"
url = "T0PSECRET"
tokn = "T0PSECRET"
[profile.production.alerts.receiver.hook]
type = "webhook"
url = 17
url-file = "secret"
template = "{{ titel }}"
headers = { "a b" = "T0PSECRET" }
[profile.production.alerts.receiver.oncall]
type = "pagerduty"
severity = "fatal"
[profile.production.alerts.receiver.inline]
type = "slak"
[profile.production.alerts.receiver.mail]
type = "email"
host = "smtp.example.com"
from = "nobody"
to = []
tls = "ssl"
username = "me"
[[profile.production.alerts.route]]
match = ["case"]
[[profile.production.alerts.maintenance]]
cron = "0 2 * * *"
for = "1h"
zone = "Europe/Berln"
[[profile.production.alerts.maintenance]]
cron = "whenever"
"##,
    );
    assert!(!text.contains("T0PSECRET"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn what_stands_on_the_line_of_a_mistake_is_not_shown_where_it_may_be_a_secret() {
    let text = refused(
        "[profile.production.alerts.receiver]\nchat = { url = \"https://T0PSECRET/\", type = \"slak\", token = \"T0PSECRET\" }\n",
    );
    assert!(text.contains("there is no type of receiver `slak`") && !text.contains("T0PSECRET"), "{text}");
    let text =
        refused("[profile.production.alerts.receiver.chat]\ntype = \"slack\"\nurl = \"https://T0PSECRET/\n");
    assert!(!text.contains("T0PSECRET"), "{text}");
}

#[test]
fn a_secret_comes_from_a_variable_or_a_file_and_is_in_no_debug_output() {
    let text = |file: &str| {
        format!(
            "[profile.production.alerts.receiver.chat]\ntype = \"webhook\"\nurl = \"http://localhost/${{LIVECHECK_TEST_KEY}}\"\n\
             token-file = \"{file}\"\n"
        )
    };
    let variables = [("LIVECHECK_TEST_KEY", "hunter2")];
    let config = load(&text("secret"), &variables).expect("a configuration");
    assert_eq!(config.alerts_with_secrets().expect("all is there").expect("alerts").receivers.len(), 1);
    let shown = format!("{config:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("T0PSECRET"), "{shown}");
    // Without them only who sends alerts stumbles.
    let config = load(&text("nowhere"), &[]).expect("a configuration");
    let error = config.alerts_with_secrets().expect_err("they are not there").to_string();
    let folder = Path::new("/").join("tmp");
    let error = error.lines().filter(|line| !line.contains(&*folder.to_string_lossy()));
    insta::assert_snapshot!(error.collect::<Vec<_>>().join("\n"));
}
