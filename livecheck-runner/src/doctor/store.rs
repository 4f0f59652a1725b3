//! The store of results.

use std::collections::BTreeSet;

use livecheck_store::{Location, StoreError, Totals};

use super::finding::Finding;
use crate::reporter::text::plural;

const SUBJECT: &str = "store";

/// What holds of the store, by what it answers, by the machines on which runners of the group are at work, and by this one.
pub(crate) fn store(
    location: Option<&Location>,
    answer: &Result<Totals, StoreError>,
    machines: &BTreeSet<String>,
    here: &str,
) -> Finding {
    let Some(location) = location else {
        return Finding::skip(SUBJECT, "no results are kept");
    };
    let named: Vec<_> = machines.iter().map(String::as_str).collect();
    if location.file().is_some() && machines.len() > 1 {
        return Finding::warn(
            SUBJECT,
            format!(
                "{location} is a file of one machine, and runners are at work on {}: the pages of all show the \
                 leader's, which begins with what the report topic still has whenever another leads",
                named.join(", ")
            ),
            "let all of them use one PostgreSQL database: `url` in the table `store`, or LIVECHECK_STORE_URL",
        );
    }
    match answer {
        Ok(Totals { reports, bytes }) => Finding::ok(
            SUBJECT,
            format!(
                "{} in {location}, about {} MB",
                plural(*reports, "report", "reports"),
                bytes / 1_000_000
            ),
        ),
        Err(StoreError::Empty { .. }) if !machines.is_empty() && !machines.contains(here) => Finding::warn(
            SUBJECT,
            format!("the results are in a file of {}, and there is nothing in {location}", named.join(", ")),
            "ask for them there, or on the page of the runner; or let all use one PostgreSQL database",
        ),
        Err(StoreError::Empty { .. }) => Finding::ok(SUBJECT, format!("there is nothing in {location} yet")),
        Err(StoreError::Older { .. }) => {
            Finding::ok(SUBJECT, format!("{location} is brought up to date by the next run"))
        }
        Err(error @ StoreError::Newer { .. }) => Finding::fail(
            SUBJECT,
            error.to_string(),
            "runners of this version keep no results there; cases are executed all the same",
        ),
        Err(error) => Finding::warn(
            SUBJECT,
            error.to_string(),
            "cases are executed all the same, and the results wait in the report topic",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Grade;

    fn machines(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_file_and_several_machines_do_not_go_together() {
        let totals = Ok(Totals { reports: 12, bytes: 3_000_000 });
        let (file, server) =
            (Location::sqlite("history.db"), "postgres://me:hush@db/checks".parse().expect("a URL"));
        let two = machines(&["check-1", "check-2"]);
        let store = |location, totals, machines| store(Some(location), totals, machines, "check-1");
        let found = store(&file, &totals, &two);
        assert_eq!(found.grade, Grade::Warn);
        assert!(found.found.contains("check-1, check-2"), "{}", found.found);
        let alone = machines(&["check-1"]);
        assert_eq!(store(&file, &totals, &alone).grade, Grade::Ok);
        let found = store(&server, &totals, &two);
        assert_eq!(found.found, "12 reports in postgres://me@db/checks, about 3 MB");
    }

    #[test]
    fn what_is_wrong_with_it_is_no_reason_to_run_nothing() {
        let file = Location::sqlite("history.db");
        let of = |error| store(Some(&file), &Err(error), &machines(&[]), "check-1").grade;
        assert_eq!(of(StoreError::Empty { location: file.clone() }), Grade::Ok);
        assert_eq!(of(StoreError::Lost { reason: "gone".to_owned() }), Grade::Warn);
        assert_eq!(of(StoreError::Newer { location: file.clone(), found: 9, known: 1 }), Grade::Fail);
        assert_eq!(store(None, &Ok(Totals::default()), &machines(&[]), "check-1").grade, Grade::Skip);
    }

    #[test]
    fn who_has_no_results_is_told_on_which_machine_they_are() {
        let file = Location::sqlite("history.db");
        let empty = Err(StoreError::Empty { location: file.clone() });
        let of = |here| store(Some(&file), &empty, &machines(&["check-1"]), here);
        assert_eq!(of("check-1").grade, Grade::Ok);
        let found = of("laptop");
        assert_eq!((found.grade, found.found.contains("a file of check-1")), (Grade::Warn, true));
    }
}
