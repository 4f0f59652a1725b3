//! The same from other clients' side: aiokafka, on which Faust is built, and Kafka's own in Java.
//!
//! Each is a program that prints what it sees; they must see the same, here and on real Kafka. They need an
//! interpreter and a library that a bare machine has not, and are tried where a variable names them.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::rig::Rig;

/// The Python that has aiokafka, as `ci/faust-venv` makes it.
const PYTHON: &str = "LIVECHECK_TEST_FAUST_PYTHON";
/// The folder with the jars of Kafka, as `ci/kafka jars` fetches them; `java` must be a JDK's.
const JARS: &str = "LIVECHECK_TEST_KAFKA_JARS";

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/other_clients");
const EXPECTED: &str = include_str!("other_clients/expected.txt");

fn named(variable: &str) -> Option<String> {
    let value = std::env::var(variable).ok().filter(|value| !value.is_empty());
    if value.is_none() {
        eprintln!("not tried: {variable} is not set");
    }
    value
}

/// Runs it against a broker, and compares what it sees.
async fn sees_what_is_expected(mut client: Command) {
    let rig = Rig::start().await;
    client.arg(&rig.bootstrap).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(Duration::from_secs(120), client.output());
    let output = output.await.expect("it ends within two minutes").expect("it starts");
    let (seen, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{seen}\n{said}");
    assert_eq!(seen, EXPECTED, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn aiokafka_sees_what_is_expected() {
    let Some(python) = named(PYTHON) else { return };
    let mut client = Command::new(python);
    client.args(["-B", &format!("{FOLDER}/aiokafka_client.py")]);
    sees_what_is_expected(client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kafkas_own_client_sees_what_is_expected() {
    let Some(jars) = named(JARS) else { return };
    let mut client = Command::new("java");
    client.args(["-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp", &format!("{jars}/*")]);
    client.arg(format!("{FOLDER}/JavaClient.java"));
    sees_what_is_expected(client).await;
}
