//! The journal: one entry a line, each with its checksum; written anew, in short, when it has grown long.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::folder::{damaged, failed, replace};
use super::state::{Entry, State};
use crate::error::BrokerError;

/// It is not worth shortening before.
const SHORT: u64 = 1 << 20;

#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    /// What all entries come to.
    state: State,
    written: u64,
    /// How long it may grow.
    limit: u64,
}

impl Journal {
    /// Reads what was written. A last line that is not whole was never acknowledged: it is cut off.
    pub(super) fn open(path: &Path) -> Result<Self, BrokerError> {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(failed(path, error)),
        };
        let mut state = State::default();
        let mut lines = text.split_inclusive(|byte| *byte == b'\n').peekable();
        let mut number = 0;
        while let Some(line) = lines.next() {
            number += 1;
            match parse(line) {
                Some(entry) => state.apply(entry),
                None if lines.peek().is_none() => {
                    tracing::info!(path = %path.display(), line = number, "the journal's torn end is cut off");
                }
                None => return Err(damaged(path, format!("line {number} is not what was written"))),
            }
        }
        let file =
            File::options().create(true).append(true).open(path).map_err(|error| failed(path, error))?;
        let mut journal = Self { path: path.to_owned(), file, state, written: 0, limit: 0 };
        journal.shorten().map_err(|error| failed(path, error))?;
        Ok(journal)
    }

    pub(super) fn state(&self) -> &State {
        &self.state
    }

    pub(super) fn write(&mut self, entry: Entry) -> io::Result<()> {
        let line = line(&entry)?;
        self.file.write_all(&line)?;
        self.written += line.len() as u64;
        self.state.apply(entry);
        if self.written > self.limit { self.shorten() } else { Ok(()) }
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Writes what the entries come to in place of them.
    fn shorten(&mut self) -> io::Result<()> {
        let mut text = Vec::new();
        for entry in self.state.entries() {
            text.extend(line(&entry)?);
        }
        replace(&self.path, |file| file.write_all(&text))?;
        self.file = File::options().append(true).open(&self.path)?;
        self.written = text.len() as u64;
        self.limit = SHORT.max(self.written.saturating_mul(4));
        Ok(())
    }
}

fn line(entry: &Entry) -> io::Result<Vec<u8>> {
    let json = serde_json::to_string(entry)?;
    Ok(format!("{:08x} {json}\n", crc32c::crc32c(json.as_bytes())).into_bytes())
}

fn parse(line: &[u8]) -> Option<Entry> {
    let line = line.strip_suffix(b"\n")?;
    let (sum, rest) = line.split_at_checked(8)?;
    let json = rest.strip_prefix(b" ")?;
    let stated = u32::from_str_radix(std::str::from_utf8(sum).ok()?, 16).ok()?;
    if crc32c::crc32c(json) == stated { serde_json::from_slice(json).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(below: i64) -> Entry {
        Entry::ProducerIds { below }
    }

    fn journal(path: &Path) -> State {
        Journal::open(path).expect("sound").state().clone()
    }

    #[test]
    fn a_torn_end_is_cut_off_at_whatever_byte_it_was_torn() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal");
        let whole = [line(&entry(1)).expect("written"), line(&entry(2)).expect("written")];
        for cut in 0..=whole[1].len() {
            fs::write(&path, [&whole[0][..], &whole[1][..cut]].concat()).expect("written");
            let mut expected = State::default();
            expected.apply(entry(if cut == whole[1].len() { 2 } else { 1 }));
            assert_eq!(journal(&path), expected, "cut at {cut}");
            // What was cut off is gone, not in the way of what is written next.
            Journal::open(&path).expect("sound").write(entry(3)).expect("written");
            expected.apply(entry(3));
            assert_eq!(journal(&path), expected, "cut at {cut}");
        }
    }

    #[test]
    fn damage_before_the_end_is_not_passed_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal");
        let mut text = [line(&entry(1)).expect("written"), line(&entry(2)).expect("written")].concat();
        text[12] ^= 1;
        fs::write(&path, text).expect("written");
        let refused = Journal::open(&path).expect_err("damaged");
        assert!(refused.to_string().contains("line 1"), "{refused}");
    }

    #[test]
    fn a_long_journal_is_shortened() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal");
        let mut journal = Journal::open(&path).expect("sound");
        let longest = i64::MAX - 100_000;
        for number in 0..30_000 {
            journal.write(entry(longest + number)).expect("written");
        }
        let unshortened = 30_000 * line(&entry(longest)).expect("written").len() as u64;
        assert!(unshortened > SHORT && fs::metadata(&path).expect("there").len() < unshortened / 2);
    }
}
