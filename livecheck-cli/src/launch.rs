//! Starts the runner that was built, or leaves it somewhere.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use tracing::info;

use crate::{errors::Error, output::Output, runner_package::PROGRAM};

/// Runs the runner; its exit code is ours.
///
/// On unix it takes this process's place, as cargo's own did: the terminal's Ctrl-C, signals from a supervisor
/// and the exit status are then between the two, with nobody in the middle to lose them.
pub(crate) fn run(program: &Path, arguments: &[OsString]) -> Result<ExitCode, Error> {
    let mut command = Command::new(program);
    command.args(arguments);
    info!("running {command:?}");
    replace(&mut command).map_err(|source| Error::RunnerNotStarted { path: program.to_owned(), source })
}

#[cfg(unix)]
fn replace(command: &mut Command) -> io::Result<ExitCode> {
    use std::os::unix::process::CommandExt;

    // It returns only if it failed.
    Err(command.exec())
}

#[cfg(not(unix))]
fn replace(command: &mut Command) -> io::Result<ExitCode> {
    // Windows sends Ctrl-C to both; ours is to wait for the runner's summary and exit code.
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.spawn(async { while tokio::signal::ctrl_c().await.is_ok() {} });
    let status = command.status()?;
    let internal = crate::runner_args::exit_code::INTERNAL;
    Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(internal)))
}

/// Leaves a copy of the program at `path`, or in it where it is a folder; where it is then.
pub(crate) fn leave(program: &Path, path: Option<&Path>) -> Result<PathBuf, Error> {
    let Some(path) = path else { return Ok(program.to_owned()) };
    let path = if path.is_dir() || ends_with_separator(path) {
        // What tells runners apart that share a target directory is of no use where it goes.
        path.join(PROGRAM).with_extension(program.extension().unwrap_or_default())
    } else {
        path.to_owned()
    };
    copy(program, &path).map_err(|source| Error::Write { path: path.clone(), source })?;
    Ok(path)
}

/// Whether a path says of itself that it is a folder.
fn ends_with_separator(path: &Path) -> bool {
    path.to_string_lossy().ends_with(std::path::is_separator)
}

fn copy(program: &Path, path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // Beside it first: a program that is running cannot be written to, but can be replaced.
    let new = path.with_extension(format!("new-{}", std::process::id()));
    let copied = fs::copy(program, &new).and_then(|_| fs::rename(&new, path));
    if copied.is_err() {
        // The error that matters is the first one.
        let _ = fs::remove_file(&new);
    }
    copied
}

/// Says what was built, on standard error, and where it is, on standard output.
pub(crate) fn announce(path: &Path, packages: &[&str], output: Output) -> Result<(), Error> {
    use std::io::Write as _;

    let shown = path.display();
    // A name alone the shell would look for in PATH.
    let here = if path.components().count() == 1 { "./" } else { "" };
    output.status("Built", &format!("the runner of {}", packages.join(", ")));
    output.status("To run", &format!("{here}{shown} run --bootstrap-servers HOST:PORT"));
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{shown}").map_err(|source| Error::Output { source })
}
