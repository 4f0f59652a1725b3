//! `history`, `report` and `export`: what the store has kept. No broker is asked.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::time::Duration;

use livecheck_core::wire::State;
use livecheck_core::{CaseName, Timestamp};
use livecheck_store::{Counts, Filter, Queries, Store, Window};

use super::keeping::to_read;
use super::{OK, Program, RunnerError, working_folder};
use crate::args::{
    ExportArgs, ExportFormat, HistoryArgs, HistorySelection, HistoryState, MessageFormat, ReportArgs,
    exit_code,
};
use crate::history::{self, FindError, History, find_case};
use crate::reporter::{RenderOptions, Renderer, RunEvent, Screen, facts_of_kept, json};

/// How many reports are read at once to be exported.
const PAGE: usize = 1_000;

/// A list of reports.
pub(super) fn history(program: &Program, args: &HistoryArgs) -> Result<u8, RunnerError> {
    let (store, filter) = asked(program, &args.selection)?;
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let mut page = store.read(|queries| queries.page(&filter, None, limit))?;
    while let (Some(next), true) = (page.next, page.reports.len() < limit) {
        let more = store.read(|queries| queries.page(&filter, Some(next), limit - page.reports.len()))?;
        page.reports.extend(more.reports);
        page.next = more.next;
    }
    let window = filter.window.unwrap_or(Window::ever());
    let summaries = store.read(|queries| match &filter.case {
        Some(case) => Ok(queries.case(case, window, 1)?.into_iter().collect()),
        None => queries.cases(window, 1),
    })?;
    let counts = summaries.iter().fold(Counts::default(), |sum, case| sum + case.counts);
    let pruned_until = store.read(Queries::totals)?.pruned_until.filter(|until| window.from < *until);
    let history = History { page: &page, counts, since: args.selection.since, pruned_until };
    print(&match args.message_format {
        MessageFormat::Human => history::render(&history, &program.cases, Screen::stdout().width()),
        MessageFormat::Json => json_text(serde_json::to_string(&history::of_page(&page, counts))),
        MessageFormat::JsonPretty => {
            json_text(serde_json::to_string_pretty(&history::of_page(&page, counts)))
        }
    })?;
    Ok(OK)
}

/// All that is known of the executions of a test id.
pub(super) fn report(program: &Program, args: &ReportArgs) -> Result<u8, RunnerError> {
    let store = to_read(&program.config()?)?;
    let case = args.case.as_deref().map(|name| case_of(&store, name)).transpose()?;
    let found = store.read(|queries| queries.reports(&args.id.as_str().into(), case.as_ref()))?;
    if found.is_empty() {
        return Err(RunnerError::Refused {
            message: format!("there is no report on a test `{}` in {}", args.id, store.location()),
            help: "`history` lists those that there are; older ones are removed, by `retention` in the table `store`"
                .to_owned(),
            code: exit_code::NO_CASES,
        });
    }
    let root = working_folder()?;
    let output = &program.command.output;
    let options = RenderOptions {
        width: Screen::stdout().width(),
        // Who asks for one wants all of it.
        verbose: output.verbose.max(1),
        quiet: false,
        live: false,
        status_interval: Duration::MAX,
        root: root.clone(),
    };
    let mut renderer = Renderer::of(options, program.cases.clone());
    let mut text = String::new();
    for reported in found {
        let facts = facts_of_kept(&reported.report, &program.cases);
        let event = RunEvent::Report(Box::new(reported.report));
        text += &match args.message_format {
            MessageFormat::Human => renderer.event(&event, Duration::ZERO) + &facts,
            MessageFormat::Json => json::line(&event, &program.cases, &root),
            MessageFormat::JsonPretty => indented(&json::line(&event, &program.cases, &root)),
        };
    }
    print(&text)?;
    Ok(OK)
}

/// All reports, for another program.
pub(super) fn export(program: &Program, args: &ExportArgs) -> Result<u8, RunnerError> {
    let (store, filter) = asked(program, &args.selection)?;
    let out: Box<dyn Write> = match &args.output {
        Some(file) => Box::new(File::create(file).map_err(RunnerError::Output)?),
        None => Box::new(io::stdout().lock()),
    };
    let out = BufWriter::new(out);
    let mut exporter = match args.format {
        ExportFormat::Json => history::json_lines(out),
        ExportFormat::Csv => history::csv(out),
        ExportFormat::Junit => history::junit(out),
    };
    let (mut left, mut next) = (args.limit.unwrap_or(u64::MAX), None);
    while left > 0 {
        let limit = usize::try_from(left).unwrap_or(PAGE).min(PAGE);
        let page = store.read(|queries| queries.page(&filter, next, limit))?;
        exporter.add(&page.reports).map_err(RunnerError::Output)?;
        left -= page.reports.len() as u64;
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    exporter.finish().map_err(RunnerError::Output)?;
    Ok(OK)
}

fn asked(program: &Program, selection: &HistorySelection) -> Result<(Store, Filter), RunnerError> {
    let store = to_read(&program.config()?)?;
    let case = selection.case.as_deref().map(|name| case_of(&store, name)).transpose()?;
    let until = Timestamp::now();
    let filter = Filter {
        case,
        states: selection.state.iter().map(|state| state_of(*state)).collect(),
        window: selection.since.map(|since| Window { from: until - since, until }),
        cause: None,
        text: selection.search.clone(),
    };
    Ok((store, filter))
}

fn case_of(store: &Store, name: &str) -> Result<CaseName, RunnerError> {
    let all = store.read(Queries::case_names)?;
    find_case(&all, name).map_err(|error| RunnerError::Refused {
        help: match &error {
            FindError::None { nearest: Some(case), .. } => format!("did you mean {case}?"),
            FindError::None { .. } => "`history` without a name lists the reports on all cases".to_owned(),
            FindError::Several { .. } => "give as much of the name as tells it from the others".to_owned(),
        },
        message: error.to_string(),
        code: exit_code::NO_CASES,
    })
}

const fn state_of(state: HistoryState) -> State {
    match state {
        HistoryState::Pass => State::Pass,
        HistoryState::Fail => State::Fail,
        HistoryState::Error => State::Error,
        HistoryState::Timeout => State::Timeout,
        HistoryState::Skip => State::Skip,
        HistoryState::Stall => State::Stall,
    }
}

/// Texts, numbers and lists have JSON, whatever they are.
fn json_text(json: serde_json::Result<String>) -> String {
    json.unwrap_or_default() + "\n"
}

fn indented(line: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
    json_text(serde_json::to_string_pretty(&value))
}

fn print(text: &str) -> Result<(), RunnerError> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(RunnerError::Output)
}
