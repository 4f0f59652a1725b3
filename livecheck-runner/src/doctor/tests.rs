//! What `doctor` says, of made-up facts and of an embedded broker.

use std::path::{Path, PathBuf};
use std::time::Duration;

use livecheck_core::case::{Case, Location};
use livecheck_core::{Cases, Timestamp, Topics};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::setup::Command;
use super::*;
use crate::args::ConfigOptions;
use crate::config::{Config, Ready, ServiceCommand, ServiceConfig, Variables};
use crate::kafka::diagnosis::{
    Cluster, Group, LatestRecord, Position, Replicas, Settings, Trouble, TroubleKind, Unreached,
};
use crate::kafka::{FoundTopics, InternalTopic};

static ORDER_FLOW: Case = Case::new(
    "orders::order_flow",
    Location { package: "orders", file: "orders/src/cases.rs", line: 12 },
    |_| Box::pin(async { Ok(()) }),
);

static REFUND: Case = Case {
    settings: livecheck_core::Settings::new().active(false).test_expires(Duration::from_secs(60)),
    ..Case::new(
        "payments::refund",
        Location { package: "payments", file: "payments/src/lib.rs", line: 7 },
        |_| Box::pin(async { Ok(()) }),
    )
};

/// What those findings print, without colours.
fn printed(findings: impl IntoIterator<Item = Finding>) -> String {
    let findings: Vec<Finding> = findings.into_iter().collect();
    let text: String = findings.iter().map(|finding| finding.render(Some(100))).collect();
    anstream::adapter::strip_str(&(text + &summary(&findings))).to_string()
}

fn load(text: Option<&str>, options: &ConfigOptions) -> Result<Config, crate::config::ConfigError> {
    let folder = tempfile::tempdir().expect("a folder");
    if let Some(text) = text {
        std::fs::create_dir(folder.path().join(".config")).expect("a folder");
        std::fs::write(folder.path().join(".config/livecheck.toml"), text).expect("a file");
    }
    let variables = Variables::from_iter([("LIVECHECK_GRUOP".to_owned(), "g".to_owned())]);
    Config::load(options, &variables, folder.path())
}

fn not_allowed(code: RDKafkaErrorCode) -> KafkaError {
    KafkaError::AdminOp(code)
}

fn found(counts: [Option<usize>; 3]) -> FoundTopics {
    let [test, bus, report] = counts;
    let named = |name: &str, count| (name.to_owned(), count);
    let partitions =
        [named("livecheck", test), named("livecheck-bus", bus), named("livecheck-report", report)];
    FoundTopics { partitions }
}

fn cluster() -> Cluster {
    Cluster {
        id: Some("MkU3OEVBNTcwNTJENDM2Qk".to_owned()),
        brokers: vec![(1, "kafka-1:9092".to_owned()), (2, "kafka-2:9092".to_owned())],
        topics: ["livecheck", "livecheck-bus", "livecheck-report"]
            .map(|name| (name, 8))
            .into_iter()
            .collect(),
        replicas: Vec::new(),
    }
}

fn topic(settings: &[(&str, &str)]) -> Result<Settings, KafkaError> {
    Ok(settings.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect())
}

#[test]
fn the_setup() {
    insta::assert_snapshot!(printed(configuration(&load(
        Some("[profile.default]\n"),
        &ConfigOptions::default()
    ))));
    insta::assert_snapshot!(printed(configuration(&load(
        Some("[profile.default]\nboostrap-servers = 'k'\n"),
        &ConfigOptions::default()
    ))));
    let linked = Cases::new([&ORDER_FLOW, &REFUND]).expect("two names");
    let alone = Cases::new([&ORDER_FLOW]).expect("one name");
    let none = Cases::default();
    insta::assert_snapshot!(printed([
        cases(&linked, &[]),
        cases(&alone, &[]),
        cases(&none, &["orders".to_owned(), "payments".to_owned()]),
        cases(&none, &[]),
    ]));
}

