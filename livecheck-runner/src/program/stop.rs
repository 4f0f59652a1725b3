//! Ctrl-C, and the signals by which the system ends a process.

use std::fs;
use std::io;
use std::time::{Duration, Instant};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Signals so close to each other are one request: `timeout` and some terminals send to a process, and again to
/// its group.
const ONE_REQUEST: Duration = Duration::from_millis(300);

/// Ctrl-C, and the signals by which the system ends a process.
pub(super) struct Stop {
    interrupt: Signal,
    terminate: Signal,
    hangup: Option<Signal>,
    /// When it was asked last.
    last: Option<Instant>,
}

impl Stop {
    pub(super) fn new() -> io::Result<Self> {
        // Under `nohup` the end of the terminal is none of ours.
        let hangup = (!hangup_is_ignored()).then(|| signal(SignalKind::hangup())).transpose()?;
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup,
            last: None,
        })
    }

    /// Resolves when the process is asked to end; then again when it is asked once more.
    pub(super) async fn asked(&mut self) {
        loop {
            self.signalled().await;
            let again = self.last.is_some_and(|last| last.elapsed() < ONE_REQUEST);
            self.last = Some(Instant::now());
            if !again {
                return;
            }
        }
    }

    async fn signalled(&mut self) {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = hangup => {}
        }
    }

    /// What `doing` gives; nothing if the process is asked to end before.
    pub(super) async fn unless_asked<T>(&mut self, doing: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            done = doing => Some(done),
            () = self.asked() => None,
        }
    }
}

/// Whether this process was started so as to outlive its terminal. Only Linux says.
fn hangup_is_ignored() -> bool {
    fs::read_to_string("/proc/self/status").is_ok_and(|status| ignores_hangup(&status))
}

fn ignores_hangup(status: &str) -> bool {
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // The first signal is the hangup.
    mask.is_some_and(|mask| mask & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nohup_is_seen() {
        assert!(ignores_hangup("Name:\tx\nSigBlk:\t0000000000000001\nSigIgn:\t0000000000001001\n"));
        assert!(!ignores_hangup("SigIgn:\t0000000000001000\n"));
        assert!(!ignores_hangup(""));
    }
}
