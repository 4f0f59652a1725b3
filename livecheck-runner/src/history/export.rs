//! Reports for other programs.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use livecheck_core::wire::State;
use livecheck_core::{CaseName, TestId};
use livecheck_store::ReportRow;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

/// Takes reports, page by page, and writes them.
pub(crate) trait Exporter {
    /// The next reports.
    fn add(&mut self, reports: &[ReportRow]) -> io::Result<()>;

    /// There are no more.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// One JSON object a line, with the members that `history --message-format json` has.
pub(crate) fn json_lines<'w>(out: impl Write + 'w) -> Box<dyn Exporter + 'w> {
    struct Lines<W>(W);
    impl<W: Write> Exporter for Lines<W> {
        fn add(&mut self, reports: &[ReportRow]) -> io::Result<()> {
            for report in reports {
                serde_json::to_writer(&mut self.0, report)?;
                self.0.write_all(b"\n")?;
            }
            Ok(())
        }

        fn finish(mut self: Box<Self>) -> io::Result<()> {
            self.0.flush()
        }
    }
    Box::new(Lines(out))
}

/// Comma-separated values (RFC 4180), with a header. The signals are one JSON object.
pub(crate) fn csv<'w>(out: impl Write + 'w) -> Box<dyn Exporter + 'w> {
    struct Table<W: Write>(csv::Writer<W>);
    impl<W: Write> Exporter for Table<W> {
        fn add(&mut self, reports: &[ReportRow]) -> io::Result<()> {
            for report in reports {
                let signals = serde_json::to_string(&report.signals)?;
                let runtime = report.runtime.map(|runtime| runtime.to_string()).unwrap_or_default();
                self.0.write_record([
                    report.at.to_string().as_str(),
                    report.case.as_str(),
                    report.state.as_str(),
                    if report.flaky { "true" } else { "false" },
                    report.id.as_ref().map_or("", TestId::as_str),
                    &report.triggered.to_string(),
                    &runtime,
                    &signals,
                    report.cause.as_deref().unwrap_or_default(),
                    report.error.as_deref().unwrap_or_default(),
                ])?;
            }
            Ok(())
        }

        fn finish(mut self: Box<Self>) -> io::Result<()> {
            self.0.flush()
        }
    }
    let mut table = csv::Writer::from_writer(out);
    let header = ["at", "case", "state", "flaky", "id", "triggered", "runtime", "signals", "cause", "error"];
    // The first bytes go to a buffer, which cannot fail.
    let _ = table.write_record(header);
    Box::new(Table(table))
}

/// JUnit's XML, as most CI systems read it: a suite for each case, and in it its executions.
pub(crate) fn junit<'w>(out: impl Write + 'w) -> Box<dyn Exporter + 'w> {
    struct Document<W> {
        out: W,
        suites: BTreeMap<CaseName, TestSuite>,
    }
    impl<W: Write> Exporter for Document<W> {
        fn add(&mut self, reports: &[ReportRow]) -> io::Result<()> {
            for report in reports {
                let suite = self
                    .suites
                    .entry(report.case.clone())
                    .or_insert_with(|| TestSuite::new(report.case.as_str()));
                suite.add_test_case(test_case(report));
            }
            Ok(())
        }

        fn finish(mut self: Box<Self>) -> io::Result<()> {
            let mut document = Report::new("livecheck");
            document.add_test_suites(self.suites.into_values());
            document.serialize(&mut self.out).map_err(io::Error::other)?;
            self.out.flush()
        }
    }
    Box::new(Document { out, suites: BTreeMap::new() })
}

fn test_case(report: &ReportRow) -> TestCase {
    let mut status = match report.state {
        State::Pass => TestCaseStatus::success(),
        State::Skip => TestCaseStatus::skipped(),
        State::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
        _ => TestCaseStatus::non_success(NonSuccessKind::Error),
    };
    if report.state != State::Pass {
        let error = report.error.as_deref().unwrap_or_default();
        status.set_message(error.lines().next().unwrap_or_default()).set_type(report.state.as_str());
        if report.state.is_failure() {
            status.set_description(error);
        }
    }
    let name = report.id.as_ref().map_or("the case as a whole", TestId::as_str);
    let mut case = TestCase::new(name, status);
    case.set_classname(report.case.as_str());
    if let Some(runtime) = report.runtime.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()) {
        case.set_time(runtime);
    }
    case.add_property(("at", report.at.to_string().as_str()));
    case
}
