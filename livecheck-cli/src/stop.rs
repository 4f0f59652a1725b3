//! Ctrl-C, and what a service manager sends.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Being asked to end. From when it is made on: a signal that comes before it is waited for is not lost, and does not
/// end the process as it would by default.
pub(crate) struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    /// Call it within a tokio runtime.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Resolves when the process is asked to end.
    pub(crate) async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
