//! `gate`: judges by the reports, once, or for whoever asks by HTTP.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use livecheck_core::Timestamp;
use livecheck_terminal::style::{PASS, verb};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::broker::running_broker;
use super::stop::Stop;
use super::{Program, RunnerError};
use crate::args::{GateArgs, GateFormat, exit_code};
use crate::gate::http::{self, Question};
use crate::gate::{CaseQuery, Criteria, GateVerdict, Judgement, render};
use crate::kafka::reports::{Reports, Since};
use crate::kafka::{Connection, KafkaEdgeError};

/// How far back is looked where nothing says how far.
const LAST: Duration = Duration::from_secs(10 * 60);
/// How many questions are answered at once: each reads the reports for itself.
const AT_ONCE: usize = 4;

pub(super) async fn gate(program: &Program, args: &GateArgs) -> Result<u8, RunnerError> {
    let connection = running_broker(&program.config()?)?;
    let criteria = Criteria {
        cases: args.cases.iter().cloned().map(CaseQuery).collect(),
        min_executions: args.min_executions,
        max_failure_rate: args.max_failure_rate,
    };
    let last = args.last.unwrap_or(LAST);
    let mut stop = Stop::new().map_err(RunnerError::Runtime)?;
    if let Some(address) = args.listen {
        return serve(program, connection, address, Question { criteria, last }, stop).await;
    }
    warn_of_unknown(program, &criteria);
    let judgement = match args.look_for {
        Some(time) => from_now_on(program, args, &connection, &criteria, time, &mut stop).await?,
        None => looking_back(&connection, &criteria, last).await?,
    };
    match args.format {
        GateFormat::Human => program.screen.print(&render(&judgement, args.max_failure_rate)),
        GateFormat::Json => {
            let json =
                serde_json::to_string(&judgement).map_err(|error| RunnerError::Output(error.into()))?;
            let mut out = anstream::stdout().lock();
            writeln!(out, "{json}").and_then(|()| out.flush()).map_err(RunnerError::Output)?;
        }
    }
    Ok(match judgement.verdict {
        GateVerdict::Pass => exit_code::OK,
        GateVerdict::Inconclusive => exit_code::INCONCLUSIVE,
        GateVerdict::Fail => exit_code::TEST_FAILED,
    })
}

/// Says of a name that none of the linked cases has that it may be mistyped: reports of it may come all the same,
/// from a Faust service say.
fn warn_of_unknown(program: &Program, criteria: &Criteria) {
    for query in &criteria.cases {
        if !program.cases.iter().any(|case| query.matches(case.name)) {
            tracing::warn!("no case in this program is called `{}`: is that its name?", query.0);
        }
    }
}

/// Judges what ended in the last time.
async fn looking_back(
    connection: &Connection,
    criteria: &Criteria,
    last: Duration,
) -> Result<Judgement, KafkaEdgeError> {
    let criteria = criteria.clone();
    let read = move |connection: &Connection| {
        let mut judgement = Judgement::new(&criteria);
        let mut reports = Reports::begin(connection, Since::Time(Timestamp::now() - last))?;
        reports.read_on(|report| judgement.count(&criteria, report))?;
        Ok(judgement.judged(&criteria, last))
    };
    connection.ask(read).await
}

/// Judges what ends from now on, in that time, or until the program is asked to end.
async fn from_now_on(
    program: &Program,
    args: &GateArgs,
    connection: &Connection,
    criteria: &Criteria,
    time: Duration,
    stop: &mut Stop,
) -> Result<Judgement, RunnerError> {
    let began = Instant::now();
    let mut reports = connection.ask(|connection| Reports::begin(connection, Since::Now)).await?;
    if !program.command.output.quiet && args.format == GateFormat::Human {
        let cases: Vec<&str> = args.cases.iter().map(String::as_str).collect();
        let (cases, time) = (cases.join(", "), humantime::format_duration(time));
        program.screen.print(&format!("{} {cases}, for {time} from now on\n", verb(PASS, "Watching")));
    }
    let is_over = stop.unless_asked(tokio::time::sleep(time)).await.is_some();
    let looked_for = began.elapsed().min(time);
    let for_reading = criteria.clone();
    let read = move |_: &Connection| {
        let mut judgement = Judgement::new(&for_reading);
        reports.read_on(|report| judgement.count(&for_reading, report))?;
        Ok::<_, KafkaEdgeError>(judgement)
    };
    let mut judgement = connection.ask(read).await?.judged(criteria, looked_for);
    if !is_over && judgement.verdict == GateVerdict::Pass {
        // What was to be looked at for longer has not passed.
        judgement.verdict = GateVerdict::Inconclusive;
    }
    Ok(judgement)
}

/// Answers by HTTP until the program is asked to end.
async fn serve(
    program: &Program,
    connection: Connection,
    address: SocketAddr,
    default: Question,
    mut stop: Stop,
) -> Result<u8, RunnerError> {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let judge = move |Question { criteria, last }: Question| {
        let (connection, places) = (connection.clone(), Arc::clone(&places));
        let judging = async move {
            let _place = places.acquire().await.map_err(|error| error.to_string())?;
            looking_back(&connection, &criteria, last).await.map_err(|error| with_cause(&error))
        };
        Box::pin(judging) as std::pin::Pin<Box<_>>
    };
    let listening = TcpListener::bind(address).await;
    let listener = listening.map_err(|source| RunnerError::Listen { address, source })?;
    let address = listener.local_addr().map_err(|source| RunnerError::Listen { address, source })?;
    let default_last = humantime::format_duration(default.last);
    program.screen.print(&format!(
        "{} http://{address}/gate, over the last {default_last} where a request says no other\n",
        verb(PASS, "Listening")
    ));
    let routes = http::router(Arc::new(judge), default);
    let serving = axum::serve(listener, routes).with_graceful_shutdown(async move { stop.asked().await });
    serving.await.map_err(|source| RunnerError::Listen { address, source })?;
    Ok(exit_code::OK)
}

fn with_cause(error: &KafkaEdgeError) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{error}{cause}")
}
