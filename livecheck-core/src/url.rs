//! Requests over HTTP that are tried again: Faust LiveCheck's `get_url`, `post_url` and `url_request`.
//!
//! How often and how long is for the case to say (`url_timeout_total`, `url_timeout_connect`, `url_error_retries`,
//! `url_error_delay_min`, `url_error_delay_backoff`, `url_error_delay_max`): the case whose fake request this is, or
//! in whose test this task is. The test's headers go with every attempt.

use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use reqwest::{Body, Client, IntoUrl, Request};

use crate::case;
use crate::context::{InTestRequest, current};
use crate::fake_request;
use crate::settings::Settings;

/// A service did not answer, or only with errors, as often as it was asked.
#[derive(Debug, thiserror::Error)]
#[error("service down: {url} after {attempts} attempts: {}", causes(error))]
pub struct ServiceDown {
    /// What was asked.
    pub url: String,
    /// How often.
    pub attempts: u32,
    /// How the last attempt ended. It is told in this error's own text: it is no source of it.
    pub error: reqwest::Error,
}

/// Gets a URL; gives the body.
///
/// ```no_run
/// # async fn example() -> livecheck_core::Result {
/// let page = livecheck_core::get_url("http://127.0.0.1:6066/health").await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// The service is down: there is no connection, no answer in time, or a status of 400 or above, each time.
pub async fn get_url(url: impl IntoUrl) -> Result<Bytes, ServiceDown> {
    url_request(|http| http.get(url.as_str())).await
}

/// Posts a body to a URL; gives the body of the answer.
///
/// # Errors
///
/// Those of [`get_url`].
pub async fn post_url(url: impl IntoUrl, body: impl Into<Bytes>) -> Result<Bytes, ServiceDown> {
    let body = body.into();
    url_request(|http| http.post(url.as_str()).body(Body::from(body.clone()))).await
}

/// Sends any request; `make` makes it, once for each attempt. Gives the body of the answer.
///
/// ```no_run
/// # async fn example(order: serde_json::Value) -> livecheck_core::Result {
/// livecheck_core::url_request(|http| http.put("http://127.0.0.1:6066/order/").json(&order)).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Those of [`get_url`].
pub async fn url_request(make: impl Fn(&Client) -> reqwest::RequestBuilder) -> Result<Bytes, ServiceDown> {
    let settings = settings();
    let http = client(settings.url_timeout_connect);
    let mut pauses = pauses(&settings);
    let mut attempts = 0;
    loop {
        attempts += 1;
        let (url, answer) = match make(&http).in_current_test().timeout(settings.url_timeout_total).build() {
            Ok(request) => (request.url().to_string(), answer(&http, request).await),
            // It would be no better the next time.
            Err(error) => return Err(ServiceDown { url: String::new(), attempts, error }),
        };
        let error = match answer {
            Ok(body) => return Ok(body),
            Err(error) => error,
        };
        let Some(pause) = pauses.next() else { return Err(ServiceDown { url, attempts, error }) };
        tracing::debug!(target: "livecheck", %error, url, ?pause, "trying again");
        tokio::time::sleep(pause).await;
    }
}

async fn answer(http: &Client, request: Request) -> reqwest::Result<Bytes> {
    http.execute(request).await?.error_for_status()?.bytes().await
}

/// The settings of the case that this task is about; the defaults outside of any.
fn settings() -> Settings {
    let case = fake_request::in_progress().or_else(|| {
        let context = current()?;
        case::registered().find(|case| *context.case_name() == case.name)
    });
    case.map_or_else(Settings::new, |case| case.settings.clone())
}

/// One client for all who set no limit to connecting: it keeps its connections.
fn client(connect: Option<Duration>) -> Client {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    match connect {
        None => CLIENT.get_or_init(Client::new).clone(),
        // What is given here is a time, which no client refuses.
        Some(limit) => Client::builder().connect_timeout(limit).build().unwrap_or_default(),
    }
}

