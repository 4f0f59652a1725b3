//! Executions a second, with three signals each, from a backlog: the runner beside the floor.

use std::collections::HashSet;
use std::process::Command;
use std::time::Duration;

use livecheck::wire::{State, TestReport, decode};
use livecheck_tests::kafka::Kafka;
use livecheck_tests::own_topics::OwnTopics;
use livecheck_tests::process::Process;
use livecheck_tests::reports::TopicReader;
use rdkafka::message::Message as _;

use crate::cases;
use crate::load::{self, Load};
use crate::usage::{self, Threads};

/// What one run came to.
#[derive(Clone, Debug)]
struct Figure {
    wall: Duration,
    processor: Duration,
    /// What Kafka had meanwhile, where it is known: the machine is shared with it.
    of_kafka: Option<Duration>,
    /// Which thread had how much of that.
    by_thread: String,
}

impl Figure {
    fn per_second(&self, count: usize) -> f64 {
        count as f64 / self.wall.as_secs_f64()
    }

    /// Of the program, and of Kafka.
    fn micros_each(&self, count: usize) -> String {
        let each = |spent: Duration| spent.as_secs_f64() * 1e6 / count as f64;
        let of_kafka = self.of_kafka.map(|spent| format!(" and Kafka's {:>4.1} µs", each(spent)));
        format!("{:>5.1} µs{}", each(self.processor), of_kafka.unwrap_or_default())
    }
}

/// The runner and the floor in turns, so many times.
pub(crate) fn beside_the_floor(count: usize, partitions: i32, times: usize) {
    let topics = load::topics(partitions);
    backlog(&topics, count);
    println!("{count} executions with 3 signals each, from a backlog on {partitions} partitions");
    let mut ratios = Vec::new();
    for _ in 0..times {
        let ours = ours(&topics, partitions, count);
        let floor = floor(&topics, partitions, count);
        let (a, b) = (ours.per_second(count), floor.per_second(count));
        ratios.push(a / b);
        println!(
            "  LiveCheck {a:>8.0}/s, {} of processor each; floor {b:>8.0}/s, {}; ratio {:.2}",
            ours.micros_each(count),
            floor.micros_each(count),
            a / b
        );
        println!("    threads of LiveCheck, µs each: {}", ours.by_thread);
        println!("    threads of the floor, µs each: {}", floor.by_thread);
    }
    ratios.sort_by(f64::total_cmp);
    println!("  median ratio {:.2}", ratios[ratios.len() / 2]);
    load::delete(&topics);
}

fn backlog(topics: &OwnTopics, count: usize) {
    let load = Load::new(topics, "20");
    for test in load::orders(0, count) {
        load.trigger(&test);
        load.signals(&test);
    }
    load.flush();
}

/// The runner on those topics, whose reports go to a topic of their own, in a group of its own.
fn ours(topics: &OwnTopics, partitions: i32, count: usize) -> Figure {
    let own = load::topics(partitions);
    let mut topics = topics.clone();
    topics.names.report_topic.clone_from(&own.names.report_topic);
    topics.group.clone_from(&own.group);
    let runner = load::start_quietly(load::runner(&topics, partitions));
    let (began, before, threads) = (cases::now(), usage::processor(runner.id()), Threads::of(runner.id()));
    let of_kafka = of_kafka();
    load::until_reported(&topics, partitions, count);
    let processor = usage::processor(runner.id()) - before;
    let of_kafka = of_kafka_since(of_kafka);
    let by_thread = Threads::of(runner.id()).since(&threads).each(count);
    assert_eq!(runner.terminated().code, Some(0));

    let (mut passed, mut last) = (HashSet::new(), 0);
    TopicReader::new(&topics.names.report_topic).read_to_end(|message| {
        let report: TestReport = decode(message.payload()).expect("a report");
        assert_eq!(report.state, State::Pass, "{report:?}");
        let millis = message.timestamp().to_millis().expect("the log's time");
        last = last.max(u64::try_from(millis).expect("after 1970") * 1_000);
        passed.insert(message.key().expect("a key").to_vec());
    });
    assert_eq!(passed.len(), count, "each is reported");
    load::delete(&own);
    Figure { wall: Duration::from_micros(last.saturating_sub(began)), processor, of_kafka, by_thread }
}

