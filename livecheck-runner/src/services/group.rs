//! A process group: a service and all that it has started.

use std::time::{Duration, Instant};
use std::{fs, io};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

/// How often it is looked whether the processes are gone.
const LOOK: Duration = Duration::from_millis(10);

/// The process group that a service leads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group(Pid);

impl Group {
    /// The group of the process with that id, which was started as a leader.
    pub(super) fn of(process_id: u32) -> Option<Self> {
        i32::try_from(process_id).ok().and_then(Pid::from_raw).map(Self)
    }

    /// Whether any process of it is left.
    pub(super) fn is_alive(self) -> bool {
        test_kill_process_group(self.0).is_ok() && !self.is_all_zombies().unwrap_or(false)
    }

    /// Whether all that is left are processes that have ended, which nobody has waited for: in a container
    /// whose first process is no init, that is what becomes of orphans, for ever. Only Linux says.
    fn is_all_zombies(self) -> io::Result<bool> {
        for entry in fs::read_dir("/proc")? {
            // What is no process, and what has ended meanwhile, has no such file.
            let Ok(status) = fs::read_to_string(entry?.path().join("stat")) else { continue };
            if is_running_in(&status, self.0.as_raw_nonzero().get()) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Asks all to end, and kills those that have not after `grace`.
    pub(super) async fn end(self, grace: Duration) {
        self.signal(Signal::TERM);
        if !self.is_gone_within(grace).await {
            self.kill();
            // So that their ports are free when this returns. It does not take as long, unless nobody collects
            // orphans here.
            self.is_gone_within(Duration::from_secs(1)).await;
        }
    }

    /// Ends all at once.
    pub(super) fn kill(self) {
        self.signal(Signal::KILL);
    }

    async fn is_gone_within(self, time: Duration) -> bool {
        let deadline = Instant::now() + time;
        while self.is_alive() {
            if Instant::now() >= deadline {
                return false;
            }
            tokio::time::sleep(LOOK).await;
        }
        true
    }

    fn signal(self, signal: Signal) {
        // The only error that can be is that no process is left, which is what is wanted.
        let _ = kill_process_group(self.0, signal);
    }
}

/// Whether a line of `/proc/*/stat` is about a process of that group that has not ended.
fn is_running_in(status: &str, group: i32) -> bool {
    // The name of the program stands in parentheses, and may have any in it.
    let Some((_, fields)) = status.rsplit_once(')') else { return false };
    let mut fields = fields.split_ascii_whitespace();
    let (state, _parent, its_group) = (fields.next(), fields.next(), fields.next());
    its_group.and_then(|field| field.parse().ok()) == Some(group) && !matches!(state, Some("Z" | "X"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_has_ended_is_not_running() {
        assert!(is_running_in("12 (a (b) c) S 1 7 7 0", 7));
        assert!(!is_running_in("12 (a (b) c) Z 1 7 7 0", 7));
        assert!(!is_running_in("12 (sh) S 7 8 7 0", 7));
        assert!(!is_running_in("", 7));
    }
}
