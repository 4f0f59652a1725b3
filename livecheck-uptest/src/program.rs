//! The command `uptest`, from its arguments to its verdict.

use std::fs;
use std::future::Future;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use livecheck_core::Uptest;
use livecheck_terminal::exit_code;
use tokio::sync::{mpsc, watch};

use crate::args::{Format, RequestError, UptestArgs};
use crate::function::Catch;
use crate::orphans::Orphans;
use crate::plan::{FolderError, Planned, plan};
use crate::run::{UptestResult, run};
use crate::terminal::Terminal;
use crate::verdict::{Verdict, judge};
use crate::{json, junit, velociraptor};

/// What a run has come to.
#[derive(Debug)]
pub struct Ran {
    /// What was asked of whom.
    pub plan: Vec<Planned>,
    /// What came of it, in the order of the plan.
    pub results: Vec<UptestResult>,
    /// What that says.
    pub verdict: Verdict,
}

/// The uptests could not be run, or their results not be told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UptestError {
    /// What was asked for is wrong.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// A folder cannot be read.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The program that is to run the executables is not there.
    #[error(
        "--exec: there is no program `{}`: is it installed, and on PATH? No uptest was run",
        program.display()
    )]
    NoPrefix {
        /// Its name, or its path.
        program: PathBuf,
    },
    /// The results cannot be written to standard output.
    #[error("the results cannot be written")]
    Output(#[source] io::Error),
    /// The results cannot be written to a file.
    #[error("--junit {} cannot be written", path.display())]
    Junit {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl UptestError {
    /// The exit code that tells scripts.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Request(RequestError::Instance(_) | RequestError::Environment(_)) => exit_code::USAGE,
            Self::Output(_) => exit_code::WRITE_OUTPUT_FAILED,
            _ => exit_code::SETUP_FAILED,
        }
    }
}

/// Runs the uptests of the instances that the arguments name, and tells the results.
///
/// `functions` are the uptests in Rust, of which those for the instances are run. Once `stop` resolves, what runs
/// is ended.
///
/// On Linux this makes the process the reaper of its descendants, and ends those that have come to be its children
/// when the run is over.
///
/// # Errors
///
/// The arguments are wrong, or the results cannot be told.
pub async fn uptest(
    args: &UptestArgs,
    terminal: Terminal,
    functions: &[&'static Uptest],
    catch: Catch,
    stop: impl Future<Output = ()>,
) -> Result<Ran, UptestError> {
    let root = args.root()?;
    let instances = args.instances(&root)?;
    let settings = args.settings(root, catch)?;
    let plan = plan(&settings.environment.root, instances, functions)?;
    for planned in &plan {
        // What a prefix wants to know and is not told is told the user before anything is run.
        let command = settings.environment.command(Path::new("uptest"), &planned.instance);
        let command = command.map_err(RequestError::from)?;
        if let Some(program) = settings.environment.missing_program(&command) {
            return Err(UptestError::NoPrefix { program: program.into() });
        }
    }
    let is_for_people = args.format == Format::Human;

    let orphans = Orphans::adopt();
    let began = Instant::now();
    if is_for_people {
        tell(&terminal.header(&plan));
    }
    tell(&terminal.without_uptests(&plan, args.allow_empty));
    let (events, mut happened) = mpsc::unbounded_channel();
    let telling = async {
        while let Some(event) = happened.recv().await {
            if is_for_people {
                tell(&terminal.event(&event));
            }
        }
    };
    let (ask_to_stop, is_asked) = watch::channel(false);
    let results = {
        let running = async { tokio::join!(run(&plan, &settings, events, is_asked), telling).0 };
        tokio::pin!(running);
        tokio::select! {
            results = &mut running => results,
            () = stop => {
                ask_to_stop.send_replace(true);
                running.await
            }
        }
    };
    if let Some(left_behind) = orphans.end().await {
        tell(&terminal.left_behind(&left_behind));
    }
    let verdict = judge(&plan, &results, args.allow_empty);
    let elapsed = began.elapsed();
    if let Some(path) = &args.junit {
        write_junit(path, &plan, &results, args.allow_empty, elapsed)?;
    }
    match args.format {
        Format::Human => tell(&terminal.summary(&plan, &results, verdict, elapsed)),
        Format::Json => {
            let object = json::render(&plan, &results, verdict, elapsed);
            write_out(&object.map_err(|error| UptestError::Output(error.into()))?.into_bytes())?;
        }
        Format::Velociraptor => {
            let line = velociraptor::render(&results);
            if !velociraptor::is_json(&line) {
                tracing::warn!(
                    "a per cent sign in an output makes Velociraptor's line no JSON, as in its own uptester; \
                     --format json has no such trouble"
                );
            }
            write_out(&line)?;
        }
    }
    Ok(Ran { plan, results, verdict })
}

fn write_junit(
    path: &Path,
    plan: &[Planned],
    results: &[UptestResult],
    allow_empty: bool,
    elapsed: Duration,
) -> Result<(), UptestError> {
    let document = junit::render(plan, results, allow_empty, elapsed).map_err(io::Error::other);
    let written = document.and_then(|document| fs::write(path, document));
    written.map_err(|source| UptestError::Junit { path: path.to_owned(), source })
}

/// Writes to standard error. Where nobody reads that any more, the verdict still counts.
fn tell(text: &str) {
    let mut stderr = anstream::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

fn write_out(bytes: &[u8]) -> Result<(), UptestError> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(UptestError::Output)
}
