//! The settings of the page and the metrics.

use std::net::{Ipv4Addr, SocketAddr};

use livecheck_web::Token;

use super::layer::Layer;
use super::value::Words;
use crate::args::WebListen;

/// Faust LiveCheck's port.
const PORT: u16 = 9999;

/// Where the page and the metrics are served, and to whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebConfig {
    /// Where, if anything was said.
    pub listen: Option<WebListen>,
    /// The names by which the server is reached, beside `localhost` and IP addresses; `*` is any name.
    pub hosts: Vec<String>,
    /// What a request must have that changes something; without one nothing can be changed.
    pub token: Option<Token>,
    /// Names of members of payloads that are masked.
    pub redact: Vec<String>,
    /// Where the trace of a request is shown: an address with `{trace-id}` in it.
    pub trace_url: Option<String>,
}

impl WebConfig {
    pub(super) fn of(layer: &mut Layer) -> Self {
        let words = |words: Option<Words>| words.map(|Words(words)| words).unwrap_or_default();
        let (hosts, redact) = (words(layer.web_hosts.take()), words(layer.web_redact.take()));
        Self {
            listen: layer.web_listen,
            hosts,
            token: layer.web_token.take(),
            redact,
            trace_url: layer.web_trace_url.take(),
        }
    }

    /// Where it is served: where `flag` says, or the configuration; else, by a runner of a group, on this machine alone.
    #[must_use]
    pub fn address(&self, flag: Option<WebListen>, is_shared: bool) -> Option<SocketAddr> {
        match flag.or(self.listen.filter(|_| is_shared)) {
            Some(WebListen::At(address)) => Some(address),
            Some(WebListen::Off) => None,
            None => is_shared.then_some(SocketAddr::from((Ipv4Addr::LOCALHOST, PORT))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_ones_own_serves_nothing_unless_it_is_told_to() {
        let at = |text: &str| text.parse::<WebListen>().expect("an address");
        let config = |listen| WebConfig { listen, ..WebConfig::default() };
        let address = |text: &str| Some(text.parse::<SocketAddr>().expect("an address"));
        assert_eq!(config(None).address(None, true), address("127.0.0.1:9999"));
        assert_eq!(config(None).address(None, false), None);
        assert_eq!(config(Some(at("0.0.0.0:80"))).address(None, true), address("0.0.0.0:80"));
        assert_eq!(config(Some(at("0.0.0.0:80"))).address(None, false), None);
        assert_eq!(config(Some(at("off"))).address(Some(at("127.0.0.1:0")), false), address("127.0.0.1:0"));
        assert_eq!(config(Some(at("0.0.0.0:80"))).address(Some(at("off")), true), None);
    }
}
