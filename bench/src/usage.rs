//! What a process takes, by Linux's `/proc`.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

/// Linux counts processor time in hundredths of a second.
const TICK: Duration = Duration::from_millis(10);

/// The processor time that a process has spent, in all its threads.
pub(crate) fn processor(pid: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name stands in parentheses, and may have spaces.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |field: usize| fields.get(field).and_then(|ticks| ticks.parse().ok()).unwrap_or(0_u32);
    // `utime` and `stime`: the 14th and the 15th of all.
    TICK * (ticks(11) + ticks(12))
}

/// The memory that a process has in use, in bytes.
pub(crate) fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")).and_then(|kib| kib.parse().ok());
    kib.unwrap_or(0_u64) * 1024
}

/// The processor time of each thread of a process, by the thread's name; those of one name together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Threads(BTreeMap<String, Duration>);

impl Threads {
    /// What those that run have had so far.
    pub(crate) fn of(pid: u32) -> Self {
        let mut threads = BTreeMap::new();
        for thread in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
            let read = |file: &str| fs::read_to_string(thread.path().join(file)).unwrap_or_default();
            // librdkafka counts its threads: `rdk:broker1`.
            let name = read("comm").trim().trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
            // In nanoseconds, where `stat` has hundredths of a second.
            let spent = read("schedstat").split(' ').next().and_then(|spent| spent.parse().ok());
            *threads.entry(name).or_default() += Duration::from_nanos(spent.unwrap_or(0));
        }
        Self(threads)
    }

    /// What they have had since then.
    pub(crate) fn since(mut self, earlier: &Self) -> Self {
        for (name, spent) in &mut self.0 {
            *spent = spent.saturating_sub(earlier.0.get(name).copied().unwrap_or_default());
        }
        self
    }

    /// In microseconds for each of so many executions, the busiest first; those that have had next to nothing are left out.
    pub(crate) fn each(&self, count: usize) -> String {
        let mut threads: Vec<_> =
            self.0.iter().map(|(name, spent)| (name, spent.as_secs_f64() * 1e6 / count as f64)).collect();
        threads.retain(|(_, micros)| *micros >= 0.1);
        threads.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        let threads = threads.iter().map(|(name, micros)| format!("{name} {micros:.1}"));
        threads.collect::<Vec<_>>().join(", ")
    }
}
