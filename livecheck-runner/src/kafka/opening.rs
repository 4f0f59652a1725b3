//! The thread that opens partitions which have come, beside the reading of those that are there already.
//!
//! What predecessors have left is read back, and the tables are restored: that may take minutes, and only the partitions
//! of which it is wait for it.

use std::cell::Cell;
use std::collections::HashMap;
use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, ConsumerContext};

use super::beginnings::{Begin, Beginnings};
use super::intake::Warn;
use crate::engine::Handover;
use crate::tables::PartitionTables;
use crate::worker::{StopFlag, Worker};

/// The pause before a question that failed is asked again.
const RETRY: Duration = Duration::from_millis(200);
/// For how long something may fail, or take, before that is said.
const WORTH_SAYING: Duration = Duration::from_secs(5);

/// The partitions that are ours, each by the assignment that has given it: one may go and come back while it is opened.
#[derive(Clone, Debug, Default)]
pub(super) struct Claims(Arc<Mutex<Claimed>>);

#[derive(Debug, Default)]
struct Claimed {
    assignments: u64,
    by_partition: HashMap<i32, u64>,
}

/// Some partitions, as one assignment has given them.
#[derive(Clone, Debug)]
struct Claim {
    claims: Claims,
    assignment: u64,
    partitions: Vec<i32>,
}

impl Claims {
    fn claimed(&self) -> MutexGuard<'_, Claimed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those partitions have come.
    fn claim(&self, partitions: Vec<i32>) -> Claim {
        let mut claimed = self.claimed();
        claimed.assignments += 1;
        let assignment = claimed.assignments;
        claimed.by_partition.extend(partitions.iter().map(|partition| (*partition, assignment)));
        Claim { claims: self.clone(), assignment, partitions }
    }

    /// Those partitions have gone.
    pub(super) fn release(&self, partitions: &[i32]) {
        let mut claimed = self.claimed();
        for partition in partitions {
            claimed.by_partition.remove(partition);
        }
    }
}

impl Claim {
    /// Whether the partition has not gone since.
    fn holds(&self, partition: i32) -> bool {
        self.claims.claimed().by_partition.get(&partition) == Some(&self.assignment)
    }

    /// Whether one of the partitions is still wanted.
    fn is_wanted(&self) -> bool {
        self.partitions.iter().any(|partition| self.holds(*partition))
    }
}

/// A partition of which all is there that a shard begins with.
pub(super) struct Opened {
    pub(super) begin: Begin,
    pub(super) handover: Handover,
    pub(super) tables: Arc<PartitionTables>,
}

/// The way to the thread.
pub(super) struct Opening {
    claims: Claims,
    wanted: mpsc::Sender<Option<Claim>>,
    opened: mpsc::Receiver<(Claim, Vec<Opened>)>,
    /// How many assignments are being opened.
    under_way: usize,
    /// Last: it ends when nobody can ask any more, and leaves what it is at.
    _thread: Worker,
}

impl Opening {
    pub(super) fn start<C: ConsumerContext + 'static>(
        consumer: Arc<BaseConsumer<C>>,
        beginnings: Beginnings,
        claims: Claims,
        warn: Warn,
    ) -> Self {
        let (wanted, asked) = mpsc::channel();
        let (answer, opened) = mpsc::channel();
        let of_thread = claims.clone();
        let thread = Worker::start("livecheck-opening", move |stop| {
            let opener = Opener { consumer, beginnings, claims: of_thread, warn, stop };
            opener.run(&asked, &answer);
        });
        Self { claims, wanted, opened, under_way: 0, _thread: thread }
    }

    /// Opens those partitions, which have just come.
    pub(super) fn open(&mut self, partitions: Vec<i32>) {
        let claim = self.claims.claim(partitions);
        self.ask(Some(claim));
    }

    /// Opens all that there are, each at its end.
    pub(super) fn open_all(&mut self) {
        self.ask(None);
    }

    fn ask(&mut self, claim: Option<Claim>) {
        // The thread lives as long as this.
        let _ = self.wanted.send(claim);
        self.under_way += 1;
    }

    /// Whether something is being opened.
    pub(super) fn is_under_way(&self) -> bool {
        self.under_way > 0
    }

    /// What has been opened since this was last asked, and is still ours.
    pub(super) fn take(&mut self) -> Vec<Opened> {
        let mut ours = Vec::new();
        while let Ok((claim, opened)) = self.opened.try_recv() {
            self.under_way -= 1;
            ours.extend(opened.into_iter().filter(|opened| claim.holds(opened.begin.partition)));
        }
        ours
    }
}

