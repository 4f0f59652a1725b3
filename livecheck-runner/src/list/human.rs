//! The list for people: by package, what is set and what is waited for.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use livecheck_core::case::{Case, SignalDefinition};
use livecheck_core::schedule::{Rule, Schedule};
use livecheck_core::table::TableDefinition;
use livecheck_core::{Cases, Settings, Timestamp, Uptest};

use super::View;
use crate::config::CheckConfig;
use crate::control::render_sampling;
use crate::monitor::Rhythm;
use crate::paths::shown;
use crate::reporter::text::plural;
use crate::reporter::time::{human, moment};

const PACKAGE: Style = AnsiColor::Magenta.on_default().bold();
const NAME: Style = AnsiColor::Blue.on_default().bold();
const DIM: Style = Style::new().dimmed();

pub(super) fn render(cases: &Cases, verbose: bool, view: View<'_>) -> String {
    let mut packages: BTreeMap<&str, Vec<&Case>> = BTreeMap::new();
    for case in cases.iter() {
        packages.entry(case.location.package).or_default().push(case);
    }
    let mut out = String::new();
    for (package, cases) in &packages {
        let _ = writeln!(out, "{PACKAGE}{package}{PACKAGE:#}:");
        for case in cases {
            write_case(&mut out, case, verbose, view);
        }
    }
    if !view.checks.is_empty() {
        let _ = writeln!(out, "{PACKAGE}checks{PACKAGE:#}:");
        view.checks.iter().for_each(|check| write_check(&mut out, check, view.now));
    }
    if !view.uptests.is_empty() {
        let _ = writeln!(out, "{PACKAGE}uptests{PACKAGE:#}:");
        view.uptests.iter().for_each(|uptest| write_uptest(&mut out, uptest, verbose, view.root));
    }
    let more = |count: usize, one, many| match count {
        0 => String::new(),
        count => format!(", {}", plural(count, one, many)),
    };
    let cases = plural(cases.len(), "case", "cases");
    let packages = plural(packages.len(), "package", "packages");
    let checks = more(view.checks.len(), "check", "checks");
    let uptests = more(view.uptests.len(), "uptest", "uptests");
    let _ = writeln!(out, "{cases} in {packages}{checks}{uptests}");
    out
}

fn write_check(out: &mut String, check: &CheckConfig, now: Timestamp) {
    let CheckConfig { name, command, .. } = check;
    let _ = writeln!(out, "    {NAME}{name}{NAME:#}  {DIM}{command}{DIM:#}");
    fact(out, "due", &due(&Rhythm::of_check(check), now), false);
    if !check.tags.is_empty() {
        fact(out, "tags", &check.tags.join(", "), false);
    }
}

fn write_uptest(out: &mut String, uptest: &Uptest, verbose: bool, root: &Path) {
    let Uptest { name, proc, docs, location, timeout, .. } = uptest;
    let (file, line) = (shown(location.file, root), location.line);
    let _ = writeln!(out, "    {NAME}{name}{NAME:#}  of {proc}  {DIM}{file}:{line}{DIM:#}");
    if verbose {
        for line in docs.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let _ = writeln!(out, "        {line}");
        }
        if let Some(timeout) = timeout {
            fact(out, "timeout", &duration(*timeout), verbose);
        }
    }
}

fn write_case(out: &mut String, case: &Case, verbose: bool, View { root, now, sampling, .. }: View<'_>) {
    let Case { name, docs, location, settings, arguments, signals, tables, .. } = case;
    let share = render_sampling(&sampling(case), settings.schedule.is_some());
    let (file, line) = (shown(location.file, root), location.line);
    let _ = writeln!(out, "    {NAME}{name}{NAME:#}  {share}  {DIM}{file}:{line}{DIM:#}");
    if verbose {
        for line in docs.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let _ = writeln!(out, "        {line}");
        }
        if !arguments.is_empty() {
            let arguments =
                arguments.iter().map(|argument| format!("{}: {}", argument.name, argument.type_name));
            fact(out, "arguments", &arguments.collect::<Vec<_>>().join(", "), verbose);
        }
    }
    if let Some(rhythm) = Rhythm::of(case) {
        fact(out, "due", &due(&rhythm, now), verbose);
    }
    if !settings.tags.is_empty() && !verbose {
        fact(out, "tags", &settings.tags.join(", "), verbose);
    }
    if !signals.is_empty() {
        let signals: Vec<_> = signals.iter().map(|signal| described(signal, verbose)).collect();
        fact(out, "signals", &signals.join(", "), verbose);
    }
    if !tables.is_empty() {
        let tables: Vec<_> = tables.iter().map(|table| described_table(table, verbose)).collect();
        fact(out, "tables", &tables.join(", "), verbose);
    }
    if verbose {
        for (name, value) in settings_of(settings) {
            fact(out, name, &value, verbose);
        }
    }
}

