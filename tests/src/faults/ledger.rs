//! What customers owe by the bills, and what they owe by the table: apart from the product, from the topics alone.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use super::DEBT;
use super::verifier::{Execution, Trigger};

/// A row of the table: of each partition there is another one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Account {
    /// The partition.
    pub partition: i32,
    /// The customer.
    pub customer: String,
}

/// What each account owes.
pub type Ledger = BTreeMap<Account, i64>;

/// A row that is not what the bills come to.
#[derive(Clone, Debug, PartialEq)]
pub struct Discrepancy {
    /// Which.
    pub account: Account,
    /// What it owes by the table.
    pub is: Option<i64>,
    /// What it owes by the bills.
    pub should_be: i64,
}

/// Where the table is not what the bills come to: a change was lost, or counts twice. Whatever the verdict of an execution
/// is, what it has changed counts once; rows of other rounds are not looked at.
#[must_use]
pub fn compare(triggers: &[Trigger], table: &Ledger) -> Vec<Discrepancy> {
    let mut owed = Ledger::new();
    let mut seen: HashSet<&Execution> = HashSet::new();
    for trigger in triggers.iter().filter(|trigger| trigger.execution.case == DEBT) {
        // One that is repeated word for word is the same execution.
        if seen.insert(&trigger.execution) {
            let customer = trigger.arguments["customer"].as_str().unwrap_or_default().to_owned();
            let account = Account { partition: trigger.partition, customer };
            *owed.entry(account).or_default() += trigger.arguments["amount"].as_i64().unwrap_or_default();
        }
    }
    let differs = |(account, should_be): (Account, i64)| {
        let is = table.get(&account).copied();
        (is != Some(should_be)).then_some(Discrepancy { account, is, should_be })
    };
    owed.into_iter().filter_map(differs).collect()
}

impl fmt::Display for Discrepancy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account: Account { partition, customer }, is, should_be } = self;
        match is {
            Some(is) => {
                write!(f, "{customer} in partition {partition} owes {is}, and should owe {should_be}")
            }
            None => write!(
                f,
                "{customer} in partition {partition} is not in the table, and should owe {should_be}"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn bill(id: &str, partition: i32, amount: i64) -> Trigger {
        let timestamp = "2026-11-21T02:03:04.567890Z".to_owned();
        let execution = Execution { case: DEBT.to_owned(), id: id.to_owned(), timestamp };
        let arguments = json!({"customer": "c-1", "amount": amount});
        Trigger { execution, partition, time: 10_000, arguments }
    }

    fn account(partition: i32) -> Account {
        Account { partition, customer: "c-1".to_owned() }
    }

    #[test]
    fn each_bill_counts_once_in_its_partition() {
        let triggers = [bill("b-1", 0, 3), bill("b-2", 0, 4), bill("b-3", 1, 5), bill("b-1", 0, 3)];
        let table = Ledger::from([(account(0), 7), (account(1), 5)]);
        assert_eq!(compare(&triggers, &table), []);
    }

    #[test]
    fn a_change_that_is_lost_or_counts_twice_is_found() {
        let triggers = [bill("b-1", 0, 3), bill("b-3", 1, 5)];
        let table = Ledger::from([(account(0), 6)]);
        let found = [
            Discrepancy { account: account(0), is: Some(6), should_be: 3 },
            Discrepancy { account: account(1), is: None, should_be: 5 },
        ];
        assert_eq!(compare(&triggers, &table), found);
        assert_eq!(found[0].to_string(), "c-1 in partition 0 owes 6, and should owe 3");
    }
}
