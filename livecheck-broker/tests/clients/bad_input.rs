//! What no client sends: the connection that sends it ends, and no other notices.

use std::time::Duration;

use livecheck_broker::Broker;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::rig::{PATIENCE, Rig, send};

pub(crate) async fn connect(rig: &Rig) -> TcpStream {
    TcpStream::connect(&rig.bootstrap).await.expect("connected")
}

/// Whether the other side has closed, without an answer.
async fn closes(mut stream: TcpStream) -> bool {
    let mut byte = [0];
    let read = tokio::time::timeout(PATIENCE, stream.read(&mut byte)).await.expect("closed within patience");
    // A reset counts: there were bytes that it did not read.
    matches!(read, Ok(0) | Err(_))
}

pub(crate) fn request(key: i16, version: i16, body: &[u8]) -> Vec<u8> {
    let mut payload = Vec::new();
    payload.extend(key.to_be_bytes());
    payload.extend(version.to_be_bytes());
    payload.extend(7_i32.to_be_bytes());
    payload.extend(body);
    let mut frame = (payload.len() as i32).to_be_bytes().to_vec();
    frame.extend(payload);
    frame
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_frame_closes_its_own_connection_alone() {
    let rig = Rig::start().await;
    let topic = rig.topic("unharmed", 1, &[]).await;
    let producer = rig.producer(&[]);
    send(&producer, &topic, 0, "before").await;
    let no_client_id = (-1_i16).to_be_bytes();
    let many_topics = [&no_client_id[..], &i32::MAX.to_be_bytes()].concat();
    let frames: [(&str, Vec<u8>); 6] = [
        ("an HTTP request", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec()),
        ("two gigabytes", i32::MAX.to_be_bytes().to_vec()),
        ("a negative length", (-5_i32).to_be_bytes().to_vec()),
        ("an unknown request", request(9999, 0, &no_client_id)),
        ("an unknown version", request(3, 999, &no_client_id)),
        ("an array longer than its frame", request(3, 1, &many_topics)),
    ];
    for (name, frame) in frames {
        let mut stream = connect(&rig).await;
        stream.write_all(&frame).await.expect("written");
        assert!(closes(stream).await, "{name}");
    }
    assert_eq!(send(&producer, &topic, 0, "after").await, (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_too_new_is_told_which_versions_there_are() {
    let rig = Rig::start().await;
    let mut stream = connect(&rig).await;
    stream.write_all(&request(18, 99, &[0xff, 0xff, 0])).await.expect("written");
    let length = stream.read_u32().await.expect("an answer") as usize;
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer).await.expect("whole");
    assert_eq!(answer[..4], 7_i32.to_be_bytes(), "the correlation id");
    assert_eq!(answer[4..6], 35_i16.to_be_bytes(), "UNSUPPORTED_VERSION");
    // In version 0: a count and six bytes for each, with ApiVersions itself among them.
    let count = u32::from_be_bytes(answer[6..10].try_into().expect("four bytes")) as usize;
    assert_eq!(answer.len(), 10 + 6 * count);
    assert!(answer[10..].chunks(6).any(|api| api[..2] == 18_i16.to_be_bytes()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_idle_and_half_sent_connections_hold_nobody_up() {
    let rig = Rig::start().await;
    let topic = rig.topic("not-held-up", 1, &[]).await;
    let mut held = Vec::new();
    for number in 0..connections(1000) {
        let mut stream = connect(&rig).await;
        if number % 2 == 0 {
            stream.write_all(&[0, 0]).await.expect("written");
        }
        held.push(stream);
    }
    send(&rig.producer(&[]), &topic, 0, "through").await;
    // A half that is completed is answered, too.
    let mut stream = held.swap_remove(0);
    stream.write_all(&request(18, 0, &(-1_i16).to_be_bytes())[2..]).await.expect("written");
    assert!(stream.read_u32().await.expect("an answer") > 8);
}

/// As many of these as this process may have open files for, where both ends are in it.
pub(crate) fn connections(wanted: usize) -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let limit = files.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok()).unwrap_or(1024);
    wanted.min(limit.saturating_sub(400) / 2)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_sends_a_byte_at_a_time_is_answered() {
    let rig = Rig::start().await;
    let mut stream = connect(&rig).await;
    stream.set_nodelay(true).expect("set");
    for byte in request(18, 0, &(-1_i16).to_be_bytes()) {
        stream.write_all(&[byte]).await.expect("written");
        tokio::task::yield_now().await;
    }
    let length = stream.read_u32().await.expect("an answer");
    assert!(length > 8);
}

/// From the beginning of a topic's first partition.
pub(crate) fn fetch_of_ten_megabytes(topic: &str) -> Vec<u8> {
    let mut body = (-1_i16).to_be_bytes().to_vec(); // no client id
    for field in [-1, 0, 0, 10_000_000] {
        body.extend(i32::to_be_bytes(field)); // replica, wait, at least, at most
    }
    body.push(0); // isolation
    body.extend(1_i32.to_be_bytes());
    body.extend((topic.len() as i16).to_be_bytes());
    body.extend(topic.as_bytes());
    body.extend(1_i32.to_be_bytes());
    body.extend([0; 4]); // partition
    body.extend([0; 8]); // offset
    body.extend(10_000_000_i32.to_be_bytes());
    request(1, 4, &body)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_no_answers_is_closed_and_holds_nobody_up() {
    let rig = Rig::embedded(Broker::builder().max_idle(Duration::from_millis(500))).await;
    let topic = rig.topic("not-taken", 1, &[]).await;
    let producer = rig.producer(&[]);
    send(&producer, &topic, 0, &"x".repeat(900_000)).await;
    let fetch = fetch_of_ten_megabytes(&topic);
    let mut stream = connect(&rig).await;
    let pouring = async {
        // It is written until the other side has closed.
        while stream.write_all(&fetch).await.is_ok() {}
    };
    tokio::time::timeout(PATIENCE, pouring).await.expect("closed within patience");
    assert_eq!(send(&producer, &topic, 0, "through").await, (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_silent_for_too_long_is_closed() {
    let rig = Rig::embedded(Broker::builder().max_idle(Duration::from_millis(50))).await;
    let silent = connect(&rig).await;
    let mut half = connect(&rig).await;
    half.write_all(&[0, 0, 0, 100, 1]).await.expect("written");
    assert!(closes(silent).await);
    assert!(closes(half).await);
}
