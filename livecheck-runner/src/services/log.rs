//! The files that services write to.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// How many lines of a log a message shows.
const LINES: usize = 12;
/// How much of the end of a log is read for them.
const BYTES: u64 = 16 * 1024;

/// Where the output of that service goes.
pub(super) fn path(dir: &Path, name: &str) -> PathBuf {
    dir.join("services").join(format!("{name}.log"))
}

/// An empty file, with the folders that it is in.
pub(super) fn create(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    File::create(path)
}

/// The last lines, without colours; none if the file cannot be read.
pub(super) fn last_lines(path: &Path) -> Vec<String> {
    tail(path).map(|text| lines_of(&text)).unwrap_or_default()
}

fn tail(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(BYTES)))?;
    let mut bytes = Vec::new();
    file.take(BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn lines_of(text: &str) -> Vec<String> {
    let plain = anstream::adapter::strip_str(text).to_string();
    let lines: Vec<_> = plain.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(LINES)..].iter().map(|&line| line.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_plain_and_few() {
        let text: String = (0..30).map(|number| format!("\u{1b}[31mline {number}\u{1b}[0m\n\n")).collect();
        let lines = lines_of(&text);
        assert_eq!(lines.len(), LINES);
        assert_eq!(lines.last().map(String::as_str), Some("line 29"));
    }

    #[test]
    fn a_file_that_is_not_there_has_no_lines() {
        assert!(last_lines(Path::new("there/is/no/such.log")).is_empty());
    }
}
