//! Accepts connections, and ends them all when the broker stops.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::connection;
use crate::node::Node;

/// Serves until told to stop.
pub(crate) async fn serve(node: Arc<Node>, listener: TcpListener, mut stopped: watch::Receiver<bool>) {
    // Dropped with this future, so that an abort ends them too.
    let mut timers = JoinSet::new();
    let for_groups = Arc::clone(&node);
    timers.spawn(async move { for_groups.groups.run().await });
    let for_transactions = Arc::clone(&node);
    timers.spawn(async move { for_transactions.abort_expired_transactions().await });
    timers.spawn(Arc::clone(&node).keep_up());
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            // An error means that the broker was dropped.
            _ = stopped.changed() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(connection::serve(Arc::clone(&node), stream, peer));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    // Out of file descriptors, most likely: trying again at once would only spin.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
    }
    drop(listener);
    connections.shutdown().await;
    timers.shutdown().await;
    // Upkeep may be at work yet; what it holds is waited for.
    if tokio::task::spawn_blocking(move || node.close()).await.is_err() {
        tracing::error!("closing has panicked");
    }
}