#[test]
fn brokers_that_are_not_configured() {
    let options =
        |embedded| ConfigOptions { embedded, embedded_port: Some(9092), ..ConfigOptions::default() };
    let config = |embedded| load(None, &options(embedded)).expect("a configuration");
    insta::assert_snapshot!(printed([
        no_brokers(&config(false), true, true),
        no_brokers(&config(true), false, true),
        no_brokers(&config(false), false, true),
        no_brokers(&config(true), false, false),
    ]));
}

#[test]
fn brokers_that_are_out_of_reach() {
    let trouble = |kind, reason: &str| Trouble { kind, reason: reason.to_owned() };
    let one = |kind, reason| unreached("kafka:9092", &Unreached { troubles: vec![trouble(kind, reason)] });
    insta::assert_snapshot!(printed([
        unreached(
            "kafka-1:9092,kafka-2:9092",
            &Unreached {
                troubles: vec![
                    trouble(TroubleKind::Name, "kafka-1:9092: Failed to resolve 'kafka-1:9092'"),
                    trouble(
                        TroubleKind::Refused,
                        "kafka-2:9092: Connect to ipv4#10.0.0.2:9092 failed: Connection refused"
                    ),
                ]
            }
        ),
        one(TroubleKind::Tls, "kafka:9092: SSL handshake failed: certificate verify failed"),
        one(TroubleKind::Authentication, "kafka:9092: SASL authentication error: Authentication failed"),
        one(TroubleKind::Protocol, "kafka:9092: Disconnected while requesting ApiVersion"),
        one(TroubleKind::Silence, "kafka:9092: Connection setup timed out in state CONNECT"),
        one(TroubleKind::Configuration, "`TLS` cannot be the value of `security.protocol`"),
    ]));
}

#[test]
fn brokers_that_answer_or_do_not() {
    let settings = topic(&[("inter.broker.protocol.version", "3.9-IV0")]);
    let timed_out = Err(KafkaError::AdminOp(RDKafkaErrorCode::OperationTimedOut));
    let forbidden = || Err(not_allowed(RDKafkaErrorCode::ClusterAuthorizationFailed));
    insta::assert_snapshot!(printed(
        brokers("kafka-1:9092", false, &cluster(), &[(1, settings), (2, timed_out)])
            .into_iter()
            .chain(brokers("127.0.0.1:4711", true, &cluster(), &[(1, forbidden()), (2, topic(&[]))]))
    ));
    insta::assert_snapshot!(printed([
        transactions("livecheck", &Ok(())),
        transactions("livecheck", &Err(not_allowed(RDKafkaErrorCode::TransactionalIdAuthorizationFailed))),
        transactions("livecheck", &Err(not_allowed(RDKafkaErrorCode::OperationTimedOut))),
    ]));
}

#[test]
fn clocks_by_the_latest_records() {
    let now: Timestamp = "2026-11-21T02:03:04Z".parse().expect("an instant");
    let record = |topic: &str, seconds: i64, by_broker| LatestRecord {
        topic: topic.to_owned(),
        time: Timestamp::from_micros(now.as_micros() + seconds * 1_000_000),
        by_broker,
    };
    insta::assert_snapshot!(printed([
        clocks(now, &Ok(vec![record("livecheck-bus", -75, true), record("livecheck", -90, true)])),
        clocks(now, &Ok(vec![record("livecheck-bus", 3600, true)])),
        clocks(now, &Ok(vec![record("livecheck", 7, false)])),
        clocks(now, &Ok(vec![record("livecheck", 7, false), record("livecheck-bus", 0, true)])),
        clocks(now, &Ok(Vec::new())),
        clocks(now, &Err(not_allowed(RDKafkaErrorCode::TopicAuthorizationFailed))),
    ]));
}

