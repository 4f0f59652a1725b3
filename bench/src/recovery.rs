//! How soon a runner that takes over has everything going again.

use std::time::{Duration, Instant};

use livecheck_tests::commits::needs_no_log;

use crate::load::{self, Load};
use crate::usage;

/// A runner says how many are in flight this often.
const STATUS: (&str, &str) = ("LIVECHECK_STATUS_INTERVAL", "100ms");
/// A runner that takes less than a tenth of a processor for this long has nothing left to do but to wait.
const QUIET: Duration = Duration::from_millis(500);

/// So many executions in flight, each with two of its three signals, all of them in flight for longer than it takes
/// until they are saved, however long; the runner is killed, and another takes over.
pub(crate) fn take_over(count: usize, partitions: i32) {
    let topics = load::topics(partitions);
    let runner = || load::runner(&topics, partitions).variable(STATUS.0, STATUS.1).start();
    let first = runner();
    first.wait_for_text("Following topic");
    let load = Load::new(&topics, "20");
    let tests: Vec<_> = load::orders(0, count).collect();
    for test in &tests {
        load.trigger(test);
        load.signal(test, load::SIGNALS[0], None);
        load.signal(test, load::SIGNALS[1], None);
    }
    load.flush();
    while load::in_flight(&first) < count || !needs_no_log(&topics) {
        std::thread::sleep(Duration::from_millis(500));
    }
    println!("{count} in flight, and saved");
    drop(first);

    let began = Instant::now();
    let second = runner();
    second.wait_for_text("Following topic");
    println!("{:>6.1} s: the group has given it the partitions of the one that was killed", secs(began));
    while load::in_flight(&second) < count {
        std::thread::sleep(Duration::from_millis(50));
    }
    println!("{:>6.1} s: all {count} are in flight", secs(began));
    loop {
        let before = usage::processor(second.id());
        std::thread::sleep(QUIET);
        if usage::processor(second.id()) - before < QUIET / 10 {
            break;
        }
    }
    let took = usage::processor(second.id()).as_secs_f64();
    println!(
        "{:>6.1} s: all of them wait; that took {took:.1} s of processor time",
        secs(began) - QUIET.as_secs_f64()
    );
    for test in &tests {
        load.signal(test, load::SIGNALS[2], None);
    }
    load.flush();
    load::until_reported(&topics, partitions, count);
    let ended = second.terminated();
    assert!(ended.stderr.contains(&format!("{count} executions: {count} passed")), "{}", ended.stderr);
    println!("all have passed");
}

fn secs(since: Instant) -> f64 {
    since.elapsed().as_secs_f64()
}
