//! Who ends a service if the runner is killed, and cannot.

use std::fs::File;
use std::io::{self, Write as _};
use std::process::Stdio;

use tokio::process::{Child, Command};

/// Waits for a line. If the pipe ends without one the runner is gone, and the group is asked to end, and killed.
const SCRIPT: &str = "read -r _ || { kill -s TERM -- -$1 || exit; sleep 5; kill -s KILL -- -$1; }";

/// A process beside a service, which holds the end of a pipe that the system closes when the runner ends, however it does.
///
/// The system can do the same by itself (`PR_SET_PDEATHSIG`), but to one process, and not to what that has started; and it
/// does so when the thread ends that has started it. Dropping the guard dismisses it.
#[derive(Debug)]
pub(super) struct Guard(File);

impl Guard {
    /// Over the process group with that id.
    pub(super) fn over(group: u32) -> io::Result<Self> {
        // Of the process it is tokio that sees the end.
        let (_process, pipe) = start(group)?;
        Ok(Self(pipe))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Where it is gone there is nobody to dismiss.
        let _ = self.0.write_all(b"\n");
    }
}

/// The process, and the runner's end of its pipe.
fn start(group: u32) -> io::Result<(Child, File)> {
    let mut process = Command::new("sh")
        .args(["-c", SCRIPT, "livecheck-guard", &group.to_string()])
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Ctrl-C is for the runner.
        .process_group(0)
        .spawn()?;
    let pipe = process.stdin.take().ok_or_else(|| io::Error::other("it has no pipe"))?;
    Ok((process, File::from(pipe.into_owned_fd()?)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use livecheck_uptest::Group;

    use super::*;

    /// Something that runs, with what it has started, and its group.
    fn service() -> (Child, Group, u32) {
        let child = Command::new("sh").args(["-c", "sleep 60; :"]).process_group(0).spawn().expect("a shell");
        let id = child.id().expect("it runs");
        (child, Group::of(id).expect("its group"), id)
    }

    #[tokio::test]
    async fn a_service_ends_with_the_runner_s_end_of_the_pipe() {
        let (mut child, group, id) = service();
        let (_process, pipe) = start(id).expect("a guard");
        drop(pipe);
        tokio::time::timeout(Duration::from_secs(20), child.wait())
            .await
            .expect("it ends")
            .expect("a status");
        assert!(group.is_gone_within(Duration::from_secs(20)).await, "and all that it has started");
    }

    #[tokio::test]
    async fn a_guard_that_is_dismissed_ends_nothing() {
        let (mut child, group, id) = service();
        let (mut process, pipe) = start(id).expect("a guard");
        drop(Guard(pipe));
        let ended = process.wait().await.expect("a status");
        assert!(ended.success() && group.is_alive());
        group.kill();
        child.wait().await.expect("a status");
    }
}
