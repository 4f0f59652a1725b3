//! A process group: a service and all that it has started.

use std::time::{Duration, Instant};

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

    /// Whether any process of it is left, be it one that nobody has waited for yet.
    pub(super) fn is_alive(self) -> bool {
        test_kill_process_group(self.0).is_ok()
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
