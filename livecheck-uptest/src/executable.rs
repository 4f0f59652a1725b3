//! Runs one executable: what it writes, how it ends, and that nothing of it is left.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe::Receiver;
use tokio::process::{Child, Command};

use crate::captured::Captured;
use crate::group::Group;
use crate::limits::Limits;
use crate::outcome::{End, Ending, LeftBehind, Outcome, Signalled};

/// How long the process group may take to end once it is asked to, before it is killed.
const GRACE: Duration = Duration::from_secs(2);
/// How long what an executable has started may go on when it has ended itself: a `tee` is just finishing.
const AFTERWARDS: Duration = Duration::from_secs(1);

/// Runs a command to its end, with that on its standard input, and ends it, and all that its process group has started,
/// when the time is over.
///
/// # Errors
///
/// It cannot be started.
pub async fn run_with_input(command: Command, input: Vec<u8>, time: Duration) -> io::Result<Outcome> {
    start(command, Some(input), &Limits::of(time)).await
}

/// Runs a command to its end, with nothing on its standard input.
///
/// # Errors
///
/// It cannot be started.
pub(crate) async fn run(command: Command, limits: &Limits) -> io::Result<Outcome> {
    start(command, None, limits).await
}

async fn start(mut command: Command, input: Option<Vec<u8>>, limits: &Limits) -> io::Result<Outcome> {
    let (reader, writer) = os_pipe::pipe()?;
    command
        .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(writer.try_clone()?)
        .stderr(writer)
        // Its own group, so that all that it starts can be ended, and Ctrl-C reaches only this process, which
        // then ends it.
        .process_group(0);
    let began = Instant::now();
    let child = command.spawn();
    // It holds the writing end of the pipe, which would never be at its end.
    drop(command);
    let mut running = Running::of(child?)?;
    if let (Some(input), Some(mut stdin)) = (input, running.child.stdin.take()) {
        // It is not obliged to read it. When it has ended, nobody does.
        tokio::spawn(async move { drop(stdin.write_all(&input).await) });
    }
    let mut output =
        Output { pipe: Receiver::from_owned_fd(OwnedFd::from(reader))?, captured: Captured::default() };

    let ending = {
        let ended = running.end(limits);
        tokio::pin!(ended);
        tokio::select! {
            ending = &mut ended => ending?,
            () = output.read_to_end() => ended.await?,
        }
    };
    // What it has started, and not waited for, may hold the pipe, for ever.
    let _ = tokio::time::timeout(AFTERWARDS, output.read_to_end()).await;
    let left_behind = running.end_the_rest().await;
    let elapsed = began.elapsed();
    Ok(Outcome { ending, output: output.captured, elapsed, left_behind })
}

/// The end of a pipe, and what came out of it.
struct Output {
    pipe: Receiver,
    captured: Captured,
}

impl Output {
    /// Reads until nobody holds the other end.
    async fn read_to_end(&mut self) {
        let mut buffer = vec![0; 64 * 1024];
        // A pipe that cannot be read has nothing more to say.
        while let Ok(read @ 1..) = self.pipe.read(&mut buffer).await {
            self.captured.push(&buffer[..read]);
            // Whoever writes without end must not keep the time from being looked at.
            tokio::task::yield_now().await;
        }
    }
}

/// A process and its group. Dropping it kills them.
struct Running {
    child: Child,
    group: Group,
    is_over: bool,
}

impl Running {
    fn of(child: Child) -> io::Result<Self> {
        let group =
            child.id().and_then(Group::of).ok_or_else(|| io::Error::other("the process has no id"))?;
        Ok(Self { child, group, is_over: false })
    }

    /// Waits until the process ends, or ends its group when the time is over.
    async fn end(&mut self, limits: &Limits) -> io::Result<Ending> {
        let began = Instant::now();
        let limit = tokio::select! {
            status = self.child.wait() => return Ok(ending(status?)),
            limit = limits.reached() => limit,
        };
        let after = began.elapsed();
        // The process that has ended stays until it is waited for, and is none of those that run.
        let end = if self.group.end(GRACE).await { End::Killed } else { End::Asked };
        self.child.wait().await?;
        Ok(Limits::ending(limit, after, end))
    }

    /// Ends what is left of the group when the process itself has ended.
    async fn end_the_rest(&mut self) -> Option<LeftBehind> {
        // What has closed the pipe is about to end.
        let is_gone = self.group.is_gone_within(AFTERWARDS / 10).await;
        let left_behind = if is_gone {
            None
        } else {
            let members = self.group.members().unwrap_or_default();
            self.group.end(GRACE).await;
            Some(LeftBehind(members))
        };
        self.is_over = true;
        left_behind
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.is_over {
            self.group.kill();
        }
    }
}

fn ending(status: ExitStatus) -> Ending {
    match (status.code(), status.signal()) {
        (Some(0), _) => Ending::Passed,
        (Some(code), _) => Ending::Exited(code),
        (None, signal) => Ending::Signalled(Signalled {
            signal: signal.unwrap_or_default(),
            core_dumped: status.core_dumped(),
        }),
    }
}
