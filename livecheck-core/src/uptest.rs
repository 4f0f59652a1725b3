//! An uptest: asks one instance of a service whether it is ready for traffic.
//!
//! What `#[livecheck::uptest]` registers, and what an uptest is given. An uptest may as well be any executable;
//! what runs the two is `livecheck-uptest`.

use std::fmt;
use std::future::Future;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU16;
use std::pin::Pin;
use std::str::FromStr;
use std::time::Duration;

use crate::case::Location;
use crate::outcome::Result;

/// An uptest's future.
pub type Checking = Pin<Box<dyn Future<Output = Result> + Send>>;

/// An uptest written in Rust, as the attribute macro registers it.
#[derive(Debug)]
pub struct Uptest {
    /// The Rust path of the function.
    pub name: &'static str,
    /// The process whose instances it asks: `web`, as in `uptests/web/`.
    pub proc: &'static str,
    /// The documentation comment of the function.
    pub docs: &'static str,
    /// Where the function stands.
    pub location: Location,
    /// How long it may take, where the attribute says so.
    pub timeout: Option<Duration>,
    /// Calls the function.
    pub run: fn(Target) -> Checking,
}

/// An uptest registered with `inventory`: what the attribute macro submits.
#[doc(hidden)]
#[derive(Debug)]
pub struct Registered(pub &'static Uptest);

inventory::collect!(Registered);

impl Uptest {
    /// All the uptests linked into this program, in the order of their names, and of their places where two
    /// have one name.
    #[must_use]
    pub fn linked() -> Vec<&'static Self> {
        let mut uptests: Vec<_> = inventory::iter::<Registered>().map(|registered| registered.0).collect();
        // The linker's order is no order at all.
        uptests.sort_by_key(|uptest| {
            let Location { package, file, line } = uptest.location;
            (uptest.name, package, file, line)
        });
        uptests
    }
}

/// The one instance that an uptest asks: a host and a port.
///
/// ```
/// use livecheck_core::Target;
///
/// let target: Target = "[::1]:8000".parse()?;
/// assert_eq!((target.host(), target.port()), ("::1", 8000));
/// assert_eq!(target.url("/health"), "http://[::1]:8000/health");
/// # Ok::<(), livecheck_core::uptest::TargetError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Target {
    host: String,
    port: NonZeroU16,
}

/// What is no host and port.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// There is no colon before a port.
    #[error("`{text}` has no port; expected HOST:PORT, such as 10.0.0.1:8000, web-1:8000 or [::1]:8000")]
    NoPort {
        /// What was given.
        text: String,
    },
    /// The port is no number from 1 to 65535.
    #[error("`{text}` is no port: a port is a number from 1 to 65535")]
    Port {
        /// What was given.
        text: String,
    },
    /// The host is neither an address nor a name that a host can have.
    #[error("`{text}` is no host: {reason}")]
    Host {
        /// What was given.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl Target {
    /// An instance at that host, which is a name or an address, and that port.
    ///
    /// # Errors
    ///
    /// One of them is not what it should be.
    pub fn new(host: &str, port: &str) -> Result<Self, TargetError> {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let checked = match bare {
            Some(address) => check_ipv6(address),
            None => check_host(host),
        };
        checked.map_err(|reason| TargetError::Host { text: host.to_owned(), reason })?;
        // `parse` would take a sign, too.
        let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port
            .parse()
            .ok()
            .filter(|_| is_number)
            .ok_or_else(|| TargetError::Port { text: port.to_owned() })?;
        Ok(Self { host: bare.unwrap_or(host).to_owned(), port })
    }

    /// The host, a name or an address; an IPv6 address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.get()
    }

    /// The URL of that path there, by HTTP: `url("/health")`.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{self}/{}", path.trim_start_matches('/'))
    }
}

/// `host:port`, with brackets around an IPv6 address.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.rsplit_once(':') {
            // The colon of a bare IPv6 address stands before no port.
            Some((host, _)) if host.contains(':') && !host.starts_with('[') => Err(TargetError::Host {
                text: text.to_owned(),
                reason: "an IPv6 address with a port stands in brackets, as in [::1]:8000",
            }),
            Some((host, port)) if !host.starts_with('[') || host.ends_with(']') => Self::new(host, port),
            _ => Err(TargetError::NoPort { text: text.to_owned() }),
        }
    }
}

