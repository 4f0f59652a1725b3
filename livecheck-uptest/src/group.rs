//! A process group: a command and all that it has started.

use std::time::{Duration, Instant};
use std::{fmt, fs, io};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

/// How often it is looked whether the processes are gone.
const LOOK: Duration = Duration::from_millis(10);

/// The process group that a command leads, which was started with `process_group(0)`.
#[derive(Clone, Copy, Debug)]
pub struct Group(Pid);

/// A process of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: i32,
    /// The name of its program, cut to 15 characters by the system.
    pub program: String,
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({})", self.program, self.id)
    }
}

impl Group {
    /// The group of the process with that id, which was started as a leader.
    #[must_use]
    pub fn of(process_id: u32) -> Option<Self> {
        i32::try_from(process_id).ok().and_then(Pid::from_raw).map(Self)
    }

    /// Whether any process of it is left.
    ///
    /// A process that has ended, and that nobody has waited for, is none: in a container whose first process is
    /// no init, that is what becomes of orphans, for ever. Only Linux says.
    #[must_use]
    pub fn is_alive(self) -> bool {
        test_kill_process_group(self.0).is_ok() && self.members().map_or(true, |members| !members.is_empty())
    }

    /// The processes of it that run.
    ///
    /// # Errors
    ///
    /// The system does not say: only Linux does.
    pub fn members(self) -> io::Result<Vec<Member>> {
        let mut members = Vec::new();
        for process in running()? {
            if process.group == self.0.as_raw_nonzero().get() {
                members.push(process.member);
            }
        }
        Ok(members)
    }

    /// Asks all to end, and kills those that have not after `grace`. Says whether it had to.
    pub async fn end(self, grace: Duration) -> bool {
        self.signal(Signal::TERM);
        let ended = self.is_gone_within(grace).await;
        if !ended {
            self.kill();
            // So that their ports are free when this returns. It does not take as long, unless nobody collects
            // orphans here.
            self.is_gone_within(Duration::from_secs(1)).await;
        }
        !ended
    }

    /// Ends all at once.
    pub fn kill(self) {
        self.signal(Signal::KILL);
    }

    /// Waits until no process of it is left, or that time is over. Says whether they are gone.
    pub async fn is_gone_within(self, time: Duration) -> bool {
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

/// A process that runs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Running {
    pub(crate) member: Member,
    pub(crate) parent: i32,
    group: i32,
}

/// All processes that run: those that have ended are left out.
pub(crate) fn running() -> io::Result<Vec<Running>> {
    let entries = fs::read_dir("/proc")?;
    // What is no process, and what has ended meanwhile, has no such file.
    Ok(entries
        .filter_map(|entry| fs::read_to_string(entry.ok()?.path().join("stat")).ok())
        .filter_map(|status| read(&status))
        .collect())
}

/// What `/proc/*/stat` says of a process; nothing if it has ended.
fn read(status: &str) -> Option<Running> {
    // The name of the program stands in parentheses, and may have any in it.
    let (before, fields) = status.rsplit_once(')')?;
    let (id, program) = before.split_once(" (")?;
    let mut fields = fields.split_ascii_whitespace();
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    let mut number = || fields.next()?.parse().ok();
    let (parent, group) = (number()?, number()?);
    let member = Member { id: id.parse().ok()?, program: program.to_owned() };
    Some(Running { member, parent, group })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_has_ended_is_not_running() {
        let member = Member { id: 12, program: "a (b) c".to_owned() };
        assert_eq!(read("12 (a (b) c) S 1 7 7 0"), Some(Running { member, parent: 1, group: 7 }));
        assert_eq!(read("12 (a (b) c) Z 1 7 7 0"), None);
        assert_eq!(read(""), None);
    }
}
