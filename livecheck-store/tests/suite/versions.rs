//! The schema, and its versions.

use std::collections::BTreeMap;

use livecheck_store::{Queries, Store, StoreError};

use crate::on_both;

on_both! {
    fn the_views_are_those_of_the_documentation(place: &Place) {
        drop(place.store.writer().expect("a writer"));
        let documented = documented();
        assert_eq!(documented.len(), 10);
        for (view, columns) in documented {
            let query = match place.is_sqlite() {
                true => format!("SELECT group_concat(name, ' ') FROM pragma_table_info('{view}')"),
                false => format!(
                    "SELECT string_agg(column_name, ' ' ORDER BY ordinal_position) FROM information_schema.columns \
                     WHERE table_name = '{view}' AND table_schema = current_schema()"
                ),
            };
            assert_eq!(place.ask(&query), columns.join(" "), "{view}");
        }
    }

    fn several_that_start_at_once_make_it_once(place: &Place) {
        let barrier = std::sync::Arc::new(std::sync::Barrier::new(8));
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let (store, barrier) = (Store::at(place.store.location().clone()), barrier.clone());
                std::thread::spawn(move || {
                    barrier.wait();
                    store.writer().map(drop)
                })
            })
            .collect();
        for thread in threads {
            thread.join().expect("no panic").expect("each has a writer");
        }
        assert_eq!(place.ask("SELECT CAST(count(*) AS TEXT) FROM lc_store"), "1");
        assert_eq!(place.ask("SELECT CAST(max(version) AS TEXT) FROM lc_schema"), "2");
    }

    fn one_of_a_later_version_is_refused(place: &Place) {
        drop(place.store.writer().expect("a writer"));
        place.run("INSERT INTO lc_schema (version, applied) VALUES (9, 0)");
        let error = place.store.writer().expect_err("it is newer");
        assert!(matches!(error, StoreError::Newer { found: 9, known: 2, .. }), "{error}");
        let error = Store::at(place.store.location().clone()).read(Queries::totals).expect_err("newer");
        assert!(error.to_string().contains("use a program of that version"), "{error}");
    }

    fn who_only_reads_makes_nothing(place: &Place) {
        let error = place.store.read(Queries::totals).expect_err("there is nothing");
        assert!(matches!(error, StoreError::Empty { .. }), "{error}");
        if place.is_sqlite() {
            assert!(!place.file().exists());
        }
    }
}

/// The views and their columns, as the documentation has them.
fn documented() -> BTreeMap<String, Vec<String>> {
    let page = include_str!("../../../src/docs/store.md");
    let rows = page.lines().filter(|line| line.starts_with("| `livecheck_"));
    let names =
        |cell: &str| -> Vec<String> { cell.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    rows.map(|row| {
        let cells: Vec<_> = row.split('|').collect();
        (names(cells[1]).remove(0), names(cells[3]))
    })
    .collect()
}

#[test]
fn a_server_that_is_not_there_is_an_error_without_the_password() {
    let store = Store::at("postgres://me:hush@127.0.0.1:1/checks".parse().expect("a URL"));
    let error = store.writer().expect_err("nobody listens there");
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
    assert!(!format!("{error} {error:?} {store:?}").contains("hush"), "{error}");
    assert!(error.to_string().contains("Connection refused"), "{error}");
}
