//! A case being executed: what the engine hands to the function.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::case::Case;
use crate::context::Context;
use crate::outcome::Result;
use crate::signal::{Payload, Signal, SignalParameter, SignalSource};
use crate::table::{ExecutionTables, TableParameter, WindowedTableParameter};
use crate::time::Timestamp;
use crate::wire::{Arguments, FromWire, PayloadError};

/// A case's future.
pub type Executing = Pin<Box<dyn Future<Output = Result> + Send>>;

/// One execution, from which the generated code takes the arguments, signals and tables of the function.
pub struct Execution {
    case: &'static Case,
    context: Context,
    arguments: Arguments,
    engine: Arc<dyn SignalSource>,
    /// Where the case has any.
    tables: Option<Arc<ExecutionTables>>,
    started: Option<Timestamp>,
}

/// The arguments of a test do not fit the parameters of the case. Ends the execution as ERROR.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArgumentError {
    /// A parameter was given no argument.
    #[error("argument `{name}: {type_name}` is missing: the test has {given}")]
    Missing {
        /// The parameter.
        name: &'static str,
        /// Its type.
        type_name: &'static str,
        /// What the test does have, described.
        given: String,
    },
    /// An argument does not fit the type of its parameter.
    #[error("argument `{name}: {type_name}`: {cause}")]
    Type {
        /// The parameter.
        name: &'static str,
        /// Its type.
        type_name: &'static str,
        /// What came, and what was expected.
        cause: PayloadError,
    },
}

/// A case has no signal of that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the case `{case}` has no signal `{signal}`: CaseBuilder::signal declares one")]
pub struct UnknownSignal {
    /// The case.
    pub case: &'static str,
    /// The name.
    pub signal: String,
}

/// A parameter type that a trigger can fill: the services write it, and the runner reads it.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a case",
    label = "cannot be sent and received as JSON",
    note = "an argument implements `serde::Serialize`, for the service that triggers the case, and \
            `serde::Deserialize`, for the runner that executes it"
)]
pub trait ArgumentParameter: Serialize + DeserializeOwned {}

impl<T: Serialize + DeserializeOwned> ArgumentParameter for T {}

impl Execution {
    /// An execution of `case` with those arguments, whose waits `engine` answers.
    #[must_use]
    pub fn new(
        case: &'static Case,
        context: Context,
        arguments: Arguments,
        engine: Arc<dyn SignalSource>,
    ) -> Self {
        Self { case, context, arguments, engine, tables: None, started: None }
    }

    /// The same, which started at that log time.
    #[must_use]
    pub fn started_at(self, started: Timestamp) -> Self {
        Self { started: Some(started), ..self }
    }

    /// The same, with those tables, where the case has any.
    #[must_use]
    pub fn with_tables(self, tables: Option<Arc<ExecutionTables>>) -> Self {
        Self { tables, ..self }
    }

    /// Starts the case: its future, in the scope of the test.
    #[must_use]
    pub fn start(mut self) -> Executing {
        let started = self.started.unwrap_or_else(|| self.context.timestamp());
        self.context = self.context.within_case(self.case, started, &self.arguments);
        (self.case.run)(self)
    }

    /// What the generated code makes a case's future of: the test in whose scope that is, and the execution itself, in
    /// one word. There may be a million of them, and tests wait for hours: the execution is given up before the case runs.
    #[doc(hidden)]
    #[must_use]
    pub fn in_test(self) -> (Context, Box<Self>) {
        (self.context.clone(), Box::new(self))
    }

    /// The argument for the parameter at that position, given by position or by name, as Faust does.
    ///
    /// # Errors
    ///
    /// It is missing, or does not fit the type.
    #[doc(hidden)]
    pub fn argument<T: ArgumentParameter>(&self, index: usize) -> Result<T, ArgumentError> {
        let crate::case::Argument { name, type_name } = self.case.arguments[index];
        let json = self.arguments.get(index, name).ok_or_else(|| ArgumentError::Missing {
            name,
            type_name,
            given: self.arguments.describe(),
        })?;
        T::from_wire(json).map_err(|cause| ArgumentError::Type { name, type_name, cause })
    }

    /// The case that is executed.
    #[must_use]
    pub const fn case(&self) -> &'static Case {
        self.case
    }

    /// The argument of that name: for a case that was [made at run time](crate::CaseBuilder).
    ///
    /// # Errors
    ///
    /// It is missing, or does not fit the type.
    pub fn argument_named<T: DeserializeOwned>(&self, name: &'static str) -> Result<T, ArgumentError> {
        let index = self.case.arguments.iter().position(|argument| argument.name == name);
        let type_name = std::any::type_name::<T>();
        let json = self.arguments.get(index.unwrap_or(usize::MAX), name);
        let json =
            json.ok_or_else(|| ArgumentError::Missing { name, type_name, given: self.arguments.describe() })?;
        T::from_wire(json).map_err(|cause| ArgumentError::Type { name, type_name, cause })
    }

    /// The signal of that name: for a case that was [made at run time](crate::CaseBuilder).
    ///
    /// # Errors
    ///
    /// The case has none of that name.
    pub fn signal_named<T: Payload>(&self, name: &str) -> Result<Signal<T>, UnknownSignal> {
        let index = self.case.signal(name);
        let index = index.ok_or_else(|| UnknownSignal { case: self.case.name, signal: name.to_owned() })?;
        Ok(Signal::from_engine(self.case, index, Arc::clone(&self.engine)))
    }

    /// The signal at that position.
    #[doc(hidden)]
    #[must_use]
    pub fn signal<S: SignalParameter<Payload: Payload>>(&self, index: usize) -> S {
        S::from_engine(self.case, index, Arc::clone(&self.engine))
    }

    /// The table at that position.
    #[doc(hidden)]
    #[must_use]
    pub fn table<T: TableParameter>(&self, index: usize) -> T {
        T::of_execution(&self.tables(), index)
    }

    /// The table with windows at that position.
    #[doc(hidden)]
    #[must_use]
    pub fn windowed_table<T: WindowedTableParameter>(&self, index: usize) -> T {
        T::of_execution(&self.tables(), index)
    }

    fn tables(&self) -> Arc<ExecutionTables> {
        self.tables.clone().unwrap_or_else(|| Arc::new(ExecutionTables::none()))
    }
}

impl std::fmt::Debug for Execution {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Execution")
            .field("case", &self.case.name)
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}
