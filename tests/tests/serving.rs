//! What a runner serves: its metrics, read by a real Prometheus where one is named, and the page of its cases.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use livecheck::Timestamp;
use livecheck::wire::{Arguments, TestExecution};
use livecheck_tests::PATIENCE;
use livecheck_tests::own_topics::OwnTopics;
use livecheck_tests::process::Process;
use livecheck_tests::records::{Record, Sender};
use livecheck_tests::runner::{Runner, RunnerCommand};
use serde_json::{Value, json};

/// The variable that says where Prometheus is; promtool stands beside it.
const PROMETHEUS: &str = "LIVECHECK_TEST_PROMETHEUS";
const TOKEN: &str = "open sesame";

/// A runner that serves on a free port; and where.
fn serving(topics: &OwnTopics) -> (Runner, String) {
    let runner = RunnerCommand::on(topics)
        .program("lamp-runner")
        .arguments("run")
        .variable("LIVECHECK_WEB_LISTEN", "127.0.0.1:0")
        .variable("LIVECHECK_WEB_TOKEN", TOKEN)
        .start_ready();
    let url = address_of(&runner);
    (runner, url)
}

/// Where a runner says that its page is.
fn address_of(runner: &Runner) -> String {
    runner.wait_for("where the page is", |line| Some(line.split_once("the page on ")?.1.trim().to_owned()))
}

fn trigger(topics: &OwnTopics, lamps: &[(&str, bool)]) {
    let sender = Sender::new();
    let timestamp = Timestamp::now();
    sender.send_all(lamps.iter().map(|(id, shines)| {
        let mut arguments = Arguments::new();
        arguments.insert("shines", shines).expect("a boolean has JSON");
        let expires = timestamp + Duration::from_secs(60);
        let test =
            TestExecution { id: (*id).into(), case_name: "lamp".into(), timestamp, expires, arguments };
        Record::trigger(&topics.names, &test)
    }));
}

fn get(url: &str) -> reqwest::Result<String> {
    runtime().block_on(async { reqwest::get(url).await?.error_for_status()?.text().await })
}

