//! One connection: requests in, answers out, one at a time and in order, as Kafka does.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::frame::Frames;
use crate::api;
use crate::node::Node;

/// The other side has neither sent nor taken anything for too long.
#[derive(Debug, thiserror::Error)]
#[error("nothing has moved for too long")]
struct Idle;

pub(super) async fn serve(node: Arc<Node>, stream: TcpStream, peer: SocketAddr) {
    if let Err(error) = exchange(&node, stream, peer).await {
        tracing::debug!(%peer, %error, "connection closed");
    }
}

async fn exchange(
    node: &Node,
    mut stream: TcpStream,
    peer: SocketAddr,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    stream.set_nodelay(true)?;
    let max_idle = node.settings.max_idle;
    let (reading, mut writing) = stream.split();
    let mut frames = Frames::new(reading, node.settings.max_frame_bytes);
    let client_host = format!("/{}", peer.ip());
    while let Some(frame) = timeout(max_idle, frames.next()).await.map_err(|_| Idle)?? {
        let answer = tokio::select! {
            // What can be answered at once is, whether or not the other side has closed since.
            biased;
            answer = api::answer(node, frame, &client_host) => answer?,
            // Nobody is left to answer: what waits for records, or in a group, waits no longer.
            () = frames.closed() => return Ok(()),
        };
        if let Some(answer) = answer {
            timeout(max_idle, writing.write_all(&answer)).await.map_err(|_| Idle)??;
        }
    }
    Ok(())
}
