//! Between the types of a table and the JSON of its rows.

use std::ops::AddAssign;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::changes::Update;
use super::error::TableError;
use super::row::RowKey;
use crate::wire::{FromWire, PayloadError};

/// What can be the key of a table: a type that serde writes as JSON, always the same for equal keys, and reads.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the key of a table",
    label = "cannot be written and read as JSON",
    note = "a key implements `serde::Serialize` and `serde::Deserialize`, and owns what it holds"
)]
pub trait TableKey: Serialize + DeserializeOwned + Send + 'static {}

impl<T: Serialize + DeserializeOwned + Send + 'static> TableKey for T {}

/// What a table can hold: a type that serde writes as JSON and reads.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be what a table holds",
    label = "cannot be written and read as JSON",
    note = "a value implements `serde::Serialize` and `serde::Deserialize`, and owns what it holds"
)]
pub trait TableValue: Serialize + DeserializeOwned + Send + 'static {}

impl<T: Serialize + DeserializeOwned + Send + 'static> TableValue for T {}

pub(super) fn encoded_key<Q: Serialize + ?Sized>(
    table: &'static str,
    key: &Q,
) -> Result<Arc<str>, TableError> {
    let json = serde_json::to_string(key);
    json.map(Into::into).map_err(|error| TableError::Key { table, reason: error.to_string() })
}

pub(super) fn encoded_value<V: Serialize>(table: &'static str, value: &V) -> Result<Arc<str>, TableError> {
    let json = serde_json::to_string(value);
    json.map(Into::into).map_err(|error| TableError::Value { table, reason: error.to_string() })
}

/// The JSON of a row, as a type.
pub(super) fn decoded<T: DeserializeOwned>(
    table: &'static str,
    key: &RowKey,
    json: &str,
) -> Result<T, TableError> {
    let stored = |cause| TableError::Stored { table, key: key.key.to_string(), cause };
    let raw: &RawValue = serde_json::from_str(json).map_err(|error| {
        stored(PayloadError {
            came: json.chars().take(200).collect(),
            expected: std::any::type_name::<T>(),
            reason: error.to_string(),
        })
    })?;
    T::from_wire(raw).map_err(stored)
}

/// What a row has that was just given a value.
pub(super) fn present<V: DeserializeOwned>(
    table: &'static str,
    key: &RowKey,
    json: Option<&str>,
) -> Result<V, TableError> {
    // `update` never removes; a type whose JSON is null reads that back as itself.
    decoded(table, key, json.unwrap_or("null"))
}

pub(super) fn update_or_delete<V, F>(table: &'static str, key: &RowKey, change: F) -> Update
where
    V: Serialize + DeserializeOwned,
    F: Fn(Option<V>) -> Option<V> + Send + Sync + 'static,
{
    let key = key.clone();
    Arc::new(move |json| {
        let before = json.map(|json| decoded(table, &key, json)).transpose()?;
        change(before).map(|after| encoded_value(table, &after)).transpose()
    })
}

pub(super) fn update<V, F>(table: &'static str, key: &RowKey, change: F) -> Update
where
    V: Serialize + DeserializeOwned,
    F: Fn(Option<V>) -> V + Send + Sync + 'static,
{
    update_or_delete(table, key, move |before| Some(change(before)))
}

/// Adds that much.
pub(super) fn adding<V: AddAssign + Default + Clone>(amount: V) -> impl Fn(Option<V>) -> V {
    move |before| {
        let mut sum = before.unwrap_or_default();
        sum += amount.clone();
        sum
    }
}