/// What is answered, whether it is what was asked for or an error.
fn text(url: &str) -> String {
    runtime().block_on(async { reqwest::get(url).await?.text().await }).expect("an answer")
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Looks again and again until there is something.
fn until<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The sum of the samples of that name with those labels in them.
fn sum(metrics: &str, name: &str, labels: &str) -> f64 {
    let samples =
        metrics.lines().filter(|line| line.starts_with(&format!("{name}{{")) && line.contains(labels));
    samples.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
}

#[test]
fn in_every_scrape_of_a_runner_all_that_was_triggered_is_accounted_for() {
    let topics = OwnTopics::named("serving-metrics");
    let (runner, url) = serving(&topics);
    let metrics = || get(&format!("{url}/metrics")).expect("metrics");
    trigger(&topics, &[("l-1", true), ("l-2", false), ("l-3", true)]);
    until("three have ended", || {
        let metrics = metrics();
        let (triggered, ended, in_flight) = (
            sum(&metrics, "livecheck_executions_triggered_total", "\"lamp\""),
            sum(&metrics, "livecheck_executions_total", "\"lamp\""),
            sum(&metrics, "livecheck_executions_in_flight", "\"lamp\""),
        );
        assert_eq!(triggered, ended + in_flight, "{metrics}");
        (ended == 3.0).then_some(())
    });
    let metrics = metrics();
    assert_eq!(sum(&metrics, "livecheck_executions_total", "case=\"lamp\",state=\"fail\""), 1.0);
    assert_eq!(sum(&metrics, "livecheck_execution_runtime_seconds_count", "\"lamp\""), 2.0);
    let _ = runner.interrupted();
}

#[test]
fn a_page_is_for_its_machine_alone_where_nobody_says_otherwise() {
    let topics = OwnTopics::named("serving-loopback");
    let runner =
        RunnerCommand::on(&topics).arguments("run").variable("LIVECHECK_WEB_LISTEN", "").start_ready();
    // Another program may have the port: then that is said, of the same address.
    runner.wait_for_text("127.0.0.1:9999");
    let _ = runner.interrupted();
}

#[test]
fn the_page_of_a_runner_shows_its_cases_and_does_what_the_token_allows() {
    let topics = OwnTopics::named("serving-page");
    let (runner, url) = serving(&topics);
    let post = |body: Value, token: &'static str| {
        let request = reqwest::Client::new().post(format!("{url}/api/case/lamp")).bearer_auth(token);
        runtime().block_on(async {
            let answer = request.body(body.to_string()).send().await.expect("an answer");
            (answer.status().as_u16(), answer.json::<Value>().await.expect("JSON"))
        })
    };
    assert_eq!(post(json!({ "trigger": { "arguments": { "shines": true } } }), "open").0, 401);
    let (status, said) = post(json!({ "trigger": { "arguments": {} } }), TOKEN);
    assert_eq!((status, &said["error"]), (400, &json!("the argument `shines` (bool) is missing")));
    let (status, said) = post(json!({ "trigger": { "arguments": { "shines": true } } }), TOKEN);
    assert_eq!(status, 200, "{said}");
    let case = |name: &str| {
        let overview: Value = get(&format!("{url}/api/overview")).expect("JSON").parse().expect("JSON");
        overview["cases"].as_array()?.iter().find(|case| case["name"] == name).cloned()
    };
    until("it has passed", || (case("lamp")?["counts"]["pass"] == 1).then_some(()));
    assert!(get(&url).expect("a page").contains("lamp"));
    assert!(get(&format!("{url}/badge/lamp.svg")).expect("a badge").contains("lamp: passing"));

    let (status, said) = post(json!({ "probability": { "value": 0.25, "for": "1h" } }), TOKEN);
    assert_eq!((status, &said["done"]), (200, &json!("the probability is 25% for 1h")));
    until("the runner knows it", || (case("lamp")?["probability"] == 0.25).then_some(()));
    let (_, said) = post(json!({ "probability": { "value": null } }), TOKEN);
    assert_eq!(said["done"], "the probability is what the code says again");
    until("it is taken back", || (case("lamp")?["probability"] == 1.0).then_some(()));
    let _ = runner.interrupted();
}

#[test]
fn what_is_secret_in_urls_and_settings_is_in_no_log_on_no_page_and_in_no_answer() {
    let topics = OwnTopics::named("serving-secrets");
    let command = |arguments: &str| {
        RunnerCommand::on(&topics)
            .program("lamp-runner")
            .arguments(arguments)
            .variable("LIVECHECK_WEB_TOKEN", "hunter2-of-the-page")
            // Nobody listens there: each attempt fails, and says so.
            .variable(
                "LIVECHECK_STORE_URL",
                "postgres://livecheck:hunter2-of-the-store@127.0.0.1:1/livecheck",
            )
            .variable("LIVECHECK_KAFKA_SASL_PASSWORD", "hunter2-of-kafka")
            .variable("RUST_LOG", "trace")
    };
    let runner = command("run -vvv").variable("LIVECHECK_WEB_LISTEN", "127.0.0.1:0").start_ready();
    let url = address_of(&runner);
    trigger(&topics, &[("lamp-1", true)]);
    let page = until("the page is there", || get(&url).ok().filter(|page| page.contains("lamp")));
    assert!(page.contains("The history cannot be shown now"), "{page}");
    let mut seen = vec![page];
    for path in [
        "/case/lamp",
        "/api/overview",
        "/api/case/lamp",
        "/api/executions",
        "/execution/lamp/lamp-1",
        "/metrics",
    ] {
        seen.push(text(&format!("{url}{path}")));
    }
    let of_case = &seen[1];
    assert!(of_case.contains("Last seen"), "the state of the case is shown all the same: {of_case}");
    assert!(
        of_case.contains("The history cannot be shown now") && of_case.contains("Not known."),
        "{of_case}"
    );
    let ended = runner.interrupted();
    for ended in [ended, command("doctor").output(), command("history").output(), command("status").output()]
    {
        seen.push(ended.stdout + &ended.stderr);
    }
    for seen in seen {
        assert!(!seen.is_empty() && !seen.contains("hunter2"), "{seen}");
    }
}

