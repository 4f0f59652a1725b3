//! Processes that have left the process group of the uptest that started them, as daemons do.

use std::collections::HashSet;
use std::time::Duration;

use rustix::process::{Pid, Signal, getpid, kill_process};

use crate::group::{Member, running};
use crate::outcome::LeftBehind;

/// How often those that have been ended are looked for again: one that ends leaves its own children.
const LOOKS: usize = 100;
const LOOK: Duration = Duration::from_millis(10);

/// Sees to it that such processes do not outlive the run. On Linux they can be found: there, who has lost its parent
/// comes to this process, where it would go to the system's first one.
#[derive(Debug)]
pub(crate) struct Orphans {
    /// The children that this process had before.
    ours: HashSet<i32>,
}

impl Orphans {
    /// Takes in orphans from now on.
    pub(crate) fn adopt() -> Self {
        #[cfg(target_os = "linux")]
        if let Err(error) = rustix::process::set_child_subreaper(Some(getpid())) {
            tracing::debug!(%error, "what leaves its process group cannot be ended");
        }
        Self { ours: children().into_iter().map(|child| child.id).collect() }
    }

    /// Ends those that have come, at once: they had their time. Call it when no uptest runs any more.
    pub(crate) async fn end(self) -> Option<LeftBehind> {
        let mut ended: Vec<Member> = Vec::new();
        for _ in 0..LOOKS {
            let left: Vec<Member> =
                children().into_iter().filter(|child| !self.ours.contains(&child.id)).collect();
            if left.is_empty() {
                break;
            }
            for child in left {
                // A child whose end nobody has waited for keeps its number: no other process can have it.
                if let Some(id) = Pid::from_raw(child.id) {
                    let _ = kill_process(id, Signal::KILL);
                }
                if !ended.contains(&child) {
                    ended.push(child);
                }
            }
            tokio::time::sleep(LOOK).await;
        }
        (!ended.is_empty()).then_some(LeftBehind(ended))
    }
}

/// The children of this process that run; none where the system does not say.
fn children() -> Vec<Member> {
    let this = getpid().as_raw_nonzero().get();
    let running = running().unwrap_or_default().into_iter();
    running.filter(|process| process.parent == this).map(|process| process.member).collect()
}
