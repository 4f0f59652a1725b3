//! Values that go to a database and come from it.

use crate::error::StoreError;

/// A value of a column, or a parameter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A row of an answer. Its columns are taken one after the other.
#[derive(Debug)]
pub(crate) struct Row(std::vec::IntoIter<Value>);

impl Row {
    pub(crate) fn new(values: Vec<Value>) -> Self {
        Self(values.into_iter())
    }

    /// The next column.
    pub(crate) fn take<T: TryFrom<Value, Error = Unexpected>>(&mut self) -> Result<T, StoreError> {
        let value = self.0.next().unwrap_or(Value::Null);
        T::try_from(value).map_err(|Unexpected(found)| StoreError::Refused {
            reason: format!("a column holds {found}: it is not the schema that LiveCheck has made"),
        })
    }
}

/// A value of another type than the schema says.
#[derive(Debug)]
pub(crate) struct Unexpected(&'static str);

impl Value {
    const fn describe(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Integer(_) => "an integer",
            Self::Real(_) => "a number",
            Self::Text(_) => "a text",
            Self::Bytes(_) => "bytes",
        }
    }
}

macro_rules! conversions {
    ($($variant:ident($type:ty)),*) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::$variant(value)
            }
        }

        impl From<Option<$type>> for Value {
            fn from(value: Option<$type>) -> Self {
                value.map_or(Self::Null, Self::$variant)
            }
        }

        impl TryFrom<Value> for $type {
            type Error = Unexpected;

            fn try_from(value: Value) -> Result<Self, Unexpected> {
                match value {
                    Value::$variant(value) => Ok(value),
                    other => Err(Unexpected(other.describe())),
                }
            }
        }

        impl TryFrom<Value> for Option<$type> {
            type Error = Unexpected;

            fn try_from(value: Value) -> Result<Self, Unexpected> {
                match value {
                    Value::Null => Ok(None),
                    value => value.try_into().map(Some),
                }
            }
        }
    )*};
}

conversions!(Integer(i64), Real(f64), Text(String), Bytes(Vec<u8>));

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}
