//! Observers that write down what they are told, where a variable says where to.

use std::env;
use std::fs::{File, OpenOptions};
use std::io::Write as _;

use livecheck::wire::TestReport;
use livecheck::{Context, Observer};

use livecheck_tests::cases::parcel;

/// The variable.
const OBSERVED: &str = "E2E_OBSERVED";

/// Writes a line for each event.
struct Notebook {
    name: &'static str,
    file: Option<File>,
}

livecheck::observe!(Notebook::open("all"));
livecheck::observe!(Notebook::open("parcels"), parcel);

impl Notebook {
    fn open(name: &'static str) -> Self {
        let file = env::var_os(OBSERVED)
            .map(|path| OpenOptions::new().append(true).create(true).open(path).expect("a file"));
        Self { name, file }
    }

    fn write(&self, what: &str) {
        if let Some(mut file) = self.file.as_ref() {
            file.write_all(format!("{}: {what}\n", self.name).as_bytes()).expect("it is written");
        }
    }

    fn write_report(&self, what: &str, report: &TestReport) {
        let id = report.test.as_ref().map_or("", |test| test.id.as_str());
        self.write(&format!("{what} {id}"));
    }
}

impl Observer for Notebook {
    fn on_test_start(&self, test: &Context) {
        self.write(&format!("start {}", test.id()));
    }

    fn on_signal_wait(&self, test: &Context, signal: &str) {
        self.write(&format!("wait {} {signal}", test.id()));
    }

    fn on_signal_received(&self, test: &Context, signal: &str) {
        self.write(&format!("received {} {signal}", test.id()));
    }

    fn on_test_pass(&self, report: &TestReport) {
        self.write_report("pass", report);
        assert!(self.file.is_none(), "an observer harms nobody");
    }

    fn on_test_timeout(&self, report: &TestReport) {
        self.write_report("timeout", report);
    }
}
