//! Kills runners and brokers under load, and says whether every verdict is accounted for.
//!
//! ```text
//! cargo run -p livecheck-tests --bin faults -- --minutes 60 --seed 7
//! cargo run -p livecheck-tests --bin faults -- --broker kafka
//! ```
//!
//! The runners, and the embedded broker, are this program as well: `faults run …` is a runner, and
//! `faults broker PORT FOLDER` a broker.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Parser;
use livecheck_tests::faults::broker::{BrokerKind, TestBroker};
use livecheck_tests::faults::clock::Slots;
use livecheck_tests::faults::orders::{self, Rate};
use livecheck_tests::faults::reading::Reading;
use livecheck_tests::faults::round::{self, Outcome, Stage};
use livecheck_tests::faults::schedule::{Schedule, Shape};
use livecheck_tests::faults::verifier::Violation;
use livecheck_tests::kafka::Kafka;
use livecheck_tests::own_topics::OwnTopics;
use tokio::signal::unix::{SignalKind, signal};

/// How many violations are told in full.
const TOLD: usize = 10;

/// Kills runners and brokers under load, and says whether every verdict is accounted for.
#[derive(Debug, Parser)]
struct Arguments {
    /// The seed of the first round; the next one has the next. By default it is left to chance
    #[arg(long)]
    seed: Option<u64>,
    /// How many rounds [default: 1, or as many as there is time for]
    #[arg(long)]
    rounds: Option<u64>,
    /// For how many minutes rounds are begun
    #[arg(long)]
    minutes: Option<f64>,
    /// The broker: `embedded`, with a data folder; `kafka`, by ci/kafka; or HOST:PORT, which is not killed
    #[arg(long, default_value = "embedded")]
    broker: BrokerKind,
    /// Executions that are triggered a second
    #[arg(long, default_value_t = 100)]
    rate: u32,
    /// Runners, at most
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..))]
    runners: u8,
    /// Seconds of each round in which there are faults
    #[arg(long, default_value_t = 30)]
    length: u64,
    /// Seconds for which the broker is away in each round, once; the length of the round should be more
    #[arg(long, default_value_t = 0)]
    outage: u64,
}

/// What the runners do by the clock meanwhile: [`TICK`](livecheck_tests::faults::clock::TICK).
#[livecheck::case(name = "livecheck_tests::faults::tick", every = "1s")]
async fn tick() {}

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("run") => return Ok(livecheck::runner::main()),
        Some("broker") => return serve(&arguments[1..]).map(|()| ExitCode::SUCCESS),
        _ => {}
    }
    let arguments = Arguments::parse();
    let seed = arguments.seed.unwrap_or_else(|| u64::from(rand::random::<u32>()));
    let program = std::env::current_exe().context("where this program is")?;
    let broker = TestBroker::start(&arguments.broker, &program);
    Kafka::share(broker.servers());
    let topics = OwnTopics::created("faults", &[]);
    let reading = Reading::new(&topics);
    let length = Duration::from_secs(arguments.length);
    let outage = Duration::from_secs(arguments.outage);
    let shape = Shape { length, runners: arguments.runners.into(), broker: broker.is_ours(), outage };
    let rate = Rate { length, per_second: arguments.rate };
    println!(
        "seed {seed}, on {} ({}); {} executions a second, {} runners at most",
        broker.servers(),
        match &arguments.broker {
            BrokerKind::Embedded => "embedded, with a data folder",
            BrokerKind::Kafka => "Apache Kafka, by ci/kafka",
            BrokerKind::Given(_) => "given, and not killed",
        },
        rate.per_second,
        shape.runners,
    );

    let mut stage = Stage { broker, topics, reading, slots: Slots::default(), program };
    let introduction = round::play(&mut stage, Schedule::calm(), &orders::introduction(seed), |_| {});
    if !introduction.is_flawless() {
        tell(seed, &introduction)?;
        anyhow::bail!("without a fault, signals of another partitioner did not find their tests");
    }
    let began = Instant::now();
    let (mut rounds, mut executions, mut faults, mut ticks) = (0, 0, 0, 0);
    let is_on = |rounds: u64| match (arguments.rounds, arguments.minutes) {
        (None, None) => rounds < 1,
        (wanted, minutes) => {
            wanted.is_none_or(|wanted| rounds < wanted)
                && minutes.is_none_or(|minutes| began.elapsed().as_secs_f64() < minutes * 60.0)
        }
    };
    while is_on(rounds) {
        let seed = seed.wrapping_add(rounds);
        println!("round {}: seed {seed}", rounds + 1);
        let steps = std::sync::atomic::AtomicUsize::new(0);
        let orders = orders::generate(seed, &format!("s{seed}"), rate);
        let outcome = round::play(&mut stage, Schedule::generate(seed, shape), &orders, |timed| {
            steps.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            println!("  {timed}");
        });
        rounds += 1;
        executions += outcome.judgement.triggered;
        faults += steps.into_inner();
        ticks = outcome.ticks;
        println!("  {}", summary(&outcome));
        if !outcome.is_flawless() {
            let folder = tell(seed, &outcome)?;
            println!("what the runners said is in {}", folder.display());
            let Arguments { length, outage, .. } = &arguments;
            println!("the same again: --seed {seed} --rounds 1 --length {length} --outage {outage}");
            return Ok(ExitCode::FAILURE);
        }
    }
    println!(
        "{rounds} rounds, {faults} steps, {executions} executions: lost 0, duplicated 0, wrong 0, tables as they should \
         be, {ticks} slots of the clock with one report each, in {:.0} s",
        began.elapsed().as_secs_f64()
    );
    Ok(ExitCode::SUCCESS)
}

