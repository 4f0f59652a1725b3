//! The sending side of a signal.

use std::fmt::{self, Display};
use std::marker::PhantomData;

use serde::Serialize;

use super::NoPayload;
use crate::case::Case;
use crate::client::{self, Addressee};

/// The sending side of a signal: an associated constant beside the case, such as `order_flow::cached`.
///
/// Sending never blocks and never fails the request: outside a test it does nothing; within one the event is
/// handed to the client, and what cannot be sent is counted.
pub struct SignalSender<T> {
    case: &'static Case,
    index: usize,
    payload: PhantomData<fn(&T)>,
}

impl<T> SignalSender<T> {
    /// The sender of the signal at that position of the case's signals.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(case: &'static Case, index: usize) -> Self {
        Self { case, index, payload: PhantomData }
    }

    /// The name of the signal.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.case.signals[self.index].name
    }

    /// Sends with a key of its own in place of the test's id: the case waits for it with
    /// [`Wait::key`](super::Wait::key), and every execution that does so gets it.
    ///
    /// ```
    /// # use livecheck_core::SignalSender;
    /// # fn step(shipped: &SignalSender<u32>, parcel: u64, items: u32) {
    /// shipped.key(parcel).send(&items);
    /// # }
    /// ```
    pub const fn key<K: Display>(&self, key: K) -> KeyedSender<T, K> {
        KeyedSender { case: self.case, index: self.index, key, is_forced: false, payload: PhantomData }
    }
}

impl SignalSender<NoPayload> {
    /// Sends the signal for the test that this task is in, if it is in one.
    pub fn send(&self) {
        client::send_signal(self.case, self.name(), Addressee::<&str>::CurrentTest, &());
    }
}

impl<T: Serialize> SignalSender<T> {
    /// Sends the signal with its payload for the test that this task is in, if it is in one.
    ///
    /// Outside a test the value is not even serialized.
    pub fn send(&self, value: &T) {
        client::send_signal(self.case, self.name(), Addressee::<&str>::CurrentTest, value);
    }
}

impl<T> fmt::Debug for SignalSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignalSender({}::{})", self.case.name, self.name())
    }
}

/// The sending side of a signal with a key of its own. Made by [`SignalSender::key`].
#[must_use = "a signal is sent by `.send(…)`"]
pub struct KeyedSender<T, K> {
    case: &'static Case,
    index: usize,
    key: K,
    is_forced: bool,
    payload: PhantomData<fn(&T)>,
}

impl<T, K: Display> KeyedSender<T, K> {
    /// Sends the signal also outside of any test: where the test's context does not come, as in what another company
    /// reports of a parcel. The key is what leads to the test.
    ///
    /// ```
    /// # use livecheck_core::{NoPayload, SignalSender};
    /// # fn webhook(delivered: &SignalSender<NoPayload>, parcel: &str) {
    /// delivered.key(parcel).force().send();
    /// # }
    /// ```
    pub fn force(mut self) -> Self {
        self.is_forced = true;
        self
    }

    fn addressee(self) -> Addressee<K> {
        if self.is_forced { Addressee::KeyAlways(self.key) } else { Addressee::Key(self.key) }
    }
}

impl<K: Display> KeyedSender<NoPayload, K> {
    /// Sends the signal, if this task is in a test or it is [forced](Self::force).
    pub fn send(self) {
        client::send_signal(self.case, self.case.signals[self.index].name, self.addressee(), &());
    }
}

impl<T: Serialize, K: Display> KeyedSender<T, K> {
    /// Sends the signal with its payload, if this task is in a test or it is [forced](Self::force).
    pub fn send(self, value: &T) {
        client::send_signal(self.case, self.case.signals[self.index].name, self.addressee(), value);
    }
}

impl<T, K: Display> fmt::Debug for KeyedSender<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signal = self.case.signals[self.index].name;
        write!(f, "KeyedSender({}::{signal}, {})", self.case.name, self.key)
    }
}
