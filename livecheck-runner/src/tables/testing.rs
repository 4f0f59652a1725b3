//! What the tests of tables are made of.

use livecheck_core::case::Location;
use std::sync::Arc;

use livecheck_core::table::{
    ExecutionTables, TableDefinition, TableKey, TableParameter, TableValue, Window, WindowedTableParameter,
};
use livecheck_core::{Case, Table, WindowedTable};

/// A case with tables of those names, which have those windows.
pub(super) fn case(name: &'static str, tables: &[(&'static str, Option<Window>)]) -> &'static Case {
    let definition = |&(name, window)| TableDefinition { name, type_name: "Table<String, i64>", window };
    let tables: Vec<_> = tables.iter().map(definition).collect();
    Box::leak(Box::new(Case {
        tables: tables.leak(),
        ..Case::new(name, Location { package: "tests", file: "src/cases.rs", line: 1 }, |_| {
            Box::pin(async { Ok(()) })
        })
    }))
}

/// The table at that position, as a case has it.
pub(super) fn table<K: TableKey, V: TableValue>(tables: &Arc<ExecutionTables>, index: usize) -> Table<K, V> {
    Table::of_execution(tables, index)
}

/// The same with windows.
pub(super) fn windowed_table<K: TableKey, V: TableValue>(
    tables: &Arc<ExecutionTables>,
    index: usize,
) -> WindowedTable<K, V> {
    WindowedTable::of_execution(tables, index)
}
