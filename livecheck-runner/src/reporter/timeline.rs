//! The steps of an execution that did not pass, as a table: when, what, by whom, and where it stands in the log.

use std::fmt::Write;

use anstyle::Style;
use livecheck_core::wire::{
    ConsumerLag, Explanation, MissingStep, Place, SignalStep, Step, TriggerStep, WaitEnd, WaitSpan, WaitStep,
};
use livecheck_core::{Case, Origin, Timestamp};

use super::style::{COUNT, DIM, FAIL, WARN, paint};
use super::text::{cut, plain, plural};

/// How the table is shown.
pub(super) struct TableOptions {
    /// How many columns there are for it, if that is known.
    pub(super) width: Option<usize>,
    /// Whether values and waits are shown, too.
    pub(super) is_verbose: bool,
}

/// A step, as the cells of its row.
struct Row {
    time: String,
    name: String,
    /// By whom, or what became of it.
    what: (Style, String),
    place: String,
    /// What stands below it.
    more: Vec<String>,
}

/// Each step, one a line; then, without a time, the steps of the case that nothing is known of.
pub(super) fn lines(explanation: &Explanation, case: Option<&Case>, options: &TableOptions) -> Vec<String> {
    let start = explanation.timeline.iter().find_map(|step| match step {
        Step::Trigger(trigger) => Some(trigger.time),
        _ => None,
    });
    let mut rows: Vec<Row> =
        explanation.timeline.iter().filter_map(|step| row(step, start, options.is_verbose)).collect();
    if explanation.steps_left_out > 0 {
        let left_out = plural(explanation.steps_left_out, "step is", "steps are");
        let at = rows.len().min(Explanation::MOST_STEPS / 3);
        rows.insert(at, Row::bare("…", (DIM, format!("{left_out} left out"))));
    }
    let unseen = case.map(|case| case.signals).unwrap_or_default().iter().map(|signal| signal.name);
    let unseen: Vec<_> = unseen.filter(|name| !rows.iter().any(|row| row.name == *name)).collect();
    rows.extend(unseen.into_iter().map(|name| Row::bare(name, (DIM, "not seen".to_owned()))));
    laid_out(&rows, options.width)
}

fn laid_out(rows: &[Row], width: Option<usize>) -> Vec<String> {
    let longest =
        |cell: fn(&Row) -> &str| rows.iter().map(|row| cell(row).chars().count()).max().unwrap_or(0);
    let (time, name) = (longest(|row| &row.time), longest(|row| &row.name));
    // What became of a step that did not come may be long, and has nothing beside it.
    let beside_a_place = rows.iter().filter(|row| !row.place.is_empty());
    let what = beside_a_place.map(|row| row.what.1.chars().count()).max().unwrap_or(0);
    let place = longest(|row| &row.place);
    // The places are the first to go where there is no room.
    let has_places = width.is_none_or(|width| time + 2 + name + 2 + what + 2 + place <= width);
    let mut lines = Vec::new();
    for row in rows {
        let (style, text) = &row.what;
        let room = width.map_or(usize::MAX, |width| width.saturating_sub(time + 2 + name + 2));
        let mut line =
            format!("{:>time$}  {:<name$}  {}", row.time, row.name, paint(*style, cut(text, room)));
        if has_places && !row.place.is_empty() {
            let padding = what - text.chars().count();
            let _ = write!(line, "{:padding$}  {}", "", paint(DIM, &row.place));
        }
        lines.push(line.trim_end().to_owned());
        let indent = time + 2;
        lines.extend(row.more.iter().map(|more| format!("{:indent$}  {}", "", paint(DIM, more))));
    }
    lines
}

fn row(step: &Step, start: Option<Timestamp>, is_verbose: bool) -> Option<Row> {
    let time = after(step.time()?, start);
    let row = match step {
        Step::Trigger(TriggerStep { at, origin, .. }) => {
            Row { time, place: shown(at), ..Row::bare("triggered", (Style::new(), by(origin))) }
        }
        Step::Signal(signal) => signal_row(signal, time, start, is_verbose),
        Step::Wait(WaitStep { name, key, began, deadline, end }) => {
            let waited = seconds(deadline.since(*began).as_secs_f64());
            let of_key = key.as_ref().map(|key| format!("key {}: ", plain(key.as_str()))).unwrap_or_default();
            let (style, what) = match end {
                WaitEnd::TimedOut => (FAIL, format!("did not come: waited {waited} for it")),
                _ => (DIM, "the case was waiting for it when it ended".to_owned()),
            };
            // When a wait would have ended that did not end by itself says nothing.
            let time = if *end == WaitEnd::TimedOut { time } else { String::new() };
            Row { time, ..Row::bare(name, (style, of_key + &what)) }
        }
        _ => return None,
    };
    Some(row)
}

