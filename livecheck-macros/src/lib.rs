//! The attributes `#[livecheck::case]`, with `#[signal]` on the parameters, `#[livecheck::fake_request]` and
//! `#[livecheck::uptest]`. Use them through the façade crate, `livecheck`, whose front page is a tutorial.
//!
//! The parts, in the order in which an attribute passes them: `attribute.rs` takes `option = value` apart,
//! `value.rs` and `case/options.rs` read and check the values, `function.rs` and `case/parameters.rs` the
//! function, and `case/expansion.rs` writes what is generated. Errors are collected all the way (`errors.rs`), and
//! stand beside the function in the end.

mod attribute;
mod case;
mod docs;
mod duration;
mod errors;
mod fake_request;
mod function;
mod nearest;
mod uptest;
mod value;

use proc_macro::TokenStream;

/// Makes a case of an `async fn`: an end-to-end test that is executed for requests of a running system.
///
/// ```
/// use livecheck::Signal;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
/// pub enum Side { Buy, Sell }
///
/// #[derive(Serialize, Deserialize)]
/// pub struct Order { pub id: String, pub side: Side }
///
/// /// An order keeps its side all the way to execution.
/// #[livecheck::case(probability = 0.5, warn_stalled_after = "30m")]
/// pub async fn order_flow(
///     side: Side,
///     #[signal(timeout = "30s")] sent_to_db: Signal<Order>,
///     #[signal] cached: Signal,
///     #[signal] executed: Signal<u64>,
/// ) -> livecheck::Result {
///     let order = sent_to_db.wait().await?;
///     assert_eq!(order.side, side);
///     cached.wait().await?;
///     executed.wait().timeout("5s").await?;
///     Ok(())
/// }
///
/// # async fn create(order: &Order) {}
/// // The service that receives the request:
/// # async fn receive(order: Order) {
/// order_flow::maybe_trigger(order.side).id(&order.id).scope(create(&order)).await;
/// # }
/// // Any service downstream; outside an execution this does nothing:
/// # fn store(order: &Order) {
/// order_flow::sent_to_db.send(order);
/// order_flow::cached.send();
/// # }
///
/// // A unit test of the case:
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let order = Order { id: "o-1".to_owned(), side: Side::Sell };
/// order_flow(Side::Sell, Signal::ready(order), Signal::arrived(), Signal::ready(1)).await?;
/// # Ok::<(), livecheck::Error>(())
/// # })?;
/// # Ok::<(), livecheck::Error>(())
/// ```
///
/// # The function
///
/// It stays the function that it is, and can be called as one. It must be a free `async fn`, without generics,
/// whose future is `Send`; it returns `livecheck::Result`, `Result<(), E>` for any error `E` that converts into
/// `livecheck::Error`, or nothing. It may stand in a module or in another function, but not in an `impl`.
///
/// How it ends is the outcome of the execution: a panic, such as that of `assert_eq!`, is FAIL; an error is
/// ERROR; a signal that did not come in time is TIMEOUT; `livecheck::skip` is SKIP; all else is PASS. Its
/// documentation comment is shown where the case is listed.
///
/// # The parameters
///
/// A parameter under `#[signal]` is a `livecheck::Signal<T>`, an event with a payload that the case waits for,
/// or a `livecheck::Signal`, an event without one. `T` implements `Deserialize`, and `Serialize` if a Rust
/// service sends it. `#[signal(timeout = "30s")]` is how long a wait for it lasts where the wait does not say
/// so itself; without it, until the test expires. `#[signal(consumer_group = "order-executor")]` names the consumer
/// group of the service that sends it: where the signal stays out, the report says how far that is behind.
/// `#[signal(redact = true)]` keeps what it carries out of reports.
///
/// A parameter under `#[table]` is a `livecheck::Table<K, V>`, a map that outlives the execution; the executions of one
/// partition share it. `#[table(window = tumbling("1h"), expires = "1d")]` goes with a `livecheck::WindowedTable<K, V>`,
/// which has a value for each key and each window of time: `tumbling(size)`, or `hopping(size, step)` where windows
/// overlap. A window is removed once one begins `expires` after its end; without it, never. `K` and `V` implement
/// `Serialize` and `Deserialize`.
///
/// Each other parameter is an argument, which the trigger gives. Its type implements `Serialize` and
/// `Deserialize`, and owns what it holds: it comes from another process.
///
/// The names of the parameters are the names on the wire. A documentation comment on a parameter, which Rust
/// itself does not allow, becomes part of the documentation of what is generated.
///
/// # What is generated
///
/// A struct of the function's name and visibility, which lives beside it because functions and types have
/// different namespaces: `use orders::order_flow` brings both. (So a case cannot share its name with a type or
/// module of its own module.) It has
///
/// - `trigger(…)` and `maybe_trigger(…)`, which take the arguments by value or by reference, and give a
///   `livecheck::Trigger`; the second triggers with the case's probability;
/// - a constant for each signal, a `livecheck::SignalSender<T>`, with `send(&payload)` or `send()`;
/// - the constant `CASE`, a `&'static livecheck::Case`: the case as it is registered.
///
/// So no signal can be called `trigger`, `maybe_trigger` or `CASE`. `#[cfg]` on the function goes for all of
/// this; on a parameter it is refused, since services and runner must agree on the parameters.
///
/// The case is registered for `cargo livecheck`, which finds it in every library that it links.
///
/// # The options
///
/// A duration is a text such as `"30m"`, `"1h 30s"` or `"500ms"`, or a number of seconds. All of them have the
/// names, and but for `active` and `probability` the defaults, of Faust LiveCheck.
///
/// | option | default | meaning |
/// |---|---|---|
/// | `name = "…"` | the function's path, such as `orders::order_flow` | the name on the topics; give one where the case has a name already, for instance the Python path that a Faust service uses, or to be free to move the function |
/// | `active = bool` | `true` | whether executions are asked for and executed at all; an inactive case is listed, and a test for it is a SKIP |
/// | `probability = number` or `"10%"` | `1.0` | the share of `maybe_trigger` calls that trigger |
/// | `warn_stalled_after = duration` | `"30m"` | how long no execution may be seen before the case is said to be stalled |
/// | `test_expires = duration` | `"3h"` | how long after its trigger an execution may take before it ends as TIMEOUT |
/// | `frequency = duration` | never | how often a fake request is sent, if there is one for this case |
/// | `schedule = "0 9 * * MON-FRI Europe/Berlin"` | none | when it is executed without a trigger, as a cron expression: minute, hour, day of the month, month, day of the week; behind them a time zone (UTC without one) |
/// | `timezone = "…"` | UTC | the time zone of `schedule`, if it does not stand in there |
/// | `every = duration` | none | the same by whole periods since 1970, which do not drift: `"15m"` is at :00, :15, :30, :45 |
/// | `jitter = duration` | none | by how much at most each slot is fired later; for a case and a slot it is always the same |
/// | `confirm = count` | `0` | how often an execution of a scheduled case that fails is tried again, after a second each, before that counts |
/// | `tags("smoke", …)` | none | words by which a subset is chosen: `cargo livecheck run --tag smoke` |
/// | `max_history = count` | `100` | how many of the latest results a case's statistics are made from |
/// | `max_consecutive_failures = count` | `30` | after how many failures in a row the case as a whole has failed |
/// | `state_transition_delay = duration` | `"60s"` | how long a new state of the case must last before it is acted on |
/// | `realtime_logs = bool` | `false` | whether what an execution logs is shown as it happens, and not only when it does not pass |
/// | `url_timeout_total = duration` | `"5m"` | the time that one request of the HTTP helpers may take in total |
/// | `url_timeout_connect = duration` | no limit of its own | the time that connecting may take |
/// | `url_error_retries = count` | `10` | how often the HTTP helpers try again after an error |
/// | `url_error_delay_min = duration` | `"500ms"` | the pause before the first retry |
/// | `url_error_delay_backoff = number` | `1.5` | what the pause is multiplied by from one retry to the next |
/// | `url_error_delay_max = duration` | `"5s"` | the longest pause between retries |
/// | `crate = path` | `::livecheck` | where this crate is, for a library that re-exports it or has it under another name |
///
/// A case with `schedule` or `every` has no arguments, since nobody triggers it; it may have signals, which what it calls
/// sends. Where they are not given, its `max_consecutive_failures` is 1, and its `warn_stalled_after` half an hour more
/// than the longest time between two of its slots. See the guide on schedules.
///
/// `realtime_logs` does not act yet: it is checked, registered and listed.
#[proc_macro_attribute]
pub fn case(options: TokenStream, item: TokenStream) -> TokenStream {
    case::expand(options.into(), &item.into()).into()
}

