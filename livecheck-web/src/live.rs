//! News by server-sent events: each says that something that is shown has changed.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream;
use tokio::sync::watch;

/// How often at most there is news: a page that is drawn anew all the time cannot be read.
const EVERY: Duration = Duration::from_secs(1);
/// How often something is sent where nothing changes, so that proxies do not take the connection for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Tells each change until the server is stopped. The first event comes at once: who connects again may have missed some.
pub(crate) fn news(
    changes: watch::Receiver<u64>,
    stopped: watch::Receiver<bool>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let events =
        stream::unfold((changes, stopped, true), |(mut changes, mut stopped, is_first)| async move {
            let changed = async {
                if !is_first {
                    tokio::time::sleep(EVERY).await;
                    changes.changed().await.ok()?;
                }
                Some(Event::default().event("changed").data(changes.borrow_and_update().to_string()))
            };
            let event = tokio::select! {
                event = changed => event?,
                _ = stopped.wait_for(|stopped| *stopped) => return None,
            };
            Some((Ok(event), (changes, stopped, false)))
        });
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}
