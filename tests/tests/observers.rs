//! Observers: what the runner tells the code of its users.

use std::fs;

use livecheck_tests::own_topics::{OwnTopics, test};
use livecheck_tests::records::{Record, Sender};
use livecheck_tests::runner::RunnerCommand;

use crate::parcels::{case, delivered, packed, parcel};

#[test]
fn observers_of_all_cases_and_of_one_are_told_each_step_and_one_that_panics_harms_nobody() {
    let topics = OwnTopics::named("observers");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("observed");
    let runner = RunnerCommand::on(&topics)
        .arguments("run --max-executions 2")
        .variable("E2E_OBSERVED", file.to_str().unwrap())
        .start_ready();
    let first = parcel("parcel-1");
    let sender = Sender::new();
    sender.send_all([
        Record::trigger(&topics.names, &first),
        packed(&topics, &first),
        delivered(&topics, &first),
    ]);
    sender.send(Record::trigger(&topics.names, &test(case("invoice"), "invoice-1", &[])));
    let ended = runner.ended();
    assert_eq!(ended.code, Some(100), "the invoice is not printed: {}", ended.stderr);
    assert!(ended.stderr.contains("an observer has panicked"), "{}", ended.stderr);

    let observed = fs::read_to_string(&file).unwrap();
    let of = |name: &str, id: &str| -> Vec<String> {
        let lines = observed.lines().filter_map(|line| line.strip_prefix(&format!("{name}: ")));
        lines.filter(|line| line.contains(id)).map(str::to_owned).collect()
    };
    let parcel = [
        "start parcel-1",
        "wait parcel-1 packed",
        "received parcel-1 packed",
        "wait parcel-1 delivered",
        "received parcel-1 delivered",
        "pass parcel-1",
    ];
    assert_eq!(of("all", "parcel-1"), parcel);
    assert_eq!(of("parcels", "parcel-1"), parcel);
    assert_eq!(of("all", "invoice-1"), ["start invoice-1", "wait invoice-1 printed", "timeout invoice-1"]);
    assert!(of("parcels", "invoice-1").is_empty(), "{observed}");
}