/// Makes an uptest of an `async fn`: it asks one new instance of a service whether it is ready for traffic.
///
/// ```
/// use livecheck::Target;
///
/// # async fn get(url: String) -> livecheck::Result<String> { Ok(url) }
/// /// The instance answers, and is of the version that was deployed.
/// #[livecheck::uptest(proc = "web", timeout = "10s")]
/// async fn answers(target: Target) -> livecheck::Result {
///     let version = get(target.url("/version")).await?;
///     assert_eq!(version, target.url("/version"));
///     Ok(())
/// }
/// ```
///
/// `cargo livecheck uptest web 10.0.0.1 8000` finds it as it finds cases, and runs it behind the executables in
/// `uptests/web/`. It passes if it returns; a panic, such as that of `assert_eq!`, is FAIL, an error is ERROR, and
/// `livecheck::skip` is SKIP.
///
/// # The function
///
/// A free `async fn` with one parameter, a `livecheck::Target`, whose future is `Send`; it returns
/// `livecheck::Result`, `Result<(), E>` for any error `E` that converts into `livecheck::Error`, or nothing. It stays
/// the function that it is, and stands in a library, as cases do.
///
/// # The options
///
/// | option | default | meaning |
/// |---|---|---|
/// | `proc = "…"` | none: it must be given | the process whose instances it asks, such as `web` |
/// | `timeout = duration` | that of the run, `--timeout` | how long it may take |
/// | `crate = path` | `::livecheck` | where this crate is |
#[proc_macro_attribute]
pub fn uptest(options: TokenStream, item: TokenStream) -> TokenStream {
    uptest::expand(options.into(), &item.into()).into()
}

