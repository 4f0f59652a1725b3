//! Those who are told by a command.

use std::path::PathBuf;
use std::time::Duration;

use livecheck_alerts::receiver::CommandReceiver;
use livecheck_alerts::{Receipt, Receiver, Status, Way};

use crate::message;

fn shell(line: &str, timeout: Duration) -> Receiver {
    let way = Way::Command(CommandReceiver {
        program: "sh".to_owned(),
        arguments: vec!["-c".to_owned(), line.to_owned()],
        cwd: PathBuf::from("."),
    });
    Receiver { way, timeout }
}

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_command_gets_the_message_on_its_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("message.json");
    let line = format!("cat > {} && echo paged", file.display());
    let receipt = shell(&line, PATIENCE).send(&message(Status::Firing)).await;
    assert_eq!(receipt, Ok(Receipt("it ended with 0: paged".to_owned())));
    let written: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(written, serde_json::to_value(message(Status::Firing)).unwrap());
}

#[tokio::test]
async fn a_command_that_reads_nothing_may_end_well() {
    assert!(shell("exec true", PATIENCE).send(&message(Status::Firing)).await.is_ok());
}

#[tokio::test]
async fn a_command_that_fails_says_why() {
    let error =
        shell("echo no network >&2; exit 3", PATIENCE).send(&message(Status::Firing)).await.unwrap_err();
    assert_eq!((error.reason.as_str(), error.refused), ("exit status 3: no network", false));
}

#[tokio::test]
async fn a_command_that_takes_too_long_is_ended_with_all_that_it_has_started() {
    let folder = tempfile::tempdir().unwrap();
    let alive = folder.path().join("alive");
    // What it starts would write once its time is over.
    let line = format!("(sleep 1; touch {}) & sleep 60", alive.display());
    let error = shell(&line, Duration::from_millis(200)).send(&message(Status::Firing)).await.unwrap_err();
    assert!(error.reason.contains("its process group was ended"), "{error}");
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(!alive.exists(), "it has gone on");
}

#[tokio::test]
async fn a_command_that_is_not_there_is_nothing_to_try_again_soon() {
    let way = Way::Command(CommandReceiver {
        program: "livecheck-no-such-program".to_owned(),
        arguments: Vec::new(),
        cwd: PathBuf::from("."),
    });
    let error = Receiver { way, timeout: PATIENCE }.send(&message(Status::Firing)).await.unwrap_err();
    assert!(error.refused && error.reason.contains("cannot be started"), "{error}");
}
