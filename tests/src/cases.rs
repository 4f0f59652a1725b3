//! The cases that `test-runner` executes: a shop sends parcels.

use anyhow::{Context as _, bail};
use livecheck::{Signal, Table, WindowedTable};

/// A parcel is packed as it was ordered, and delivered.
#[livecheck::case]
pub async fn parcel(
    ordered: u32,
    #[signal(timeout = "30s")] packed: Signal<u32>,
    #[signal(timeout = "30s")] delivered: Signal,
) -> livecheck::Result {
    let packed = packed.wait().await?;
    assert_eq!(packed, ordered, "as many are packed as were ordered");
    delivered.wait().await?;
    Ok(())
}

/// An invoice is printed within half a second.
#[livecheck::case]
pub async fn invoice(#[signal(timeout = "500ms")] printed: Signal) -> livecheck::Result {
    printed.wait().await?;
    Ok(())
}

/// A courier comes within three seconds.
#[livecheck::case]
pub async fn courier(#[signal(timeout = "3s")] came: Signal) -> livecheck::Result {
    came.wait().await?;
    Ok(())
}

/// What another company carries is delivered: that one knows the parcel by a number of its own.
#[livecheck::case]
pub async fn shipment(
    number: String,
    #[signal(timeout = "30s")] delivered: Signal<u32>,
) -> livecheck::Result {
    assert_eq!(delivered.wait().key(&number).await?, 3, "as many are delivered as were sent");
    Ok(())
}

/// What another company collects is collected within half a second.
#[livecheck::case]
pub async fn collection(number: String, #[signal(timeout = "500ms")] collected: Signal) -> livecheck::Result {
    collected.wait().key(&number).await?;
    Ok(())
}

/// What a customer fetches is handed over at once. Within two seconds it is over, and forgotten by all who need not wait.
#[livecheck::case(test_expires = "2s")]
pub async fn pickup(number: String, #[signal(timeout = "1500ms")] fetched: Signal) -> livecheck::Result {
    fetched.wait().key(&number).await?;
    Ok(())
}

/// A customer gets money back.
#[livecheck::case]
pub async fn refund(amount: u32) -> livecheck::Result {
    ask_the_bank(amount).context("paying back")
}

fn ask_the_bank(amount: u32) -> livecheck::Result {
    tracing::warn!(amount, "the bank is asked");
    bail!("the bank refuses to pay {amount}")
}

/// A label has an address.
#[livecheck::case]
pub async fn label(address: Option<String>) {
    print_label(address);
}

fn print_label(address: Option<String>) {
    let address = address.expect("a parcel has an address");
    assert!(!address.is_empty());
}

/// A gift is wrapped; what is no gift is not looked at.
#[livecheck::case(realtime_logs = true)]
pub async fn gift(wrapped: Option<bool>) -> livecheck::Result {
    tracing::info!("looking at the paper");
    match wrapped {
        Some(wrapped) => assert!(wrapped, "a gift is wrapped"),
        None => return livecheck::skip("the parcel is no gift"),
    }
    Ok(())
}

/// What a customer owes stays below a thousand, and a bill is booked.
#[livecheck::case]
pub async fn debt(
    customer: String,
    amount: i64,
    #[signal(timeout = "30s")] booked: Signal,
    #[table] debts: Table<String, i64>,
    #[table(window = tumbling("1h"), expires = "1d")] bills: WindowedTable<String, u32>,
) -> livecheck::Result {
    let debt = debts.add(&customer, amount).await?;
    bills.add(&customer, 1).await?;
    booked.wait().await?;
    assert!(debt < 1000, "{customer} owes {debt}");
    Ok(())
}

/// A document of that many characters goes to the archive.
#[livecheck::case]
pub async fn archived(
    number: u32,
    length: usize,
    #[table] documents: Table<u32, String>,
) -> livecheck::Result {
    documents.set(&number, "x".repeat(length)).await?;
    Ok(())
}

/// A catalogue was printed once.
#[livecheck::case(active = false)]
pub async fn catalogue() {}
