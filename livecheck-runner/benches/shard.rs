//! What an execution costs the engine, with few and with many others in flight.
//!
//! One iteration is a whole execution with three signals through the pure shard: the trigger, three waits, three
//! signals, the verdict. Its cost must not depend on how many others wait.
//!
//! ```text
//! cargo bench -p livecheck-runner --bench shard
//! ```

use std::sync::Arc;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use livecheck_core::case::{Location, SignalDefinition};
use livecheck_core::signal::WaitRequest;
use livecheck_core::wire::{Arguments, SignalEvent, TestExecution};
use livecheck_core::{Case, Cases, ExecutionKey, Timestamp};
use livecheck_runner::engine::{
    CommitPoint, Effect, Ending, Handle, Limits, Logged, Placement, Selection, SentIn, Shard, SignalRecord,
    TestRecord, Times, UnknownCases,
};

const SIGNALS: [&str; 3] = ["stored", "cached", "executed"];
const LIFETIME: Duration = Duration::from_secs(3 * 60 * 60);

static DEFINITIONS: [SignalDefinition; 3] = [
    SignalDefinition::new(SIGNALS[0], "Signal"),
    SignalDefinition::new(SIGNALS[1], "Signal"),
    SignalDefinition::new(SIGNALS[2], "Signal"),
];

static CASE: Case = Case {
    signals: &DEFINITIONS,
    ..Case::new("orders::order_flow", Location { package: "orders", file: "src/cases.rs", line: 1 }, |_| {
        Box::pin(async { Ok(()) })
    })
};

struct Log {
    shard: Shard<Handle>,
    now: Timestamp,
    tests: i64,
    signals: i64,
}

impl Log {
    /// A shard with that many executions that wait for their first signal.
    fn with_in_flight(count: i64) -> Self {
        let cases = Cases::new([&CASE]).expect("one case");
        let selection = Arc::new(Selection {
            cases,
            is_active: |case| case.settings.active,
            unknown: UnknownCases::Skip,
        });
        let limits = Limits { execution_bytes: usize::MAX, ..Limits::default() };
        let shard = Shard::new(Placement::new(0, 1), selection, limits, CommitPoint::START);
        let mut log = Self { shard, now: Timestamp::from_millis(1_800_000_000_000), tests: 0, signals: 0 };
        for _ in 0..count {
            let (execution, _) = log.trigger();
            log.wait(execution, 0);
        }
        log
    }

    fn trigger(&mut self) -> (Handle, ExecutionKey) {
        let offset = self.tests;
        self.tests += 1;
        self.now = self.now + Duration::from_millis(1);
        let test = TestExecution {
            id: format!("order-{offset}").into(),
            case_name: CASE.name.into(),
            timestamp: self.now,
            expires: self.now + LIFETIME,
            arguments: Arguments::new(),
        };
        let key = test.key();
        let value = TestRecord { test, partition_key: None, origin: None };
        self.shard.test(Logged { offset, time: self.now, value }, self.now);
        match self.shard.take_effects().pop() {
            Some(Effect::Start { execution, .. }) => (execution, key),
            other => unreachable!("a trigger starts an execution: {other:?}"),
        }
    }

    fn wait(&mut self, execution: Handle, signal: usize) {
        self.shard.wait(
            execution,
            WaitRequest { signal, key: None, timeout: None },
            self.now,
            execution,
            self.now,
        );
    }

    fn send(&mut self, key: &ExecutionKey, signal: usize) {
        let offset = self.signals;
        self.signals += 1;
        let event = SignalEvent {
            signal_name: SIGNALS[signal].to_owned(),
            case_name: key.case.clone(),
            key: key.id.clone(),
            value: None,
        };
        let times = Times { triggered: key.timestamp, expires: key.timestamp + LIFETIME };
        let sent_in = SentIn { times: Some(times), partition_key: None };
        let record = Logged { offset, time: self.now, value: SignalRecord { event, sent_in, origin: None } };
        self.shard.signal(record, self.now);
    }

    /// A whole execution, from its trigger to its verdict.
    fn execute(&mut self) {
        let (execution, key) = self.trigger();
        for signal in 0..SIGNALS.len() {
            self.wait(execution, signal);
            self.send(&key, signal);
            assert!(matches!(self.shard.take_effects()[..], [Effect::Resolve { result: Ok(_), .. }]));
        }
        self.shard.ended(execution, Ending::Passed, self.now);
        assert!(matches!(self.shard.take_effects()[..], [Effect::Report { .. }]));
    }
}

fn executions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("an execution with three signals");
    group.throughput(Throughput::Elements(1));
    for in_flight in [10_000, 100_000, 1_000_000] {
        let mut log = Log::with_in_flight(in_flight);
        group.bench_function(BenchmarkId::new("in flight", in_flight), |bencher| {
            bencher.iter(|| log.execute());
        });
    }
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    executions(&mut criterion);
    criterion.final_summary();
}
