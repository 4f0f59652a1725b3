//! How long it takes from the sending of a signal until the wait for it returns, beside bare produce → consume.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use livecheck_tests::kafka::Kafka;
use livecheck_tests::own_topics::test;
use livecheck_tests::process::Process;

use crate::cases::{self, LATENCIES};
use crate::load::{self, Load};

/// How long before its signal a test is triggered.
const LEAD: usize = 1;
/// What is not counted: the caches are cold.
const WARM_UP: Duration = Duration::from_secs(3);

/// So many signals a second, for so many seconds, each read by a runner and by a bare consumer.
pub(crate) fn measure(rate: usize, seconds: usize, partitions: i32) {
    let topics = load::topics(partitions);
    let folder = std::env::temp_dir().join(format!("livecheck-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let (ours, bare) = (folder.join("ours"), folder.join("bare"));
    let count = rate * seconds;
    let runner = load::runner(&topics, partitions).variable(LATENCIES, ours.display().to_string());
    let runner = load::start_quietly(runner);
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.arg("pings").args([Kafka::shared().servers(), "-", &topics.names.bus_topic, "-"]);
    command.arg(partitions.to_string()).arg(count.to_string()).env(LATENCIES, &bare);
    let consumer = Process::start(command);
    consumer.wait_for_text("ready");

    let load = Load::new(&topics, "0");
    let tests: Vec<_> =
        (0..count).map(|number| test(load::case("ping"), &format!("ping-{number:08}"), &[])).collect();
    let first = cases::now();
    let began = Instant::now();
    let ahead = LEAD * rate;
    for number in 0..count + ahead {
        let due = Duration::from_secs(1).mul_f64(number as f64 / rate as f64);
        std::thread::sleep(due.saturating_sub(began.elapsed()));
        if let Some(test) = tests.get(number) {
            load.trigger(test);
        }
        if let Some(test) = number.checked_sub(ahead).and_then(|number| tests.get(number)) {
            load.signal(test, "sent", Some(cases::now()));
        }
    }
    load.flush();
    consumer.wait_for_text("done");
    load::until_reported(&topics, partitions, count);
    assert_eq!(runner.terminated().code, Some(0));
    let from = first + u64::try_from(WARM_UP.as_micros()).expect("a short time");
    let (ours, bare) = (quantiles(&ours, from), quantiles(&bare, from));
    println!("{rate} signals a second for {seconds} s, on {partitions} partitions, in ms:");
    for (name, of) in [("LiveCheck", &ours), ("bare", &bare)] {
        println!("  {name:<10} p50 {:.2}, p99 {:.2}, of {}", of.p50, of.p99, of.count);
    }
    println!("  more by    p50 {:.2}, p99 {:.2}", ours.p50 - bare.p50, ours.p99 - bare.p99);
    let _ = std::fs::remove_dir_all(folder);
}

struct Quantiles {
    count: usize,
    p50: f64,
    p99: f64,
}

fn quantiles(path: &Path, from: u64) -> Quantiles {
    let text = std::fs::read_to_string(path).expect("what was written down");
    let mut all: Vec<u64> = text
        .lines()
        .filter_map(|line| {
            let (sent, taken) = line.split_once(' ')?;
            let sent: u64 = sent.parse().ok()?;
            (sent >= from).then(|| taken.parse().ok())?
        })
        .collect();
    all.sort_unstable();
    let at = |share: usize| all[(all.len() - 1) * share / 100] as f64 / 1_000.0;
    Quantiles { count: all.len(), p50: at(50), p99: at(99) }
}
