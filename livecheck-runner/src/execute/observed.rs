//! The waits of an execution of which observers are told.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use livecheck_core::signal::{ReceivedSignal, SignalSource, WaitNumber, WaitRequest};
use livecheck_core::{Case, Context as Test, Timeout};
use smallvec::SmallVec;

use super::waits::Waits;
use crate::observers::Observers;

/// The same waits, and who is told of them. Where nobody is, there is none of this.
pub(super) struct Observed {
    waits: Arc<Waits>,
    observers: Observers,
    case: &'static Case,
    test: Test,
    /// The signals of the waits that have not ended.
    open: Mutex<SmallVec<[(WaitNumber, usize); 1]>>,
}

impl Observed {
    /// The source of an execution's signals.
    pub(super) fn source(
        waits: &Arc<Waits>,
        observers: Observers,
        case: &'static Case,
        test: &Test,
    ) -> Arc<dyn SignalSource> {
        let waits = Arc::clone(waits);
        if observers.is_empty() {
            return waits;
        }
        Arc::new(Self { waits, observers, case, test: test.clone(), open: Mutex::default() })
    }

    fn open(&self) -> MutexGuard<'_, SmallVec<[(WaitNumber, usize); 1]>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The wait has ended: gives its signal.
    fn ended(&self, number: WaitNumber) -> Option<usize> {
        let mut open = self.open();
        let position = open.iter().position(|(other, _)| *other == number)?;
        Some(open.swap_remove(position).1)
    }
}

impl SignalSource for Observed {
    fn begin(self: Arc<Self>, request: WaitRequest) -> WaitNumber {
        let signal = request.signal;
        self.observers.wait(&self.test, self.case, signal);
        let number = Arc::clone(&self.waits).begin(request);
        self.open().push((number, signal));
        number
    }

    fn poll(&self, number: WaitNumber, cx: &mut Context<'_>) -> Poll<Result<ReceivedSignal, Timeout>> {
        let polled = self.waits.poll(number, cx);
        if let Poll::Ready(ended) = &polled {
            if let (Some(signal), Ok(_)) = (self.ended(number), ended) {
                self.observers.received(&self.test, self.case, signal);
            }
        }
        polled
    }

    fn forget(&self, number: WaitNumber) {
        self.ended(number);
        self.waits.forget(number);
    }
}
