//! Lines that depend on nothing but what they say.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Duration;

use super::{RULE, RenderOptions};
use crate::engine::CaseTally;
use crate::reporter::counts::in_words;
use crate::reporter::event::{BadRecords, Started};
use crate::reporter::style::{COUNT, DIM, FAIL, INDENT, PASS, WARN, clock, paint, verb};
use crate::reporter::text::{block, plain, plural};
use crate::services::ServiceDied;

pub(super) fn header(started: &Started) -> String {
    let Started { cases, checks, brokers, embedded, embedded_data_dir, test_topic, group, profile } = started;
    let mut out = format!("{RULE}\n");
    let mut what = Vec::new();
    if !cases.is_empty() || checks.is_empty() {
        let packages: BTreeSet<_> = cases.iter().map(|case| case.location.package).collect();
        let packages = plural(packages.len(), "package", "packages");
        what.push(format!("{} in {packages}", paint(COUNT, plural(cases.len(), "case", "cases"))));
    }
    if !checks.is_empty() {
        what.push(paint(COUNT, plural(checks.len(), "check", "checks")).to_string());
    }
    let _ =
        writeln!(out, "{} {}, profile {}", verb(PASS, "Starting"), what.join(" and "), paint(COUNT, profile));
    let _ = writeln!(
        out,
        "{} topic {} on {}, {}",
        verb(PASS, "Following"),
        paint(COUNT, test_topic),
        paint(COUNT, brokers),
        match group {
            Some(group) => format!("as a member of group {}", paint(COUNT, group)),
            None => "from now on, beside the runners that share the work".to_owned(),
        }
    );
    if *embedded {
        let note = "the broker is the embedded one, for development only";
        let lasts = embedded_data_dir.as_ref().map_or_else(
            || ": what it holds is gone when it ends".to_owned(),
            |folder| format!(", and keeps what it holds in {}", folder.display()),
        );
        let _ = writeln!(out, "{} {note}{lasts}", verb(WARN, "Note"));
    }
    out
}

pub(super) fn warning(text: &str, options: &RenderOptions) -> String {
    let text = block(text, INDENT, options.width);
    format!("{} {}", verb(WARN, "Warning"), text.trim_start())
}

pub(super) fn bad_records(bad: &BadRecords, options: &RenderOptions) -> String {
    let BadRecords { kind, topic, partition, offset, reason, count } = bad;
    let records = match count {
        1 => "a record cannot be read".to_owned(),
        _ => format!("{count} records cannot be read, the latest is"),
    };
    let text = format!("{kind}: {records} at offset {offset} of partition {partition} of {topic}: {reason}");
    warning(&text, options)
}

pub(super) fn service_died(died: &ServiceDied) -> String {
    let ServiceDied { name, status, log, last_lines } = died;
    let mut out = format!("{} {}: {status}\n", verb(FAIL, "DIED"), paint(COUNT, name));
    for line in last_lines {
        let _ = writeln!(out, "    {} {}", paint(DIM, "|"), plain(line));
    }
    let _ = writeln!(out, "    {}", paint(DIM, format_args!("its output is in {}", log.display())));
    out
}

pub(super) fn waiting_line(service: &str, waited: Duration) -> String {
    format!("{} {} for {service} to be ready", verb(PASS, "Waiting"), clock(waited))
}

pub(super) fn counts_line(what: &str, elapsed: Duration, total: &CaseTally) -> String {
    // What is in flight comes first: it says that something is going on, even where the line is cut.
    let in_flight = paint(COUNT, total.in_flight);
    let ended = in_words(&CaseTally { in_flight: 0, ..*total });
    let counts = match total.triggered {
        0 => "no trigger yet".to_owned(),
        _ => format!("{in_flight} {}, {ended}", paint(COUNT, "in flight")),
    };
    format!("{} {} {counts}", verb(PASS, what), clock(elapsed))
}
