//! Executions that go on side by side and end in any order, against a model: a map, and functions of it.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard};

use proptest::prelude::*;

use super::{
    ExecutionTables, Row, RowKey, StoreError, Table, TableDefinition, TableParameter, TableSource, TableValue,
};
use crate::time::Timestamp;

const KEYS: u8 = 4;

/// What those that have ended have left.
#[derive(Default)]
struct Left(Mutex<BTreeMap<RowKey, Arc<str>>>);

impl Left {
    fn rows(&self) -> MutexGuard<'_, BTreeMap<RowKey, Arc<str>>> {
        self.0.lock().expect("nothing panics with it")
    }
}

impl TableSource for Left {
    fn get(&self, _: usize, key: &RowKey) -> Result<Option<Arc<str>>, StoreError> {
        Ok(self.rows().get(key).cloned())
    }

    fn page(&self, _: usize, from: Bound<&RowKey>, most: usize) -> Result<Vec<Row>, StoreError> {
        let rows = self.rows();
        let range = rows.range((from.cloned(), Bound::Unbounded)).take(most);
        Ok(range.map(|(key, value)| Row { key: key.clone(), value: Arc::clone(value) }).collect())
    }
}

#[derive(Clone, Copy, Debug)]
enum Operation {
    Set(u8, i64),
    Delete(u8),
    Add(u8, i64),
    /// What does not commute with an addition.
    Double(u8),
    /// What removes a key by its value.
    DeleteIfEven(u8),
}

impl Operation {
    fn on(self, model: &mut BTreeMap<u8, i64>) {
        match self {
            Self::Set(key, value) => drop(model.insert(key, value)),
            Self::Delete(key) => drop(model.remove(&key)),
            Self::Add(key, amount) => *model.entry(key).or_default() += amount,
            Self::Double(key) => *model.entry(key).or_insert(1) *= 2,
            Self::DeleteIfEven(key) => {
                if model.get(&key).is_none_or(|value| value % 2 == 0) {
                    model.remove(&key);
                }
            }
        }
    }

    async fn by(self, table: &Table<u8, i64>) {
        let done = match self {
            Self::Set(key, value) => table.set(&key, value).await,
            Self::Delete(key) => table.delete(&key).await,
            Self::Add(key, amount) => table.add(&key, amount).await.map(drop),
            Self::Double(key) => table.update(&key, |value| value.unwrap_or(1) * 2).await.map(drop),
            Self::DeleteIfEven(key) => {
                let odd = |value: Option<i64>| value.filter(|value| value % 2 != 0);
                table.update_or_delete(&key, odd).await.map(drop)
            }
        };
        done.expect("all types fit");
    }
}

fn operation() -> impl Strategy<Value = Operation> {
    let key = 0..KEYS;
    prop_oneof![
        (key.clone(), -5i64..5).prop_map(|(key, value)| Operation::Set(key, value)),
        key.clone().prop_map(Operation::Delete),
        (key.clone(), -5i64..5).prop_map(|(key, amount)| Operation::Add(key, amount)),
        key.clone().prop_map(Operation::Double),
        key.prop_map(Operation::DeleteIfEven),
    ]
}

#[derive(Clone, Debug)]
enum Step {
    /// An execution does something.
    Do(usize, Operation),
    /// An execution ends, and another one begins in its place.
    End(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3usize, operation()).prop_map(|(execution, operation)| Step::Do(execution, operation)),
        1 => (0..3usize).prop_map(Step::End),
    ]
}

struct Running {
    tables: Arc<ExecutionTables>,
    table: Table<u8, i64>,
    /// What it has done.
    done: Vec<Operation>,
}

fn begin(left: &Arc<Left>) -> Running {
    const DEFINITIONS: &[TableDefinition] =
        &[TableDefinition { name: "numbers", type_name: "Table<u8, i64>", window: None }];
    let source: Arc<dyn TableSource> = Arc::<Left>::clone(left);
    let tables = Arc::new(ExecutionTables::new(DEFINITIONS, Timestamp::MIN, source));
    Running { table: Table::of_execution(&tables, 0), tables, done: Vec::new() }
}

