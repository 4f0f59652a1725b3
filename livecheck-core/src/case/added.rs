//! Cases made at run time, beside those that the attribute registers.

use std::any::type_name;
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::{Argument, Case, Location, SignalDefinition};
use crate::control;
use crate::execution::{Executing, Execution};
use crate::outcome::Outcome;
use crate::settings::Settings;
use crate::signal::SignalSender;
use crate::trigger::{ArgumentsWriter, Trigger};

/// What a case made at run time does.
type Body = Arc<dyn Fn(Execution) -> Executing + Send + Sync>;

/// The cases added so far, in their order.
static ADDED: Mutex<Vec<&'static Case>> = Mutex::new(Vec::new());
/// What each of them does, by its name: a `Case` itself is plain data.
static BODIES: RwLock<Option<HashMap<&'static str, Body>>> = RwLock::new(None);

/// A case about to be made at run time: one for each region that a configuration lists, say.
///
/// The service that triggers it and sends its signals makes the same one, by the same function, and keeps the
/// [`AddedCase`]; the runner, a program of the team's own, makes it before it begins:
///
/// ```
/// use livecheck_core::{AddedCase, CaseBuilder, Settings};
///
/// pub fn refunds(region: &str) -> AddedCase {
///     CaseBuilder::new(format!("payments::refunds::{region}"))
///         .docs("A refund is paid within a minute.")
///         .settings(Settings::new().probability(0.1))
///         .argument::<u32>("amount")
///         .signal::<u32>("paid")
///         .run(|execution| async move {
///             let amount: u32 = execution.argument_named("amount")?;
///             let paid = execution.signal_named::<u32>("paid")?.wait().timeout("1m").await?;
///             assert_eq!(paid, amount);
///             Ok::<(), livecheck_core::Error>(())
///         })
/// }
///
/// // In the service:
/// let eu = refunds("eu");
/// eu.trigger(|arguments| arguments.argument("amount", &3)).id("refund-1").send();
/// eu.signal::<u32>("paid").expect("as above").send(&3);
///
/// // In the runner:
/// //     livecheck::main!(payments; before = || {
/// //         ["eu", "us"].map(payments::refunds);
/// //         Ok(())
/// //     });
/// ```
#[must_use = "a case is added by `.run(…)`"]
#[derive(Clone, Debug)]
pub struct CaseBuilder {
    name: String,
    docs: String,
    settings: Settings,
    arguments: Vec<Argument>,
    signals: Vec<SignalDefinition>,
    location: Location,
}

/// A case that was made at run time.
#[derive(Clone, Copy, Debug)]
pub struct AddedCase(&'static Case);

impl CaseBuilder {
    /// A case of that name, which must be no other's: with another of one name no runner begins.
    #[track_caller]
    pub fn new(name: impl Into<String>) -> Self {
        let place = std::panic::Location::caller();
        Self {
            name: name.into(),
            docs: String::new(),
            settings: Settings::new(),
            arguments: Vec::new(),
            signals: Vec::new(),
            location: Location { package: "", file: place.file(), line: place.line() },
        }
    }

    /// What it is for.
    pub fn docs(mut self, docs: impl Into<String>) -> Self {
        self.docs = docs.into();
        self
    }

    /// Its settings, in place of the defaults.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// The package that it is shown with: `env!("CARGO_PKG_NAME")`.
    pub fn package(mut self, package: &'static str) -> Self {
        self.location.package = package;
        self
    }

    /// An argument that its trigger gives.
    pub fn argument<T>(mut self, name: &'static str) -> Self {
        self.arguments.push(Argument { name, type_name: type_name::<T>() });
        self
    }

    /// A signal that it waits for, with a payload of that type: [`NoPayload`](crate::NoPayload) for none.
    pub fn signal<T>(self, name: &'static str) -> Self {
        self.signal_with(SignalDefinition::new(name, type_name::<T>()))
    }

    /// A signal, with what is set of it.
    pub fn signal_with(mut self, signal: SignalDefinition) -> Self {
        self.signals.push(signal);
        self
    }

    /// Makes the case, which lives as long as the process, and adds it to those that a runner executes. What it does is
    /// called for each execution.
    pub fn run<F, R>(self, body: F) -> AddedCase
    where
        F: Fn(Execution) -> R + Send + Sync + 'static,
        R: Future<Output: Outcome> + Send + 'static,
    {
        let Self { name, docs, settings, arguments, signals, location } = self;
        let case: &'static Case = Box::leak(Box::new(Case {
            docs: Box::leak(docs.into_boxed_str()),
            settings,
            arguments: Box::leak(arguments.into_boxed_slice()),
            signals: Box::leak(signals.into_boxed_slice()),
            ..Case::new(Box::leak(name.into_boxed_str()), location, run_added)
        }));
        let body = Arc::new(body);
        let body: Body = Arc::new(move |execution| {
            let body = Arc::clone(&body);
            let (test, execution) = execution.in_test();
            Box::pin(test.scope(async move { body(*execution).await.into_result() }))
        });
        let mut bodies = BODIES.write().unwrap_or_else(PoisonError::into_inner);
        // Of two of one name the second is refused when a runner begins.
        bodies.get_or_insert_default().entry(case.name).or_insert(body);
        drop(bodies);
        ADDED.lock().unwrap_or_else(PoisonError::into_inner).push(case);
        control::added(case);
        AddedCase(case)
    }
}

