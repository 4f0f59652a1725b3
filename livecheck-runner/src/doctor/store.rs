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
) -> Vec<Finding> {
    let Some(location) = location else {
        return vec![Finding::skip(SUBJECT, "no results are kept")];
    };
    let named: Vec<_> = machines.iter().map(String::as_str).collect();
    let named = named.join(", ");
    let several = (location.file().is_some() && machines.len() > 1).then(|| {
        Finding::warn(
            SUBJECT,
            format!(
                "{location} is a file of one machine, and runners are at work on {named}: the pages of all show the \
                 leader's, which begins with what the report topic still has whenever another leads"
            ),
            "let all of them use one PostgreSQL database: `url` in the table `store`, or LIVECHECK_STORE_URL",
        )
    });
    let is_elsewhere = !machines.is_empty() && !machines.contains(here);
    // What is empty because it is elsewhere is told below.
    let is_told = matches!(answer, Err(StoreError::Empty { .. })) && several.is_some();
    let own = (!is_told).then(|| of_answer(location, answer, is_elsewhere.then_some(&*named)));
    own.into_iter().chain(several).collect()
}

/// What holds of it by its answer; `machines` have the results, where this one does not.
fn of_answer(location: &Location, answer: &Result<Totals, StoreError>, machines: Option<&str>) -> Finding {
    match (answer, machines) {
        (Ok(Totals { reports, bytes, .. }), _) => Finding::ok(
            SUBJECT,
            format!(
                "{} in {location}, about {} MB",
                plural(*reports, "report", "reports"),
                bytes / 1_000_000
            ),
        ),
        (Err(StoreError::Empty { .. }), Some(machines)) => Finding::warn(
            SUBJECT,
            format!("the results are in a file of {machines}, and there is nothing in {location}"),
            "ask for them there, or on the page of the runner; or let all use one PostgreSQL database",
        ),
        (Err(StoreError::Empty { .. }), None) => {
            Finding::ok(SUBJECT, format!("there is nothing in {location} yet"))
        }
        (Err(StoreError::Older { .. }), _) => {
            Finding::ok(SUBJECT, format!("{location} is brought up to date by the next run"))
        }
        (Err(error @ StoreError::Newer { .. }), _) => Finding::fail(
            SUBJECT,
            error.to_string(),
            "runners of this version keep no results there; cases are executed all the same",
        ),
        (Err(error), _) => Finding::warn(
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

    fn found(
        location: Option<&Location>,
        answer: &Result<Totals, StoreError>,
        on: &[&str],
    ) -> Vec<(Grade, String)> {
        let found = store(location, answer, &machines(on), "check-1").into_iter();
        found.map(|finding| (finding.grade, finding.found)).collect()
    }

    #[test]
    fn a_file_and_several_machines_do_not_go_together() {
        let totals = Ok(Totals { reports: 12, bytes: 3_000_000, pruned_until: None });
        let (file, server) =
            (Location::sqlite("history.db"), "postgres://me:hush@db/checks".parse().expect("a URL"));
        let two = ["check-1", "check-2"];
        let in_file = (Grade::Ok, "12 reports in history.db, about 3 MB".to_owned());
        assert_eq!(found(Some(&file), &totals, &two[..1])[0], in_file);
        let of_two = found(Some(&file), &totals, &two);
        assert_eq!(of_two[0], in_file);
        assert!(of_two[1].0 == Grade::Warn && of_two[1].1.contains("check-1, check-2"), "{of_two:?}");
        let in_server = (Grade::Ok, "12 reports in postgres://me@db/checks, about 3 MB".to_owned());
        assert_eq!(found(Some(&server), &totals, &two), [in_server]);
    }

    #[test]
    fn what_is_wrong_with_it_is_no_reason_to_run_nothing() {
        let file = Location::sqlite("history.db");
        let of = |error| found(Some(&file), &Err(error), &[])[0].0;
        assert_eq!(of(StoreError::Empty { location: file.clone() }), Grade::Ok);
        assert_eq!(of(StoreError::Lost { reason: "gone".to_owned() }), Grade::Warn);
        assert_eq!(of(StoreError::Newer { location: file.clone(), found: 9, known: 1 }), Grade::Fail);
        assert_eq!(found(None, &Ok(Totals::default()), &[])[0].0, Grade::Skip);
    }

    #[test]
    fn who_has_no_results_is_told_on_which_machine_they_are() {
        let file = Location::sqlite("history.db");
        let of = |machine| {
            let empty = Err(StoreError::Empty { location: file.clone() });
            found(Some(&file), &empty, &[machine]).remove(0)
        };
        assert_eq!(of("check-1").0, Grade::Ok);
        let (grade, found) = of("check-2");
        assert!(grade == Grade::Warn && found.contains("a file of check-2"), "{found}");
    }
}
