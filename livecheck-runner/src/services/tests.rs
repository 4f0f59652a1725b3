//! Services as real processes: small shell scripts.

use std::collections::BTreeMap;
use std::net::TcpListener as StdListener;
use std::path::Path;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;

fn service(name: &str, script: &str) -> ServiceConfig {
    ServiceConfig {
        name: name.to_owned(),
        command: ServiceCommand::Shell(script.to_owned()),
        cwd: std::env::temp_dir(),
        env: BTreeMap::new(),
        ready: Ready::Started,
        ready_timeout: Duration::from_secs(20),
        reuse: false,
    }
}

fn environment(dir: &Path) -> Environment {
    Environment {
        grace: Duration::from_secs(3),
        ..Environment::new(dir, [("LIVECHECK_BOOTSTRAP_SERVERS".to_owned(), "127.0.0.1:9092".to_owned())])
    }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn free_port() -> u16 {
    let listener = StdListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

async fn start(
    services: &[ServiceConfig],
    dir: &Path,
) -> (Result<Services, ServiceError>, UnboundedReceiver<ServiceEvent>) {
    let (events, received) = unbounded_channel();
    (Services::start(services, &environment(dir), &events).await, received)
}

/// Waits until a file has that text, since a process just started may not have written yet.
async fn file_says(path: &Path, expected: &str) {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        if text == expected {
            return;
        }
        assert!(Instant::now() < deadline, "{} says {text:?}, not {expected:?}", path.display());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Answers every request with that status.
fn answer_with(listener: TcpListener, status: &'static str) {
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let _ = connection.read(&mut [0; 1024]).await;
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = connection.write_all(answer.as_bytes()).await;
        }
    });
}

#[tokio::test]
async fn output_and_environment() {
    let dir = folder();
    let mut config = service("echo", "echo $LIVECHECK_BOOTSTRAP_SERVERS $OWN; echo and errors >&2; sleep 60");
    config.env.insert("OWN".to_owned(), "mine".to_owned());
    let (services, mut events) = start(&[config], dir.path()).await;
    let services = services.expect("it starts");
    file_says(&dir.path().join("services/echo.log"), "127.0.0.1:9092 mine\nand errors\n").await;
    assert!(matches!(events.recv().await, Some(ServiceEvent::Starting { name, .. }) if name == "echo"));
    assert!(matches!(events.recv().await, Some(ServiceEvent::Ready { reused: false, .. })));
    services.stop().await;
    assert!(events.try_recv().is_err(), "an end that was asked for is no death");
}

#[tokio::test]
async fn a_program_with_arguments_needs_no_shell() {
    let dir = folder();
    let command =
        ServiceCommand::Program { program: "echo".into(), arguments: vec!["$HOME".into(), "a  b".into()] };
    let (services, _events) = start(&[ServiceConfig { command, ..service("echo", "") }], dir.path()).await;
    file_says(&dir.path().join("services/echo.log"), "$HOME a  b\n").await;
    services.expect("it starts").stop().await;
}

#[tokio::test]
async fn the_whole_tree_is_ended_in_reverse_order() {
    let dir = folder();
    // The shell that is started has a child, which writes when it is asked to end.
    let script = |name: &str| {
        format!(
            "sh -c 'trap \"echo {name} >> order; exit\" TERM; echo up > {name}; while :; do sleep 0.02; done'; :"
        )
    };
    let config = |name| ServiceConfig { cwd: dir.path().to_owned(), ..service(name, &script(name)) };
    let (services, _events) = start(&[config("first"), config("second")], dir.path()).await;
    for name in ["first", "second"] {
        file_says(&dir.path().join(name), "up\n").await;
    }
    services.expect("they start").stop().await;
    file_says(&dir.path().join("order"), "second\nfirst\n").await;
}

#[tokio::test]
async fn one_that_does_not_end_is_killed() {
    let dir = folder();
    let script = "trap '' TERM; echo $$ > pid; while :; do sleep 0.02; done";
    let config = ServiceConfig { cwd: dir.path().to_owned(), ..service("stubborn", script) };
    let (events, _received) = unbounded_channel();
    let environment = Environment { grace: Duration::from_millis(200), ..environment(dir.path()) };
    let services = Services::start(&[config], &environment, &events).await.expect("it starts");
    let process = process_id(dir.path()).await;
    services.stop().await;
    gone(process).await;
}

#[tokio::test]
async fn dropping_them_ends_them() {
    let dir = folder();
    let config =
        ServiceConfig { cwd: dir.path().to_owned(), ..service("dropped", "echo $$ > pid; sleep 60; :") };
    let (services, mut events) = start(&[config], dir.path()).await;
    let process = process_id(dir.path()).await;
    assert!(is_alive(process));
    drop(services);
    gone(process).await;
    while let Ok(event) = events.try_recv() {
        assert!(!matches!(event, ServiceEvent::Died(_)), "an end that was asked for is no death");
    }
}

