//! The case: what must be true of every charge.

use livecheck::{Signal, Table, WindowedTable};

use crate::bank::{Answer, LIMIT};

/// No account ever owes more than the limit.
#[livecheck::case(warn_stalled_after = "10s")]
pub async fn charged(
    account: String,
    /// In cents. What is paid back is negative.
    amount: i64,
    #[signal(timeout = "10s")] answered: Signal<Answer>,
    /// What each account owes, by all that the bank has booked.
    #[table]
    debts: Table<String, i64>,
    /// How many charges were refused.
    #[table(window = tumbling("1m"), expires = "10m")]
    refusals: WindowedTable<String, u32>,
) -> livecheck::Result {
    match answered.wait().await? {
        Answer::Booked => {
            let debt = debts.add(&account, amount).await?;
            assert!(
                debt <= LIMIT,
                "{account} owes {debt}, and the limit is {LIMIT}: this charge was one of {amount}"
            );
        }
        Answer::Refused => {
            refusals.add(&account, 1).await?;
            assert!(amount > 0, "{account} may always pay back");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt;
    use livecheck::table::Window;

    use super::*;
    use crate::bank::{Bank, Fault};

    /// How many of the charges that a bank books or refuses the case finds wrong.
    async fn wrong(fault: Option<Fault>) -> usize {
        let (mut bank, debts) = (Bank::new(fault), Table::in_memory());
        let refusals = WindowedTable::in_memory(Window::tumbling(Duration::from_secs(60)));
        let mut wrong = 0;
        for number in 0..200 {
            let (account, amount) = (format!("account-{}", number % 3), 10 + number % 50);
            let answer = Signal::ready(bank.charge(&account, amount));
            let case = charged(account, amount, answer, debts.clone(), refusals.clone());
            let outcome = std::panic::AssertUnwindSafe(case).catch_unwind().await;
            wrong += usize::from(outcome.is_err());
        }
        wrong
    }

    #[tokio::test]
    async fn a_bank_that_keeps_to_the_limit_passes() {
        assert_eq!(wrong(None).await, 0);
    }

    #[tokio::test]
    async fn a_bank_that_forgets_what_was_charged_is_found_out() {
        assert!(wrong(Some(Fault::StaleDebts)).await > 0);
        assert!(wrong(Some(Fault::EachByItself)).await > 0);
    }

    #[tokio::test]
    async fn what_is_paid_back_is_owed_no_longer() -> livecheck::Result {
        let debts = Table::in_memory();
        let refusals = WindowedTable::in_memory(Window::tumbling(Duration::from_secs(60)));
        debts.set("a-1", LIMIT).await?;
        let booked = Signal::ready(Answer::Booked);
        charged("a-1".to_owned(), -LIMIT, booked, debts.clone(), refusals).await?;
        assert_eq!(debts.get("a-1").await?, Some(0));
        Ok(())
    }
}
