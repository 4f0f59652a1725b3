//! Observers: code of your own that is told of what executions do, and of cases that fail as a whole.
//!
//! ```
//! use livecheck_core::observer::Observer;
//! use livecheck_core::wire::TestReport;
//!
//! struct Pager;
//!
//! impl Observer for Pager {
//!     fn on_test_failed(&self, report: &TestReport) {
//!         println!("{} failed: {:?}", report.case_name, report.error);
//!     }
//! }
//!
//! livecheck_core::observe!(Pager);
//! ```
//!
//! An observer stands beside the cases, in a library that the runner links. It cannot harm a verdict: it is called on a
//! thread of its own, behind what is observed. Where it panics that is said, and it goes on; where it is too slow it
//! misses events, and how many is said.

use std::sync::{Arc, Mutex, PoisonError};

use crate::case::Case;
use crate::context::Context;
use crate::wire::{State, TestReport};

/// What is told of the executions of a runner, and of its cases as a whole.
///
/// What a runner executes again, after another was killed, is observed again; a report is told once it is committed, and
/// so exactly once among all runners.
pub trait Observer: Send + Sync + 'static {
    /// An execution starts.
    fn on_test_start(&self, test: &Context) {
        let _ = test;
    }

    /// It begins to wait for that signal.
    fn on_signal_wait(&self, test: &Context, signal: &str) {
        let _ = (test, signal);
    }

    /// It has received that signal.
    fn on_signal_received(&self, test: &Context, signal: &str) {
        let _ = (test, signal);
    }

    /// An execution has passed.
    fn on_test_pass(&self, report: &TestReport) {
        let _ = report;
    }

    /// A test was not executed.
    fn on_test_skipped(&self, report: &TestReport) {
        let _ = report;
    }

    /// A contract was broken.
    fn on_test_failed(&self, report: &TestReport) {
        let _ = report;
    }

    /// A case has returned an error.
    fn on_test_error(&self, report: &TestReport) {
        let _ = report;
    }

    /// A signal has not come in time.
    fn on_test_timeout(&self, report: &TestReport) {
        let _ = report;
    }

    /// A case fails as a whole, or is stalled. The runner that leads is told this, and no other.
    fn on_suite_fail(&self, report: &TestReport) {
        let _ = report;
    }

    /// A case as a whole has recovered. The runner that leads is told this, and no other.
    fn on_suite_recovered(&self, report: &TestReport) {
        let _ = report;
    }

    /// Something has ended: calls that one of the methods above which is for it.
    #[doc(hidden)]
    fn on_report(&self, report: &TestReport) {
        match (report.state, &report.test) {
            (State::Pass, None) => self.on_suite_recovered(report),
            (_, None) => self.on_suite_fail(report),
            (State::Pass, Some(_)) => self.on_test_pass(report),
            (State::Skip, Some(_)) => self.on_test_skipped(report),
            (State::Fail, Some(_)) => self.on_test_failed(report),
            (State::Error, Some(_)) => self.on_test_error(report),
            (State::Timeout, Some(_)) => self.on_test_timeout(report),
            (State::Init | State::Stall, Some(_)) => {}
        }
    }
}

/// An observer, and which case it observes.
#[derive(Clone)]
pub struct Registered {
    observer: Arc<dyn Observer>,
    case: Option<&'static str>,
}

/// What [`observe!`](crate::observe) submits.
#[doc(hidden)]
pub struct Submitted {
    /// Makes the observer.
    pub make: fn() -> Arc<dyn Observer>,
    /// The case that it observes; all, if it is none.
    pub case: Option<&'static Case>,
}

inventory::collect!(Submitted);

static ADDED: Mutex<Vec<Registered>> = Mutex::new(Vec::new());

/// Adds an observer of all cases at run time: before the runner's `main` begins, in a program of your own.
///
/// ```
/// # struct Pager;
/// # impl livecheck_core::observer::Observer for Pager {}
/// livecheck_core::observer::add(Pager, None);
/// ```
pub fn add(observer: impl Observer, case: Option<&'static Case>) {
    let registered = Registered { observer: Arc::new(observer), case: case.map(|case| case.name) };
    ADDED.lock().unwrap_or_else(PoisonError::into_inner).push(registered);
}

/// All the observers: those that are linked into this program, and those that were added.
#[must_use]
pub fn all() -> Vec<Registered> {
    let submitted = inventory::iter::<Submitted>().map(|submitted| Registered {
        observer: (submitted.make)(),
        case: submitted.case.map(|case| case.name),
    });
    let added = ADDED.lock().unwrap_or_else(PoisonError::into_inner).clone();
    submitted.chain(added).collect()
}

impl Registered {
    /// The observer, if it observes that case.
    #[must_use]
    pub fn of(&self, case: &str) -> Option<&dyn Observer> {
        self.case.is_none_or(|own| own == case).then_some(&*self.observer)
    }
}

impl std::fmt::Debug for Registered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registered").field("case", &self.case).finish_non_exhaustive()
    }
}

/// Registers an [`Observer`](crate::observer::Observer) of all cases, or of one: at the top of a module, beside the cases.
///
/// ```
/// # struct Pager;
/// # impl livecheck_core::observer::Observer for Pager {}
/// livecheck_core::observe!(Pager);
/// ```
///
/// `livecheck::observe!(Pager, order_flow)` is told of `order_flow` alone. The observer is made by the expression when a
/// runner starts.
#[macro_export]
macro_rules! observe {
    ($observer:expr) => {
        $crate::inventory::submit! {
            $crate::observer::Submitted { make: || ::std::sync::Arc::new($observer), case: ::core::option::Option::None }
        }
    };
    ($observer:expr, $case:ty) => {
        $crate::inventory::submit! {
            $crate::observer::Submitted {
                make: || ::std::sync::Arc::new($observer),
                case: ::core::option::Option::Some(<$case>::CASE),
            }
        }
    };
}
