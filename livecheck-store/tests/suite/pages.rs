//! Pages of reports: complete, in order, and what was asked for.

use std::collections::BTreeSet;

use livecheck_core::wire::{Attempt, State};
use livecheck_store::{Filter, Store, Window};

use crate::on_both;
use crate::place::Place;
use crate::sample::{at, report};

const STATES: [State; 5] = [State::Pass, State::Fail, State::Error, State::Timeout, State::Skip];

/// 100 reports: two cases, five states; every third was written at the time of another.
fn filled(place: &Place) -> &Store {
    let reports: Vec<_> = (0..100)
        .map(|n: usize| {
            let case = ["orders::flow", "payments::flow"][n % 2];
            report(case, &format!("o-{n:03}"), (n / 3 * 3) as u64, STATES[n % 5])
        })
        .collect();
    place.store.writer().expect("a writer").write(&reports, None).expect("written");
    &place.store
}

/// The ids of all pages, one after the other.
fn all(store: &Store, filter: &Filter, limit: usize) -> Vec<String> {
    let (mut ids, mut next) = (Vec::new(), None);
    loop {
        let page = store.read(|queries| queries.page(filter, next, limit)).expect("an answer");
        assert!(page.reports.len() <= limit);
        assert!(page.reports.windows(2).all(|two| two[0].at >= two[1].at), "the latest first");
        ids.extend(page.reports.iter().filter_map(|row| Some(row.id.as_ref()?.to_string())));
        let Some(cursor) = page.next else { return ids };
        next = Some(cursor.to_string().parse().expect("what it writes it reads"));
    }
}

on_both! {
    fn pages_have_all_reports_once_whatever_their_size(place: &Place) {
        let store = filled(place);
        for limit in [1, 7, 99, 100, 1_000] {
            let ids = all(store, &Filter::default(), limit);
            assert_eq!(ids.len(), 100, "pages of {limit}");
            assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 100);
        }
    }

    fn what_passed_only_when_it_was_tried_again_is_flaky(place: &Place) {
        let mut tried_twice = report("orders::flow", "o-2", 2, State::Pass);
        let attempt = |state| Attempt { state, runtime: 0.1, error: None, traceback: None };
        tried_twice.report.attempts = vec![attempt(State::Error), attempt(State::Pass)];
        let reports = [report("orders::flow", "o-1", 1, State::Pass), tried_twice, report("orders::flow", "o-3", 3, State::Fail)];
        place.store.writer().expect("a writer").write(&reports, None).expect("written");
        let page = place.store.read(|queries| queries.page(&Filter::default(), None, 10)).expect("an answer");
        let flaky: Vec<_> = page.reports.iter().map(|row| row.flaky).collect();
        assert_eq!(flaky, [false, true, false]);
    }

    fn a_filter_gives_what_fits_and_all_of_it(place: &Place) {
        let store = filled(place);
        let ids = |filter: Filter| all(store, &filter, 3).len();
        let orders = Some("orders::flow".into());
        assert_eq!(ids(Filter { case: orders.clone(), ..Filter::default() }), 50);
        assert_eq!(ids(Filter { states: vec![State::Fail, State::Skip], ..Filter::default() }), 40);
        assert_eq!(ids(Filter { case: orders.clone(), states: vec![State::Fail], ..Filter::default() }), 10);
        let window = Some(Window { from: at(30), until: at(60) });
        assert_eq!(ids(Filter { window, ..Filter::default() }), 30);
        assert_eq!(ids(Filter { window, case: orders.clone(), ..Filter::default() }), 15);
        assert_eq!(ids(Filter { case: Some("unknown".into()), ..Filter::default() }), 0);

        let text = |text: &str| Some(text.to_owned());
        assert_eq!(ids(Filter { cause: text("the cache is away"), ..Filter::default() }), 20);
        assert_eq!(ids(Filter { cause: text("the cache is away"), case: orders.clone(), ..Filter::default() }), 10);
        assert_eq!(ids(Filter { cause: text("the cache"), ..Filter::default() }), 0);
        assert_eq!(ids(Filter { text: text("CACHE"), ..Filter::default() }), 20);
        assert_eq!(ids(Filter { text: text("o-01"), ..Filter::default() }), 10);
        assert_eq!(ids(Filter { text: text("o-01"), case: orders, ..Filter::default() }), 5);
        assert_eq!(ids(Filter { text: text("o-01"), states: vec![State::Pass], ..Filter::default() }), 2);
        assert_eq!(ids(Filter { text: text("%"), ..Filter::default() }), 0, "no wildcard");
        assert_eq!(ids(Filter { text: text("o_0"), ..Filter::default() }), 0);
    }
}
