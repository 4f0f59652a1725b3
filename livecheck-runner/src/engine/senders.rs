//! Who sends the signals of each case: learned from executions that passed, to be named where a signal stays out.

use std::collections::HashMap;
use std::sync::Arc;

use livecheck_core::{Case, Origin};

/// Who has sent each signal of a case last, where a passing execution has shown it.
#[derive(Debug, Default)]
pub(super) struct Senders(HashMap<&'static str, Box<[Option<Arc<Origin>>]>>);

impl Senders {
    /// An execution of that case has passed, and these were its signals and who sent them.
    pub(super) fn learn<'a>(
        &mut self,
        case: &'static Case,
        signals: impl Iterator<Item = (usize, &'a Arc<Origin>)>,
    ) {
        let known = self.0.entry(case.name).or_insert_with(|| case.signals.iter().map(|_| None).collect());
        for (signal, origin) in signals {
            // A service says the same with every record, so mostly there is nothing to do.
            if !known[signal].as_ref().is_some_and(|known| Arc::ptr_eq(known, origin)) {
                known[signal] = Some(Arc::clone(origin));
            }
        }
    }

    /// Who sends the signals of that case, by their positions.
    pub(super) fn of(&self, case: &Case) -> &[Option<Arc<Origin>>] {
        self.0.get(case.name).map_or(&[], |known| known)
    }
}
