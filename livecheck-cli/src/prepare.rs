//! Writes the runner's package, and brings its lock file up to date: nothing, if nothing changed.

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use tracing::debug;

use crate::{
    cargo::Cargo,
    discover::Discovery,
    errors::Error,
    lock::{self, Lock, Locked, compatible},
    metadata::Metadata,
    output::Output,
    root_manifest::RootManifest,
    runner_manifest,
    runner_package::{self, RunnerName, fingerprint},
};

/// The file that says from what the others were made.
const STAMP: &str = "made-from";

/// A runner's package on disk.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) manifest: PathBuf,
}

/// What the runner is made from.
#[derive(Debug)]
pub(crate) struct Sources<'a> {
    pub(crate) metadata: &'a Metadata,
    /// The text that `metadata` was read from: it changes when a member's manifest does.
    pub(crate) metadata_text: &'a str,
    pub(crate) discovery: &'a Discovery,
    pub(crate) name: &'a RunnerName,
    pub(crate) target_directory: &'a Path,
}

/// Writes the package.
pub(crate) fn prepare(sources: &Sources<'_>, cargo: &Cargo<'_>, output: Output) -> Result<Prepared, Error> {
    let Sources { metadata, discovery, name, .. } = sources;
    let workspace = &metadata.workspace_root;
    let root_manifest = workspace.join("Cargo.toml");
    let root_text = read(&root_manifest)?;
    let members: Vec<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    let root = RootManifest::parse(&root_text, workspace, &members)
        .map_err(|source| Error::Toml { path: root_manifest.clone(), source })?;

    let folder = name.folder(sources.target_directory);
    let manifest = folder.join("Cargo.toml");
    let runner_lock = folder.join("Cargo.lock");
    let user_lock = workspace.join("Cargo.lock");
    let main_text = runner_package::main_rs(&discovery.linked);
    let whole_manifest = runner_manifest::manifest(name, discovery, &root, None);
    let made_from = |user_lock_text: &str| {
        let texts = [env!("CARGO_PKG_VERSION"), sources.metadata_text, &root_text, user_lock_text];
        format!("{:016x}\n", fingerprint(texts.into_iter().chain([&*whole_manifest, &*main_text])))
    };

    let user_lock_text = read_if_there(&user_lock)?;
    let is_there = manifest.exists() && runner_lock.exists() && folder.join("src/main.rs").exists();
    if !is_there || read_if_there(&folder.join(STAMP))? != made_from(&user_lock_text) {
        output.status("Resolving", &format!("the runner's dependencies in {}", folder.display()));
        cargo.update_user_lock(&root_manifest)?;
        let user_lock_text = read_if_there(&user_lock)?;
        write(&folder.join("src/main.rs"), &main_text)?;
        write(&manifest, &whole_manifest)?;
        let merged = lock::merge(&user_lock_text, &read_if_there(&runner_lock)?)
            .map_err(|source| Error::Toml { path: user_lock.clone(), source })?;
        write(&runner_lock, &merged)?;
        cargo.update_runner_lock(&manifest)?;

        let lock = read_lock(&runner_lock)?;
        write(&manifest, &runner_manifest::manifest(name, discovery, &root, Some(&lock)))?;
        if lock.unused_patches().next().is_some() {
            // They are gone from the manifest, and a locked build wants them gone from the lock file.
            cargo.update_runner_lock(&manifest)?;
        }
        write(&folder.join(STAMP), &made_from(&user_lock_text))?;
    } else {
        debug!("{} is up to date", folder.display());
    }

    warn_of_other_version(&read(&runner_lock)?, output);
    if cargo.options.is_locked() {
        compare_locks(&user_lock, &runner_lock, name, output)?;
    }
    Ok(Prepared { manifest })
}

/// Says so if the runner is of another version than this program, and may not know its arguments.
fn warn_of_other_version(runner_lock: &str, output: Output) {
    let ours = env!("CARGO_PKG_VERSION");
    if let Some(theirs) = lock::version(runner_lock, "livecheck").filter(|theirs| !compatible(theirs, ours)) {
        output.warning(
            &format!("this is cargo-livecheck {ours}, and the workspace has livecheck {theirs}"),
            &format!("cargo install livecheck-cli --version {theirs}"),
        );
    }
}

/// Sees to it that no version differs from the user's lock file.
fn compare_locks(user: &Path, runner: &Path, name: &RunnerName, output: Output) -> Result<(), Error> {
    let differences = read_lock(runner)?.differences(&read_lock(user)?, &name.package());
    if !differences.versions.is_empty() {
        return Err(Error::LockDiffers { lock: user.to_owned(), versions: differences.versions });
    }
    let unlocked: Vec<&Locked> =
        differences.only_runner.iter().filter(|package| package.source.is_some()).collect();
    if let Some(first) = unlocked.first() {
        output.warning(
            &format!(
                "{} packages that only the runner needs ({} {}, …) are not in `{}`, so --locked does not hold their versions",
                unlocked.len(),
                first.name,
                first.version,
                user.display()
            ),
            "give a package a feature that names them, and cargo locks them: [features] runner = [\"livecheck/runner-allocator\"]",
        );
    }
    Ok(())
}

fn read_lock(path: &Path) -> Result<Lock, Error> {
    Lock::parse(&read(path)?).map_err(|source| Error::Toml { path: path.to_owned(), source })
}

fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })
}

fn read_if_there(path: &Path) -> Result<String, Error> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        result => result.map_err(|source| Error::Read { path: path.to_owned(), source }),
    }
}

/// Writes a file if it has other contents: cargo would build again after a change of its time alone.
fn write(path: &Path, text: &str) -> Result<(), Error> {
    let write = || -> io::Result<()> {
        if fs::read(path).is_ok_and(|present| present == text.as_bytes()) {
            return Ok(());
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        // Another `cargo livecheck` may be reading it: it sees the old contents or the new.
        let new = path.with_extension(format!("new-{}", std::process::id()));
        fs::write(&new, text)?;
        fs::rename(&new, path)
    };
    write().map_err(|source| Error::Write { path: path.to_owned(), source })
}