/// Makes a fake request of an `async fn`: one that the runners send themselves, at each slot of the case's `frequency`,
/// so that there is something to follow where the real traffic is thin.
///
/// ```
/// # mod website { pub async fn post(order: &str) -> livecheck::Result { Ok(()) } }
/// /// An order is executed.
/// #[livecheck::case(frequency = "1m")]
/// async fn order_flow(order: String) -> livecheck::Result {
///     Ok(())
/// }
///
/// /// An order that nobody has made, and that the system knows as such.
/// #[livecheck::fake_request(order_flow)]
/// async fn fake_order() -> livecheck::Result {
///     order_flow::trigger("fake").scope(website::post("fake")).await
/// }
/// ```
///
/// The function has no parameters, and returns what a case may. One of the runners of a group calls it, the one that
/// leads; each slot is fired once at most, also when the lead changes, and one that nobody was there for is left out.
/// The test that it triggers has an id made of the case and the slot. In the service that receives the request, a
/// `maybe_trigger` of the same case goes on with that test, and does not begin another.
///
/// Behind the case stands, where this crate has another name, what that is:
/// `#[livecheck::fake_request(order_flow, crate = facade::livecheck)]`.
///
/// An error is no crash: it is a report on the case, which has failed then as a whole. With the feature `reqwest`,
/// `livecheck::get_url`, `post_url` and `url_request` ask as often as the case's settings say before they give up.
#[proc_macro_attribute]
pub fn fake_request(case: TokenStream, item: TokenStream) -> TokenStream {
    fake_request::expand(case.into(), &item.into()).into()
}
