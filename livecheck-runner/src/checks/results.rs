//! Where a check's results are: the files that a pattern names, and that this run has written.
//!
//! A command that crashes before it writes anything leaves the files of the run before, and those say nothing of this one.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::junit::{self, TestResult};

/// How many files of one run are read.
const MOST_FILES: usize = 500;
/// How much of one file is read, in bytes.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// The files that are there before a run.
pub(super) struct Results {
    /// With wildcards, from the root.
    pattern: String,
    before: HashMap<PathBuf, Written>,
}

/// What tells a file from the same one written anew.
#[derive(PartialEq)]
struct Written {
    inode: u64,
    length: u64,
    seconds: i64,
    nanoseconds: i64,
}

/// What a run has written.
#[derive(Default)]
pub(super) struct Found {
    pub(super) tests: Vec<TestResult>,
    /// What is wrong with the files, or that there are none.
    pub(super) problems: Vec<String>,
}

impl Results {
    /// Looks at what is there before a run. The pattern starts from that folder.
    pub(super) fn before(folder: &Path, pattern: &str) -> Self {
        let pattern = folder.join(pattern).to_string_lossy().into_owned();
        let before = files(&pattern).into_iter().filter_map(|file| Some((written(&file)?, file)));
        Self { before: before.map(|(written, file)| (file, written)).collect(), pattern }
    }

    /// Reads what the run has written.
    pub(super) fn read(&self) -> Found {
        let is_new = |file: &PathBuf| {
            let now = written(file);
            now.is_some() && now.as_ref() != self.before.get(file)
        };
        let all = files(&self.pattern);
        let (mut found, mut is_any) = (Found::default(), false);
        for file in all.iter().filter(|file| is_new(file)) {
            is_any = true;
            let document = match File::open(file) {
                Ok(file) => junit::read(BufReader::new(file.take(MOST_BYTES))),
                Err(error) => junit::Document { problem: Some(error.to_string()), tests: Vec::new() },
            };
            found.tests.extend(document.tests);
            found.problems.extend(document.problem.map(|problem| format!("{}: {problem}", file.display())));
        }
        if !is_any {
            let pattern = &self.pattern;
            found.problems.push(match all.first() {
                Some(old) => format!("{} is of an earlier run: this one has not written it", old.display()),
                None => format!("it has not written {pattern}"),
            });
        }
        found
    }
}

fn files(pattern: &str) -> Vec<PathBuf> {
    // The pattern was read when the configuration was.
    let paths = glob::glob(pattern).into_iter().flatten().flatten();
    paths.filter(|path| path.is_file()).take(MOST_FILES).collect()
}

fn written(file: &Path) -> Option<Written> {
    let metadata = fs::metadata(file).ok()?;
    Some(Written {
        inode: metadata.ino(),
        length: metadata.len(),
        seconds: metadata.mtime(),
        nanoseconds: metadata.mtime_nsec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_this_run_has_written_counts() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, test: &str| {
            let xml = format!("<testsuite><testcase name='{test}'/></testsuite>");
            fs::write(folder.path().join(name), xml).expect("it is written");
        };
        let names = |found: &Found| found.tests.iter().map(|test| test.name.clone()).collect::<Vec<_>>();
        write("old.xml", "old");
        let results = Results::before(folder.path(), "*.xml");
        let nothing = results.read();
        assert_eq!(names(&nothing), [""; 0]);
        assert!(nothing.problems[0].ends_with("old.xml is of an earlier run: this one has not written it"));
        write("new.xml", "new");
        let found = results.read();
        assert_eq!((names(&found), found.problems.len()), (vec!["new".to_owned()], 0));
        let none = Results::before(folder.path(), "results/*.xml").read();
        assert!(none.problems[0].starts_with("it has not written "), "{:?}", none.problems);
    }
}
