//! Faust's own LiveCheck beside the runner, on the same records.

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use livecheck::Timestamp;
use livecheck::wire::{State, TestReport, decode};
use livecheck_tests::kafka::Kafka;
use livecheck_tests::own_topics::OwnTopics;
use livecheck_tests::process::Process;
use livecheck_tests::reports::TopicReader;
use rdkafka::consumer::BaseConsumer;
use rdkafka::message::Message as _;

use crate::load::{self, Load};
use crate::usage;

/// How many tests show that Faust has begun: it says so nowhere.
const WARM_UP: usize = 5;
/// For how long there are so many a second.
const SECONDS: usize = 15;
/// How many are there at once, in the end.
const AT_ONCE: usize = 2_000;
/// How long after the last signal it is waited for reports: longer than Faust's case waits for a signal.
const QUIET: Duration = Duration::from_secs(60);

/// Both, reading the same tests and signals.
struct Pair {
    ours: OwnTopics,
    faust: OwnTopics,
    runner: livecheck_tests::runner::Runner,
    worker: Process,
    load: Load,
}

/// What became of the executions of one of them.
#[derive(Debug, Default)]
struct Verdicts {
    passed: usize,
    failed: usize,
    /// When the last of them was written, by the log's time.
    last: Option<Timestamp>,
}

/// So many executions a second, at each of the rates, and then many at once: what both say of them. All are right.
pub(crate) fn beside(python: &Path, rates: &[usize], partitions: i32) {
    println!("Faust's LiveCheck beside this one, on the same records, 3 signals each, all of them right:");
    for &rate in rates {
        let count = rate * SECONDS;
        let pair = Pair::start(python, partitions);
        let before = pair.processor();
        let began = Instant::now();
        for number in 0..count {
            let due = Duration::from_secs(1).mul_f64(number as f64 / rate as f64);
            std::thread::sleep(due.saturating_sub(began.elapsed()));
            pair.send(number, 1);
        }
        pair.tell(&format!("{rate} a second for {SECONDS} s"), count, before);
    }
    let pair = Pair::start(python, partitions);
    let before = pair.processor();
    pair.send(0, AT_ONCE);
    pair.tell(&format!("{AT_ONCE} at once"), AT_ONCE, before);
}

impl Pair {
    fn start(python: &Path, partitions: i32) -> Self {
        let faust = load::topics(partitions);
        let mut ours = faust.clone();
        let own = load::topics(partitions);
        ours.names.report_topic = own.names.report_topic;
        ours.group = own.group;
        let worker = worker(python, &faust, partitions);
        let runner = load::runner(&ours, partitions).start();
        runner.wait_for_text("Following topic");
        let load = Load::new(&faust, "0");
        let mut pair = Self { ours, faust, runner, worker, load };
        for test in load::orders(0, WARM_UP) {
            pair.load.trigger(&test);
            pair.load.signals(&test);
        }
        pair.load.flush();
        pair.until_faust_has_begun(partitions);
        pair
    }

    fn until_faust_has_begun(&mut self, partitions: i32) {
        let consumer: BaseConsumer = Kafka::shared().client(&[("group.id", "bench")]);
        let wanted = i64::try_from(WARM_UP).expect("a few");
        while load::offsets(&consumer, &self.faust.names.report_topic, partitions) < wanted {
            assert!(self.worker.is_running(), "Faust has ended: {}", self.worker.said());
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Executions behind those that have shown that Faust has begun.
    fn send(&self, from: usize, count: usize) {
        for test in load::orders(WARM_UP + from, count) {
            self.load.trigger(&test);
            self.load.signals(&test);
        }
    }

    /// The processor time that both have spent.
    fn processor(&self) -> [Duration; 2] {
        [self.runner.id(), self.worker.id()].map(usage::processor)
    }

    /// Waits for the verdicts, and says what they are.
    fn tell(self, load: &str, count: usize, before: [Duration; 2]) {
        let all_sent = Timestamp::now();
        self.load.flush();
        let sent = Instant::now();
        println!("  {load}");
        let topics = [&self.ours, &self.faust];
        let verdicts = topics.map(|topics| Verdicts::until(topics, count, sent));
        let processor = self.processor();
        for (index, name) in ["LiveCheck", "Faust"].into_iter().enumerate() {
            let Verdicts { passed, failed, last } = verdicts[index];
            // A rate would say little of what takes some milliseconds.
            let late = last.unwrap_or(all_sent).since(all_sent).as_secs_f64();
            let spent = (processor[index] - before[index]).as_secs_f64() * 1e6 / count as f64;
            let missing = count.saturating_sub(passed + failed);
            println!(
                "    {name:<10} {passed} passed, {failed} called failed, {missing} without a verdict; \
                 the last {late:.2} s after the last signal; {spent:.0} µs of processor each"
            );
        }
        assert_eq!(self.runner.terminated().code, Some(0));
    }
}

impl Verdicts {
    /// Those on the report topic, once there are as many as that, or no more come.
    fn until(topics: &OwnTopics, wanted: usize, sent: Instant) -> Self {
        loop {
            let verdicts = Self::of(&topics.names.report_topic);
            if verdicts.passed + verdicts.failed >= wanted || sent.elapsed() > QUIET {
                return verdicts;
            }
            std::thread::sleep(Duration::from_secs(1));
        }
    }

    fn of(topic: &str) -> Self {
        let warm_up: HashSet<_> = load::orders(0, WARM_UP).map(|test| test.id).collect();
        let mut verdicts = Self::default();
        TopicReader::new(topic).read_to_end(|message| {
            let report: TestReport = decode(message.payload()).expect("a report");
            // One on a case as a whole has no test.
            if report.test.is_none_or(|test| warm_up.contains(&test.id)) {
                return;
            }
            match report.state {
                State::Pass => verdicts.passed += 1,
                _ => verdicts.failed += 1,
            }
            let at = message.timestamp().to_millis().map(Timestamp::from_millis);
            verdicts.last = verdicts.last.max(at);
        });
        verdicts
    }
}

/// Faust, executing the case of the bench, on those topics.
fn worker(python: &Path, topics: &OwnTopics, partitions: i32) -> Process {
    let mut command = Command::new(python);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("faust_order.py"));
    command.args(["worker", "--without-web", "-l", "warn"]);
    let names = [&topics.names.test_topic, &topics.names.bus_topic, &topics.names.report_topic];
    command
        .env("BENCH_SERVERS", Kafka::shared().servers())
        .env("BENCH_TOPICS", names.map(String::as_str).join(" "))
        .env("BENCH_PARTITIONS", partitions.to_string())
        .env("BENCH_FOLDER", std::env::temp_dir().join(&topics.group));
    Process::start(command)
}
