//! One connection: requests in, answers out, one at a time and in order, as Kafka does.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::frame::Frames;
use crate::api;
use crate::node::Node;

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
    let (reading, mut writing) = stream.split();
    let mut frames = Frames::new(reading, node.settings.max_frame_bytes);
    let client_host = format!("/{}", peer.ip());
    while let Some(frame) = frames.next().await? {
        if let Some(answer) = api::answer(node, frame, &client_host).await? {
            writing.write_all(&answer).await?;
        }
    }
    Ok(())
}
