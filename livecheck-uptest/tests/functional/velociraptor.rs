//! The same folders through Velociraptor's uptester, whose output is recorded, and through ours.

use std::fs;
use std::process::Command;
use std::time::Duration;

use livecheck_uptest::velociraptor;

use crate::rig::{settings, testdata, uptest};

/// Runs the uptests in a copy of a folder of `testdata/velociraptor`; our line, and theirs.
async fn both(folder: &str) -> (String, String) {
    let recorded = testdata("velociraptor").join(folder);
    // One of the uptests removes itself. The copy is made by another process: where this one held a file open
    // for writing while another test starts a process, that file could not be executed for a moment.
    let scratch = tempfile::tempdir().expect("a folder");
    let project = scratch.path().join("project");
    let copied = Command::new("cp").arg("-a").args([&recorded, &project]).status().expect("cp");
    assert!(copied.success(), "cp -a {} {}", recorded.display(), project.display());

    let mut settings = settings(&project, Duration::from_secs(60));
    settings.environment.variables.push(("UPTEST_SEES".to_owned(), "production".to_owned()));
    let ran = uptest(&["web", "10.0.0.1", "8000"], &settings).await;
    let theirs = fs::read_to_string(recorded.join("expected")).expect("a recorded line");
    (String::from_utf8(velociraptor::render(&ran.results)).expect("UTF-8"), theirs)
}

macro_rules! same_bytes {
    ($($test:ident: $folder:literal,)*) => {
        $(
            #[tokio::test]
            async fn $test() {
                let (ours, theirs) = both($folder).await;
                assert_eq!(ours, theirs);
            }
        )*

        #[test]
        fn every_folder_is_compared() {
            let mut compared = vec![$($folder),*];
            compared.sort_unstable();
            let entries = fs::read_dir(testdata("velociraptor")).expect("a folder");
            let entries = entries.map(|entry| entry.expect("an entry"));
            let folders = entries.filter(|entry| entry.path().is_dir());
            let mut there: Vec<_> =
                folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
            there.sort_unstable();
            assert_eq!(compared, there);
        }
    };
}

same_bytes! {
    those_that_pass: "passes",
    those_that_fail: "fails",
    the_order_of_names_is_that_of_bytes: "order",
    hidden_files_are_not_run: "hidden",
    a_folder_of_hidden_files_is_empty: "only-hidden",
    files_that_cannot_be_executed: "not-executable",
    folders_and_links: "no-file",
    output_that_is_no_utf_8: "not-utf-8",
    characters_that_json_escapes: "escapes",
    a_per_cent_sign_is_a_verb: "per-cent",
    both_streams_and_signals: "both-streams",
    arguments_folder_environment_and_input: "surroundings",
}