async fn all<K: Ord + super::TableKey, V: TableValue>(table: &Table<K, V>) -> BTreeMap<K, V> {
    let (mut all, mut entries) = (BTreeMap::new(), table.entries());
    while let Some((key, value)) = entries.next().await.expect("all types fit") {
        assert!(all.insert(key, value).is_none(), "a key comes once");
    }
    all
}

proptest! {
    #[test]
    fn an_execution_sees_its_own_changes_and_they_are_applied_when_it_ends(
        steps in prop::collection::vec(step(), 0..60),
    ) {
        tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
            let left = Arc::new(Left::default());
            let mut model = BTreeMap::new();
            let mut running = [begin(&left), begin(&left), begin(&left)];
            for step in steps {
                match step {
                    Step::Do(execution, operation) => {
                        operation.by(&running[execution].table).await;
                        running[execution].done.push(operation);
                    }
                    Step::End(execution) => {
                        let ended = std::mem::replace(&mut running[execution], begin(&left));
                        let changes = ended.tables.take_changes();
                        for (table, key) in changes.rows() {
                            let before = left.rows().get(key).cloned();
                            let after = changes.applied(table, key, before).expect("all types fit");
                            match after {
                                Some(value) => drop(left.rows().insert(key.clone(), value)),
                                None => drop(left.rows().remove(key)),
                            }
                        }
                        ended.done.iter().for_each(|operation| operation.on(&mut model));
                        // What it does after its end is nobody's.
                        Operation::Set(0, 99).by(&ended.table).await;
                    }
                }
                for execution in &running {
                    let mut seen = model.clone();
                    execution.done.iter().for_each(|operation| operation.on(&mut seen));
                    for key in 0..KEYS {
                        let value = execution.table.get(&key).await.expect("all types fit");
                        prop_assert_eq!(value, seen.get(&key).copied());
                    }
                    prop_assert_eq!(all(&execution.table).await, seen);
                }
            }
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn a_value_of_another_type_is_said_with_its_key() {
    let left = Arc::new(Left::default());
    left.rows().insert(RowKey::plain("7".into()), "\"seven\"".into());
    let running = begin(&left);
    let error = running.table.get(&7).await.expect_err("a text is no number").to_string();
    assert!(error.starts_with("table `numbers`, key 7: came \"seven\", expected i64"), "{error}");
    assert!(error.ends_with("Was it written when the table had another type?"), "{error}");
    assert_eq!(running.table.add(&7, 1).await.expect_err("nor can one be added").to_string(), error);
    assert!(running.tables.take_changes().is_empty(), "what failed is no change");
    // What it has does not matter to what sets it.
    running.table.set(&7, 7).await.expect("a number is JSON");
}

#[tokio::test]
async fn a_key_that_has_no_json_is_refused() {
    let table = Table::<(), i64>::in_memory();
    assert_eq!(table.get(&()).await, Ok(None));
    let failing = BTreeMap::from([(vec![1], 2)]);
    let table = Table::<BTreeMap<Vec<u8>, u8>, i64>::in_memory();
    let error = table.set(&failing, 1).await.expect_err("a key of a JSON object is text").to_string();
    assert!(error.contains("the key cannot be written as JSON: key must be a string"), "{error}");
}

#[tokio::test]
async fn a_value_whose_json_is_null_is_there() {
    let table = Table::<u8, Option<u8>>::in_memory();
    table.set(&1, None).await.expect("JSON");
    assert_eq!(table.get(&1).await, Ok(Some(None)));
    assert_eq!(table.update(&1, Option::flatten).await, Ok(None));
    table.delete(&1).await.expect("JSON");
    assert_eq!(table.get(&1).await, Ok(None));
}
