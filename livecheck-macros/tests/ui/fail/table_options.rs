use livecheck::{Signal, Table, WindowedTable};

#[livecheck::case]
async fn order_flow(
    #[table(windw = tumbling("1h"))] debts: Table<String, i64>,
    #[table(window = "1h")] visits: WindowedTable<String, u32>,
    #[table(window = hopping("10m", "1h"))] amounts: WindowedTable<String, u32>,
    #[table(window = tumbling("soon"), expires = -1)] refunds: WindowedTable<String, u32>,
    #[table(expires = "1d")] limits: Table<String, i64>,
    #[table = "debts"] rates: Table<String, i64>,
    #[table]
    #[signal]
    paid: Signal,
) {
    let _ = (debts, visits, amounts, refunds, limits, rates, paid);
}

fn main() {}
