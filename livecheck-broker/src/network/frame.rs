//! Frames: four bytes of length, then a request or an answer.

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

/// What is read at a time, at least.
const CHUNK: usize = 16 << 10;

/// How much is read of the requests behind one that waits.
const AHEAD: usize = 64 << 10;

/// Why a connection is closed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error("a frame of {0} bytes is not one that a Kafka client sends here")]
    Length(i32),
    #[error("the connection ended within a frame")]
    Torn,
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Reads whole frames from a stream of bytes.
#[derive(Debug)]
pub(super) struct Frames<R> {
    from: R,
    buffer: BytesMut,
    max: usize,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    pub(super) fn new(from: R, max: usize) -> Self {
        Self { from, buffer: BytesMut::with_capacity(CHUNK), max }
    }

    /// The next frame without its length, or `None` when the other side has closed.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Broken> {
        loop {
            let wanted = match self.wanted()? {
                Some(length) if self.buffer.len() >= 4 + length => {
                    self.buffer.advance(4);
                    return Ok(Some(self.buffer.split_to(length).freeze()));
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
        let mut frames = Frames::new(server, 1 << 20);
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
        let mut frames = Frames::new(server, 1 << 20);
        client.write_all(&vec![1; 1 << 20]).await.expect("written");
        tokio::select! {
            biased;
            () = frames.closed() => panic!("it is open"),
            () = tokio::task::yield_now() => {}
        }
        assert!(frames.buffer.len() < AHEAD * 2);
    }
}
