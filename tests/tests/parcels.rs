//! Tests of the shop's cases, and the records that make them go on.

use std::collections::BTreeSet;

use livecheck::wire::TestExecution;
use livecheck::{Case, Cases};
use livecheck_tests::own_topics::{OwnTopics, test};
use livecheck_tests::records::Record;
use serde_json::{Value, json};

/// The case of that name in this package.
pub(crate) fn case(name: &str) -> &'static Case {
    let name = format!("livecheck_tests::cases::{name}");
    Cases::linked().unwrap().get(&name).unwrap_or_else(|| panic!("no case {name}"))
}

/// A parcel of three.
pub(crate) fn parcel(id: &str) -> TestExecution {
    test(case("parcel"), id, &[("ordered", json!(3))])
}

/// So many parcels, numbered.
pub(crate) fn parcels(name: &str, count: usize) -> Vec<TestExecution> {
    (0..count).map(|number| parcel(&format!("{name}-{number}"))).collect()
}

/// The first signal for a parcel of three.
pub(crate) fn packed(topics: &OwnTopics, parcel: &TestExecution) -> Record {
    Record::signal(&topics.names, parcel, "packed", &json!(3))
}

/// The second signal for a parcel, with which it passes.
pub(crate) fn delivered(topics: &OwnTopics, parcel: &TestExecution) -> Record {
    Record::signal(&topics.names, parcel, "delivered", &Value::Null)
}

/// Both signals for each parcel.
pub(crate) fn done<'r>(
    topics: &'r OwnTopics,
    parcels: &'r [TestExecution],
) -> impl Iterator<Item = Record> + 'r {
    parcels.iter().flat_map(|parcel| [packed(topics, parcel), delivered(topics, parcel)])
}

/// The triggers.
pub(crate) fn triggers<'r>(
    topics: &'r OwnTopics,
    tests: &'r [TestExecution],
) -> impl Iterator<Item = Record> + 'r {
    tests.iter().map(|test| Record::trigger(&topics.names, test))
}

/// The ids.
pub(crate) fn ids<'t>(tests: impl IntoIterator<Item = &'t TestExecution>) -> BTreeSet<String> {
    tests.into_iter().map(|test| test.id.to_string()).collect()
}
