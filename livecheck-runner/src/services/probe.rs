//! Whether a service is ready: one look, and looking until it is.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::config::Ready;

/// The time that one look may take.
const LOOK: Duration = Duration::from_secs(5);
/// The pause after the first look, and after those that follow it.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Looks whether a service is ready.
#[derive(Clone, Debug)]
pub(super) enum Probe {
    Url { url: reqwest::Url, client: reqwest::Client },
    Port(u16),
}

impl Probe {
    /// What looks for that; nothing for a service that is ready when started.
    pub(super) fn new(ready: &Ready) -> Result<Option<Self>, String> {
        match ready {
            Ready::Started => Ok(None),
            Ready::Port(port) => Ok(Some(Self::Port(*port))),
            Ready::Url(url) => {
                let url: reqwest::Url = url.parse().map_err(|error| format!("{error}"))?;
                let client = reqwest::Client::builder()
                    // A service that is being started is on this machine; a proxy is not between.
                    .no_proxy()
                    .redirect(reqwest::redirect::Policy::none())
                    .timeout(LOOK)
                    .build()
                    .map_err(|error| format!("{error}"))?;
                Ok(Some(Self::Url { url, client }))
            }
        }
    }

    /// One look: ready, or why not.
    pub(super) async fn look(&self) -> Result<(), String> {
        match self {
            Self::Url { url, client } => {
                let answer = client.get(url.clone()).send().await.map_err(|error| innermost(&error))?;
                match answer.status().as_u16() {
                    200..=403 => Ok(()),
                    status => Err(format!("the last answer was {status}")),
                }
            }
            Self::Port(port) => {
                let mut last = String::new();
                for address in loopback(*port) {
                    match tokio::time::timeout(LOOK, TcpStream::connect(address)).await {
                        Ok(Ok(_)) => return Ok(()),
                        Ok(Err(error)) => last = error.to_string(),
                        Err(_) => "no answer".clone_into(&mut last),
                    }
                }
                Err(last)
            }
        }
    }

    /// Looks again and again, less and less often, until it is ready or the time is over: then, what the last
    /// look gave.
    pub(super) async fn wait(&self, timeout: Duration) -> Result<(), String> {
        let deadline = Instant::now() + timeout;
        let mut pause = FIRST_PAUSE;
        let mut last = "not asked yet".to_owned();
        loop {
            match tokio::time::timeout_at(deadline, self.look()).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(reason)) => last = reason,
                Err(_) => return Err(last),
            }
            tokio::time::sleep_until(deadline.min(Instant::now() + pause)).await;
            if Instant::now() >= deadline {
                return Err(last);
            }
            pause = LONGEST_PAUSE.min(pause.mul_f64(1.5));
        }
    }
}

/// Whether something answers that would say that a service is ready.
pub(crate) async fn is_up(ready: &Ready) -> bool {
    match Probe::new(ready) {
        Ok(Some(probe)) => probe.look().await.is_ok(),
        Ok(None) | Err(_) => false,
    }
}

fn loopback(port: u16) -> [SocketAddr; 2] {
    [SocketAddr::from((Ipv4Addr::LOCALHOST, port)), SocketAddr::from((Ipv6Addr::LOCALHOST, port))]
}

/// The cause at the bottom: "connection refused" says more than "error sending request".
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