/// All that were added so far.
pub(super) fn all() -> Vec<&'static Case> {
    ADDED.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn run_added(execution: Execution) -> Executing {
    let bodies = BODIES.read().unwrap_or_else(PoisonError::into_inner);
    let body = bodies.as_ref().and_then(|bodies| bodies.get(execution.case().name)).cloned();
    drop(bodies);
    match body {
        Some(body) => body(execution),
        None => Box::pin(async { Err(anyhow::anyhow!("the case was not added in this process")) }),
    }
}

impl AddedCase {
    /// The case.
    #[must_use]
    pub const fn case(self) -> &'static Case {
        self.0
    }

    /// A trigger, with the arguments that are written.
    pub fn trigger(self, write: impl FnOnce(&mut ArgumentsWriter)) -> Trigger {
        Trigger::always(self.0, write)
    }

    /// The same, for a share of the requests: by the case's probability.
    pub fn maybe_trigger(self, write: impl FnOnce(&mut ArgumentsWriter)) -> Trigger {
        Trigger::sampled(self.0, write)
    }

    /// The sending side of the signal of that name, if the case has it.
    #[must_use]
    pub fn signal<T>(self, name: &str) -> Option<SignalSender<T>> {
        self.0.signal(name).map(|index| SignalSender::new(self.0, index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cases;
    use crate::control::{CaseProfile, Profile};

    fn add(name: &str) -> AddedCase {
        CaseBuilder::new(name).argument::<u32>("amount").signal::<u32>("paid").run(|_| async {})
    }

    #[test]
    fn an_added_case_stands_beside_those_that_are_linked() {
        let case = add("payments::added");
        let linked = Cases::linked().expect("one of that name");
        let found = linked.get("payments::added").expect("it is there");
        assert!(std::ptr::eq(found, case.case()));
        assert_eq!((found.arguments[0].type_name, found.signals[0].name), ("u32", "paid"));
        assert!(found.location.file.ends_with("added.rs"));
        assert!(case.signal::<u32>("paid").is_some() && case.signal::<u32>("payed").is_none());
        let twice = CaseBuilder::new("payments::added").run(|_| async {});
        assert_eq!(Cases::new([case.case(), twice.case()]).expect_err("one name").name, "payments::added");
        take_away(case);
    }

    /// The other tests of this process see what is added, too.
    fn take_away(added: AddedCase) {
        ADDED.lock().expect("no panic").retain(|case| case.name != added.case().name);
    }

    #[test]
    fn what_is_set_counts_for_cases_that_are_added_before_and_after() {
        let before = add("payments::added_before");
        let mut profile = Profile::default();
        let probability = Some("75%".parse().expect("a share"));
        for name in ["added_before", "added_after"] {
            profile.set(name, CaseProfile { active: None, probability });
        }
        control::apply_profile(profile);
        let after = add("payments::added_after");
        for added in [before, after] {
            assert_eq!(control::share(added.case()), 0.75, "{}", added.case().name);
            take_away(added);
        }
    }
}
