//! `table`: what a table of a case has, by its changelog.

use std::io::{self, Write};
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use livecheck_core::table::{Row, RowKey, TableDefinition, WindowRange};
use livecheck_core::{Case, Cases};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::broker::running_broker;
use super::find::did_you_mean;
use super::{OK, Program, RunnerError};
use crate::args::{MessageFormat, TableArgs, exit_code};
use crate::kafka::{Inspection, Tables};
use crate::tables::{PartitionTables, TableFolder, TableId, TableSet};

/// How long the brokers may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// How many rows are read at once.
const PAGE: usize = 1000;

pub(super) async fn table(program: &Program, args: &TableArgs) -> Result<u8, RunnerError> {
    let case = program.case_named(&args.case)?;
    let (index, definition) = table_of(case, &args.table)?;
    let config = program.config()?;
    let connection = running_broker(&config)?;
    let group = args.group.as_ref().unwrap_or(&config.group);
    let set = TableSet::new(&Cases::new([case])?, group)?;
    // A case has the tables that it has.
    let Some(id) = set.of_case(case.name, index) else { return Ok(OK) };
    let topic = set.topic(id).to_owned();

    let inspection = connection.ask(|connection| Inspection::reach(connection, PATIENCE)).await?;
    let Some(partitions) = inspection.partitions(&topic) else {
        let message = format!("nothing is known of the table `{}`: there is no topic `{topic}`", args.table);
        let help = "the first runner of a group creates it; is one running, on these brokers?";
        return Err(RunnerError::refused(message, help, exit_code::SETUP_FAILED));
    };
    // Not in memory: a table may be larger.
    let store = TableFolder::Passing.open(|warning| tracing::warn!("{warning}"))?;
    let tables = Tables { set: Arc::new(set.only(id)), store: Arc::new(store) };
    let read = connection.ask(move |connection| tables.read(connection, partitions)).await?;
    let shown = Shown { definition, wanted: args.key.as_ref(), format: args.message_format };
    let count = shown.all(&read, id).map_err(RunnerError::Output)?;
    if let (0, Some(key)) = (count, &args.key) {
        let message = format!("the table `{}` has nothing of the key {key}", args.table);
        let help = "without a key, all are shown".to_owned();
        return Err(RunnerError::refused(message, help, exit_code::NO_CASES));
    }
    Ok(OK)
}

/// The table of that name, and its position.
fn table_of(case: &'static Case, name: &str) -> Result<(usize, &'static TableDefinition), RunnerError> {
    let found = case.tables.iter().enumerate().find(|(_, table)| table.name == name);
    found.ok_or_else(|| {
        let message = format!("the case `{}` has no table `{name}`", case.name);
        let help = match case.tables {
            [] => "it has none: a table is a parameter under `#[table]`".to_owned(),
            tables => did_you_mean(name, tables.iter().map(|table| table.name)),
        };
        RunnerError::refused(message, help, exit_code::NO_CASES)
    })
}

/// What is shown of a table, and how.
struct Shown<'a> {
    definition: &'static TableDefinition,
    wanted: Option<&'a Value>,
    format: MessageFormat,
}

/// A row, for programs.
#[derive(Serialize)]
struct ShownRow<'r> {
    partition: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<ShownWindow>,
    key: &'r RawValue,
    value: &'r RawValue,
}

#[derive(Serialize)]
struct ShownWindow {
    start: livecheck_core::Timestamp,
    end: livecheck_core::Timestamp,
}

impl Shown<'_> {
    /// Writes the rows of all partitions, and says how many there were.
    fn all(&self, tables: &[(i32, Arc<PartitionTables>)], id: TableId) -> io::Result<usize> {
        let mut out = io::BufWriter::new(anstream::stdout().lock());
        let mut count = 0;
        for (partition, tables) in tables {
            let mut from = Bound::Unbounded;
            loop {
                let rows = tables.page(id, from.as_ref(), PAGE).map_err(io::Error::other)?;
                for row in rows.iter().filter(|row| self.is_wanted(row)) {
                    count += 1;
                    self.row(&mut out, *partition, row)?;
                }
                match rows.last() {
                    Some(last) if rows.len() == PAGE => from = Bound::Excluded(last.key.clone()),
                    _ => break,
                }
            }
        }
        out.flush()?;
        Ok(count)
    }

    fn is_wanted(&self, row: &Row) -> bool {
        // By what it means: the members of an object may stand in any order.
        let is = |wanted: &Value| serde_json::from_str::<Value>(&row.key.key).is_ok_and(|key| key == *wanted);
        self.wanted.is_none_or(is)
    }

    fn row(&self, out: &mut impl Write, partition: i32, Row { key, value }: &Row) -> io::Result<()> {
        let RowKey { window: start, key } = key;
        let range = self.definition.window.zip(*start).map(|(window, start)| window.starting_at(start));
        if self.format == MessageFormat::Human {
            if let Some(WindowRange { start, end }) = range {
                write!(out, "{start} to {end}  ")?;
            }
            return writeln!(out, "{key}  {value}");
        }
        let window = range.map(|WindowRange { start, end }| ShownWindow { start, end });
        let row = ShownRow {
            partition,
            window,
            key: serde_json::from_str(key)?,
            value: serde_json::from_str(value)?,
        };
        let is_pretty = self.format == MessageFormat::JsonPretty;
        let json = if is_pretty { serde_json::to_string_pretty(&row) } else { serde_json::to_string(&row) };
        writeln!(out, "{}", json?)
    }
}
