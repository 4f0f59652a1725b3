//! Deployments that wait for cases and uptests: `gate`, and the reports of `uptest`.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

use livecheck::wire::State;
use livecheck_tests::own_topics::{OwnTopics, test};
use livecheck_tests::process::Ended;
use livecheck_tests::records::{Record, Sender};
use livecheck_tests::reports;
use livecheck_tests::runner::RunnerCommand;
use serde_json::{Value, json};

use crate::parcels::case;

/// Has `label` executed once for each address; without one it fails.
fn labels(topics: &OwnTopics, addresses: &[Option<&str>]) {
    let count = addresses.len().to_string();
    let runner = RunnerCommand::on(topics)
        .arguments("run --reports label --max-executions")
        .arguments(&count)
        .start_ready();
    let tests = addresses.iter().enumerate().map(|(number, address)| {
        test(case("label"), &format!("label-{number}"), &[("address", json!(address))])
    });
    Sender::new().send_all(tests.map(|test| Record::trigger(&topics.names, &test)));
    let _ = runner.ended();
}

fn gate(topics: &OwnTopics, arguments: &str) -> Ended {
    RunnerCommand::on(topics).arguments("gate").arguments(arguments).output()
}

#[test]
fn a_gate_passes_fails_or_cannot_tell_and_each_has_its_exit_code() {
    let topics = OwnTopics::named("gate");
    labels(&topics, &[Some("here"), Some("there"), Some("elsewhere"), None]);
    let last = |arguments: &str| gate(&topics, &format!("label --last 10m {arguments}"));

    let pass = last("--min-executions 4 --max-failure-rate 25%");
    assert_eq!(pass.code, Some(0), "{}", pass.stderr);
    let fail = last("--min-executions 4 --max-failure-rate 24%");
    assert_eq!(fail.code, Some(100), "{}", fail.stderr);
    let inconclusive = last("--min-executions 5 --max-failure-rate 100%");
    assert_eq!(inconclusive.code, Some(3), "{}", inconclusive.stderr);
    insta::assert_snapshot!([pass.stderr, fail.stderr, inconclusive.stderr].concat());

    // Nothing was reported before.
    assert_eq!(gate(&topics, "parcel --last 10m").code, Some(3));
    let json = last("--max-failure-rate 25% --format json");
    let json: Value = serde_json::from_str(&json.stdout).expect("one object");
    assert_eq!(json["verdict"], "PASS");
    assert_eq!(json["cases"][0]["failure_rate"], 0.25);
    assert!(json["cases"][0]["latest_error"].as_str().unwrap().contains("a parcel has an address"));
}

#[test]
fn a_gate_that_looks_from_now_on_sees_nothing_of_before() {
    let topics = OwnTopics::named("gate-for");
    labels(&topics, &[None]);
    let gate = RunnerCommand::on(&topics).arguments("gate label --for 8s --min-executions 2").start();
    gate.wait_for_text("Watching label");
    labels(&topics, &[Some("here"), Some("there")]);
    let ended = gate.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("2 executions; 0 failed"), "{}", ended.stderr);
}

/// The address in the line that says where a gate listens.
fn listening(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("http://")?;
    Some(rest.split_once('/')?.0.to_owned())
}

