//! What the broker's process takes of memory, whatever clients claim, send half, or leave lying.

use rdkafka::message::Message;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::bad_input::{connect, connections, fetch_of_ten_megabytes, request};
use crate::rig::{Rig, assign_from_start, next, send, unique};
use crate::served::Served;

const MIB: u64 = 1 << 20;

/// So many connections, on each of which this is sent.
async fn held(rig: &Rig, count: usize, sent: &[u8]) -> Vec<TcpStream> {
    let mut held = Vec::new();
    for _ in 0..connections(count) {
        let mut stream = connect(rig).await;
        // It may have closed before it was sent all.
        stream.write_all(sent).await.ok();
        held.push(stream);
    }
    held
}

/// That a record goes through tells that what was sent before has been dealt with, too.
async fn is_served(rig: &Rig) {
    let topic = rig.topic("served", 1, &[]).await;
    send(&rig.producer(&[]), &topic, 0, "through").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_take_what_was_sent_on_them_and_not_what_was_claimed() {
    let served = Served::start().await;
    let rig = served.rig();
    is_served(&rig).await;
    let Some(before) = served.memory() else { return eprintln!("not tried: the system does not tell") };
    let hundred_megabytes = [&100_000_000_i32.to_be_bytes()[..], &[0; 1000]].concat();
    let many_topics = request(3, 1, &[&(-1_i16).to_be_bytes()[..], &i32::MAX.to_be_bytes()].concat());
    let held = [
        held(&rig, 500, &[]).await,
        held(&rig, 300, &hundred_megabytes).await,
        held(&rig, 100, &i32::MAX.to_be_bytes()).await,
        held(&rig, 100, &many_topics).await,
    ];
    is_served(&rig).await;
    let taken = served.memory().expect("as before").saturating_sub(before);
    assert!(
        taken < 64 * MIB,
        "{} connections take {} MiB",
        held.iter().map(Vec::len).sum::<usize>(),
        taken / MIB
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_nobody_takes_away_have_a_bound_together() {
    let served = Served::with_traffic(50_000_000).await;
    let rig = served.rig();
    let topic = rig.topic("not-taken", 1, &[]).await;
    let producer = rig.producer(&[]);
    let payload = "x".repeat(100_000);
    for _ in 0..100 {
        send(&producer, &topic, 0, &payload).await;
    }
    let Some(before) = served.memory() else { return eprintln!("not tried: the system does not tell") };
    // Without a bound, a gigabyte and a half; with it, fifty megabytes and then a batch for each.
    let held = held(&rig, 150, &fetch_of_ten_megabytes(&topic)).await;
    let consumer = rig.consumer(&unique("group"), &[]);
    assign_from_start(&consumer, &topic, 1);
    for offset in 0..100 {
        assert_eq!(next(&consumer).await.offset(), offset, "others are served");
    }
    let taken = served.memory().expect("as before").saturating_sub(before);
    assert!(taken < 150 * MIB, "{} MiB for {} answers", taken / MIB, held.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_takes_no_more_than_its_retention() {
    let served = Served::start().await;
    let rig = served.rig();
    let settings = [("retention.bytes", "4000000"), ("segment.bytes", "1048576")];
    let topic = rig.topic("bounded", 1, &settings).await;
    let producer = rig.producer(&[]);
    let payload = "x".repeat(500_000);
    for _ in 0..20 {
        send(&producer, &topic, 0, &payload).await;
    }
    let Some(before) = served.memory() else { return eprintln!("not tried: the system does not tell") };
    for _ in 0..400 {
        send(&producer, &topic, 0, &payload).await;
    }
    let taken = served.memory().expect("as before").saturating_sub(before);
    assert!(taken < 32 * MIB, "200 MB through a log of 4 MB take {} MiB", taken / MIB);
}
