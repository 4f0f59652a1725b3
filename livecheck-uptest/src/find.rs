//! The executables in `uptests/<proc>/`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::instance::Proc;

/// The folder of the project that holds a folder for each process.
pub const FOLDER: &str = "uptests";

/// The uptests of a process that are files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// There is no folder for it.
    NoFolder,
    /// There is something in its place that is no folder.
    NotAFolder,
    /// The names of the files, in the order of their bytes. Hidden ones are none.
    Files(Vec<OsString>),
}

impl Found {
    /// The files, where there are some.
    #[must_use]
    pub fn files(&self) -> &[OsString] {
        match self {
            Self::Files(files) => files,
            Self::NoFolder | Self::NotAFolder => &[],
        }
    }
}

/// The folder of a process, from the project's root.
#[must_use]
pub fn folder(proc: &Proc) -> PathBuf {
    Path::new(FOLDER).join(proc.as_str())
}

/// The project's root: the nearest folder, from that one upwards, that has uptests; itself, if none has.
#[must_use]
pub fn root(folder: &Path) -> PathBuf {
    folder.ancestors().find(|folder| folder.join(FOLDER).is_dir()).unwrap_or(folder).to_owned()
}

/// Finds the uptests of a process.
///
/// # Errors
///
/// Its folder is there, and cannot be read.
pub fn find(root: &Path, proc: &Proc) -> io::Result<Found> {
    let entries = match fs::read_dir(root.join(folder(proc))) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::NoFolder),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(Found::NotAFolder),
        Err(error) => return Err(error),
    };
    let names: io::Result<Vec<OsString>> = entries.map(|entry| Ok(entry?.file_name())).collect();
    let mut names = names?;
    names.retain(|name| !name.as_bytes().starts_with(b"."));
    // An `OsString` is compared by its bytes, whatever the locale.
    names.sort();
    Ok(Found::Files(names))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn files_are_in_the_order_of_their_bytes_and_hidden_ones_are_none() -> io::Result<()> {
        let root = tempfile::tempdir()?;
        let proc: Proc = "web".parse().expect("a name");
        assert_eq!(find(root.path(), &proc)?, Found::NoFolder);
        let folder = root.path().join("uptests/web");
        fs::create_dir_all(&folder)?;
        for name in ["b", "10", "9", "Z", ".hidden", "ä"] {
            fs::write(folder.join(name), "")?;
        }
        fs::write(folder.join(OsStr::from_bytes(b"\xff")), "")?;
        let names: Vec<&[u8]> = vec![b"10", b"9", b"Z", b"b", "ä".as_bytes(), b"\xff"];
        let found = find(root.path(), &proc)?;
        assert_eq!(found.files().iter().map(|name| name.as_bytes()).collect::<Vec<_>>(), names);

        fs::write(root.path().join("uptests/worker"), "")?;
        assert_eq!(find(root.path(), &"worker".parse().expect("a name"))?, Found::NotAFolder);
        Ok(())
    }

    #[test]
    fn the_project_is_found_from_every_folder_in_it() -> io::Result<()> {
        let root = tempfile::tempdir()?;
        let inside = root.path().join("src/orders");
        fs::create_dir_all(&inside)?;
        assert_eq!(super::root(&inside), inside);
        fs::create_dir_all(root.path().join("uptests"))?;
        assert_eq!(super::root(&inside), root.path());
        Ok(())
    }
}
