//! What an execution is called: its test id, its case, and the instant at which it was triggered.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

use crate::text::Borrowed;
use crate::time::Timestamp;

macro_rules! shared_text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<T: Into<Arc<str>>> From<T> for $name {
            fn from(text: T) -> Self {
                Self(text.into())
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Ok(Borrowed::deserialize(deserializer)?.as_str().into())
            }
        }

        shared_text! { @compare $name with str }
        shared_text! { @compare $name with &str }
        shared_text! { @compare $name with String }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
    (@compare $name:ident with $text:ty) => {
        impl PartialEq<$text> for $name {
            fn eq(&self, text: &$text) -> bool {
                *self.0 == *AsRef::<str>::as_ref(text)
            }
        }

        impl PartialEq<$name> for $text {
            fn eq(&self, name: &$name) -> bool {
                *name.0 == *AsRef::<str>::as_ref(self)
            }
        }
    };
}

shared_text! {
    /// The id of a test: often the id of the order or the request that is followed.
    ///
    /// It is the record key on the test topic and the bus, so it also decides the partition.
    ///
    /// ```
    /// use livecheck_core::TestId;
    ///
    /// assert_eq!(TestId::from("order-1").as_str(), "order-1");
    /// ```
    TestId
}

shared_text! {
    /// The name of a case: a Rust path (`orders::order_flow`), or the name given with
    /// `#[livecheck::case(name = "…")]`, such as the Python path that a Faust service uses.
    CaseName
}

shared_text! {
    /// What decides the partition of a test, where that is not its id: the account, say, so that all tests of one
    /// account are executed by one runner. Given with [`Trigger::partition_key`](crate::Trigger::partition_key).
    PartitionKey
}

/// What makes an execution that one and no other: the case, the test id, and the instant of the trigger.
///
/// An id may be used again later, so the instant is part of the identity. Instants are compared as
/// instants, whatever offset they were written with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExecutionKey {
    /// The case executed.
    pub case: CaseName,
    /// The id of the test.
    pub id: TestId,
    /// When it was triggered, by the clock of the process that did.
    pub timestamp: Timestamp,
}

impl fmt::Display for ExecutionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} @ {}", self.case, self.id, self.timestamp)
    }
}