/// What the thread has.
struct Opener<C: ConsumerContext> {
    consumer: Arc<BaseConsumer<C>>,
    beginnings: Beginnings,
    claims: Claims,
    warn: Warn,
    stop: StopFlag,
}

impl<C: ConsumerContext> Opener<C> {
    /// Opens what is asked for, until nobody can ask any more.
    fn run(&self, asked: &mpsc::Receiver<Option<Claim>>, answer: &mpsc::Sender<(Claim, Vec<Opened>)>) {
        while let Ok(claim) = asked.recv() {
            let Some(claim) = claim.or_else(|| self.all()) else { return };
            let opened = self.open(&claim).unwrap_or_default();
            // Where nobody hears it the run is over.
            let _ = answer.send((claim, opened));
        }
    }

    /// Every partition: without a group nobody else gives them out.
    fn all(&self) -> Option<Claim> {
        let go_on = || !self.stop.is_set();
        let all = until_answered("the partitions", go_on, || self.beginnings.partition_numbers())?;
        Some(self.claims.claim(all))
    }

    /// None if what was asked for is no longer wanted.
    fn open(&self, claim: &Claim) -> Option<Vec<Opened>> {
        let Claim { partitions, .. } = claim;
        let go_on = || !self.stop.is_set() && claim.is_wanted();
        let begins = || self.beginnings.of(&self.consumer, partitions);
        let begins = until_answered("the committed offsets", go_on, begins)?;
        let handovers = || self.beginnings.handovers(&begins, go_on);
        let mut handovers = until_answered("the reports and checkpoints", go_on, handovers)?;
        let (began, said) = (Instant::now(), Cell::new(false));
        let still_restored = || {
            if !said.get() && began.elapsed() >= WORTH_SAYING {
                said.set(true);
                (self.warn)(format!(
                    "partitions {partitions:?} wait until their tables are restored: what is triggered there is \
                     executed then"
                ));
            }
            go_on()
        };
        let tables = || self.beginnings.tables(&begins, still_restored);
        let mut tables = until_answered("the tables", go_on, tables)?;
        tracing::info!(?partitions, took = ?began.elapsed(), "tables are restored");
        let opened = begins.into_iter().filter_map(|begin| {
            let handover = handovers.remove(&begin.partition)?;
            let tables = tables.remove(&begin.partition)?;
            Some(Opened { begin, handover, tables })
        });
        Some(opened.collect())
    }
}

/// Asks again until there is an answer, or `go_on` says no.
fn until_answered<T, E: Display>(
    what: &str,
    go_on: impl Fn() -> bool,
    ask: impl Fn() -> Result<T, E>,
) -> Option<T> {
    let began = Instant::now();
    let mut said = false;
    while go_on() {
        match ask() {
            Ok(answer) => return Some(answer),
            // Where topics are new, or a leader changes, the first answers are often none.
            Err(error) if !said && began.elapsed() >= WORTH_SAYING => {
                said = true;
                tracing::warn!(%error, "asking for {what} fails; trying again");
            }
            Err(error) => tracing::debug!(%error, "asking for {what}"),
        }
        std::thread::sleep(RETRY);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_that_went_and_came_back_is_of_its_second_assignment() {
        let claims = Claims::default();
        let first = claims.claim(vec![0, 1]);
        claims.release(&[1]);
        let second = claims.claim(vec![1]);
        assert!(first.holds(0) && !first.holds(1) && second.holds(1));
        assert!(first.is_wanted() && second.is_wanted());
        claims.release(&[0]);
        assert!(!first.is_wanted() && second.is_wanted());
    }
}