#[test]
fn topics_and_what_they_are_set_to() {
    insta::assert_snapshot!(printed(
        [
            co_partitioned(&found([Some(8); 3]), 8),
            co_partitioned(&found([None; 3]), 8),
            co_partitioned(&found([Some(4), None, Some(4)]), 8),
            co_partitioned(&found([Some(4), Some(8), Some(4)]), 8),
        ]
        .into_iter()
        .chain(replicas(&Replicas { topic: "livecheck".to_owned(), fewest: 3, leaderless: 0 }, 3))
        .chain(replicas(&Replicas { topic: "livecheck".to_owned(), fewest: 1, leaderless: 0 }, 3))
        .chain(replicas(&Replicas { topic: "livecheck".to_owned(), fewest: 1, leaderless: 0 }, 1))
        .chain(replicas(&Replicas { topic: "livecheck".to_owned(), fewest: 3, leaderless: 2 }, 3))
    ));
    let topics = Topics::default();
    let longest = Longest::of(&Cases::new([&ORDER_FLOW, &REFUND]).expect("two names"));
    let of = |name: &str, given: &[(&str, &str)]| settings(name, &topics, &topic(given), longest, false);
    let good = [
        ("message.timestamp.type", "LogAppendTime"),
        ("retention.ms", "604800000"),
        ("retention.bytes", "-1"),
        ("cleanup.policy", "delete"),
        ("max.message.bytes", "1048588"),
    ];
    let bad = [
        ("message.timestamp.type", "CreateTime"),
        ("retention.ms", "3600000"),
        ("retention.bytes", "1000000"),
        ("cleanup.policy", "compact,delete"),
        ("max.message.bytes", "1000"),
    ];
    insta::assert_snapshot!(printed(
        of("livecheck-bus", &good)
            .into_iter()
            .chain(of("livecheck", &[("message.timestamp.type", "CreateTime"), ("retention.ms", "-1")]))
            .chain(of("livecheck-bus", &bad))
            .chain(settings(
                "livecheck",
                &topics,
                &Err(not_allowed(RDKafkaErrorCode::TopicAuthorizationFailed)),
                longest,
                false
            ))
            .chain(of("livecheck", &[]))
            .chain(settings("livecheck", &topics, &topic(&[("retention.bytes", "1000")]), longest, true))
    ));
}

#[test]
fn the_group_and_how_far_it_is() {
    let position = |partition, committed| Position { partition, beginning: 10, end: 25, committed };
    let of = |members: &[&str], positions: Vec<Position>| {
        let hosts: Vec<String> = members.iter().map(|&host| host.to_owned()).collect();
        let state = if members.is_empty() { "Empty" } else { "Stable" }.to_owned();
        group("livecheck", &Ok(Group { state, hosts, positions }))
    };
    let runner = "/10.0.0.7";
    insta::assert_snapshot!(printed(
        [
            of(&[], vec![Position { partition: 0, beginning: 0, end: 0, committed: None }]),
            of(&[], vec![position(0, Some(25))]),
            of(&[], vec![position(0, Some(20)), position(1, None)]),
            of(&[runner, runner], vec![position(0, Some(25)), position(1, Some(24))]),
            of(&[runner], vec![position(0, Some(5)), position(1, Some(25)), position(2, Some(9))]),
            group("livecheck", &Err(not_allowed(RDKafkaErrorCode::GroupAuthorizationFailed))),
            group("livecheck", &Err(not_allowed(RDKafkaErrorCode::CoordinatorNotAvailable))),
        ]
        .concat()
    ));
}

