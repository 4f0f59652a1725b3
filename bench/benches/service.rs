//! What a service pays.
//!
//! ```text
//! cargo bench -p livecheck-bench --bench service
//! ```
//!
//! The client sends to the embedded broker; its queue is emptied between the measured batches.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use livecheck::context::InTestRecord as _;
use livecheck::{Context, Signal};
use rdkafka::producer::FutureRecord;

/// An order is stored.
#[livecheck::case(probability = 0.0)]
async fn order_flow(side: u32, #[signal] stored: Signal<u32>, #[signal] cached: Signal) -> livecheck::Result {
    assert_eq!(stored.wait().await?, side);
    cached.wait().await?;
    Ok(())
}

/// How many signals are sent before the queue is emptied.
const BATCH: u64 = 10_000;

/// Runs something inside a test.
fn in_test<T>(what: impl FnOnce() -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(Context::for_test("0a4d5f0e-62a7-4cb8-a8ad-3f9d1c9f5b11").scope(async { what() }))
}

fn triggers(criterion: &mut Criterion) {
    criterion.bench_function("maybe_trigger, not sampled", |bencher| {
        bencher.iter(|| order_flow::maybe_trigger(black_box(&7)).id(black_box("o-1")).send());
    });
}

fn signals(criterion: &mut Criterion) {
    criterion.bench_function("a signal outside a test", |bencher| {
        bencher.iter(|| order_flow::stored.send(black_box(&7)));
    });
    let mut group = criterion.benchmark_group("a signal sent");
    group.throughput(Throughput::Elements(1));
    group.bench_function("into the client's queue", |bencher| {
        bencher.iter_custom(|times| {
            let mut spent = Duration::ZERO;
            for done in (0..times).step_by(usize::try_from(BATCH).expect("a small number")) {
                spent += in_test(|| {
                    let began = Instant::now();
                    for _ in done..times.min(done + BATCH) {
                        order_flow::stored.send(black_box(&7));
                    }
                    began.elapsed()
                });
                livecheck::client::flush_blocking(Duration::from_secs(30));
            }
            spent
        });
    });
    group.finish();
    let statistics = livecheck::client::installed().expect("a client").statistics();
    assert_eq!(
        (statistics.rejected, statistics.failed),
        (0, 0),
        "what was refused costs less: {statistics:?}"
    );
}

fn headers(criterion: &mut Criterion) {
    let record = || FutureRecord::<str, str>::to("orders").key("o-1").payload("{}");
    criterion.bench_function("a record, without the extension", |bencher| {
        bencher.iter(|| black_box(record()));
    });
    criterion.bench_function("a record, with the extension, outside a test", |bencher| {
        bencher.iter(|| black_box(record().in_current_test()));
    });
    criterion.bench_function("headers attached", |bencher| {
        in_test(|| bencher.iter(|| black_box(record().in_current_test())));
    });
    let context = Context::for_test("0a4d5f0e-62a7-4cb8-a8ad-3f9d1c9f5b11");
    let written = context.to_headers();
    criterion.bench_function("headers read", |bencher| {
        bencher.iter(|| {
            let headers = written.iter().map(|(name, value)| (*name, value.as_bytes()));
            Context::from_headers(black_box(headers)).expect("all four")
        });
    });
    criterion.bench_function("headers read, where there are none of ours", |bencher| {
        let others = [("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".as_slice())];
        bencher.iter(|| Context::from_headers(black_box(others)));
    });
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let broker = livecheck_broker::Broker::builder().default_partitions(8).retention_bytes(64 << 20).start();
    let broker = runtime.block_on(broker).expect("a broker");
    livecheck::Client::kafka(&broker.bootstrap_servers()).install().expect("a client");
    let mut criterion = Criterion::default().configure_from_args();
    triggers(&mut criterion);
    signals(&mut criterion);
    headers(&mut criterion);
    criterion.final_summary();
}