#[test]
fn a_gate_answers_by_http() {
    let topics = OwnTopics::named("gate-http");
    labels(&topics, &[Some("here"), None]);
    let gate = RunnerCommand::on(&topics).arguments("gate --listen 127.0.0.1:0").start();
    let address = gate.wait_for("where it listens", listening);
    let ask = |request: &str| {
        let mut connection = TcpStream::connect(&address).unwrap();
        connection.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let body: Value = serde_json::from_str(body).unwrap();
        (head.split(' ').nth(1).unwrap().to_owned(), body["verdict"].as_str().unwrap_or("").to_owned())
    };
    let metric = |query: &str| {
        ask(&format!("GET /gate?case=label&{query} HTTP/1.1\r\nHost: gate\r\nConnection: close\r\n\r\n"))
    };
    assert_eq!(metric("max_failure_rate=50%25"), ("200".to_owned(), "PASS".to_owned()));
    assert_eq!(metric("last=1h"), ("200".to_owned(), "FAIL".to_owned()));
    assert_eq!(metric("min_executions=3"), ("200".to_owned(), "INCONCLUSIVE".to_owned()));
    let body = r#"{"name":"orders","phase":"Progressing","metadata":{"case":"label"}}"#;
    let length = body.len();
    let webhook = format!(
        "POST /gate HTTP/1.1\r\nHost: gate\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    assert_eq!(ask(&webhook), ("412".to_owned(), "FAIL".to_owned()));
    assert_eq!(gate.interrupted().code, Some(0));
}

/// The manifests of the documentation, by what they begin with; those of a gate ask the one at `address` for `label`.
fn manifest(beginning: &str, address: &str) -> String {
    let page = include_str!("../../src/docs/uptests.md");
    let (_, from) = page.split_once(&format!("```yaml\n{beginning}")).expect(beginning);
    let (manifest, _) = from.split_once("```").unwrap();
    format!("{beginning}{manifest}").replace("livecheck-gate:8080", address).replace("order_flow", "label")
}

/// `ci/gate-clients` builds the clients from the sources of Argo Rollouts and Flagger, and names their folder.
#[test]
fn argo_rollouts_and_flagger_themselves_understand_the_answers_by_the_manifests_of_the_documentation() {
    let Ok(clients) = std::env::var("LIVECHECK_TEST_GATE_CLIENTS") else { return };
    let topics = OwnTopics::named("gate-clients");
    let gate = RunnerCommand::on(&topics).arguments("gate --listen 127.0.0.1:0").start();
    let address = gate.wait_for("where it listens", listening);
    let asks = |client: &str, manifests: &str| {
        let mut command = Command::new(Path::new(&clients).join(client));
        let mut client = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a client");
        client.stdin.take().unwrap().write_all(manifests.as_bytes()).unwrap();
        let output = client.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", output.status);
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let kubernetes = ["readinessProbe:", "apiVersion: batch/v1", "apiVersion: argoproj.io/v1alpha1"];
    let kubernetes = kubernetes.map(|beginning| manifest(beginning, &address)).join("\n---\n");
    let flagger = manifest("analysis:", &address);

    assert_eq!(asks("argo-rollouts", &kubernetes), "Inconclusive");
    let halted = asks("flagger", &flagger);
    assert!(halted.starts_with("halted: ") && halted.contains("INCONCLUSIVE"), "{halted}");

    labels(&topics, &[Some("here"); 50]);
    assert_eq!(asks("argo-rollouts", &kubernetes), "Successful");
    assert_eq!(asks("flagger", &flagger), "goes on");

    labels(&topics, &[None]);
    assert_eq!(asks("argo-rollouts", &kubernetes), "Failed");
    let halted = asks("flagger", &flagger);
    assert!(halted.starts_with("halted: ") && halted.contains("a parcel has an address"), "{halted}");
    assert_eq!(gate.interrupted().code, Some(0));
}

#[test]
fn uptests_are_reported_where_that_is_asked_for() {
    let topics = OwnTopics::created("uptests", &[]);
    let project =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../livecheck-uptest/testdata/velociraptor/fails");
    let uptest = RunnerCommand::on(&topics)
        .arguments("uptest web 10.0.0.1 8000 --reports --root")
        .arguments(project.to_str().unwrap())
        .output();
    assert_eq!(uptest.code, Some(100), "{}", uptest.stderr);

    let mut found: Vec<_> = reports::all(&topics.names.report_topic)
        .into_iter()
        .map(|report| {
            let test = report.value.test.as_ref().expect("an uptest is an execution");
            assert_eq!(report.key.as_deref(), Some(test.id.as_str()));
            assert_eq!(report.context.as_ref().expect("headers").key(), &test.key());
            assert_eq!(
                test.arguments.get(0, "host").map(ToString::to_string).as_deref(),
                Some("\"10.0.0.1\"")
            );
            (report.value.case_name.to_string(), report.value.state, report.value.error)
        })
        .collect();
    found.sort();
    let of = |name: &str, state, error: Option<&str>| {
        (format!("uptest::web::{name}"), state, error.map(str::to_owned))
    };
    assert_eq!(
        found,
        [
            of("exits-1", State::Fail, Some("exit status 1")),
            of("exits-255-silently", State::Fail, Some("exit status 255")),
            of("exits-3-silently", State::Fail, Some("exit status 3")),
            of("passes", State::Pass, None),
        ]
    );
    assert_eq!(gate(&topics, "uptest::web::passes").code, Some(0));
    assert_eq!(gate(&topics, "uptest::web::exits-1").code, Some(100));
}
