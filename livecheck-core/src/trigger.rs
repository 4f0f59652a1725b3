//! Triggers: asking for an execution of a case.

use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;

use serde::Serialize;

use crate::case::Case;
use crate::client;
use crate::context::{Context, InTest, Scoped, current};
use crate::control;
use crate::fake_request;
use crate::identity::{PartitionKey, TestId};
use crate::time::Timestamp;
use crate::wire::{Arguments, TestExecution};

/// A trigger about to be sent; made by `order_flow::trigger(…)` and `order_flow::maybe_trigger(…)`.
///
/// Nothing is sent before [`send`](Self::send) or [`scope`](Self::scope). Neither blocks or fails: without a
/// client installed nothing happens, and what cannot be sent is counted.
#[must_use = "a trigger is sent by `.scope(future)` or `.send()`"]
#[derive(Debug)]
pub struct Trigger {
    case: &'static Case,
    /// The arguments, where this request was chosen and they could be serialized.
    chosen: Option<Arguments>,
    id: Option<TestId>,
    partition_key: Option<PartitionKey>,
}

/// What may stand for an argument of type `T` in a call of `trigger` and `maybe_trigger`: the value itself or
/// a reference to it, and for a `String` or a `Vec` also what it is usually made from, without making it.
///
/// Nothing is cloned: an argument is only serialized, and that only when the request was chosen.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the argument `{T}` of a case",
    label = "cannot be sent as a `{T}`",
    note = "what can is a `{T}` or a reference to one, if `{T}` implements `serde::Serialize`"
)]
pub trait AsArgument<T: ?Sized> {
    /// What is serialized in place of `T`, to the same JSON.
    type Serialized: Serialize + ?Sized;

    /// The value to serialize.
    fn as_argument(&self) -> &Self::Serialized;
}

impl<T: Serialize> AsArgument<T> for T {
    type Serialized = T;

    fn as_argument(&self) -> &T {
        self
    }
}

impl<T: Serialize> AsArgument<T> for &T {
    type Serialized = T;

    fn as_argument(&self) -> &T {
        self
    }
}

impl AsArgument<String> for &str {
    type Serialized = str;

    fn as_argument(&self) -> &str {
        self
    }
}

macro_rules! as_argument {
    ($([$($parameters:tt)*] $given:ty => $argument:ty, |$this:ident| -> &$serialized:ty { $value:expr })*) => {
        $(
            // Who gives something else should read of those above, and not of all these.
            #[diagnostic::do_not_recommend]
            impl<$($parameters)*> AsArgument<$argument> for $given {
                type Serialized = $serialized;

                fn as_argument(&self) -> &$serialized {
                    let $this = self;
                    $value
                }
            }
        )*
    };
}

as_argument! {
    [T: Serialize] &mut T => T, |this| -> &T { this }
    [T: Serialize] Box<T> => T, |this| -> &T { this }
    [T: Serialize] Arc<T> => T, |this| -> &T { this }
    [T: Serialize] &Arc<T> => T, |this| -> &T { this }
    [T: Serialize] &[T] => Vec<T>, |this| -> &[T] { this }
    [T: Serialize, const N: usize] [T; N] => Vec<T>, |this| -> &[T] { this }
    [T: Serialize, const N: usize] &[T; N] => Vec<T>, |this| -> &[T] { *this }
}

/// Takes the arguments of a trigger, in the generated code.
#[doc(hidden)]
#[derive(Debug)]
pub struct ArgumentsWriter(Result<Arguments, serde_json::Error>);

impl ArgumentsWriter {
    /// Adds an argument by name.
    pub fn argument<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) {
        if let Ok(arguments) = &mut self.0 {
            if let Err(error) = arguments.insert(name, value) {
                self.0 = Err(error);
            }
        }
    }
}

impl Trigger {
    /// A trigger of `case`, chosen always.
    #[doc(hidden)]
    pub fn always(case: &'static Case, write: impl FnOnce(&mut ArgumentsWriter)) -> Self {
        Self::new(case, true, write)
    }

    /// A trigger of `case`, chosen with its probability.
    #[doc(hidden)]
    pub fn sampled(case: &'static Case, write: impl FnOnce(&mut ArgumentsWriter)) -> Self {
        let chosen = rand::random::<f64>() < control::share(case)
            // A request that is followed already, such as a fake one, is not followed by a second test.
            && current().is_none_or(|test| *test.case_name() != case.name);
        Self::new(case, chosen, write)
    }

    fn new(case: &'static Case, chosen: bool, write: impl FnOnce(&mut ArgumentsWriter)) -> Self {
        if !chosen || !client::is_installed() {
            return Self { case, chosen: None, id: None, partition_key: None };
        }
        let mut writer = ArgumentsWriter(Ok(Arguments::new()));
        write(&mut writer);
        let chosen = writer.0.map_err(|error| client::count_unserializable(case, &error)).ok();
        Self { case, chosen, id: None, partition_key: None }
    }

    /// Gives the test an id: that of the order or request which is followed. Without one it is a UUID v7; in a
    /// [fake request](crate::fake_request) of the case, it is made of the case and the slot.
    pub fn id(mut self, id: impl Display) -> Self {
        if self.chosen.is_some() {
            self.id = Some(TestId::from(id.to_string()));
        }
        self
    }

    /// Lets this decide the partition of the test, and so the runner that executes it, in place of the id: with the
    /// account all tests of one account meet in one place.
    ///
    /// The key travels with the test, and its signals follow it. Those of a sender that does not pass it on, as
    /// one that uses Faust, find the test too, a little later.
    pub fn partition_key(mut self, key: impl Display) -> Self {
        if self.chosen.is_some() {
            self.partition_key = Some(PartitionKey::from(key.to_string()));
        }
        self
    }

    /// Sends the trigger, and gives the test that has begun: none where this request was not chosen, or
    /// could not be sent.
    pub fn send(self) -> Option<Context> {
        let arguments = self.chosen?;
        let (id, timestamp) = match (self.id, fake_request::triggers(self.case)) {
            // Whoever fires that slot asks for the same execution.
            (None, Some(slot)) => (slot.id(), slot.time()),
            (Some(id), _) => (id, Timestamp::now()),
            (None, None) => (TestId::from(uuid::Uuid::now_v7().to_string()), Timestamp::now()),
        };
        let test = TestExecution {
            id,
            case_name: self.case.name.into(),
            timestamp,
            expires: timestamp + self.case.settings.test_expires,
            arguments,
        };
        let context = Context::new(test.key(), test.expires).with_partition_key(self.partition_key);
        client::send_test(&test, &context).then_some(context)
    }

    /// Sends the trigger, and runs `future` in the test that has begun. Where this request was not chosen, it
    /// runs as it would have without.
    pub fn scope<F: Future>(self, future: F) -> Scoped<F> {
        future.in_test(self.send().or_else(current))
    }
}
