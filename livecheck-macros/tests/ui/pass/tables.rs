//! Tables of every shape, under any name.

use livecheck::{Signal, Table, WindowedTable};

#[livecheck::case]
async fn order_flow(
    account: String,
    #[table] trigger: Table<String, i64>,
    #[signal] paid: Signal,
    #[livecheck::table(window = tumbling("1h"), expires = "1d")] CASE: WindowedTable<String, u32>,
    #[table(expires = 0, window = hopping(3600, "10m"),)] r#type: WindowedTable<(String, u8), Vec<u8>>,
) -> livecheck::Result {
    trigger.add(&account, 1).await?;
    CASE.add(&account, 1).await?;
    r#type.set(&(account, 1), vec![1]).await?;
    paid.wait().await?;
    Ok(())
}

fn main() {
    let tables: Vec<_> = order_flow::CASE.tables.iter().map(|table| (table.name, table.window.is_some())).collect();
    assert_eq!(tables, [("trigger", false), ("CASE", true), ("type", true)]);
    // What a table is, a service need not know.
    let _ = order_flow::maybe_trigger("a-1".to_owned());
}
