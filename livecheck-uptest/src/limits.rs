//! What ends an uptest that does not end itself.

use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::outcome::{End, Ending, Limit};

/// What ends an uptest that does not end itself.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// How long one uptest may take, from when it is started.
    pub(crate) each: Duration,
    /// When the whole run is to be over.
    pub(crate) deadline: Option<Instant>,
    /// Whether somebody has asked the run to end.
    pub(crate) stop: watch::Receiver<bool>,
}

impl Limits {
    /// That time, and nothing else.
    pub(crate) fn of(each: Duration) -> Self {
        Self { each, deadline: None, stop: watch::channel(false).1 }
    }

    /// Resolves when an uptest that is started now has to be ended.
    pub(crate) async fn reached(&self) -> Limit {
        let each = Instant::now() + self.each;
        let (at, limit) = match self.deadline {
            Some(deadline) if deadline < each => (deadline, Limit::Run),
            _ => (each, Limit::Uptest),
        };
        tokio::select! {
            () = tokio::time::sleep_until(at.into()) => limit,
            () = self.asked() => Limit::Asked,
        }
    }

    /// Resolves when somebody asks the run to end.
    async fn asked(&self) {
        // Where nobody can ask any more, nobody does.
        if self.stop.clone().wait_for(|asked| *asked).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// What keeps another uptest from being started.
    pub(crate) fn is_over(&self) -> Option<Limit> {
        if *self.stop.borrow() {
            Some(Limit::Asked)
        } else if self.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            Some(Limit::Run)
        } else {
            None
        }
    }

    /// Waits that long. Says whether it could.
    pub(crate) async fn pause(&self, time: Duration) -> bool {
        let over = Self { each: time, ..self.clone() };
        over.reached().await == Limit::Uptest
    }

    /// How an uptest has ended that had to be.
    pub(crate) fn ending(limit: Limit, after: Duration, end: End) -> Ending {
        match limit {
            Limit::Asked => Ending::Stopped(limit),
            Limit::Uptest | Limit::Run => Ending::TimedOut { limit, after, end },
        }
    }
}