/// The counts of a round, in one line.
fn summary(outcome: &Outcome) -> String {
    let judgement = &outcome.judgement;
    let states: Vec<_> =
        judgement.states.iter().map(|(state, count)| format!("{count} {}", state.as_str())).collect();
    let count = |is: fn(&Violation) -> bool| judgement.count(is);
    format!(
        "{} executions: {}; lost {}, duplicated {}, wrong {}, rows wrong {}; {} decided by late records, {} runners \
         started again, all reported {:.1} s after the last fault",
        judgement.triggered,
        states.join(", "),
        count(|violation| *violation == Violation::Lost),
        count(|violation| matches!(violation, Violation::Duplicated(_) | Violation::Stranger)),
        count(|violation| matches!(violation, Violation::Wrong(_))),
        outcome.discrepancies.len(),
        judgement.delayed,
        outcome.history.restarts,
        outcome.settled.as_secs_f64(),
    )
}

/// Tells the violations, and leaves what the runners said in a folder.
fn tell(seed: u64, outcome: &Outcome) -> anyhow::Result<PathBuf> {
    for complaint in &outcome.history.complaints {
        println!("  {complaint}");
    }
    for discrepancy in &outcome.discrepancies {
        println!("  {discrepancy}");
    }
    let mut all = String::new();
    for (execution, violation) in &outcome.judgement.violations {
        writeln!(all, "{execution}: {violation}")?;
        let log = &outcome.log;
        for trigger in log.triggers.iter().filter(|trigger| trigger.execution == *execution) {
            writeln!(all, "    {trigger:?}")?;
        }
        let number = format!("number of {}", execution.id);
        let of_it = |key: &str, case: &str| {
            [&execution.id, &number].contains(&&key.to_owned()) && execution.case == case
        };
        for signal in log.signals.iter().filter(|signal| of_it(&signal.key, &signal.case)) {
            writeln!(all, "    {signal:?}")?;
        }
        for report in log.reports.iter().filter(|report| report.execution == *execution) {
            writeln!(all, "    {report:?}")?;
        }
    }
    let folder = std::env::temp_dir().join(format!("livecheck-faults-{seed}"));
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("violations.txt"), &all)?;
    std::fs::write(folder.join("runners.txt"), &outcome.history.said)?;
    let mut told = 0;
    for line in all.lines() {
        told += usize::from(!line.starts_with(' '));
        if told > TOLD {
            println!("  and {} more", outcome.judgement.violations.len() - TOLD);
            break;
        }
        println!("  {line}");
    }
    Ok(folder)
}

/// Serves as an embedded broker, until it is asked to end.
#[tokio::main]
async fn serve(arguments: &[String]) -> anyhow::Result<()> {
    let [port, folder] = arguments else { anyhow::bail!("usage: faults broker PORT FOLDER") };
    let mut terminated = signal(SignalKind::terminate())?;
    let builder = livecheck_broker::Broker::builder().port(port.parse()?).data_dir(folder);
    let broker = builder.auto_create_topics(false).start().await?;
    println!("serving on {}", broker.bootstrap_servers());
    terminated.recv().await;
    broker.shutdown().await;
    Ok(())
}
