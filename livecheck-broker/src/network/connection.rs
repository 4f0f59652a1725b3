//! One connection: requests in, answers out, one at a time and in order, as Kafka does.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use kafka_protocol::ResponseError;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::frame::Frames;
use crate::api;
use crate::chaos::Fault;
use crate::node::Node;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// The other side has neither sent nor taken anything for too long.
#[derive(Debug, thiserror::Error)]
#[error("nothing has moved for too long")]
struct Idle;

/// What becomes of a connection after a request.
enum Next {
    Answer(BytesMut),
    NoAnswer,
    Close,
}

pub(super) async fn serve(node: Arc<Node>, stream: TcpStream, peer: SocketAddr) {
    if let Err(error) = exchange(&node, stream, peer).await {
        tracing::debug!(%peer, %error, "connection closed");
    }
}

async fn exchange(node: &Node, mut stream: TcpStream, peer: SocketAddr) -> Result<(), Error> {
    stream.set_nodelay(true)?;
    let max_idle = node.settings.max_idle;
    let (reading, mut writing) = stream.split();
    let mut frames = Frames::new(reading, node.settings.max_frame_bytes, &node.traffic);
    let client_host = format!("/{}", peer.ip());
    while let Some(frame) = timeout(max_idle, frames.next()).await.map_err(|_| Idle)?? {
        let next = tokio::select! {
            // What can be answered at once is, whether or not the other side has closed since.
            biased;
            next = one(node, frame, &client_host) => next?,
            // Nobody is left to answer: what waits for records, or in a group, waits no longer.
            () = frames.closed() => return Ok(()),
        };
        match next {
            Next::Answer(answer) => {
                let _taken = node.traffic.take(answer.len());
                timeout(max_idle, writing.write_all(&answer)).await.map_err(|_| Idle)??;
            }
            Next::NoAnswer => {}
            Next::Close => return Ok(()),
        }
    }
    Ok(())
}

/// Serves one request, or makes the fault that is due.
async fn one(node: &Node, frame: Bytes, client_host: &str) -> Result<Next, Error> {
    let Some(chaos) = node.chaos() else { return answered(node, frame, client_host).await };
    chaos.unpaused().await;
    let kind = api::kind(&frame);
    let Some(fault) = kind.and_then(|kind| chaos.strike(kind)) else {
        return answered(node, frame, client_host).await;
    };
    tracing::info!(request = ?kind, ?fault, client = client_host, "a fault on purpose");
    match fault {
        Fault::Delay(time) => {
            let next = answered(node, frame, client_host).await?;
            tokio::time::sleep(*time.start()).await;
            Ok(next)
        }
        Fault::Pause(time) => {
            chaos.pause(*time.start());
            chaos.unpaused().await;
            answered(node, frame, client_host).await
        }
        Fault::Error(code) => {
            let error = ResponseError::try_from_code(code).unwrap_or(ResponseError::UnknownServerError);
            let answer = api::answer_with(error, frame, client_host)?;
            Ok(answer.map_or(Next::NoAnswer, Next::Answer))
        }
        Fault::Drop { served } => {
            if served {
                answered(node, frame, client_host).await?;
            }
            Ok(Next::Close)
        }
        Fault::Forget { served } => {
            if served {
                answered(node, frame, client_host).await?;
            }
            // Until the other side has had enough.
            std::future::pending().await
        }
    }
}

async fn answered(node: &Node, frame: Bytes, client_host: &str) -> Result<Next, Error> {
    Ok(api::answer(node, frame, client_host).await?.map_or(Next::NoAnswer, Next::Answer))
}