fn signal_row(signal: &SignalStep, time: String, start: Option<Timestamp>, is_verbose: bool) -> Row {
    let by = by(&signal.origin);
    let by = match &signal.key {
        Some(key) => format!("key {}, {by}", plain(key.as_str())),
        None => by,
    };
    let what = match (signal.is_late, signal.wait) {
        (true, _) => (FAIL, format!("too late, {by}")),
        (false, None) => (WARN, format!("not waited for, {by}")),
        (false, Some(_)) => (Style::new(), by),
    };
    let mut more = Vec::new();
    if is_verbose {
        if let Some(WaitSpan { began, deadline }) = signal.wait {
            let (since, until) = (after(began, start), after(deadline, start));
            more.push(format!("waited for from {since}, until {until} at the latest"));
        }
        more.extend(signal.value.as_deref().map(plain));
    }
    Row { time, place: shown(&signal.at), more, ..Row::bare(&signal.name, what) }
}

impl Row {
    fn bare(name: &str, what: (Style, String)) -> Self {
        Self { time: String::new(), name: plain(name), what, place: String::new(), more: Vec::new() }
    }
}

/// What is known of the step that is missing, beside that it did not come.
pub(super) fn missing(missing: &MissingStep) -> Vec<String> {
    let MissingStep { name, origin, consumer, .. } = missing;
    let mut lines = Vec::new();
    let known = origin.as_ref().filter(|origin| **origin != Origin::default());
    if let Some(origin) = known {
        let (name, origin) = (plain(name), plain(&origin.to_string()));
        lines.push(format!("{}, which {origin} has sent for other tests", paint(COUNT, name)));
    }
    lines.extend(consumer.as_ref().map(lag));
    lines
}

/// Whether the consumer behind a step lags, in words.
fn lag(consumer: &ConsumerLag) -> String {
    let ConsumerLag { group, lag, topics, members } = consumer;
    let behind = topics.iter().filter(|topic| topic.lag > 0 || *lag == 0);
    let behind: Vec<_> = behind.map(|topic| plain(&topic.topic)).collect();
    let of = if behind.is_empty() { String::new() } else { format!(" of {}", behind.join(" and ")) };
    let group = paint(COUNT, plain(group));
    match (lag, members) {
        (0, Some(0)) => format!("consumer group {group} {}", paint(FAIL, "has no member")),
        (0, _) => format!(
            "consumer group {group} has read all{of}: its service got the record, and sent no signal in time"
        ),
        (lag, Some(0)) => {
            let records = plural(*lag, "record", "records");
            format!("consumer group {group} {}: {records}{of} wait for it", paint(FAIL, "has no member"))
        }
        (lag, _) => {
            let behind = format!("is {} behind", plural(*lag, "record", "records"));
            format!("consumer group {group} {}{}", paint(FAIL, behind), of.replacen(" of ", " in ", 1))
        }
    }
}

fn by(origin: &Origin) -> String {
    match plain(&origin.to_string()) {
        text if text.is_empty() => "by an unnamed sender".to_owned(),
        text => format!("by {text}"),
    }
}

fn shown(Place { topic, partition, offset }: &Place) -> String {
    format!("{} {partition}@{offset}", plain(topic))
}

/// A time as that from the trigger on: `+0.012s`.
pub(super) fn after(time: Timestamp, start: Option<Timestamp>) -> String {
    let Some(start) = start else { return time.to_string() };
    let micros = time.as_micros().saturating_sub(start.as_micros());
    format!(
        "{:+.3}s",
        std::time::Duration::from_micros(micros.unsigned_abs()).as_secs_f64()
            * if micros < 0 { -1.0 } else { 1.0 }
    )
}

fn seconds(seconds: f64) -> String {
    let text = format!("{seconds:.3}");
    format!("{}s", text.trim_end_matches('0').trim_end_matches('.'))
}