#[test]
fn the_runners_own_topics() {
    let changelog = "livecheck-orders.order-debts-changelog".to_owned();
    let topics = InternalTopic::all(&Topics::default(), "livecheck", [changelog]);
    let [monitor, control, checkpoints, keys, debts] = &topics[..] else { panic!("{topics:?}") };
    let settings =
        |policy: &str, retention: &str| topic(&[("cleanup.policy", policy), ("retention.ms", retention)]);
    let remembers = |millis: &str| topic(&[("cleanup.policy", "compact"), ("delete.retention.ms", millis)]);
    let (compacted, week) = (settings("compact", "-1"), settings("delete", "604800000"));
    let longest = Some(Longest { case: "orders::order", test_expires: Duration::from_secs(3 * 3_600) });
    let of = |topic, partitions, expected, settings| internal(topic, partitions, expected, settings, longest);
    insta::assert_snapshot!(printed([
        of(monitor, Some(1), 1, Some(&compacted)),
        of(control, None, 1, None),
        of(checkpoints, Some(8), 8, Some(&compacted)),
        of(keys, Some(8), 8, Some(&week)),
        of(monitor, Some(3), 1, Some(&compacted)),
        of(control, Some(1), 1, Some(&week)),
        of(control, Some(1), 1, Some(&settings("compact,delete", "604800000"))),
        of(checkpoints, Some(4), 8, Some(&compacted)),
        of(keys, Some(8), 8, Some(&settings("compact", "-1"))),
        of(keys, Some(8), 8, Some(&settings("delete", "3600000"))),
        of(keys, Some(8), 8, Some(&settings("delete", "-1"))),
        of(keys, Some(8), 8, Some(&Err(not_allowed(RDKafkaErrorCode::TopicAuthorizationFailed)))),
        of(keys, Some(8), 8, Some(&Ok(Settings::new()))),
        of(debts, Some(8), 8, Some(&remembers("86400000"))),
        of(debts, Some(8), 8, Some(&remembers("3600000"))),
        of(debts, Some(8), 8, Some(&week)),
        of(debts, None, 8, None),
    ]));
}

fn web(command: ServiceCommand) -> ServiceConfig {
    ServiceConfig {
        name: "web".to_owned(),
        command,
        cwd: PathBuf::from("/w/services"),
        env: std::collections::BTreeMap::default(),
        ready: Ready::Port(6066),
        ready_timeout: Duration::from_secs(60),
        reuse: false,
    }
}

#[test]
fn the_program_of_a_service_is_looked_for_as_it_will_be() {
    let there = ["/bin/cargo", "/w/services/run.sh"];
    let path = [PathBuf::from("/usr/bin"), PathBuf::from("/bin")];
    let find = |command| {
        find_command(&web(command), &path, |path| there.iter().any(|there| Path::new(there) == path))
    };
    let shell = |line: &str| find(ServiceCommand::Shell(line.to_owned()));
    let program =
        |name: &str| find(ServiceCommand::Program { program: name.to_owned(), arguments: Vec::new() });
    assert_eq!(shell("cargo run -p web"), Command::Found("/bin/cargo".into()));
    assert_eq!(shell("./run.sh --fast"), Command::Found("/w/services/./run.sh".into()));
    assert_eq!(shell("PORT=1 cargo run"), Command::Unknown);
    assert_eq!(shell("cd web && cargo run"), Command::Unknown);
    assert_eq!(shell("(cargo run)"), Command::Unknown);
    assert_eq!(program("cagro"), Command::Missing("cagro".to_owned()));
    assert_eq!(program("cargo"), Command::Found("/bin/cargo".into()));
}

#[test]
fn services() {
    let web = web(ServiceCommand::Shell("cargo run -p web".to_owned()));
    let reused = ServiceConfig { reuse: true, ..web.clone() };
    let there = Command::Found("/bin/cargo".into());
    insta::assert_snapshot!(printed([
        service(&web, &there, true, false),
        service(&web, &Command::Unknown, true, false),
        service(&web, &Command::Missing("cargo".to_owned()), true, false),
        service(&web, &there, false, false),
        service(&web, &there, true, true),
        service(&reused, &there, true, true),
    ]));
}

