//! What is traded: an order, and what its execution is called.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An order to buy or sell, as it stands in the database and on the topics.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// What the order is called; also the id of its test.
    pub id: String,
    /// Whose order it is.
    pub user_id: String,
    /// Buy or sell.
    pub side: Side,
    /// How many shares.
    pub quantity: f64,
    /// The limit for one share.
    pub price: f64,
    /// A fake order goes all the way, and is not executed in the end: a request to probe the system with.
    #[serde(default)]
    pub fake: bool,
}

/// Which way the shares go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// To the user.
    Buy,
    /// From the user.
    Sell,
}

impl Side {
    /// The name of the side, as it stands in URLs and records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
        }
    }

    /// The other side.
    #[must_use]
    pub fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the exchange calls an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExecutionId(String);

impl ExecutionId {
    /// A new id.
    #[must_use]
    pub fn new() -> Self {
        Self(uuid::Uuid::now_v7().to_string())
    }

    /// The id that the exchange gave.
    #[must_use]
    pub fn from_text(text: String) -> Self {
        Self(text)
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ExecutionId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for ExecutionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_stands_on_the_wire_in_plain_json() {
        let order = Order {
            id: "o-1".to_owned(),
            user_id: "u-1".to_owned(),
            side: Side::Sell,
            quantity: 1.0,
            price: 3.33,
            fake: false,
        };
        let json = serde_json::to_string(&order).unwrap();
        assert_eq!(
            json,
            r#"{"id":"o-1","user_id":"u-1","side":"sell","quantity":1.0,"price":3.33,"fake":false}"#
        );
        assert_eq!(serde_json::from_str::<Order>(&json).unwrap(), order);
    }

    #[test]
    fn a_side_is_called_the_same_in_urls_and_in_records() {
        for side in [Side::Buy, Side::Sell] {
            assert_eq!(serde_json::to_value(side).unwrap(), side.as_str());
        }
    }
}
