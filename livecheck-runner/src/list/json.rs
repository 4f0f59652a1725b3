//! The list for programs.

use std::path::Path;

use livecheck_core::case::Case;
use livecheck_core::control::Sampling;
use livecheck_core::table::TableDefinition;
use livecheck_core::{Cases, Settings, Timestamp, Uptest};
use serde::Serialize;

use super::View;
use crate::config::CheckConfig;
use crate::monitor::Rhythm;
use crate::paths::shown;

#[derive(Serialize)]
struct List {
    cases: Vec<Listed>,
    checks: Vec<ListedCheck>,
    uptests: Vec<ListedUptest>,
}

#[derive(Serialize)]
struct ListedUptest {
    name: &'static str,
    package: &'static str,
    file: &'static str,
    line: u32,
    docs: &'static str,
    proc: &'static str,
    timeout: Option<f64>,
}

impl ListedUptest {
    fn of(uptest: &'static Uptest, root: &Path) -> Self {
        let Uptest { name, proc, docs, location, timeout, .. } = uptest;
        Self {
            name,
            package: location.package,
            file: shown(location.file, root),
            line: location.line,
            docs,
            proc,
            timeout: timeout.map(|timeout| timeout.as_secs_f64()),
        }
    }
}

#[derive(Serialize)]
struct ListedCheck {
    name: String,
    command: String,
    schedule: String,
    tags: Vec<String>,
    next_slot: Option<Timestamp>,
}

impl ListedCheck {
    fn of(check: &CheckConfig, now: Timestamp) -> Self {
        Self {
            name: check.name.clone(),
            command: check.command.to_string(),
            schedule: check.schedule.to_string(),
            tags: check.tags.clone(),
            next_slot: Rhythm::of_check(check).after(now),
        }
    }
}

#[derive(Serialize)]
struct Listed {
    name: &'static str,
    package: &'static str,
    file: &'static str,
    line: u32,
    docs: &'static str,
    settings: &'static Settings,
    next_slot: Option<Timestamp>,
    sampling: Sampling,
    arguments: Vec<Argument>,
    signals: Vec<Signal>,
    tables: Vec<Table>,
}

#[derive(Serialize)]
struct Argument {
    name: &'static str,
    r#type: &'static str,
}

#[derive(Serialize)]
struct Signal {
    name: &'static str,
    r#type: &'static str,
    timeout: Option<f64>,
}

#[derive(Serialize)]
struct Table {
    name: &'static str,
    r#type: &'static str,
    window: Option<Window>,
}

/// In seconds.
#[derive(Serialize)]
struct Window {
    size: f64,
    step: f64,
    expires: Option<f64>,
}

impl Table {
    fn of(table: &TableDefinition) -> Self {
        let window = table.window.map(|window| Window {
            size: window.size().as_secs_f64(),
            step: window.step().as_secs_f64(),
            expires: window.expires().map(|expires| expires.as_secs_f64()),
        });
        Self { name: table.name, r#type: table.type_name, window }
    }
}

impl Listed {
    fn of(case: &'static Case, View { root, now, sampling, .. }: View<'_>) -> Self {
        let arguments = case.arguments.iter();
        let signals = case.signals.iter();
        Self {
            name: case.name,
            package: case.location.package,
            file: shown(case.location.file, root),
            line: case.location.line,
            docs: case.docs,
            settings: &case.settings,
            next_slot: Rhythm::of(case).and_then(|rhythm| rhythm.after(now)),
            sampling: sampling(case),
            arguments: arguments
                .map(|argument| Argument { name: argument.name, r#type: argument.type_name })
                .collect(),
            signals: signals
                .map(|signal| Signal {
                    name: signal.name,
                    r#type: signal.type_name,
                    timeout: signal.timeout.map(|timeout| timeout.as_secs_f64()),
                })
                .collect(),
            tables: case.tables.iter().map(Table::of).collect(),
        }
    }
}

pub(super) fn render(cases: &Cases, pretty: bool, view: View<'_>) -> String {
    let list = List {
        cases: cases.iter().map(|case| Listed::of(case, view)).collect(),
        checks: view.checks.iter().map(|check| ListedCheck::of(check, view.now)).collect(),
        uptests: view.uptests.iter().map(|uptest| ListedUptest::of(uptest, view.root)).collect(),
    };
    let json = if pretty { serde_json::to_string_pretty(&list) } else { serde_json::to_string(&list) };
    // Texts, numbers and lists have JSON, whatever they are.
    json.unwrap_or_default() + "\n"
}