/// Produces one record to the test topic.
#[cfg(feature = "embedded")]
fn produce(connection: &crate::kafka::Connection) {
    use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

    let mut config = rdkafka::ClientConfig::new();
    let producer: BaseProducer =
        config.set("bootstrap.servers", &connection.servers).create().expect("a producer");
    let record = BaseRecord::to(&connection.topics.test_topic).key("o-1").payload("{}");
    producer.send(record).map_err(|(error, _)| error).expect("it is taken");
    producer.flush(Duration::from_secs(10)).expect("it is delivered");
}

#[cfg(feature = "embedded")]
#[tokio::test(flavor = "multi_thread")]
async fn an_embedded_broker_is_asked() {
    use crate::kafka::{Connection, Inspection, diagnosis, ensure_topics};

    async fn blocking<T: Send + 'static>(ask: impl FnOnce() -> T + Send + 'static) -> T {
        tokio::task::spawn_blocking(ask).await.expect("it does not panic")
    }

    let broker = livecheck_broker::Broker::builder().start().await.expect("it starts");
    let connection = Connection {
        servers: broker.bootstrap_servers(),
        properties: std::collections::BTreeMap::default(),
        topics: Topics::default(),
    };
    let patience = Duration::from_secs(10);
    let reach = |connection: Connection| blocking(move || diagnosis::reach(&connection, patience));

    let before = reach(connection.clone()).await.expect("it is reached");
    let found = |inspection: &Inspection| FoundTopics::of(&connection.topics, inspection);
    assert_eq!(found(&before.topics).partitions.iter().filter(|(_, count)| count.is_some()).count(), 0);
    ensure_topics(&connection, &before.topics, 3, None).await.expect("they are created");
    let cluster = reach(connection.clone()).await.expect("it is reached");
    assert_eq!(found(&cluster.topics).co_partitioned().expect("one count"), Some(3));
    assert_eq!(cluster.brokers.len(), 1);
    assert_eq!(cluster.replicas.len(), 3);

    let answers = diagnosis::broker_settings(&connection, cluster.brokers.iter().map(|(id, _)| *id)).await;
    assert!(answers.iter().all(|(_, answer)| answer.is_ok()), "{answers:?}");
    let names = ["livecheck-bus".to_owned(), "nowhere".to_owned()];
    let described = diagnosis::topic_settings(&connection, &names).await.expect("it answers");
    let bus = described[0].1.as_ref().expect("it is there");
    assert_eq!(bus.get("message.timestamp.type").map(String::as_str), Some("LogAppendTime"));
    assert_eq!(described[1].1, Ok(Settings::new()), "there is no such topic");

    let topics = vec![("livecheck".to_owned(), 3), ("livecheck-bus".to_owned(), 3)];
    let asked = (connection.clone(), topics.clone());
    let none = blocking(move || diagnosis::latest_records(&asked.0, &asked.1)).await.expect("it answers");
    assert_eq!(none, []);
    let asked = (connection.clone(), topics);
    let records = blocking(move || {
        produce(&asked.0);
        diagnosis::latest_records(&asked.0, &asked.1)
    });
    let records = records.await.expect("it answers");
    assert_eq!(records.len(), 1, "{records:?}");
    assert!(records[0].by_broker && records[0].topic == "livecheck");
    assert_eq!(clocks(Timestamp::now(), &Ok(records)).grade, Grade::Ok);

    let asked = connection.clone();
    let begun = blocking(move || diagnosis::transactions(&asked, "livecheck", patience)).await;
    assert_eq!(transactions("livecheck", &begun).grade, Grade::Ok);
    let asked = connection.clone();
    let found = blocking(move || diagnosis::group(&asked, "livecheck", 3)).await.expect("it answers");
    assert_eq!(found.positions.iter().map(Position::lag).sum::<i64>(), 1);
    assert!(found.hosts.is_empty());

    broker.shutdown().await;
    let unreached = reach(connection).await.expect_err("it is gone");
    assert!(unreached.troubles.iter().all(|trouble| trouble.kind == TroubleKind::Refused), "{unreached:?}");
}