/// A label and a value; where there are many of them, in columns.
fn fact(out: &mut String, label: &str, value: &str, verbose: bool) {
    let width = if verbose { 24 } else { 0 };
    let _ = writeln!(out, "        {DIM}{label:<width$}{DIM:#} {value}");
}

fn described(signal: &SignalDefinition, verbose: bool) -> String {
    let mut text = signal.name.to_owned();
    if verbose {
        let _ = write!(text, ": {}", signal.type_name);
    }
    if let Some(timeout) = signal.timeout {
        let _ = write!(text, " (within {})", duration(timeout));
    }
    text
}

fn described_table(table: &TableDefinition, verbose: bool) -> String {
    let mut text = table.name.to_owned();
    if verbose {
        let _ = write!(text, ": {}", table.type_name);
    }
    if let Some(window) = table.window {
        let _ = write!(text, " (windows of {window})");
    }
    text
}

/// Every setting, in the order in which they are documented; a test compares them with their JSON.
fn settings_of(settings: &Settings) -> Vec<(&'static str, String)> {
    let never = |value: Option<Duration>, none: &str| value.map_or_else(|| none.to_owned(), duration);
    vec![
        ("active", settings.active.to_string()),
        ("probability", settings.probability.to_string()),
        ("warn_stalled_after", duration(settings.warn_stalled_after)),
        ("test_expires", duration(settings.test_expires)),
        ("frequency", never(settings.frequency, "never")),
        ("schedule", settings.schedule.map_or_else(|| "none".to_owned(), |schedule| scheduled(&schedule))),
        ("confirm", settings.confirm.to_string()),
        ("tags", if settings.tags.is_empty() { "none".to_owned() } else { settings.tags.join(", ") }),
        ("max_history", settings.max_history.to_string()),
        ("max_consecutive_failures", settings.max_consecutive_failures.to_string()),
        ("state_transition_delay", duration(settings.state_transition_delay)),
        ("realtime_logs", settings.realtime_logs.to_string()),
        ("url_timeout_total", duration(settings.url_timeout_total)),
        ("url_timeout_connect", never(settings.url_timeout_connect, "none of its own")),
        ("url_error_retries", settings.url_error_retries.to_string()),
        ("url_error_delay_min", duration(settings.url_error_delay_min)),
        ("url_error_delay_backoff", settings.url_error_delay_backoff.to_string()),
        ("url_error_delay_max", duration(settings.url_error_delay_max)),
    ]
}

/// As it stands in the attribute.
fn scheduled(schedule: &Schedule) -> String {
    let rule = match schedule.rule {
        Rule::Cron { expression, timezone: Some(timezone) } => format!("{expression} {timezone}"),
        Rule::Cron { expression, timezone: None } => expression.to_owned(),
        Rule::Every(period) => format!("every {}", duration(period)),
    };
    if schedule.jitter.is_zero() { rule } else { format!("{rule}, jitter {}", duration(schedule.jitter)) }
}

/// When something is done by the clock, and when next.
fn due(rhythm: &Rhythm, now: Timestamp) -> String {
    match rhythm.after(now) {
        Some(next) => format!("{rhythm}; next {}, in {}", moment(next), human(next.since(now))),
        None => format!("{rhythm}; never again"),
    }
}

fn duration(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_listed() {
        let json = serde_json::to_value(Settings::new()).expect("settings have JSON");
        let mut names: Vec<_> = json.as_object().expect("an object").keys().map(String::as_str).collect();
        let settings = settings_of(&Settings::new());
        let mut listed: Vec<_> = settings.iter().map(|&(name, _)| name).collect();
        names.sort_unstable();
        listed.sort_unstable();
        assert_eq!(listed, names);
    }
}