#[test]
fn a_real_prometheus_reads_all_metrics_and_answers_every_query_of_the_dashboard() {
    let Some(program) = std::env::var_os(PROMETHEUS) else {
        eprintln!("{PROMETHEUS} names no Prometheus: nothing is tested");
        return;
    };
    let topics = OwnTopics::named("serving-prometheus");
    let (runner, url) = serving(&topics);
    trigger(&topics, &[("p-1", true), ("p-2", false)]);
    let promtool = std::path::Path::new(&program).with_file_name("promtool");
    until("promtool finds nothing to mend", || {
        let metrics = get(&format!("{url}/metrics")).expect("metrics");
        (sum(&metrics, "livecheck_executions_total", "\"lamp\"") == 2.0).then_some(())?;
        let mut check = Command::new(&promtool)
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("promtool starts");
        std::io::Write::write_all(&mut check.stdin.take().expect("piped"), metrics.as_bytes())
            .expect("it reads");
        let said = check.wait_with_output().expect("it ends");
        assert!(said.status.success() && said.stderr.is_empty(), "{said:?}");
        Some(())
    });

    let folder = tempfile::tempdir().expect("a folder");
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/../grafana/prometheus/livecheck.rules.yaml");
    let target = url.trim_start_matches("http://");
    let configuration = format!(
        "global: {{ scrape_interval: 200ms, evaluation_interval: 1s }}\nrule_files: [{rules}]\n\
         scrape_configs: [{{ job_name: livecheck, static_configs: [{{ targets: ['{target}'] }}] }}]\n"
    );
    let file = folder.path().join("prometheus.yaml");
    std::fs::write(&file, configuration).expect("it is written");
    let mut command = Command::new(&program);
    command
        .arg(format!("--config.file={}", file.display()))
        .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
        .arg("--web.listen-address=127.0.0.1:0")
        .stderr(Stdio::piped());
    let prometheus = Process::start(command);
    let address = prometheus.wait_for("where it listens", |line| {
        let (_, address) = line.split_once("msg=\"Listening on\"")?.1.split_once("address=")?;
        address.split_whitespace().next().map(str::to_owned)
    });

    let ask = |expression: &str| -> Option<Value> {
        let question = reqwest::Url::parse_with_params(
            &format!("http://{address}/api/v1/query"),
            [("query", expression)],
        );
        let answer: Value = get(question.expect("a question").as_str()).ok()?.parse().ok()?;
        assert_eq!(answer["status"], "success", "{expression}: {answer}");
        Some(answer["data"]["result"].clone())
    };
    until("it has scraped", || {
        (ask("livecheck_executions_total{case=\"lamp\"}")?.as_array()?.len() == 5).then_some(())
    });
    let dashboard: Value = include_str!("../../grafana/livecheck-prometheus.json").parse().expect("JSON");
    let mut asked = 0;
    for panel in dashboard["panels"].as_array().expect("panels") {
        for target in panel["targets"].as_array().expect("targets") {
            let expression = target["expr"].as_str().expect("a query");
            let expression = expression.replace("$case", ".*").replace("$__rate_interval", "1m");
            // Of what has not happened here there is no series; that the query is one, Prometheus says all the same.
            let may_be_empty =
                ["bad_records", "notices", "signal_latency"].iter().any(|name| expression.contains(name));
            until(&format!("an answer to {expression}"), || {
                let answer = ask(&expression)?;
                (may_be_empty || answer.as_array().is_some_and(|found| !found.is_empty())).then_some(())
            });
            asked += 1;
        }
    }
    assert!(asked > 15, "{asked}");
    drop(prometheus);
    let _ = runner.interrupted();
}