fn floor(topics: &OwnTopics, partitions: i32, count: usize) -> Figure {
    let own = load::topics(partitions);
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    let names = [&topics.names.test_topic, &topics.names.bus_topic, &own.names.report_topic];
    command.arg("floor").arg(Kafka::shared().servers()).args(names);
    command.arg(partitions.to_string()).arg(count.to_string());
    let floor = Process::start(command).with_patience(load::PATIENCE);
    floor.wait_for_text("ready");
    let (began, before, of_kafka) = (cases::now(), usage::processor(floor.id()), of_kafka());
    let (done, by_thread) = floor.wait_for("that it is done", |line| {
        let (done, by_thread) = line.strip_prefix("done ")?.split_once(' ')?;
        Some((done.parse::<u64>().ok()?, by_thread.to_owned()))
    });
    let processor = usage::processor(floor.id()).max(before) - before;
    let of_kafka = of_kafka_since(of_kafka);
    assert_eq!(floor.ended().code, Some(0));
    load::delete(&own);
    Figure { wall: Duration::from_micros(done - began), processor, of_kafka, by_thread }
}

/// The processor time that Kafka has spent, where its process is known.
fn of_kafka() -> Option<Duration> {
    Kafka::shared().process().map(usage::processor)
}

/// What it has spent since then.
fn of_kafka_since(before: Option<Duration>) -> Option<Duration> {
    Some(of_kafka()?.saturating_sub(before?))
}

/// So many runners share a topic that is written meanwhile: the work for each execution, and who did how much.
pub(crate) fn scale_out(count: usize, partitions: i32, sizes: &[usize]) {
    println!("{count} executions with 3 signals each, on {partitions} partitions");
    for &size in sizes {
        let topics = load::topics(partitions);
        let mut runners: Vec<_> = Vec::new();
        for _ in 0..size {
            let runner =
                load::runner(&topics, partitions).variable("LIVECHECK_KAFKA_HEARTBEAT_INTERVAL_MS", "300");
            runners.push(load::start_quietly(runner));
        }
        // The others give up partitions at their next heartbeats.
        std::thread::sleep(Duration::from_secs(3));
        let before: Vec<_> = runners.iter().map(|runner| usage::processor(runner.id())).collect();
        backlog(&topics, count);
        load::until_reported(&topics, partitions, count);
        let after = runners.iter().map(|runner| usage::processor(runner.id()));
        let spent: Vec<Duration> = after.zip(before).map(|(after, before)| after - before).collect();
        let passed: Vec<usize> =
            runners.into_iter().map(|runner| passed(&runner.terminated().stderr)).collect();
        assert_eq!(passed.iter().sum::<usize>(), count);
        let all: Duration = spent.iter().sum();
        let micros = all.as_secs_f64() * 1e6 / count as f64;
        let least = *passed.iter().min().expect("a runner") as f64;
        let most = *passed.iter().max().expect("a runner") as f64;
        println!(
            "  {size} runners: {micros:.1} µs of processor each, {:.0}/s per core; executions {passed:?}, \
             the least of them {:.2} of the most",
            1e6 / micros,
            least / most
        );
    }
}

/// How many executions a runner says that it has passed.
fn passed(said: &str) -> usize {
    let summary = said.lines().find(|line| line.contains("Summary")).expect("a summary");
    let before = summary.split(" passed").next().unwrap_or_default();
    before.rsplit(' ').next().unwrap_or_default().replace(',', "").parse().unwrap_or(0)
}
