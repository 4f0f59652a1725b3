//! The tutorial: a stock order is followed through three services and checked at every hop.
//!
//! `README.md` walks through it. What the services share lives here; what each of them does stands in
//! `src/bin/`, in the order in which an order meets them:
//!
//! | process | does | signals |
//! |---|---|---|
//! | `order-web` | takes the order over HTTP, stores it, produces it to `orders` | `order_sent_to_db`, `order_sent_to_kafka` |
//! | `order-creator` | consumes `orders`, caches the order, produces it to `order-execution` | `order_cached` |
//! | `order-executor` | consumes `order-execution`, executes the order | `order_executed` |
//!
//! The [case](cases::order_flow()) waits for these signals, in another process, and says whether the order kept
//! its promises. Whether a new instance of the website is ready for orders, the uptests say.

pub mod cache;
pub mod cases;
pub mod database;
pub mod fault;
pub mod kafka;
pub mod order;
pub mod service;
pub mod sqlite;
mod uptests;

pub use cases::order_flow;
pub use order::{ExecutionId, Order, Side};
