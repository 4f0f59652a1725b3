//! A SQLite file that is damaged, full, or may not be written to.

use std::io::{Seek, SeekFrom, Write};

use livecheck_core::wire::State;
use livecheck_store::{Queries, Store, StoreError};

use crate::place::Place;
use crate::sample::report;

fn filled() -> Place {
    let place = Place::sqlite();
    let reports: Vec<_> = (0..2_000).map(|n| report("c", &format!("o-{n}"), n, State::Fail)).collect();
    let mut writer = place.store.writer().expect("a writer");
    writer.write(&reports, None).expect("written");
    drop(writer);
    // All of it in one file.
    place.run("PRAGMA wal_checkpoint(TRUNCATE)");
    place
}

/// Is seen as damaged, put aside, and made anew.
fn is_replaced(place: &Place) {
    let error = place.store.writer().expect_err("it is damaged");
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    let aside = place.store.set_aside().expect("it is put aside");
    assert!(aside.exists() && !place.file().exists());
    assert!(aside.to_string_lossy().contains("history.db.damaged-"));
    let mut writer = place.store.writer().expect("a new one");
    writer.write(&[report("c", "o", 1, State::Pass)], None).expect("written");
    assert_eq!(place.store.read(Queries::totals).expect("an answer").reports, 1);
}

#[test]
fn a_truncated_file_is_put_aside_and_made_anew() {
    let place = filled();
    let file = std::fs::OpenOptions::new().write(true).open(place.file()).expect("it opens");
    let half = file.metadata().expect("it has a size").len() / 2;
    file.set_len(half).expect("it is cut");
    is_replaced(&place);
}

#[test]
fn a_file_with_other_bytes_in_it_is_put_aside_and_made_anew() {
    let place = filled();
    let mut file = std::fs::OpenOptions::new().write(true).open(place.file()).expect("it opens");
    file.seek(SeekFrom::Start(8 * 4096)).expect("it is longer");
    file.write_all(&[0x5a; 16 * 4096]).expect("it is written");
    is_replaced(&place);
}

#[test]
fn a_file_that_is_none_of_sqlite_is_put_aside_and_made_anew() {
    let place = Place::sqlite();
    std::fs::write(place.file(), "This was a letter to a friend. ".repeat(100)).expect("written");
    is_replaced(&place);
}

#[test]
fn a_full_store_says_so_and_takes_the_same_batch_when_there_is_room() {
    let place = filled();
    // A quota: not a page more than there are.
    let reports: Vec<_> =
        (0..3_000).map(|n| report("c", &format!("p-{n}"), 9_000 + n, State::Fail)).collect();
    let bytes = std::fs::metadata(place.file()).expect("it is there").len();
    let limited = Store::limited(place.store.location().clone(), bytes);
    let mut writer = limited.writer().expect("a writer");
    let error = writer.write(&reports, None).expect_err("there is no room");
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    assert_eq!(place.store.read(Queries::totals).expect("an answer").reports, 2_000);
    let mut writer = place.store.writer().expect("a writer with room");
    assert_eq!(writer.write(&reports, None).expect("written").new, 3_000);
}