async fn process_id(dir: &Path) -> rustix::process::Pid {
    loop {
        let text = std::fs::read_to_string(dir.join("pid")).unwrap_or_default();
        if let Some(process) = text.trim().parse().ok().and_then(rustix::process::Pid::from_raw) {
            return process;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until a process has ended and been waited for.
async fn gone(process: rustix::process::Pid) {
    let deadline = Instant::now() + Duration::from_secs(5);
    while is_alive(process) {
        assert!(Instant::now() < deadline, "the process is still there");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn is_alive(process: rustix::process::Pid) -> bool {
    rustix::process::test_kill_process(process).is_ok()
}

#[tokio::test]
async fn an_early_end_is_an_error_with_the_end_of_the_log() {
    let dir = folder();
    let ready = Ready::Port(free_port());
    let config = ServiceConfig { ready, ..service("broken", "echo no database; exit 3") };
    let (services, mut events) = start(&[config], dir.path()).await;
    let message = services.expect_err("it ends early").to_string();
    let log = dir.path().join("services/broken.log");
    let expected = format!(
        "service `broken` ended before it was ready: exit status: 3\n\
         the end of its log, {}:\n  | no database",
        log.display()
    );
    assert_eq!(message, expected);
    assert!(matches!(events.recv().await, Some(ServiceEvent::Starting { .. })));
    assert!(events.try_recv().is_err(), "what is an error already is no event");
}

#[tokio::test]
async fn a_death_while_running_is_told() {
    let dir = folder();
    let (services, mut events) = start(&[service("mortal", "sleep 0.2; echo bye; exit 1")], dir.path()).await;
    let _services = services.expect("it starts");
    let died = loop {
        match events.recv().await.expect("an event") {
            ServiceEvent::Died(died) => break died,
            ServiceEvent::Starting { .. } | ServiceEvent::Ready { .. } => {}
        }
    };
    assert_eq!(died.to_string(), "service `mortal` ended: exit status: 1");
    assert_eq!(died.last_lines, ["bye"]);
}

#[tokio::test]
async fn one_that_is_never_ready_is_an_error_and_ended() {
    let dir = folder();
    let config = ServiceConfig {
        cwd: dir.path().to_owned(),
        ready: Ready::Port(free_port()),
        ready_timeout: Duration::from_millis(300),
        ..service("slow", "echo $$ > pid; echo starting; sleep 60")
    };
    let port = config.ready.to_string();
    let (services, _events) = start(&[config], dir.path()).await;
    let message = services.expect_err("it is never ready").to_string();
    assert!(message.contains(&format!("was not ready within 300ms: {port}: ")), "{message}");
    assert!(message.ends_with("  | starting"), "{message}");
    gone(process_id(dir.path()).await).await;
}

#[tokio::test]
async fn a_command_that_is_not_there_is_named() {
    let dir = folder();
    let command = ServiceCommand::Program { program: "there-is-no-such".into(), arguments: Vec::new() };
    let (services, _events) = start(&[ServiceConfig { command, ..service("typo", "") }], dir.path()).await;
    let message = services.expect_err("there is no such program").to_string();
    assert!(message.starts_with("service `typo`: cannot execute `there-is-no-such` in "), "{message}");
}

#[tokio::test]
async fn a_url_is_ready_once_it_answers_well() {
    let dir = folder();
    let port = free_port();
    let ready = Ready::Url(format!("http://127.0.0.1:{port}/health"));
    let config = ServiceConfig { ready, ..service("web", "sleep 60") };
    let starting = start(std::slice::from_ref(&config), dir.path());
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(150)).await;
        answer_with(TcpListener::bind(("127.0.0.1", port)).await.expect("the port"), "204 No Content");
    });
    let (services, _events) = starting.await;
    services.expect("it is ready").stop().await;
}

#[tokio::test]
async fn one_that_is_up_is_used_only_if_that_is_wanted() {
    let dir = folder();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    answer_with(listener, "200 OK");
    let url = ServiceConfig {
        ready: Ready::Url(format!("http://127.0.0.1:{port}/")),
        reuse: true,
        ..service("web", "exit 1")
    };
    let (services, mut events) = start(std::slice::from_ref(&url), dir.path()).await;
    services.expect("it is up").stop().await;
    assert!(matches!(events.recv().await, Some(ServiceEvent::Ready { reused: true, .. })));
    assert!(!dir.path().join("services").exists(), "nothing is started");

    for ready in [Ready::Port(port), url.ready.clone()] {
        let (services, _events) =
            start(&[ServiceConfig { ready, reuse: false, ..url.clone() }], dir.path()).await;
        let message = services.expect_err("something else is there").to_string();
        assert!(message.contains("answers already"), "{message}");
    }
}

#[tokio::test]
async fn an_answer_that_says_no_is_not_ready() {
    let dir = folder();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    answer_with(listener, "503 Service Unavailable");
    let config = ServiceConfig {
        ready: Ready::Url(format!("http://127.0.0.1:{port}/")),
        ready_timeout: Duration::from_millis(200),
        ..service("web", "sleep 60")
    };
    let (services, _events) = start(&[config], dir.path()).await;
    let message = services.expect_err("it says no").to_string();
    assert!(message.contains("the last answer was 503"), "{message}");
}
