//! Faust's own worker triggers and signals, our runner executes, Faust reads the reports.
//!
//! It needs the Python in which Faust is installed, which `ci/faust-venv` makes.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use livecheck::wire::State;
use livecheck::{Case, Topics};
use livecheck_tests::faust_order;
use livecheck_tests::kafka::Kafka;
use livecheck_tests::process::{Ended, Process};
use livecheck_tests::reports::{self, Report};
use livecheck_tests::runner::{RunnerCommand, program};
use serde_json::Value;

/// The variable that names the Python.
const PYTHON: &str = "LIVECHECK_TEST_FAUST_PYTHON";
/// Not that of the tutorial, which somebody may have running.
const PORT: &str = "26166";
const ORDERS: usize = 1_000;

#[test]
fn a_thousand_orders_of_fausts_worker_are_each_checked_once_and_faust_reads_the_reports() {
    let Ok(python) = std::env::var(PYTHON) else {
        println!("skipped: {PYTHON} names no Python that has Faust (ci/faust-venv makes one)");
        return;
    };
    let faust = Faust { python, state: tempfile::tempdir().unwrap() };
    // The topics have their default names, in Faust and here. No other test uses those.
    let runner =
        RunnerCommand::without_topics().arguments("run").variable("STOCK_ORDERS_PORT", PORT).start_ready();

    let worker = faust.worker("");
    let mut followed = faust.post(1);
    followed.append(&mut faust.post(ORDERS));
    assert_eq!(followed.len(), ORDERS + 1, "at probability 1.0 each is followed");
    let topic = Topics::default().report_topic;
    let _ = reports::on_each(&topic, &followed);
    assert_eq!(worker.stop().code, Some(0));

    let worker = faust.worker("side");
    let turned = faust.post(5);
    let _ = reports::on_each(&topic, &turned);
    assert_eq!(worker.stop().code, Some(0));
    let ended = runner.interrupted();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);

    let all = reports::all(&topic);
    let of = |ids: &BTreeSet<String>| -> Vec<Report> {
        all.iter().filter(|report| ids.contains(report.id())).cloned().collect()
    };
    reports::assert_one_each(&of(&followed), &followed, State::Pass);
    reports::assert_one_each(&of(&turned), &turned, State::Fail);

    // Faust reads all that we do, by its own model.
    let ours = all.iter().filter(|report| report.value.case_name.as_str() == CASE).count();
    let read = faust.reports(ours);
    let read_by_faust =
        |id: &str| read.iter().filter(|report| report["test"]["id"] == id).collect::<Vec<_>>();
    for (ids, state) in [(&followed, "PASS"), (&turned, "FAIL")] {
        for id in ids {
            let [report] = read_by_faust(id)[..] else { panic!("Faust reads one report on {id}") };
            assert_eq!((&report["state"], &report["key"]), (&Value::from(state), &Value::from(id.as_str())));
            assert_eq!(report["test"]["test_kwargs"]["side"], "sell");
            assert_eq!(report["headers"]["LiveCheck-Test-Id"], *id);
        }
    }
}

/// The name that Faust gives to the case, and that ours has taken.
const CASE: &str = "examples.livecheck.test_order";

#[test]
fn the_case_has_the_name_that_faust_gives_it() {
    let case: &Case = livecheck::Cases::linked().unwrap().get(CASE).expect("it is linked");
    assert_eq!(case.arguments[0].name, "side");
    // The function itself is an ordinary function.
    let _ = faust_order::test_order;
}

/// The programs in `faust/`.
struct Faust {
    python: String,
    state: tempfile::TempDir,
}

struct Worker(Process);

impl Worker {
    fn stop(self) -> Ended {
        self.0.terminate();
        self.0.ended()
    }
}

impl Faust {
    fn command(&self, script: &str) -> Command {
        // The runner's program is asked for so that a missing build is told from a missing Python.
        let _ = program("test-runner");
        let mut command = Command::new(&self.python);
        command
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("faust").join(script))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONUNBUFFERED", "1")
            .env("LIVECHECK_BOOTSTRAP_SERVERS", Kafka::shared().servers())
            .env("STOCK_ORDERS_PORT", PORT)
            .env("STOCK_ORDERS_PROBABILITY", "1.0")
            .env("STOCK_ORDERS_STATE", self.state.path());
        command
    }

    fn worker(&self, broken: &str) -> Worker {
        let mut command = self.command("stock_orders.py");
        command.args(["worker", "-l", "info"]).env("STOCK_ORDERS_BREAK", broken);
        Worker(Process::start(command))
    }

    /// Posts orders, and waits until the worker has executed them; gives the ids of those that are followed.
    fn post(&self, count: usize) -> BTreeSet<String> {
        let mut command = self.command("post_orders.py");
        command.arg(count.to_string());
        let ended = Process::start(command).ended();
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        let posted: Value = serde_json::from_str(&ended.stdout).unwrap();
        posted["followed"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect()
    }

    /// So many reports of the case, as Faust reads them.
    fn reports(&self, count: usize) -> Vec<Value> {
        let mut command = self.command("consume_reports.py");
        command.args(["--case", CASE, "--timeout", "50", "--count", &count.to_string()]);
        let ended = Process::start(command).ended();
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}
