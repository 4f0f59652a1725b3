//! What is written is there, once.

use livecheck_core::wire::State;
use livecheck_store::{Filter, Queries, Window, Written};

use crate::on_both;
use crate::sample::{positions, report, stalled};

on_both! {
    fn a_report_is_given_back_as_it_was(place: &Place) {
        let failed = report("orders::flow", "o-1", 10, State::Fail);
        let passed = report("orders::flow", "o-2", 11, State::Pass);
        let mut writer = place.store.writer().expect("a writer");
        writer.write(&[failed.clone(), passed.clone()], None).expect("it is written");

        let found = place.store.read(|queries| queries.reports(&"o-1".into(), None)).expect("an answer");
        let [found] = found.as_slice() else { panic!("one report: {found:?}") };
        assert_eq!(found.at, failed.at);
        assert_eq!(json(found), json(&failed), "all of a failure is kept");

        let found = place.store.read(|queries| queries.reports(&"o-2".into(), None)).expect("an answer");
        let report = &found.first().expect("one report").report;
        assert_eq!(report.state, State::Pass);
        assert_eq!(report.runtime, Some(0.25));
        assert_eq!(report.signal_latency, passed.report.signal_latency);
        let test = |report: &livecheck_core::wire::TestReport| report.test.as_ref().map(livecheck_core::wire::TestExecution::key);
        assert_eq!(test(report), test(&passed.report), "of a pass the columns say what there is");
    }

    fn what_is_written_again_is_counted_once(place: &Place) {
        let reports: Vec<_> = (0..100).map(|n| report("c", &format!("o-{n}"), n, State::Pass)).collect();
        let mut writer = place.store.writer().expect("a writer");
        assert_eq!(writer.write(&reports[..60], None).expect("written"), Written { new: 60, known: 0 });
        // As after a crash: some are known, some new, some twice in one batch, by another writer.
        let mut again = reports[40..].to_vec();
        again.extend_from_slice(&reports[90..]);
        let mut other = place.store.writer().expect("another writer");
        assert_eq!(other.write(&again, None).expect("written"), Written { new: 40, known: 30 });

        let cases = place.store.read(|queries| queries.cases(Window::ever(), 1)).expect("an answer");
        assert_eq!(cases[0].counts.pass, 100);
        assert_eq!(cases[0].runtime.expect("there are runtimes").count, 100);
        assert_eq!(place.store.read(Queries::totals).expect("an answer").reports, 100);
        assert_eq!(place.ask("SELECT CAST(count(*) AS TEXT) FROM lc_executions"), "100");
        assert_eq!(place.ask("SELECT CAST(sum(received) AS TEXT) FROM lc_signal_rollups WHERE resolution = 60"), "100");
    }

    fn an_id_that_is_used_again_is_another_execution(place: &Place) {
        let mut writer = place.store.writer().expect("a writer");
        let reports = [("a", 1), ("a", 2), ("b", 1)].map(|(case, at)| report(case, "same", at, State::Pass));
        assert_eq!(writer.write(&reports, None).expect("written").new, 3);
        let found = place.store.read(|queries| queries.reports(&"same".into(), None)).expect("an answer");
        assert_eq!(found.len(), 3);
        let found = place.store.read(|queries| queries.reports(&"same".into(), Some(&"b".into())));
        assert_eq!(found.expect("an answer").len(), 1);
    }

    fn positions_are_those_of_the_last_batch_and_of_their_cluster(place: &Place) {
        let mut writer = place.store.writer().expect("a writer");
        assert!(writer.positions("c-1", "livecheck-report").expect("an answer").next.is_empty());
        writer.write(&[report("c", "o-1", 1, State::Pass)], Some(&positions(17))).expect("written");
        writer.write(&[], Some(&positions(18))).expect("written");
        let mut writer = place.store.writer().expect("another writer");
        assert_eq!(writer.positions("c-1", "livecheck-report").expect("an answer"), positions(18));
        assert!(writer.positions("c-2", "livecheck-report").expect("an answer").next.is_empty());
    }

    fn a_batch_that_fails_leaves_nothing_behind(place: &Place) {
        let mut writer = place.store.writer().expect("a writer");
        writer.write(&[report("c", "o-1", 1, State::Pass)], Some(&positions(1))).expect("written");
        place.run("ALTER TABLE lc_positions RENAME TO elsewhere");
        let batch = [report("d", "o-2", 2, State::Fail)];
        writer.write(&batch, Some(&positions(2))).expect_err("there is no such table");
        place.run("ALTER TABLE elsewhere RENAME TO lc_positions");

        let cases = place.store.read(Queries::case_names).expect("an answer");
        assert_eq!(cases, ["c"], "neither the row nor the case");
        assert_eq!(writer.write(&batch, Some(&positions(2))).expect("written").new, 1, "the same once more");
        assert_eq!(writer.positions("c-1", "livecheck-report").expect("an answer"), positions(2));
    }

    fn a_report_on_a_whole_case_is_a_row_and_no_execution(place: &Place) {
        let mut writer = place.store.writer().expect("a writer");
        let reports = [report("c", "o-1", 1, State::Pass), stalled("c", 10), stalled("c", 10)];
        assert_eq!(writer.write(&reports, None).expect("written").new, 2);
        let page = place.store.read(|queries| queries.page(&Filter::default(), None, 10)).expect("an answer");
        assert_eq!(page.reports[0].state, State::Stall);
        assert_eq!(page.reports[0].id, None);
        let cases = place.store.read(|queries| queries.cases(Window::ever(), 1)).expect("an answer");
        assert_eq!(cases[0].counts.total(), 1);
    }

    fn markup_and_odd_characters_stay_what_they_are(place: &Place) {
        let odd = "'; DROP TABLE lc_cases; -- <b>\u{0}ä\u{1F600}";
        let mut writer = place.store.writer().expect("a writer");
        let mut failed = report(odd, odd, 1, State::Fail);
        failed.report.error = Some(odd.to_owned());
        failed.report.signal_latency = [(odd.to_owned(), 1.0)].into();
        writer.write(&[failed], None).expect("written");
        let page = place.store.read(|queries| queries.page(&Filter::default(), None, 10)).expect("an answer");
        let kept = odd.replace('\0', "\u{fffd}");
        let row = &page.reports[0];
        assert_eq!(row.id.as_ref().map(livecheck_core::TestId::as_str), Some(kept.as_str()));
        assert_eq!((row.case.as_str(), row.error.as_deref()), (kept.as_str(), Some(kept.as_str())));
        assert_eq!(row.signals.keys().next(), Some(&kept));
    }

    fn many_writers_at_once_count_right(place: &Place) {
        let threads: Vec<_> = (0..4)
            .map(|thread| {
                let store = place.store.clone();
                std::thread::spawn(move || {
                    let mut writer = store.writer().expect("a writer");
                    for batch in 0..10 {
                        // Half of what each writes, another writes, too.
                        let first = (thread / 2) * 1_000 + batch * 20;
                        let reports: Vec<_> = (first..first + 20)
                            .map(|n| report(&format!("c{}", n % 3), &format!("o-{n}"), n, State::Pass))
                            .collect();
                        writer.write(&reports, None).expect("written");
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
        let cases = place.store.read(|queries| queries.cases(Window::ever(), 1)).expect("an answer");
        assert_eq!(cases.iter().map(|case| case.counts.pass).sum::<u64>(), 400);
        assert_eq!(place.ask("SELECT CAST(count(*) AS TEXT) FROM lc_executions"), "400");
    }
}

fn json(reported: &livecheck_store::Reported) -> String {
    let bytes = livecheck_core::wire::encode(&reported.report).expect("a report is JSON");
    String::from_utf8(bytes).expect("JSON is UTF-8")
}
