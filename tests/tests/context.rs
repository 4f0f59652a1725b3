//! The test travels with the request from process to process, and with no other.
//!
//! (That it travels in Kafka's records is shown by the orders: each goes through two topics and three processes.)

use livecheck::context::InTestRequest as _;
use livecheck::{Context, InTest as _};
use livecheck_tests::process::Process;
use livecheck_tests::runner::clean_command;
use tokio::task::JoinSet;

/// How many requests are under way at once, through the same connections.
const REQUESTS: usize = 200;

/// A relay, as a process.
struct Relay {
    process: Process,
    http: String,
    grpc: String,
}

impl Relay {
    fn start() -> Self {
        let process = Process::start(clean_command("relay"));
        let address =
            |kind: &str| process.wait_for(kind, |line| Some(line.strip_prefix(kind)?.trim().to_owned()));
        let (http, grpc) = (address("http "), address("grpc "));
        Self { process, http, grpc }
    }
}

/// Sends requests of as many tests at once from one relay to another; every third is in no test. Each answer must be
/// the id of its own.
fn each_request_has_its_own_test(way: &str, address: fn(&Relay) -> &str) {
    let (first, second) = (Relay::start(), Relay::start());
    let url = format!("http://{}/through/{way}?to={}", first.http, address(&second));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let answers = runtime.block_on(async {
        let http = reqwest::Client::new();
        let mut asking = JoinSet::new();
        for number in 0..REQUESTS {
            let id = format!("{way}-{number}");
            let test = (number % 3 != 0).then(|| Context::for_test(&id));
            let expected = if test.is_some() { id } else { "none".to_owned() };
            let (http, url) = (http.clone(), url.clone());
            asking.spawn(
                async move {
                    let answer = http.get(url).in_current_test().send().await.unwrap();
                    (expected, answer.text().await.unwrap())
                }
                .in_test(test),
            );
        }
        asking.join_all().await
    });
    for (expected, answer) in answers {
        assert_eq!(answer, expected);
    }
    let logged = format!("\"livecheck.test_id\":\"{way}-1\"");
    second.process.wait_for_text(&logged);
    // The span of a request in no test has no such field.
    let () = second.process.wait_for("asked outside of a test", |line| {
        (line.contains("asked") && !line.contains("livecheck.test_id")).then_some(())
    });
}

#[test]
fn a_test_travels_with_the_requests_of_reqwest() {
    each_request_has_its_own_test("reqwest", |relay| &relay.http);
}

#[test]
fn a_test_travels_through_the_middleware_of_reqwest() {
    each_request_has_its_own_test("middleware", |relay| &relay.http);
}

#[test]
fn a_test_travels_through_layers_of_tower() {
    each_request_has_its_own_test("tower", |relay| &relay.http);
}

#[test]
fn a_test_travels_through_tonic() {
    each_request_has_its_own_test("grpc", |relay| &relay.grpc);
}

#[test]
fn requests_one_after_the_other_on_one_connection_leave_nothing_behind() {
    let relay = Relay::start();
    let url = format!("http://{}/here", relay.http);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let http = reqwest::Client::builder().pool_max_idle_per_host(1).build().unwrap();
        for number in 0..REQUESTS {
            let id = format!("o-{number}");
            let test = (number % 2 == 0).then(|| Context::for_test(&id));
            let expected = if test.is_some() { id } else { "none".to_owned() };
            let asking =
                async { http.get(&url).in_current_test().send().await.unwrap().text().await.unwrap() };
            assert_eq!(asking.in_test(test).await, expected);
        }
    });
}
