//! The bank: what it books and what it refuses, and how to break it.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// What an account may owe, in cents.
pub const LIMIT: i64 = 200;

/// What the bank says to a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// It is charged.
    Booked,
    /// The account would owe more than the limit.
    Refused,
}

/// A step that goes wrong: `--break` of the bank, or the variable `ACCOUNT_DEBTS_BREAK`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Fault {
    /// The debts that a charge is judged by are those of a cache, which is brought up to date with every tenth charge
    StaleDebts,
    /// Each charge is held against the limit by itself
    EachByItself,
}

/// How often the cache is brought up to date, in charges.
const REFRESH: u64 = 10;

/// What each account owes, as the bank knows it.
#[derive(Debug, Default)]
pub struct Bank {
    debts: HashMap<String, i64>,
    /// The debts as they were lately.
    cache: HashMap<String, i64>,
    charges: u64,
    fault: Option<Fault>,
}

impl Bank {
    /// A bank to which nobody owes anything.
    #[must_use]
    pub fn new(fault: Option<Fault>) -> Self {
        Self { fault, ..Self::default() }
    }

    /// Charges an account, or takes back what it pays where the amount is negative.
    pub fn charge(&mut self, account: &str, amount: i64) -> Answer {
        if self.charges % REFRESH == 0 {
            self.cache.clone_from(&self.debts);
        }
        self.charges += 1;
        let owed = |debts: &HashMap<String, i64>| debts.get(account).copied().unwrap_or(0);
        let debt = match self.fault {
            None => owed(&self.debts),
            Some(Fault::StaleDebts) => owed(&self.cache),
            Some(Fault::EachByItself) => 0,
        };
        if amount > 0 && debt + amount > LIMIT {
            return Answer::Refused;
        }
        *self.debts.entry(account.to_owned()).or_default() += amount;
        Answer::Booked
    }

    /// What an account owes.
    #[must_use]
    pub fn debt(&self, account: &str) -> i64 {
        self.debts.get(account).copied().unwrap_or(0)
    }
}
