//! Why a file cannot be executed: the system's "no such file" of a file that is there helps nobody.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::outcome::NotStarted;

/// How much of a file is read for its first line. Linux reads 256 bytes of it.
const FIRST_LINE: u64 = 256;

impl NotStarted {
    /// What kept the file at `path`, which is from `root`, from being executed.
    pub(crate) fn explain(root: &Path, path: &Path, error: &io::Error) -> Self {
        Self {
            path: path.to_owned(),
            error: Self::wording(error),
            code: error.raw_os_error(),
            reason: reason(&root.join(path), error),
        }
    }
}

fn reason(path: &Path, error: &io::Error) -> Option<String> {
    let link = fs::symlink_metadata(path).ok()?;
    let Ok(metadata) = fs::metadata(path) else {
        let to = fs::read_link(path).ok().filter(|_| link.is_symlink())?;
        return Some(format!("it is a link to {}, which is not there", to.display()));
    };
    if metadata.is_dir() {
        return Some("it is a folder".to_owned());
    }
    if !metadata.is_file() {
        return Some("it is no regular file".to_owned());
    }
    if metadata.permissions().mode() & 0o111 == 0 {
        return Some("it is not executable; chmod +x makes it so".to_owned());
    }
    let first = first_line(path).ok()?;
    match first.strip_prefix("#!") {
        Some(line) if line.ends_with('\r') => Some(format!(
            "its first line, `#!{}`, ends with a carriage return, as in files from Windows, and no program has \
             that name; give its lines line feeds only",
            line.trim_end()
        )),
        Some(line) => {
            let interpreter = line.split_whitespace().next().unwrap_or_default();
            match error.kind() {
                io::ErrorKind::NotFound if interpreter.is_empty() => {
                    Some("its first line, `#!`, names no program".to_owned())
                }
                io::ErrorKind::NotFound => {
                    Some(format!("its first line names {interpreter}, which is not there"))
                }
                io::ErrorKind::PermissionDenied => Some(format!(
                    "it, or {interpreter}, which its first line names, may not be executed by this user"
                )),
                _ => None,
            }
        }
        None if error.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error()) => Some(
            "it is no program of this system, and has no first line, such as #!/bin/sh, that names one"
                .to_owned(),
        ),
        None => None,
    }
}

fn first_line(path: &Path) -> io::Result<String> {
    let mut beginning = Vec::new();
    File::open(path)?.take(FIRST_LINE).read_to_end(&mut beginning)?;
    let line = beginning.split(|&byte| byte == b'\n').next().unwrap_or_default();
    Ok(String::from_utf8_lossy(line).into_owned())
}
