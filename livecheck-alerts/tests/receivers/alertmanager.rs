//! Alertmanager: what it is sent, and a real one where the variable `LIVECHECK_TEST_ALERTMANAGER` names the program
//! (Debian's `prometheus-alertmanager`).

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use livecheck_alerts::receiver::Alertmanager;
use livecheck_alerts::{Credentials, Endpoint, Message, Receiver, Status, Way};
use livecheck_core::Timestamp;
use serde_json::Value;
use tempfile::TempDir;

use crate::server::{Answer, Server};
use crate::{message, receiver, secret};

const MINUTE: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(30);

fn alertmanager(url: &str) -> Receiver {
    let endpoint = Endpoint::new(secret(url), Credentials::default()).unwrap();
    receiver(Way::Alertmanager(Alertmanager::new(endpoint, MINUTE).unwrap()))
}

#[tokio::test]
async fn alerts_that_go_on_end_in_four_resends_and_those_that_are_over_have_ended() {
    let server = Server::start(Answer(200, "", None)).await;
    let now = Timestamp::now();
    alertmanager(&server.url("/am/")).send(&message(Status::Firing)).await.unwrap();
    assert_eq!(server.last().path, "/am/api/v2/alerts");
    let alerts = server.last().json();
    let end = |index: usize| alerts[index]["endsAt"].as_str().unwrap().parse::<Timestamp>().unwrap();
    assert!(end(0) >= now + 4 * MINUTE && end(0) < now + 5 * MINUTE);
    assert_eq!(end(1).to_string(), "2026-11-21T02:08:09.000000Z");
    assert_eq!(alerts[0]["labels"]["tags"], "smoke");
    assert_eq!(alerts[0]["annotations"]["summary"], "3 executions in a row did not pass");
    assert_eq!(alerts[0]["generatorURL"], "https://livecheck.example.com/");
}

/// A real Alertmanager, with a webhook behind it; ended when it is dropped.
struct Real {
    process: Child,
    url: String,
    behind: Server,
    _folder: TempDir,
}

impl Real {
    /// None where the variable does not name one.
    async fn start() -> Option<Self> {
        let program = std::env::var_os("LIVECHECK_TEST_ALERTMANAGER")?;
        let (folder, behind) = (tempfile::tempdir().unwrap(), Server::start(Answer(200, "", None)).await);
        let config = folder.path().join("alertmanager.yml");
        let text = format!(
            "route: {{receiver: hook, group_by: [case], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}}\n\
             receivers: [{{name: hook, webhook_configs: [{{url: \"{}\", send_resolved: true}}]}}]\n",
            behind.url("/")
        );
        std::fs::write(&config, text).unwrap();
        // Another may take the port in between: then it does not start, and the test says so.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Command::new(program)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--cluster.listen-address=")
            .stderr(std::fs::File::create(folder.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        Some(Self { process, url: format!("http://127.0.0.1:{port}"), behind, _folder: folder })
    }

    /// Tells it, once it is up.
    async fn is_told(&self, receiver: &Receiver, message: &Message) {
        let deadline = Instant::now() + PATIENCE;
        while let Err(error) = receiver.send(message).await {
            assert!(Instant::now() < deadline, "{error}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until it has notified of that.
    async fn notifies(&self, case: &str, status: &str) {
        let deadline = Instant::now() + PATIENCE;
        let is_it = |message: &Value| {
            let alerts = message["alerts"].as_array().unwrap();
            alerts.iter().any(|alert| alert["labels"]["case"] == case && alert["status"] == status)
        };
        while !self.behind.all().iter().any(|arrived| is_it(&arrived.json())) {
            assert!(Instant::now() < deadline, "{status}: {:?}", self.behind.all());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn a_real_alertmanager_tells_of_an_alert_once_and_of_its_end() {
    let Some(real) = Real::start().await else {
        println!("LIVECHECK_TEST_ALERTMANAGER does not name the program: skipped");
        return;
    };
    let receiver = alertmanager(&real.url);
    let since = Timestamp::now();
    let of = |status| {
        let mut message = message(status);
        message.alerts.truncate(1);
        message.alerts[0].starts_at = since;
        message
    };
    // As often as it is told, it is one alert.
    for _ in 0..3 {
        real.is_told(&receiver, &of(Status::Firing)).await;
    }
    real.notifies("orders::order_flow", "firing").await;
    let mut over = of(Status::Resolved);
    over.alerts[0].ends_at = Some(Timestamp::now());
    real.is_told(&receiver, &over).await;
    real.notifies("orders::order_flow", "resolved").await;
    let statuses: Vec<_> = real.behind.all().iter().map(|arrived| arrived.json()["status"].clone()).collect();
    assert_eq!(statuses, ["firing", "resolved"]);
    // What it cannot take it refuses.
    let mut odd = of(Status::Firing);
    odd.alerts[0].labels.clear();
    let error = receiver.send(&odd).await.unwrap_err();
    assert!(error.refused && error.reason.starts_with("400"), "{error}");
}