/// The pauses before the retries, one for each.
fn pauses(settings: &Settings) -> impl Iterator<Item = Duration> + use<> {
    let (most, factor) = (settings.url_error_delay_max, settings.url_error_delay_backoff.max(1.0));
    let first = settings.url_error_delay_min.min(most);
    let longer = move |pause: &Duration| {
        let next = Duration::try_from_secs_f64(pause.as_secs_f64() * factor).unwrap_or(most);
        Some(next.min(most))
    };
    let retries = usize::try_from(settings.url_error_retries).unwrap_or(usize::MAX);
    std::iter::successors(Some(first), longer).take(retries)
}

/// What went wrong, and what that came from: reqwest's own text says nothing of why a connection failed.
fn causes(error: &reqwest::Error) -> String {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::sync::Mutex;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use tokio::net::TcpListener;
    use tokio::time::Instant;

    use super::*;
    use crate::case::{Case, CaseBuilder, Location, Registered};
    use crate::context::Context;
    use crate::identity::ExecutionKey;
    use crate::time::Timestamp;

    #[test]
    fn the_pauses_are_fausts() {
        let pauses: Vec<_> = pauses(&Settings::new()).map(|pause| pause.as_secs_f64()).collect();
        assert_eq!(pauses.len(), 10);
        assert_eq!(pauses[..4], [0.5, 0.75, 1.125, 1.6875]);
        assert_eq!(pauses[9], 5.0);
    }

    proptest! {
        #[test]
        fn pauses_grow_up_to_the_longest(
            retries in 0..50_u32, first in 0..10_000_u64, factor in 0.0..10.0_f64, most in 0..10_000_u64,
        ) {
            let settings = Settings::new()
                .url_error_retries(retries)
                .url_error_delay_min(Duration::from_millis(first))
                .url_error_delay_backoff(factor)
                .url_error_delay_max(Duration::from_millis(most));
            let pauses: Vec<_> = pauses(&settings).collect();
            prop_assert_eq!(pauses.len(), usize::try_from(retries).expect("few"));
            prop_assert!(pauses.is_sorted());
            prop_assert!(pauses.iter().all(|pause| *pause <= Duration::from_millis(most)));
        }
    }

    /// A service that answers one request with each of those statuses; says what it was asked.
    async fn service(statuses: &'static [u16]) -> (String, tokio::task::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/order", listener.local_addr().expect("an address"));
        let serving = tokio::spawn(async move {
            let mut asked = Vec::new();
            for status in statuses {
                let (mut stream, _) = listener.accept().await.expect("a connection");
                let mut request = vec![0; 4_096];
                let length = stream.read(&mut request).await.expect("a request");
                asked.push(String::from_utf8_lossy(&request[..length]).into_owned());
                let answer =
                    format!("HTTP/1.1 {status} X\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
                stream.write_all(answer.as_bytes()).await.expect("it is read");
            }
            asked
        });
        (url, serving)
    }

    static HURRIED: Case = Case {
        settings: Settings::new()
            .url_error_retries(1)
            .url_timeout_connect(Duration::from_secs(7))
            .url_timeout_total(Duration::from_secs(20)),
        ..Case::new(
            "url::tests::hurried",
            Location { package: "livecheck-core", file: file!(), line: line!() },
            |_| Box::pin(async { Ok(()) }),
        )
    };

    inventory::submit! { Registered(&HURRIED) }

    async fn in_hurry<T>(asking: impl Future<Output = T>) -> T {
        in_test_of(HURRIED.name, asking).await
    }

    async fn in_test_of<T>(case: &str, asking: impl Future<Output = T>) -> T {
        let now = Timestamp::now();
        let key = ExecutionKey { case: case.into(), id: "order-1".into(), timestamp: now };
        Context::new(key, now).scope(asking).await
    }

    /// Answers one request, and waits until who asked has gone. While that goes on, time stands still.
    fn answer_one(listener: &std::net::TcpListener, status: u16) {
        use std::io::{Read, Write};

        let listener = listener.try_clone().expect("a socket");
        tokio::task::spawn_blocking(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            let read = stream.read(&mut [0; 4_096]).expect("a request");
            assert_ne!(read, 0);
            let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
            stream.write_all(answer.as_bytes()).expect("it is read");
            let _ = stream.read(&mut [0; 1]);
        });
    }

    /// Asks a service that answers with those statuses. Says what came of it, and when each attempt was made.
    async fn asked(statuses: &[u16]) -> (Result<Bytes, ServiceDown>, Vec<Duration>) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/order", listener.local_addr().expect("an address"));
        let (began, attempts) = (Instant::now(), Mutex::new(Vec::new()));
        let answer = url_request(|http| {
            let mut attempts = attempts.lock().expect("no test panics");
            answer_one(&listener, statuses[attempts.len()]);
            attempts.push(began.elapsed());
            http.post(&url)
        });
        (answer.await, attempts.into_inner().expect("no test panics"))
    }

    #[tokio::test]
    async fn a_case_made_at_run_time_has_its_own_patience() {
        let retries = Settings::new().url_error_retries(3);
        let _ = CaseBuilder::new("url::tests::added").settings(retries).run(|_| async {});
        let settings = in_test_of("url::tests::added", async { settings() }).await;
        assert_eq!(settings.url_error_retries, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_whole_round_of_attempts_pauses_as_faust_does() {
        let (answer, attempts) = asked(&[503; 11]).await;
        let down = answer.expect_err("it never answers well");
        assert!(down.to_string().contains("after 11 attempts"), "{down}");
        let pauses: Vec<f64> = attempts.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect();
        let expected = [0.5, 0.75, 1.125, 1.687_5, 2.531_25, 3.796_875, 5.0, 5.0, 5.0, 5.0];
        assert_eq!(pauses.len(), expected.len());
        // A timer goes off up to a millisecond late.
        let is_near = |(pause, expected): (&f64, &f64)| (pause - expected).abs() < 0.005;
        assert!(pauses.iter().zip(&expected).all(is_near), "{pauses:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_comes_back_is_asked_no_more() {
        let (answer, attempts) = asked(&[503, 500, 404, 200]).await;
        assert_eq!((answer.expect("it answers"), attempts.len()), (Bytes::from("ok"), 4));
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_does_not_answer_has_its_time_for_each_attempt() {
        // It takes connections, and never looks at them.
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("an address"));
        let began = Instant::now();
        let down = in_hurry(get_url(&url)).await.expect_err("it does not answer");
        assert_eq!((down.attempts, began.elapsed().as_secs()), (2, 20 + 20));
        assert!(down.error.is_timeout() && !down.error.is_connect(), "{down}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_takes_no_connection_has_its_time_for_that() {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
        let listener = socket.listen(0).expect("it listens");
        let address = listener.local_addr().expect("an address");
        // The one place in its queue is taken: the next connection waits.
        let _taken = std::net::TcpStream::connect(address).expect("there is a place");
        let began = Instant::now();
        let down = in_hurry(get_url(format!("http://{address}/"))).await.expect_err("there is no place");
        assert_eq!((down.attempts, began.elapsed().as_secs()), (2, 7 + 7));
        assert!(down.error.is_connect(), "{down}");
    }

    #[tokio::test]
    async fn an_error_is_tried_again_with_the_headers_of_the_test() {
        let (url, serving) = service(&[503, 200]).await;
        let test = Context::for_test("order-1");
        let body = test.scope(post_url(&url, "{}")).await.expect("the second answer is good");
        assert_eq!(body, "ok");
        let asked = serving.await.expect("no panic");
        assert!(asked.iter().all(|request| request.contains("order-1")), "{asked:?}");
    }

    #[tokio::test]
    async fn a_service_that_is_down_is_an_error_that_says_which_and_why() {
        let settings = Settings::new().url_error_retries(1).url_error_delay_min(Duration::from_millis(1));
        assert_eq!(pauses(&settings).count(), 1);
        let closed =
            TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
        let error = Client::new().get(format!("http://{closed}/")).send().await.expect_err("nobody listens");
        let down = ServiceDown { url: format!("http://{closed}/"), attempts: 2, error };
        let text = down.to_string();
        assert!(text.starts_with(&format!("service down: http://{closed}/ after 2 attempts: ")), "{text}");
        assert!(text.contains("refused"), "{text}");
    }
}
