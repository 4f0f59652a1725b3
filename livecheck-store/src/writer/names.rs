//! The numbers of cases, signals and causes.

use std::collections::HashMap;

use livecheck_core::wire::State;

use crate::database::{Connection, Value};
use crate::error::StoreError;
use crate::row::code_of;

/// How many cases and signals are told apart: their names come from elsewhere.
const MOST_NAMES: i64 = 20_000;
/// How many causes are told apart for each case.
const MOST_CAUSES: i64 = 500;
/// What all others are called.
const OTHERS: &str = "(others)";

/// The numbers that are known. What is not is looked up, and made where it is new: whoever writes is alone.
#[derive(Debug, Default)]
pub(super) struct Names {
    cases: HashMap<String, i64>,
    signals: HashMap<String, i64>,
    causes: HashMap<(i64, State, String), i64>,
}

impl Names {
    pub(super) fn case(&mut self, connection: &mut dyn Connection, name: &str) -> Result<i64, StoreError> {
        named(&mut self.cases, connection, "lc_cases", name)
    }

    pub(super) fn signal(&mut self, connection: &mut dyn Connection, name: &str) -> Result<i64, StoreError> {
        named(&mut self.signals, connection, "lc_signals", name)
    }

    pub(super) fn cause(
        &mut self,
        connection: &mut dyn Connection,
        case: i64,
        state: State,
        text: &str,
    ) -> Result<i64, StoreError> {
        let key = (case, state, text.to_owned());
        if let Some(id) = self.causes.get(&key) {
            return Ok(*id);
        }
        let values = |text: &str| [Value::Integer(case), Value::Integer(code_of(state)), text.into()];
        let find = "SELECT id FROM lc_causes WHERE case_id = $1 AND state = $2 AND text = $3";
        let mut found = number(connection, find, &values(text))?;
        if found.is_none() {
            let count = "SELECT count(*) FROM lc_causes WHERE case_id = $1";
            let count = number(connection, count, &[Value::Integer(case)])?.unwrap_or_default();
            let text = if count < MOST_CAUSES { text } else { OTHERS };
            found = number(connection, find, &values(text))?;
            if found.is_none() {
                let id = next(connection, "lc_causes")?;
                let [case, state, text] = values(text);
                connection.execute(
                    "INSERT INTO lc_causes (id, case_id, state, text) VALUES ($1, $2, $3, $4)",
                    &[id.into(), case, state, text],
                )?;
                found = Some(id);
            }
        }
        let id = found.unwrap_or_default();
        // Texts that are taken together would fill the memory one by one.
        if self.causes.len() < 100_000 {
            self.causes.insert(key, id);
        }
        Ok(id)
    }
}

fn named(
    known: &mut HashMap<String, i64>,
    connection: &mut dyn Connection,
    table: &str,
    name: &str,
) -> Result<i64, StoreError> {
    if let Some(id) = known.get(name) {
        return Ok(*id);
    }
    let find = format!("SELECT id FROM {table} WHERE name = $1");
    let mut found = number(connection, &find, &[name.into()])?;
    if found.is_none() {
        let id = next(connection, table)?;
        let name = if id <= MOST_NAMES { name } else { OTHERS };
        found = number(connection, &find, &[name.into()])?;
        if found.is_none() {
            let insert = format!("INSERT INTO {table} (id, name) VALUES ($1, $2)");
            connection.execute(&insert, &[id.into(), name.into()])?;
            found = Some(id);
        }
    }
    let id = found.unwrap_or_default();
    if known.len() < 100_000 {
        known.insert(name.to_owned(), id);
    }
    Ok(id)
}

fn next(connection: &mut dyn Connection, table: &str) -> Result<i64, StoreError> {
    let last = number(connection, &format!("SELECT max(id) FROM {table}"), &[])?;
    Ok(last.unwrap_or_default() + 1)
}

fn number(
    connection: &mut dyn Connection,
    query: &str,
    parameters: &[Value],
) -> Result<Option<i64>, StoreError> {
    let rows = connection.query(query, parameters)?;
    rows.into_iter().next().map_or(Ok(None), |mut row| row.take())
}
