//! The heart of the reporter: events in, text out. Nothing here knows a terminal or a clock.

mod lines;

use std::fmt::{Display, Write};
use std::path::PathBuf;
use std::time::Duration;

use anstyle::Style;
use livecheck_core::wire::{LogLine, State, TestReport};
use livecheck_core::{Cases, ExecutionKey, TestId};

use self::lines::{bad_records, counts_line, header, service_died, waiting_line, warning};
use super::case_name::DisplayName;
use super::event::{RunEvent, Snapshot, StopReason};
use super::failure;
use super::style::{COUNT, DIM, FAIL, INDENT, PASS, WARN, bracketed, paint, verb};
use super::summary::{self, Failures};
use super::text::{block, cut, plain, plural};
use crate::engine::CaseTally;
use crate::monitor::case_state::ChangeKind;
use crate::monitor::{AlertEvent, AlertResult, CaseChange};
use crate::services::ServiceEvent;

/// What separates the parts of a run.
pub(super) const RULE: &str = "────────────";

/// For how long a service is waited for without a word.
const FIRST_WORD: Duration = Duration::from_secs(5);

/// How much is said, and how wide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderOptions {
    /// The columns of the terminal, if there is one.
    pub width: Option<usize>,
    /// How often `-v` was given.
    pub verbose: u8,
    /// Whether only failures are said.
    pub quiet: bool,
    /// Whether a line at the bottom shows the counts; otherwise they are printed now and then.
    pub live: bool,
    /// How often that is.
    pub status_interval: Duration,
    /// The folder from which source files are named.
    pub root: PathBuf,
}

/// Turns the events of a run into text, with colours as ANSI escape sequences.
#[derive(Debug)]
pub struct Renderer {
    options: RenderOptions,
    cases: Cases,
    phase: Phase,
    snapshot: Snapshot,
    failures: Failures,
    counted: Counted,
}

#[derive(Debug)]
enum Phase {
    Idle,
    Launching { service: String, log: PathBuf, since: Duration },
    Running { since: Duration },
    Stopping { since: Duration },
    Over,
}

/// When the counts, or what is waited for, were last printed, and what the counts were.
#[derive(Debug, Default)]
struct Counted {
    at: Duration,
    total: CaseTally,
}

impl Renderer {
    /// A renderer that has seen nothing yet.
    #[must_use]
    pub fn new(options: RenderOptions) -> Self {
        Self {
            options,
            cases: Cases::default(),
            phase: Phase::Idle,
            snapshot: Snapshot::default(),
            failures: Failures::default(),
            counted: Counted::default(),
        }
    }

    /// One that shows single reports on these cases.
    pub(crate) fn of(options: RenderOptions, cases: Cases) -> Self {
        Self { cases, ..Self::new(options) }
    }

    /// The terminal has another width now.
    pub fn set_width(&mut self, width: Option<usize>) {
        self.options.width = width;
    }

    /// What to print for an event: whole lines, or nothing. `now` is the time since any fixed moment.
    pub fn event(&mut self, event: &RunEvent, now: Duration) -> String {
        match event {
            RunEvent::Service(event) => self.service(event, now),
            RunEvent::Started(started) => {
                self.cases = started.cases.clone();
                self.phase = Phase::Running { since: now };
                self.counted.at = now;
                if self.options.quiet { String::new() } else { header(started) }
            }
            RunEvent::Serving(_) if self.options.quiet => String::new(),
            RunEvent::Serving(address) => {
                format!(
                    "{} the page on {}\n",
                    verb(PASS, "Serving"),
                    paint(COUNT, format!("http://{address}"))
                )
            }
            RunEvent::Report(report) => self.report(report),
            RunEvent::Log { execution, line } => self.log(execution, line),
            RunEvent::Case(change) => self.case(change),
            RunEvent::Alert(alert) => self.alert(alert),
            RunEvent::Status(snapshot) => {
                self.snapshot.clone_from(snapshot);
                String::new()
            }
            RunEvent::BadRecords(bad) => bad_records(bad, &self.options),
            RunEvent::Warning(text) => warning(text, &self.options),
            RunEvent::Stopping(reason) => {
                if let Phase::Running { since } = self.phase {
                    self.phase = Phase::Stopping { since };
                }
                self.stopping(*reason)
            }
            RunEvent::Finished(finished) => {
                self.phase = Phase::Over;
                summary::render(finished, &self.cases, &self.failures, &self.options)
            }
        }
    }

