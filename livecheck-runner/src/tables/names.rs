//! All tables of the cases, and what their changelogs are called.

use std::collections::HashMap;

use livecheck_core::Cases;
use livecheck_core::table::{TableDefinition, Window};

/// The longest name that Kafka takes for a topic.
const LONGEST: usize = 249;

/// A table of a case: its position among all tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TableId(usize);

/// All tables of the cases that are executed.
#[derive(Clone, Debug, Default)]
pub(crate) struct TableSet {
    tables: Vec<Named>,
    /// By the name of the case: the first of its tables.
    first: HashMap<&'static str, usize>,
}

#[derive(Clone, Debug)]
struct Named {
    definition: &'static TableDefinition,
    topic: String,
    /// Whether there is a changelog to begin from.
    is_restored: bool,
}

/// The changelog of a table cannot be called as it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableNameError {
    /// Two tables would have one.
    #[error(
        "the table `{first_table}` of the case `{first_case}` and the table `{second_table}` of the case \
         `{second_case}` would have one changelog, `{topic}`: rename one of the tables"
    )]
    Shared {
        /// The topic.
        topic: String,
        /// One case.
        first_case: &'static str,
        /// Its table.
        first_table: &'static str,
        /// The other case.
        second_case: &'static str,
        /// Its table.
        second_table: &'static str,
    },
    /// The name is longer than Kafka takes.
    #[error(
        "the changelog of the table `{table}` of the case `{case}` would be called `{topic}`, and Kafka takes no more \
         than {LONGEST} characters: give the case a shorter name with #[livecheck::case(name = \"…\")]"
    )]
    TooLong {
        /// The topic.
        topic: String,
        /// The case.
        case: &'static str,
        /// The table.
        table: &'static str,
    },
}

impl TableSet {
    /// The tables of those cases, whose changelogs belong to that group.
    ///
    /// # Errors
    ///
    /// A changelog cannot be called as it should.
    pub(crate) fn new(cases: &Cases, group: &str) -> Result<Self, TableNameError> {
        let mut set = Self::default();
        let mut by_topic: HashMap<String, (&'static str, &'static str)> = HashMap::new();
        for case in cases.iter().filter(|case| !case.tables.is_empty()) {
            set.first.insert(case.name, set.tables.len());
            for definition in case.tables {
                let topic = changelog(group, case.name, definition.name);
                if topic.len() > LONGEST {
                    return Err(TableNameError::TooLong { topic, case: case.name, table: definition.name });
                }
                if let Some((first_case, first_table)) =
                    by_topic.insert(topic.clone(), (case.name, definition.name))
                {
                    let (second_case, second_table) = (case.name, definition.name);
                    return Err(TableNameError::Shared {
                        topic,
                        first_case,
                        first_table,
                        second_case,
                        second_table,
                    });
                }
                set.tables.push(Named { definition, topic, is_restored: true });
            }
        }
        Ok(set)
    }

    /// Whether there is no table.
    pub(crate) fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// All tables.
    pub(crate) fn ids(&self) -> impl Iterator<Item = TableId> + use<> {
        (0..self.tables.len()).map(TableId)
    }

    /// The tables that begin with what their changelogs have.
    pub(crate) fn restored(&self) -> impl Iterator<Item = TableId> {
        self.ids().filter(|TableId(id)| self.tables[*id].is_restored)
    }

    /// The same set, of which that table alone is to be read.
    pub(crate) fn only(mut self, TableId(wanted): TableId) -> Self {
        for (id, table) in self.tables.iter_mut().enumerate() {
            table.is_restored = id == wanted;
        }
        self
    }

    /// That table has no changelog yet, and begins empty.
    pub(crate) fn begins_empty(&mut self, TableId(id): TableId) {
        self.tables[id].is_restored = false;
    }

    /// The table at that position of a case.
    pub(crate) fn of_case(&self, case: &str, index: usize) -> Option<TableId> {
        let first = self.first.get(case)?;
        Some(TableId(first + index)).filter(|TableId(id)| *id < self.tables.len())
    }

    /// What its case calls it.
    pub(crate) fn name(&self, TableId(id): TableId) -> &'static str {
        self.tables[id].definition.name
    }

    /// The name of its changelog.
    pub(crate) fn topic(&self, TableId(id): TableId) -> &str {
        &self.tables[id].topic
    }

    /// Its windows, if it has them.
    pub(crate) fn window(&self, TableId(id): TableId) -> Option<Window> {
        self.tables[id].definition.window
    }
}

/// The name of a changelog: the group's, as Faust's begins with the application, then the case and the table.
///
/// `::` becomes a point, and what Kafka takes in no name an underscore.
fn changelog(group: &str, case: &str, table: &str) -> String {
    let name = format!("{group}-{}-{table}-changelog", case.replace("::", "."));
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    name.chars().map(|c| if legal(c) { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::testing::case;

    #[test]
    fn a_changelog_is_named_after_the_group_the_case_and_the_table() {
        let cases =
            Cases::new([case("orders::order_flow", &[("debts", None), ("visits", None)])]).expect("one case");
        let set = TableSet::new(&cases, "livecheck").expect("names");
        let topics: Vec<_> = set.ids().map(|id| set.topic(id)).collect();
        assert_eq!(
            topics,
            ["livecheck-orders.order_flow-debts-changelog", "livecheck-orders.order_flow-visits-changelog"]
        );
        let visits = set.of_case("orders::order_flow", 1).expect("a table");
        assert_eq!(set.topic(visits), topics[1]);
        assert!(set.of_case("orders::refund", 0).is_none());
    }

    #[test]
    fn two_tables_with_one_changelog_are_refused() {
        let cases =
            Cases::new([case("a::b", &[("t", None)]), case("a.b", &[("t", None)])]).expect("two cases");
        let error = TableSet::new(&cases, "g").expect_err("both are `a.b`").to_string();
        assert!(error.contains("would have one changelog, `g-a.b-t-changelog`"), "{error}");
    }

    #[test]
    fn a_name_that_kafka_does_not_take_is_refused() {
        let cases = Cases::new([case("orders::order_flow", &[("debts", None)])]).expect("one case");
        let error = TableSet::new(&cases, &"g".repeat(240)).expect_err("it is too long").to_string();
        assert!(error.contains("give the case a shorter name"), "{error}");
        assert_eq!(changelog("g", "a::é b", "t"), "g-a.__b-t-changelog");
    }
}