fn check_host(host: &str) -> Result<(), &'static str> {
    if host.parse::<IpAddr>().is_ok() {
        return Ok(());
    }
    if host.contains(':') {
        return check_ipv6(host);
    }
    if host.is_empty() {
        return Err("it is empty");
    }
    if host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return Err("an IPv4 address has four numbers from 0 to 255");
    }
    check_name(host)
}

/// An address, and the zone that a link-local one is in.
fn check_ipv6(address: &str) -> Result<(), &'static str> {
    let (address, zone) = address.split_once('%').unwrap_or((address, "zone"));
    let is_address = address.parse::<Ipv6Addr>().is_ok();
    let is_zone = !zone.is_empty() && zone.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'%');
    if is_address && is_zone { Ok(()) } else { Err("it is no IPv6 address") }
}

/// RFC 1123, section 2.1, with the underscore that container names have.
fn check_name(name: &str) -> Result<(), &'static str> {
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.len() > 253 {
        return Err("a name has at most 253 characters");
    }
    for label in name.split('.') {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if label.is_empty() || label.len() > 63 {
            return Err("each part of a name, between the dots, has 1 to 63 characters");
        }
        if !label.bytes().all(fits) {
            return Err("a name has letters, digits, hyphens and dots only");
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err("no part of a name begins or ends with a hyphen");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address() {
        for (text, host, port) in [
            ("10.0.0.1:8000", "10.0.0.1", 8000),
            ("web-1.example.com:1", "web-1.example.com", 1),
            ("web_blue:65535", "web_blue", 65535),
            ("[::1]:8000", "::1", 8000),
            ("[fe80::1%eth0]:80", "fe80::1%eth0", 80),
        ] {
            let target: Target = text.parse().expect(text);
            assert_eq!((target.host(), target.port()), (host, port));
            assert_eq!(target.to_string(), text, "it is written as it is read");
        }
        assert_eq!(Target::new("::1", "80"), Target::new("[::1]", "80"));
    }

    #[test]
    fn what_is_neither_is_told_so() {
        for (text, said) in [
            ("web", "`web` has no port; expected HOST:PORT, such as 10.0.0.1:8000, web-1:8000 or [::1]:8000"),
            (
                "[::1]",
                "`[::1]` has no port; expected HOST:PORT, such as 10.0.0.1:8000, web-1:8000 or [::1]:8000",
            ),
            ("web:", "`` is no port: a port is a number from 1 to 65535"),
            ("web:0", "`0` is no port: a port is a number from 1 to 65535"),
            ("web:65536", "`65536` is no port: a port is a number from 1 to 65535"),
            ("web:+80", "`+80` is no port: a port is a number from 1 to 65535"),
            ("web:-1", "`-1` is no port: a port is a number from 1 to 65535"),
            ("web:http", "`http` is no port: a port is a number from 1 to 65535"),
            (":80", "`` is no host: it is empty"),
            ("10.0.0.256:80", "`10.0.0.256` is no host: an IPv4 address has four numbers from 0 to 255"),
            ("10.0.1:80", "`10.0.1` is no host: an IPv4 address has four numbers from 0 to 255"),
            (
                "::1:80",
                "`::1:80` is no host: an IPv6 address with a port stands in brackets, as in [::1]:8000",
            ),
            ("[::g]:80", "`[::g]` is no host: it is no IPv6 address"),
            ("[web]:80", "`[web]` is no host: it is no IPv6 address"),
            ("[fe80::1%]:80", "`[fe80::1%]` is no host: it is no IPv6 address"),
            ("-rf:80", "`-rf` is no host: no part of a name begins or ends with a hyphen"),
            ("a b:80", "`a b` is no host: a name has letters, digits, hyphens and dots only"),
            (
                "web..example:80",
                "`web..example` is no host: each part of a name, between the dots, has 1 to 63 characters",
            ),
        ] {
            assert_eq!(text.parse::<Target>().expect_err(text).to_string(), said);
        }
    }
}
