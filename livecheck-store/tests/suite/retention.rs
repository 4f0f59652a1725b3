//! What is removed, and what outlives it.

use std::time::Duration;

use livecheck_core::wire::State;
use livecheck_store::{Queries, Retention, Window};

use crate::on_both;
use crate::sample::{at, report};

const DAY: u64 = 86_400;

on_both! {
    fn reports_go_by_age_and_what_was_counted_of_them_stays(place: &Place) {
        let mut writer = place.store.writer().expect("a writer");
        let reports: Vec<_> = (0..100).map(|n| report("c", &format!("o-{n}"), n * DAY / 10, State::Fail)).collect();
        writer.write(&reports, None).expect("written");
        let retention = Retention { reports: Duration::from_secs(3 * DAY), ..Retention::default() };
        let pruned = writer.prune(&retention, at(10 * DAY)).expect("pruned");
        assert_eq!((pruned.reports, pruned.is_more), (70, false));
        let totals = place.store.read(Queries::totals).expect("an answer");
        assert_eq!((totals.reports, totals.pruned_until), (30, Some(at(7 * DAY))));
        let case = place.store.read(|queries| queries.cases(Window::ever(), 1)).expect("an answer");
        assert_eq!(case[0].counts.fail, 100);
        let again = writer.write(&reports, None).expect("written");
        assert_eq!(again.new, 0, "what was removed is not counted again");
    }

    fn the_oldest_go_when_there_are_too_many(place: &Place) {
        let mut writer = place.store.writer().expect("a writer");
        let reports: Vec<_> = (0..1_000).map(|n| report("c", &format!("o-{n}"), n, State::Pass)).collect();
        writer.write(&reports, None).expect("written");
        let all = place.store.read(Queries::totals).expect("an answer");
        let retention = Retention { bytes: Some(all.bytes / 2), ..Retention::default() };
        let pruned = writer.prune(&retention, at(DAY)).expect("pruned");
        assert!((480..=520).contains(&pruned.reports), "{pruned:?}");
        let kept = place.store.read(Queries::totals).expect("an answer");
        assert!(kept.bytes <= all.bytes / 2 && kept.reports == 1_000 - pruned.reports);
        let found = place.store.read(|queries| queries.reports(&"o-999".into(), None)).expect("an answer");
        assert_eq!(found.len(), 1, "the latest stays");
        assert_eq!(writer.prune(&retention, at(DAY)).expect("pruned").reports, 0);
    }

    fn a_file_gets_smaller_when_reports_have_gone(place: &Place) {
        if place.is_sqlite() {
            let mut writer = place.store.writer().expect("a writer");
            let reports: Vec<_> = (0..5_000).map(|n| report("c", &format!("o-{n}"), n, State::Fail)).collect();
            writer.write(&reports, None).expect("written");
            let pages = || -> u64 {
                let pages = place.ask("SELECT CAST(page_count AS TEXT) FROM pragma_page_count");
                pages.parse().expect("a number")
            };
            let before = pages();
            let retention = Retention { reports: Duration::ZERO, ..Retention::default() };
            writer.prune(&retention, at(DAY)).expect("pruned");
            assert!(pages() < before / 2, "{before} pages, then {}", pages());
        }
    }

    fn minutes_go_before_hours_and_days_stay(place: &Place) {
        let mut writer = place.store.writer().expect("a writer");
        writer.write(&[report("c", "o", 1, State::Fail)], None).expect("written");
        let count = |resolution: &str| {
            ["lc_rollups", "lc_signal_rollups", "lc_cause_rollups"].map(|table| {
                place.ask(&format!("SELECT CAST(count(*) AS TEXT) FROM {table} WHERE resolution = {resolution}"))
            })
        };
        let retention = Retention { reports: Duration::MAX, ..Retention::default() };
        writer.prune(&retention, at(31 * DAY)).expect("pruned");
        assert_eq!([count("60"), count("3600"), count("86400")], [["0"; 3], ["1"; 3], ["1"; 3]]);
        writer.prune(&retention, at(401 * DAY)).expect("pruned");
        assert_eq!([count("60"), count("3600"), count("86400")], [["0"; 3], ["0"; 3], ["1"; 3]]);
        let window = Window { from: at(0), until: at(401 * DAY) };
        let series = place.store.read(|queries| queries.series(&"c".into(), window, 1_000)).expect("an answer");
        assert_eq!(series.points.len(), 1, "a chart of that time goes by days");
    }
}
