#![allow(unused_variables)]

use livecheck::{Signal, Table, WindowedTable};

#[livecheck::case]
async fn order_flow(#[table] debts: Signal<i64>) {}

#[livecheck::case]
async fn refund(#[table] visits: WindowedTable<String, u32>) {}

#[livecheck::case]
async fn invoice(#[table(window = tumbling("1h"))] visits: Table<String, u32>) {}

fn main() {}