    /// The counts, or the service that is waited for, where there is no live line and it is time to print them again.
    pub fn tick(&mut self, now: Duration) -> String {
        if self.options.live || self.options.quiet {
            return String::new();
        }
        let is_due = now.saturating_sub(self.counted.at) >= self.options.status_interval;
        match &self.phase {
            Phase::Launching { service, log, since } => {
                let is_first = self.counted.at <= *since;
                if is_first && now.saturating_sub(*since) < FIRST_WORD || !is_first && !is_due {
                    return String::new();
                }
                self.counted.at = now;
                let line = waiting_line(service, now.saturating_sub(*since));
                format!("{line}; {} has what it says\n", log.display())
            }
            Phase::Running { since } => {
                let total = self.snapshot.total();
                if !is_due || total == self.counted.total {
                    return String::new();
                }
                let line = counts_line("Running", now.saturating_sub(*since), &total);
                self.counted = Counted { at: now, total };
                line + "\n"
            }
            Phase::Idle | Phase::Stopping { .. } | Phase::Over => String::new(),
        }
    }

    /// The line at the bottom of the terminal, cut to its width.
    #[must_use]
    pub fn live_line(&self, now: Duration) -> Option<String> {
        let total = self.snapshot.total();
        let line = match &self.phase {
            _ if !self.options.live => return None,
            Phase::Idle | Phase::Over => return None,
            Phase::Launching { service, since, .. } => waiting_line(service, now.saturating_sub(*since)),
            Phase::Running { since } => counts_line("Running", now.saturating_sub(*since), &total),
            Phase::Stopping { since } => counts_line("Stopping", now.saturating_sub(*since), &total),
        };
        // In the last column some terminals go to the next line.
        let room = self.options.width.map_or(usize::MAX, |width| width.saturating_sub(1));
        let text = anstream::adapter::strip_str(&line).to_string();
        // A line that must be cut loses its colours: it is the narrow terminal that matters then.
        let cut = cut(&text, room);
        Some(if cut == text { line } else { cut })
    }

    fn service(&mut self, event: &ServiceEvent, now: Duration) -> String {
        match event {
            ServiceEvent::Starting { name, command, log } => {
                self.phase = Phase::Launching { service: name.clone(), log: log.clone(), since: now };
                if self.options.quiet {
                    return String::new();
                }
                let mut out =
                    format!("{} {}: {}\n", verb(PASS, "Launching"), paint(COUNT, name), plain(command));
                if self.options.verbose > 0 {
                    let _ = writeln!(out, "{:INDENT$}{}", "", paint(DIM, log.display()));
                }
                out
            }
            ServiceEvent::Ready { name, after, reused } => {
                self.phase = Phase::Idle;
                if self.options.quiet {
                    return String::new();
                }
                let (what, note) = if *reused { ("Reusing", ", which is up already") } else { ("Ready", "") };
                let time = bracketed((!reused).then_some(after.as_secs_f64()));
                format!("{} {time} {}{note}\n", verb(PASS, what), paint(COUNT, name))
            }
            ServiceEvent::Died(died) => service_died(died),
        }
    }

    fn report(&mut self, report: &TestReport) -> String {
        let state = report.state;
        if self.options.quiet && !state.is_failure() && !report.is_flaky() {
            return String::new();
        }
        let mut line = self.line_of(report, verb(colour_of(state), state.as_str()), report.runtime);
        let is_failure = state.is_failure();
        if is_failure {
            self.failures.add(line.clone());
        } else if report.is_flaky() {
            return self.flaky(report);
        }
        line.insert_str(0, &self.earlier_attempts(report));
        if state == State::Skip {
            if let Some(reason) = &report.error {
                let _ = write!(line, ": {}", plain(reason));
            }
        }
        if self.options.verbose > 0 && !is_failure && !report.signal_latency.is_empty() {
            let mut signals: Vec<_> = report.signal_latency.iter().collect();
            signals.sort_by(|one, other| one.1.total_cmp(other.1));
            let signals = signals.iter().map(|(name, latency)| format!("{} {latency:.3}s", plain(name)));
            let signals: Vec<_> = signals.collect();
            let _ = write!(line, " {}", paint(DIM, format_args!("({})", signals.join(", "))));
        }
        line.push('\n');
        if is_failure {
            line.push_str(&failure::render(report, &self.cases, &self.options));
        }
        line
    }

    /// A line that an execution logs, as it comes.
    fn log(&self, execution: &ExecutionKey, line: &LogLine) -> String {
        if self.options.quiet {
            return String::new();
        }
        let LogLine { time, level, message, .. } = line;
        // Of which the first part is the day.
        let time = time.to_string();
        let time = time.split_once('T').map_or(time.as_str(), |(_, time)| time.get(..12).unwrap_or(time));
        let style = if matches!(level.as_str(), "ERROR" | "WARN") { WARN } else { DIM };
        let name = DisplayName::of(&self.cases, &execution.case).painted();
        let id = plain(execution.id.as_str());
        let level = paint(style, format!("{level:<5}"));
        format!("{} {time} {name} {id} {level} {}\n", verb(DIM, "Log"), plain(message))
    }

