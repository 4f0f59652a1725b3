//! Sends messages, all receivers side by side, so that a slow one holds up neither the others nor who hands them over.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::mpsc::{Receiver as Done, Sender, channel};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::desk::Ticket;
use crate::message::{Message, Status};
use crate::receiver::{Receipt, Receiver, SendError};

/// How many messages one receiver gets at once; others wait for their turn.
const AT_ONCE: usize = 4;

/// Sends messages. What is under way ends with it: whoever goes on sends it again.
#[derive(Debug)]
pub struct Courier {
    receivers: BTreeMap<String, (Arc<Receiver>, Arc<Semaphore>)>,
    runtime: Handle,
    under_way: JoinSet<()>,
    /// How many have not been told of yet.
    count: usize,
    ended: (Sender<Delivery>, Done<Delivery>),
}

/// What has come of a message.
#[derive(Debug)]
pub struct Delivery {
    /// Which it was.
    pub ticket: Ticket,
    /// To whom.
    pub receiver: String,
    /// What it was about, in one line.
    pub title: String,
    /// Whether something went on in it.
    pub status: Status,
    /// Whether it was only a reminder.
    pub reminder: bool,
    /// How long it took.
    pub took: Duration,
    /// What came of it.
    pub result: Result<Receipt, SendError>,
}

impl Courier {
    /// One for those receivers, within that runtime.
    #[must_use]
    pub fn new(receivers: &BTreeMap<String, Arc<Receiver>>, runtime: &Handle) -> Self {
        let receivers = receivers.iter().map(|(name, receiver)| {
            (name.clone(), (Arc::clone(receiver), Arc::new(Semaphore::new(AT_ONCE))))
        });
        Self {
            receivers: receivers.collect(),
            runtime: runtime.clone(),
            under_way: JoinSet::new(),
            count: 0,
            ended: channel(),
        }
    }

    /// Sends a message, and goes on at once.
    pub fn send(&mut self, ticket: Ticket, message: Message) {
        // Those that have ended are told of by themselves.
        while self.under_way.try_join_next().is_some() {}
        let Some((receiver, turn)) = self.receivers.get(&message.receiver).cloned() else { return };
        let ended = self.ended.0.clone();
        let sending = async move {
            // It is never closed.
            let _turn = turn.acquire().await;
            let began = Instant::now();
            let result = AssertUnwindSafe(receiver.send(&message)).catch_unwind().await;
            let result = result.unwrap_or_else(|_| Err(SendError::refused("it panicked: see the log")));
            let delivery = Delivery {
                ticket,
                receiver: message.receiver.clone(),
                title: message.title(),
                status: message.status,
                reminder: message.reminder,
                took: began.elapsed(),
                result,
            };
            // Nobody may want to know any more.
            let _ = ended.send(delivery);
        };
        self.count += 1;
        self.under_way.spawn_on(sending, &self.runtime);
    }

    /// Whether anything is under way, or has ended and was not told of.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.count > 0
    }

    /// What has come of those that have ended since the last time. Does not block.
    pub fn delivered(&mut self) -> Vec<Delivery> {
        self.delivered_within(Duration::ZERO)
    }

    /// The same, once something has ended or that time is over. Blocks.
    pub fn delivered_within(&mut self, patience: Duration) -> Vec<Delivery> {
        let first = self.ended.1.recv_timeout(patience).ok();
        let delivered: Vec<_> = first.into_iter().chain(self.ended.1.try_iter()).collect();
        self.count = self.count.saturating_sub(delivered.len());
        delivered
    }
}
