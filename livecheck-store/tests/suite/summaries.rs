//! What is counted.

use livecheck_core::wire::State;
use livecheck_store::{Counts, Window};

use crate::on_both;
use crate::sample::{at, begin, report};

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

on_both! {
    fn a_case_is_counted_in_the_time_that_is_asked_for(place: &Place) {
        let mut writer = place.store.writer().expect("a writer");
        // One every ten minutes, for three days; each hour's last fails.
        let reports: Vec<_> = (0..3 * 24 * 6)
            .map(|n| {
                let state = if n % 6 == 5 { State::Fail } else { State::Pass };
                report("c", &format!("o-{n}"), n * 600, state)
            })
            .collect();
        for batch in reports.chunks(50) {
            writer.write(batch, None).expect("written");
        }
        writer.write(&[report("d", "o", 30, State::Skip)], None).expect("written");
        let in_time = |from: u64, until: u64| {
            let window = Window { from: at(from), until: at(until) };
            let cases = place.store.read(|queries| queries.cases(window, 4)).expect("an answer");
            assert_eq!(cases.len(), 2);
            cases.into_iter().next().expect("two")
        };
        let all = in_time(0, 3 * DAY);
        assert_eq!((all.counts.pass, all.counts.fail, all.counts.total()), (360, 72, 432));
        assert_eq!(all.counts.success_rate(), Some(360.0 / 432.0));
        assert_eq!(all.sparkline.iter().map(Counts::total).collect::<Vec<_>>(), [108; 4]);
        let runtime = all.runtime.expect("some have passed");
        assert_eq!(runtime.count, 360);
        assert!((runtime.p50 - 0.25).abs() < 0.0026 && (runtime.p99 - 0.25).abs() < 0.0026);
        assert_eq!(all.last_seen, Some(at(3 * DAY - 600)));
        let last = all.last_failure.expect("one has failed");
        assert_eq!((last.at, last.state), (at(3 * DAY - 600), State::Fail));
        assert_eq!(last.id.as_ref().map(livecheck_core::TestId::as_str), Some("o-431"));

        // From ten past one on the first day to half past two on the second: minutes, hours and minutes.
        let some = in_time(HOUR + 600, DAY + 2 * HOUR + 1_800);
        assert_eq!(some.counts.total(), 152);
        assert_eq!(some.sparkline.iter().map(Counts::total).collect::<Vec<_>>(), [42, 42, 42, 30]);
        assert_eq!(in_time(10 * DAY, 11 * DAY).counts, Counts::default());
        let case = place.store.read(|queries| queries.case(&"d".into(), Window::ever(), 1)).expect("an answer");
        assert_eq!(case.expect("it is there").counts.skip, 1);
        let case = place.store.read(|queries| queries.case(&"e".into(), Window::ever(), 1)).expect("an answer");
        assert!(case.is_none());
    }

    fn a_chart_has_the_executions_of_each_point_and_the_signals(place: &Place) {
        let mut writer = place.store.writer().expect("a writer");
        let reports: Vec<_> = (0..600).map(|n| report("c", &format!("o-{n}"), n * 6, State::Pass)).collect();
        writer.write(&reports, None).expect("written");
        let series = |seconds: u64, points| {
            let window = Window { from: begin(), until: at(seconds) };
            place.store.read(|queries| queries.series(&"c".into(), window, points)).expect("an answer")
        };
        let hour = series(HOUR, 60);
        assert_eq!((hour.step, hour.points.len()), (60, 60));
        assert!(hour.points.iter().all(|point| point.counts.pass == 10));
        assert_eq!(hour.points[1].start, at(60));
        let sent = &hour.signals["sent"];
        assert_eq!(sent.len(), 60);
        let latency = sent[0].latency.expect("it was received");
        assert!(latency.count == 10 && (latency.p99 - 0.125).abs() < 0.0013);
        let few = series(HOUR, 7);
        assert_eq!(few.step % 60, 0);
        assert!(few.points.len() <= 8);
        assert_eq!(few.points.iter().map(|point| point.counts.pass).sum::<u64>(), 600);
        let quarter = series(90 * DAY, 90);
        assert_eq!((quarter.step, quarter.points.len()), (DAY, 1));
        assert_eq!(quarter.points[0].counts.pass, 600);
    }

    fn failures_are_grouped_by_cause(place: &Place) {
        let mut writer = place.store.writer().expect("a writer");
        let mut reports: Vec<_> =
            (0..5).map(|n| report("c", &format!("order-{n}"), n * HOUR, State::Fail)).collect();
        reports.extend((0..3).map(|n| report("c", &format!("t-{n}"), n, State::Timeout)));
        reports.push(report("d", "e", 1, State::Error));
        writer.write(&reports, None).expect("written");
        let causes = |case: Option<&str>, until: u64| {
            let case = case.map(Into::into);
            let window = Window { from: begin(), until: at(until) };
            let causes = place.store.read(|queries| queries.causes(case.as_ref(), window, 10)).expect("an answer");
            causes.into_iter().map(|cause| (cause.cause, cause.failures)).collect::<Vec<_>>()
        };
        let (side, late) =
            ("order order-# changed its side".to_owned(), "signal `executed` did not come within #s".to_owned());
        assert_eq!(causes(Some("c"), DAY), [(side.clone(), 5), (late.clone(), 3)]);
        assert_eq!(causes(Some("c"), 60), [(late, 3), (side, 1)]);
        assert_eq!(causes(None, DAY).len(), 3);
    }

    fn the_views_say_the_same(place: &Place) {
        let mut writer = place.store.writer().expect("a writer");
        let reports = [report("c", "o-1", 61, State::Pass), report("c", "o-2", 62, State::Fail)];
        writer.write(&reports, None).expect("written");
        let ask = |query: &str| place.ask(query);
        let minute = "SELECT case_name || ' ' || pass || ' ' || failures || ' ' || success_rate FROM livecheck_minutes";
        assert_eq!(ask(minute), "c 1 1 0.5");
        let signal = "SELECT case_name || ' ' || signal || ' ' || received FROM livecheck_signal_hours";
        assert_eq!(ask(signal), "c sent 2");
        let failed = "SELECT test_id || ': ' || cause FROM livecheck_executions WHERE state = 'FAIL'";
        assert_eq!(ask(failed), "o-2: order o-# changed its side");
        let time = match place.is_sqlite() {
            true => "SELECT \"time\" FROM livecheck_days",
            false => "SELECT to_char(\"time\" AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') FROM livecheck_days",
        };
        assert_eq!(ask(time), "2026-11-20T00:00:00.000Z");
        let cause = "SELECT cause || ' ' || state FROM livecheck_cause_rollups WHERE resolution = 60";
        assert_eq!(ask(cause), "order o-# changed its side FAIL");
    }
}