    /// An execution that has passed at last: each attempt, in nextest's manner.
    fn flaky(&mut self, report: &TestReport) -> String {
        let attempts = report.attempts.len();
        let case = self.cases.get(report.case_name.as_str());
        let most = case.map_or(0, |case| usize::try_from(case.settings.confirm).unwrap_or(usize::MAX));
        let flaky = verb(WARN, &format!("FLAKY {attempts}/{}", attempts.max(most.saturating_add(1))));
        self.failures.add(self.line_of(report, flaky, report.runtime));
        let last = verb(PASS, &format!("TRY {attempts} {}", report.state));
        let took = report.attempts.last().map(|attempt| attempt.runtime);
        format!("{}{}\n", self.earlier_attempts(report), self.line_of(report, last, took))
    }

    /// A line for each attempt but the last.
    fn earlier_attempts(&self, report: &TestReport) -> String {
        let mut out = String::new();
        let earlier = report.attempts.len().saturating_sub(1);
        for (number, attempt) in report.attempts.iter().take(earlier).enumerate() {
            let tried = verb(colour_of(attempt.state), &format!("TRY {} {}", number + 1, attempt.state));
            out.push_str(&self.line_of(report, tried, Some(attempt.runtime)));
            let error = attempt.error.as_deref().and_then(|error| error.lines().next());
            if let Some(error) = error {
                let _ = write!(out, ": {}", plain(error));
            }
            out.push('\n');
        }
        out
    }

    /// What is said of a case as a whole: the verb, for how long it was so, the case, and why.
    fn case(&self, CaseChange { case, change }: &CaseChange) -> String {
        let (style, what, time) = match &change.kind {
            ChangeKind::Failing { .. } | ChangeKind::ServiceDown { .. } => (FAIL, "FAILING", None),
            ChangeKind::Stalled { .. } => (FAIL, "STALLED", None),
            ChangeKind::Recovered { after, .. } => (PASS, "RECOVERED", Some(*after)),
        };
        let name = DisplayName::of(&self.cases, case).painted();
        let time = bracketed(time.map(|time| time.as_secs_f64()));
        let latest = match &change.kind {
            ChangeKind::Failing { latest, .. } => failure::latest(latest, &self.options),
            ChangeKind::ServiceDown { latest } => failure::request(latest, &self.options),
            ChangeKind::Stalled { .. } | ChangeKind::Recovered { .. } => String::new(),
        };
        format!("{} {time} {name}: {}\n{latest}", verb(style, what), change.kind)
    }

    /// Who was told of something, or could not be.
    fn alert(&self, AlertEvent { receiver, title, took, failures, result }: &AlertEvent) -> String {
        let (time, receiver, title) =
            (bracketed(Some(took.as_secs_f64())), paint(COUNT, receiver), plain(title));
        match result {
            AlertResult::Sent if self.options.quiet && *failures == 0 => String::new(),
            AlertResult::Sent => {
                let before = match failures {
                    0 => String::new(),
                    count => format!(", after {}", plural(*count as usize, "failure", "failures")),
                };
                format!("{} {time} {receiver}: {title}{before}\n", verb(PASS, "Alerted"))
            }
            AlertResult::Failed { reason, retry_in } => {
                let retry = humantime::format_duration(Duration::from_secs(retry_in.as_secs().max(1)));
                let often = match failures {
                    1 => String::new(),
                    count => format!(", for the {count}th time"),
                };
                let line = format!("{} {time} {receiver}: {title}{often}\n", verb(FAIL, "Not told"));
                let why = format!("{}; it is sent again in {retry}", plain(reason));
                line + &block(&why, INDENT, self.options.width)
            }
        }
    }

    fn line_of(&self, report: &TestReport, verb: impl Display, time: Option<f64>) -> String {
        let id = report.test.as_ref().map(|test| &test.id);
        execution_line(verb, time, &DisplayName::of(&self.cases, &report.case_name), id)
    }

    fn stopping(&self, reason: StopReason) -> String {
        if self.options.quiet {
            return String::new();
        }
        let why = match reason {
            StopReason::Interrupted => "as asked",
            StopReason::TimeIsUp => "as the time is up",
            StopReason::EnoughExecutions => "as the executions asked for are done",
            StopReason::AllRun => "as all has been run",
            StopReason::FirstFailure => "at the first failure",
            StopReason::ServiceDied => "as a service has died",
        };
        let in_flight = match self.snapshot.total().in_flight {
            0 => String::new(),
            count => format!(", {} in flight", plural(count, "execution", "executions")),
        };
        format!("{} {why}{in_flight}\n", verb(WARN, "Stopping"))
    }
}

/// The line of an execution: verb, time, case and test id.
pub(crate) fn execution_line(
    verb: impl Display,
    time: Option<f64>,
    case: &DisplayName,
    id: Option<&TestId>,
) -> String {
    let mut line = format!("{verb} {} {}", bracketed(time), case.painted());
    if let Some(id) = id {
        let _ = write!(line, " {}", plain(id.as_str()));
    }
    line
}

pub(crate) fn colour_of(state: State) -> Style {
    match state {
        State::Pass => PASS,
        State::Skip | State::Stall => WARN,
        state if state.is_failure() => FAIL,
        _ => COUNT,
    }
}
