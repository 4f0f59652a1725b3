//! The server: binds, answers, and stops when it is told to.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

/// How many connections are open at once; who comes beyond them waits.
const MOST_CONNECTIONS: usize = 256;
/// How long a client may take to send the headers of a request.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// How many headers a request may have.
const MOST_HEADERS: usize = 64;
/// How many bytes of a request are held at once: its line and headers must fit.
const BUFFER: usize = 32 * 1024;
/// The pause after the system has refused a connection, as it does when there are no more file descriptors.
const AFTER_REFUSAL: Duration = Duration::from_millis(100);
/// How long requests that are being answered may take once the server is stopped.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// The server could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Another program has the port.
    #[error("port {} is taken: nothing is served on {address}", address.port())]
    PortTaken {
        /// Where it was to listen.
        address: SocketAddr,
    },
    /// The system refused the address.
    #[error("nothing can be served on {address}: {source}")]
    Bind {
        /// Where it was to listen.
        address: SocketAddr,
        /// Why it cannot.
        source: io::Error,
    },
}

/// A server at work.
///
/// It stops when it is [told to](Self::stop), or at once when it is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// The address on which a server will answer.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

impl Bound {
    /// Takes the address; port 0 is a free one.
    ///
    /// # Errors
    ///
    /// See [`ServeError`].
    pub async fn to(address: SocketAddr) -> Result<Self, ServeError> {
        let refused = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => ServeError::PortTaken { address },
            _ => ServeError::Bind { address, source },
        };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Self { listener, address })
    }

    /// The address, with the port that the system has chosen where none was given.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts answering with what `router` makes of the signal that tells streams to end, within a tokio runtime.
    pub fn serve(self, router: impl FnOnce(watch::Receiver<bool>) -> Router) -> Server {
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(serve(self.listener, router(stopped.clone()), stopped));
        Server { address: self.address, stop, task }
    }
}

impl Server {
    /// Where it answers.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections, and gives the requests that are being answered a moment to end.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        let _ = (&mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, router: Router, mut stopped: watch::Receiver<bool>) {
    let connections = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .max_headers(MOST_HEADERS)
        .max_buf_size(BUFFER);
    loop {
        let (stream, permit) = tokio::select! {
            accepted = next(&listener, &connections) => accepted,
            _ = stopped.wait_for(|stopped| *stopped) => break,
        };
        let service = TowerToHyperService::new(router.clone());
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // A client that leaves, or that is too slow, is no error of ours.
            let _ = connection.await;
            drop(permit);
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(LAST_ANSWERS, graceful.shutdown()).await;
}

async fn next(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> (TcpStream, Option<tokio::sync::OwnedSemaphorePermit>) {
    // It is never closed.
    let permit = Arc::clone(connections).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, permit),
            Err(error) => {
                tracing::debug!(%error, "a connection could not be taken");
                tokio::time::sleep(AFTER_REFUSAL).await;
            }
        }
    }
}
