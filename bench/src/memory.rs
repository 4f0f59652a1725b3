//! What executions take while they wait, and whether it comes back.

use std::time::{Duration, Instant};

use livecheck_tests::commits::needs_no_log;

use crate::cases;
use crate::load::{self, Load};
use crate::usage;

/// A runner says how many are in flight this often.
const STATUS: (&str, &str) = ("LIVECHECK_STATUS_INTERVAL", "500ms");

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// So many executions in flight at once, then all of them ended; twice, since memory that comes back may be used
/// again and not be given back.
pub(crate) fn in_flight(count: usize, partitions: i32) {
    let topics = load::topics(partitions);
    let runner = load::runner(&topics, partitions).variable(STATUS.0, STATUS.1).start();
    runner.wait_for_text("Following topic");
    std::thread::sleep(Duration::from_secs(2));
    let start = usage::resident(runner.id());
    println!("at the start {:.0} MiB; the future of a case takes {} bytes", mib(start), cases::order_bytes());
    let load = Load::new(&topics, "20");
    for round in 0..2 {
        let tests: Vec<_> = load::orders(round * count, count).collect();
        for test in &tests {
            load.trigger(test);
        }
        load.flush();
        while load::in_flight(&runner) < count {
            std::thread::sleep(Duration::from_millis(200));
        }
        std::thread::sleep(Duration::from_secs(2));
        let said = |what: &str| {
            let waiting = usage::resident(runner.id());
            let each = waiting.saturating_sub(start) / u64::try_from(count).expect("a count");
            println!("{count} {what}: {:.0} MiB, {each} bytes each", mib(waiting));
        };
        said("in flight");
        while !needs_no_log(&topics) {
            std::thread::sleep(Duration::from_millis(500));
        }
        std::thread::sleep(Duration::from_secs(2));
        said("in flight, and saved");
        for test in &tests {
            load.signals(test);
        }
        load.flush();
        load::until_reported(&topics, partitions, (round + 1) * count);
        std::thread::sleep(Duration::from_secs(3));
        println!("ended: {:.0} MiB", mib(usage::resident(runner.id())));
    }
    assert_eq!(runner.terminated().code, Some(0));
}

/// So many executions a second, for so many minutes; says every half a minute what the runner takes.
pub(crate) fn soak(rate: usize, minutes: f64, partitions: i32) {
    let topics = load::topics(partitions);
    let runner = load::runner(&topics, partitions).variable(STATUS.0, STATUS.1).start();
    runner.wait_for_text("Following topic");
    let load = Load::new(&topics, "5");
    let began = Instant::now();
    let mut count = 0;
    let mut told = Duration::ZERO;
    while began.elapsed().as_secs_f64() < minutes * 60.0 {
        let due = usize::try_from(began.elapsed().as_millis()).expect("not so long") * rate / 1_000;
        for test in load::orders(count, due - count) {
            load.trigger(&test);
            load.signals(&test);
        }
        count = due;
        std::thread::sleep(Duration::from_millis(5));
        if began.elapsed() >= told {
            let (elapsed, resident) = (began.elapsed().as_secs(), usage::resident(runner.id()));
            println!("{elapsed:>5} s: {count:>9} executions, {:.1} MiB", mib(resident));
            told += Duration::from_secs(30);
        }
    }
    load.flush();
    load::until_reported(&topics, partitions, count);
    println!("  end: {count:>9} executions, {:.1} MiB", mib(usage::resident(runner.id())));
    assert_eq!(runner.terminated().code, Some(0));
}
