//! The settings of the page and the metrics.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

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
    /// Where the other runners of the group reach it, where that is not where it listens.
    pub advertise: Option<PageUrl>,
    /// The names by which the server is reached, beside `localhost` and IP addresses; `*` is any name.
    pub hosts: Vec<String>,
    /// What a request must have that changes something; without one nothing can be changed.
    pub token: Option<Token>,
    /// Names of members of payloads that are masked.
    pub redact: Vec<String>,
    /// Where the trace of a request is shown: an address with `{trace-id}` in it.
    pub trace_url: Option<String>,
}

/// Where a page is: `http://HOST`, or `http://HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageUrl(reqwest::Url);

/// A text that says of no page where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {}", PageUrl::EXPECTED)]
pub struct PageUrlError;

impl PageUrl {
    pub(super) const EXPECTED: &'static str = "an address such as \"http://check-1:9999\"";

    /// Of what is served on that address of a machine of that name.
    pub(crate) fn of(address: SocketAddr, machine: &str) -> Option<Self> {
        let text = match address.ip().is_unspecified() {
            true => format!("http://{machine}:{}", address.port()),
            false => format!("http://{address}"),
        };
        text.parse().ok()
    }

    /// The name of the machine, or its address.
    pub(crate) fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Whether nobody but this machine itself gets there.
    pub(crate) fn is_loopback(&self) -> bool {
        let address = self.host().trim_matches(['[', ']']).parse::<IpAddr>();
        address.map_or(self.host() == "localhost", |address| address.is_loopback())
    }

    /// The address of what has that path, and perhaps a query.
    pub(crate) fn join(&self, path: &str) -> Option<reqwest::Url> {
        // Not by the rules for links, by which a path may name another host.
        format!("{self}{path}").parse().ok()
    }
}

impl FromStr for PageUrl {
    type Err = PageUrlError;

    fn from_str(text: &str) -> Result<Self, PageUrlError> {
        let url: reqwest::Url = text.trim().parse().map_err(|_| PageUrlError)?;
        let is_root = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let is_plain = url.scheme() == "http" && url.username().is_empty() && url.password().is_none();
        if is_root && is_plain { Ok(Self(url)) } else { Err(PageUrlError) }
    }
}

impl fmt::Display for PageUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl WebConfig {
    pub(super) fn of(layer: &mut Layer) -> Self {
        let words = |words: Option<Words>| words.map(|Words(words)| words).unwrap_or_default();
        let (hosts, redact) = (words(layer.web_hosts.take()), words(layer.web_redact.take()));
        Self {
            listen: layer.web_listen,
            advertise: layer.web_advertise.take(),
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

    #[test]
    fn a_page_is_reached_by_the_name_of_its_machine_where_it_listens_on_all_addresses() {
        let of = |address: &str| {
            let url = PageUrl::of(address.parse().expect("an address"), "check-1").expect("a URL");
            (url.to_string(), url.host().to_owned(), url.is_loopback())
        };
        assert_eq!(of("0.0.0.0:9999"), ("http://check-1:9999".to_owned(), "check-1".to_owned(), false));
        assert_eq!(of("10.1.2.3:80"), ("http://10.1.2.3".to_owned(), "10.1.2.3".to_owned(), false));
        assert_eq!(of("[::1]:9999"), ("http://[::1]:9999".to_owned(), "[::1]".to_owned(), true));
        for no_page in
            ["check-1:9999", "https://check-1", "http://check-1/page", "http://me:hush@check-1", ""]
        {
            assert_eq!(no_page.parse::<PageUrl>(), Err(PageUrlError), "{no_page}");
        }
    }

    #[test]
    fn no_path_leads_to_another_host() {
        let page: PageUrl = "http://check-1".parse().expect("a URL");
        for path in ["//evil.example/", "/case/a?b=c", "/\\evil.example", "/@evil.example"] {
            assert_eq!(page.join(path).expect("a URL").host_str(), Some("check-1"), "{path}");
        }
    }
}
