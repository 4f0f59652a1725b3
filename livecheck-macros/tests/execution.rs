//! What a runner does with a case: it calls the function with what came.

use std::sync::{Arc, Mutex};
use std::task::{self, Poll};
use std::time::Duration;

use livecheck::execution::Execution;
use livecheck::signal::{ReceivedSignal, SignalSource, WaitNumber, WaitRequest};
use livecheck::wire::Arguments;
use livecheck::{Case, CaseBuilder, Context, ExecutionKey, Signal, Timeout, Timestamp, current};
use serde_json::value::RawValue;

#[livecheck::case]
async fn payment(
    amount: u64,
    #[signal(timeout = "30s")] booked: Signal<u64>,
    currency: String,
    #[signal] confirmed: Signal,
) -> livecheck::Result {
    assert_eq!(current().as_ref().map(|test| test.id().as_str()), Some("p-1"));
    assert_eq!(booked.wait().await?, amount);
    anyhow_ensure(currency == "EUR")?;
    confirmed.wait().timeout("5s").await?;
    Ok(())
}

fn anyhow_ensure(condition: bool) -> livecheck::Result {
    if condition { Ok(()) } else { livecheck::skip("another currency") }
}

/// Answers each wait with the value for the signal at that position, and keeps what was asked.
#[derive(Default)]
struct Engine {
    values: Vec<Option<Arc<RawValue>>>,
    asked: Mutex<Vec<WaitRequest>>,
}

impl SignalSource for Engine {
    fn begin(self: Arc<Self>, request: WaitRequest) -> WaitNumber {
        let mut asked = self.asked.lock().expect("no test panics here");
        asked.push(request);
        WaitNumber(u32::try_from(asked.len() - 1).expect("few"))
    }

    fn poll(&self, wait: WaitNumber, _: &mut task::Context<'_>) -> Poll<Result<ReceivedSignal, Timeout>> {
        let asked = self.asked.lock().expect("no test panics here");
        let signal = asked[usize::try_from(wait.0).expect("few")].signal;
        let value = self.values.get(signal).cloned().flatten();
        Poll::Ready(Ok(ReceivedSignal { value, partition: 0, offset: 0, time: Timestamp::now() }))
    }

    fn forget(&self, _: WaitNumber) {}
}

async fn execute(
    case: &'static Case,
    arguments: &[(&str, &str)],
    values: &[&str],
) -> (livecheck::Result, Vec<WaitRequest>) {
    let json = |text: &str| RawValue::from_string(text.to_owned()).expect("JSON");
    let key = ExecutionKey { case: case.name.into(), id: "p-1".into(), timestamp: Timestamp::now() };
    let context = Context::new(key, Timestamp::MAX);
    let mut given = Arguments::new();
    for (name, value) in arguments {
        given.insert_raw(name, json(value));
    }
    let values = values.iter().map(|value| Some(json(value).into())).collect();
    let engine = Arc::new(Engine { values, asked: Mutex::default() });
    let result = Execution::new(case, context, given, Arc::<Engine>::clone(&engine)).start().await;
    let asked = engine.asked.lock().expect("no test panics here").clone();
    (result, asked)
}

#[tokio::test]
async fn a_case_gets_its_arguments_and_signals() {
    let (result, asked) =
        execute(payment::CASE, &[("amount", "3"), ("currency", "\"EUR\"")], &["3", "null"]).await;
    result.expect("it passes");
    assert_eq!(
        asked,
        [
            // The timeout of the definition is the engine's affair: it is that of the parameter.
            WaitRequest { signal: 0, key: None, timeout: Some(Duration::from_secs(30)) },
            WaitRequest { signal: 1, key: None, timeout: Some(Duration::from_secs(5)) },
        ]
    );
}

/// What it knows of itself, wherever it asks.
#[livecheck::case]
async fn audit(amount: u64) -> livecheck::Result {
    let test = current().expect("a case is in a test");
    assert_eq!((test.case_name().as_str(), test.id().as_str()), (audit::CASE.name, "p-1"));
    assert_eq!(test.started(), Some(test.timestamp()), "nobody has said another time");
    assert_eq!(test.argument::<u64>("amount")?, Some(amount));
    assert_eq!(test.argument::<String>("currency")?.as_deref(), Some("EUR"), "given, though no parameter");
    assert_eq!(test.argument::<u64>("nothing")?, None);
    let error = test.argument::<u64>("currency").expect_err("it is a text");
    assert!(error.to_string().starts_with("came \"EUR\""), "{error}");
    let json = test.arguments().and_then(|arguments| arguments.get(0, "amount"));
    assert_eq!(json.map(RawValue::get), Some("3"));
    Ok(())
}

#[tokio::test]
async fn a_case_knows_its_id_times_and_arguments_by_the_current_test() {
    let (result, _) = execute(audit::CASE, &[("amount", "3"), ("currency", "\"EUR\"")], &[]).await;
    result.expect("it passes");
    assert_eq!(Context::for_test("p-2").started(), None, "a service knows no more than what has travelled");
    assert!(Context::for_test("p-2").arguments().is_none());
}

#[tokio::test]
async fn a_case_made_at_run_time_gets_its_arguments_and_signals_by_name() {
    let added = CaseBuilder::new("payments::added").argument::<u64>("amount").signal::<u64>("paid").run(
        |execution| async move {
            let amount: u64 = execution.argument_named("amount")?;
            assert_eq!(execution.signal_named::<u64>("paid")?.wait().await?, amount);
            let error = execution.signal_named::<u64>("payed").expect_err("there is none");
            assert!(error.to_string().contains("no signal `payed`"), "{error}");
            execution.argument_named::<String>("currency")?;
            Ok::<(), livecheck::Error>(())
        },
    );
    let (result, asked) = execute(added.case(), &[("amount", "3")], &["3"]).await;
    assert_eq!(asked.len(), 1);
    let error = result.expect_err("an argument is missing").to_string();
    assert!(error.starts_with("argument `currency: alloc::string::String` is missing"), "{error}");
}

#[tokio::test]
async fn a_missing_argument_is_an_error_that_names_it() {
    let (result, asked) = execute(payment::CASE, &[("amount", "3")], &[]).await;
    let error = result.expect_err("an argument is missing").to_string();
    assert_eq!(error, "argument `currency: String` is missing: the test has arguments by name: amount");
    assert!(asked.is_empty(), "the case did not start");
}

#[tokio::test]
async fn an_argument_of_another_type_is_an_error_that_says_what_came() {
    let (result, _) = execute(payment::CASE, &[("amount", "\"three\""), ("currency", "1")], &[]).await;
    let error = result.expect_err("the argument does not fit").to_string();
    assert!(error.starts_with("argument `amount: u64`: came \"three\", expected u64"), "{error}");
}

#[tokio::test]
async fn what_the_case_returns_is_the_outcome() {
    let (result, _) = execute(payment::CASE, &[("amount", "3"), ("currency", "\"USD\"")], &["3"]).await;
    let skip = result.expect_err("it is skipped");
    assert!(skip.downcast_ref::<livecheck::Skip>().is_some(), "{skip}");
}
