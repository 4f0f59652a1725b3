//! Frames: four bytes of length, then a request or an answer.

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::node::{Taken, Traffic};

/// What is read at a time, at least.
const CHUNK: usize = 16 << 10;

/// How much is read of the requests behind one that waits.
const AHEAD: usize = 64 << 10;

/// Why a connection is closed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error("a frame of {0} bytes is not one that a Kafka client sends here")]
    Length(i32),
    #[error("a large frame, while as much is under way as there is room for")]
    NoRoom,
    #[error("the connection ended within a frame")]
    Torn,
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Reads whole frames from a stream of bytes.
#[derive(Debug)]
pub(super) struct Frames<'t, R> {
    from: R,
    buffer: BytesMut,
    max: usize,
    /// For the frame that was read last, or is being read.
    taken: Taken<'t>,
}

impl<'t, R: AsyncRead + Unpin> Frames<'t, R> {
    pub(super) fn new(from: R, max: usize, traffic: &'t Traffic) -> Self {
        Self { from, buffer: BytesMut::with_capacity(CHUNK), max, taken: traffic.take(0) }
    }

    /// The next frame without its length, or `None` when the other side has closed.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Broken> {
        loop {
            // Small requests are always heard; who has sent half a large one makes room by going.
            if !self.taken.set(self.buffer.len()) && self.buffer.len() > AHEAD {
                return Err(Broken::NoRoom);
            }
            let wanted = match self.wanted()? {
                Some(length) if self.buffer.len() >= 4 + length => {
                    self.buffer.advance(4);
                    let frame = self.buffer.split_to(length).freeze();
                    if length > AHEAD {
                        // Or the room made for it would be kept for the next.
                        self.buffer = BytesMut::from(&self.buffer[..]);
                    }
                    return Ok(Some(frame));
                }
                Some(length) => 4 + length - self.buffer.len(),
                None => CHUNK,
            };
            // Room grows with what has arrived, never with what a length claims will.
            self.buffer.reserve(wanted.min(self.buffer.len().max(CHUNK)));
            if self.from.read_buf(&mut self.buffer).await? == 0 {
                return if self.buffer.is_empty() { Ok(None) } else { Err(Broken::Torn) };
            }
        }
    }

    /// Comes back when the other side closes. What it sends meanwhile is kept, up to a bound.
    pub(super) async fn closed(&mut self) {
        while self.buffer.len() < AHEAD {
            self.buffer.reserve(CHUNK);
            if !matches!(self.from.read_buf(&mut self.buffer).await, Ok(1..)) {
                return;
            }
        }
        // It has more to say than is listened to, so it lives.
        std::future::pending::<()>().await;
    }

    fn wanted(&self) -> Result<Option<usize>, Broken> {
        if self.buffer.len() < 4 {
            return Ok(None);
        }
        let stated = (&self.buffer[..]).get_i32();
        match usize::try_from(stated) {
            Ok(length) if length > 0 && length <= self.max => Ok(Some(length)),
            _ => Err(Broken::Length(stated)),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    #[tokio::test]
    async fn what_comes_while_a_request_waits_is_kept_and_the_end_is_noticed() {
        let (mut client, server) = tokio::io::duplex(1 << 20);
        let traffic = Traffic::new(1 << 30);
        let mut frames = Frames::new(server, 1 << 20, &traffic);
        client.write_all(&[0, 0, 0, 1, 7, 0, 0, 0, 1, 8]).await.expect("written");
        assert_eq!(&frames.next().await.expect("sound").expect("a frame")[..], [7]);
        tokio::select! {
            biased;
            () = frames.closed() => panic!("it is open"),
            () = tokio::task::yield_now() => {}
        }
        assert_eq!(&frames.next().await.expect("sound").expect("a frame")[..], [8]);
        drop(client);
        frames.closed().await;
    }

    #[tokio::test]
    async fn who_sends_more_than_is_listened_to_is_not_read_without_bound() {
        let (mut client, server) = tokio::io::duplex(1 << 20);
        let traffic = Traffic::new(1 << 30);
        let mut frames = Frames::new(server, 1 << 20, &traffic);
        client.write_all(&vec![1; 1 << 20]).await.expect("written");
        tokio::select! {
            biased;
            () = frames.closed() => panic!("it is open"),
            () = tokio::task::yield_now() => {}
        }
        assert!(frames.buffer.len() < AHEAD * 2);
    }

    #[tokio::test]
    async fn a_large_frame_is_refused_where_there_is_no_room_and_a_small_one_is_not() {
        let traffic = Traffic::new(200_000);
        let large = [&150_000_u32.to_be_bytes()[..], &[1; 150_000]].concat();
        let small = [0, 0, 0, 1, 7];
        let read = async |bytes: Vec<u8>| {
            let (mut client, server) = tokio::io::duplex(1 << 20);
            client.write_all(&bytes).await.expect("written");
            let mut frames = Frames::new(server, 1 << 20, &traffic);
            let frame = frames.next().await.map(|frame| frame.map(|frame| frame.len()));
            (frame, frames)
        };
        let (first, holding) = read(large.clone()).await;
        assert_eq!(first.expect("sound"), Some(150_000));
        assert!(matches!(read(large.clone()).await.0, Err(Broken::NoRoom)));
        assert_eq!(read(small.into()).await.0.expect("sound"), Some(1));
        drop(holding);
        assert_eq!(read(large).await.0.expect("sound"), Some(150_000));
    }
}
