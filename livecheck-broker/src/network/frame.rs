//! Frames: four bytes of length, then a request or an answer.

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

/// What is read at a time, at least.
const CHUNK: usize = 16 << 10;

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
