//! Figures, with rdkafka, of the embedded broker beside real Kafka in one run; and a soak.
//!
//! `cargo run --release -p livecheck-broker --example measure` measures the embedded broker, in memory and with a
//! data folder, and the broker that `LIVECHECK_TEST_BOOTSTRAP` names, if it does; `LIVECHECK_TEST_KAFKA_PID` is its
//! process. `eval "$(ci/kafka env)"` sets both.
//!
//! `cargo run --release -p livecheck-broker --example measure soak 30` runs a thousand records a second, a group and
//! transactions for thirty minutes against an embedded broker, and tells its memory and processor time each minute.

mod figures;
mod served;
mod soak;

use figures::Figures;
use served::Served;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", ref folder @ ..] => served::serve(folder.first().copied()),
        ["soak", minutes] => soak::soak(&Served::start(None)?, minutes.parse()?),
        [] => side_by_side(),
        _ => Err("measure [soak MINUTES]".into()),
    }
}

fn side_by_side() -> Result<(), Failure> {
    let mut all = Vec::new();
    {
        let served = Served::start(None)?;
        all.push(("embedded, in memory", Figures::of(&served.bootstrap), served.memory()));
    }
    {
        let folder = tempfile::tempdir()?;
        let served = Served::start(Some(folder.path()))?;
        all.push(("embedded, data folder", Figures::of(&served.bootstrap), served.memory()));
    }
    if let Ok(bootstrap) = std::env::var("LIVECHECK_TEST_BOOTSTRAP") {
        let figures = Figures::of(&bootstrap);
        let process = std::env::var("LIVECHECK_TEST_KAFKA_PID").ok().and_then(|process| process.parse().ok());
        all.push(("the other broker", figures, process.and_then(served::memory_of)));
    }
    println!(
        "{:22} {:>9} {:>9} {:>9} {:>11} {:>11} {:>11} {:>9}",
        "", "p50 ms", "p99 ms", "max ms", "produced/s", "consumed/s", "rebalance", "memory"
    );
    for (name, figures, memory) in all {
        let memory = memory.map_or("-".to_owned(), |bytes| format!("{} MiB", bytes >> 20));
        println!(
            "{name:22} {:>9.2} {:>9.2} {:>9.2} {:>11.0} {:>11.0} {:>8} ms {memory:>9}",
            figures.latency[0],
            figures.latency[1],
            figures.latency[2],
            figures.produced,
            figures.consumed,
            figures.rebalance.as_millis(),
        );
    }
    Ok(())
}
