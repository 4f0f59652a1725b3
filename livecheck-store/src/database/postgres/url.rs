//! The URL of a PostgreSQL database, as libpq reads it.

use std::path::PathBuf;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use postgres::Config;
use postgres::config::SslMode;

/// What libpq has and this program has not. To leave one out would make a connection less safe, or fail somewhere else.
const NOT_HERE: [&str; 9] = [
    "gssencmode",
    "passfile",
    "service",
    "sslcert",
    "sslcrl",
    "sslkey",
    "sslpassword",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
];

/// What a URL says: whom to connect to, and how safely.
///
/// <https://www.postgresql.org/docs/current/libpq-ssl.html>
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) config: Config,
    pub(crate) verify: Verify,
    /// Whom to trust, where that is not whom the system trusts.
    pub(crate) root_certificates: Option<PathBuf>,
}

/// What has to be right of the certificate that a server shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verify {
    /// Nothing: who only listens learns nothing.
    Nothing,
    /// Somebody who is trusted has issued it.
    Issuer,
    /// And it is this host's.
    IssuerAndHost,
}

/// A URL that cannot be read. It is not repeated: there may be a secret in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UrlError {
    #[error("the URL of the PostgreSQL database cannot be read")]
    Unreadable,
    #[error(
        "the URL of the PostgreSQL database has an `sslmode` that is none of disable, prefer, require, verify-ca and \
         verify-full"
    )]
    Mode,
    #[error("the URL of the PostgreSQL database has `{0}`, which LiveCheck does not support")]
    NotHere(&'static str),
    #[error(
        "the URL of the PostgreSQL database names an `sslrootcert`, and its `sslmode` asks for no certificate; say \
         sslmode=verify-full"
    )]
    RootWithoutUse,
}

impl FromStr for Settings {
    type Err = UrlError;

    fn from_str(url: &str) -> Result<Self, UrlError> {
        let (server, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut others, mut mode, mut root_certificates) = (Vec::new(), None, None);
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let value = || percent_decode_str(value).decode_utf8().map_err(|_| UrlError::Unreadable);
            match name {
                "sslmode" => mode = Some(value()?),
                "sslrootcert" => root_certificates = Some(value()?.into_owned()),
                _ => {
                    if let Some(name) = NOT_HERE.into_iter().find(|known| *known == name) {
                        return Err(UrlError::NotHere(name));
                    }
                    others.push(parameter);
                }
            }
        }
        let mut rest = server.to_owned();
        if !others.is_empty() {
            rest = format!("{rest}?{}", others.join("&"));
        }
        let mut config: Config = rest.parse().map_err(|_| UrlError::Unreadable)?;
        let (mode, verify) = match (mode.as_deref(), &root_certificates) {
            (Some("disable"), None) => (SslMode::Disable, Verify::Nothing),
            (Some("prefer") | None, None) => (SslMode::Prefer, Verify::Nothing),
            (Some("require"), None) => (SslMode::Require, Verify::Nothing),
            // So it is in libpq, too: who says whom to trust wants it verified.
            (Some("require" | "verify-ca"), _) => (SslMode::Require, Verify::Issuer),
            (Some("verify-full"), _) => (SslMode::Require, Verify::IssuerAndHost),
            (Some("disable" | "prefer") | None, Some(_)) => return Err(UrlError::RootWithoutUse),
            (Some(_), _) => return Err(UrlError::Mode),
        };
        config.ssl_mode(mode);
        // libpq's word for those whom the system trusts, which is what it comes to without any.
        let root_certificates = root_certificates.filter(|file| file != "system").map(PathBuf::from);
        Ok(Self { config, verify, root_certificates })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mode_is_what_it_is_in_libpq() {
        let read = |query: &str| {
            let settings: Settings = format!("postgres://me@db/checks{query}").parse().expect("a URL");
            (settings.config.get_ssl_mode(), settings.verify, settings.root_certificates)
        };
        let file = || Some(PathBuf::from("/etc/our ca.pem"));
        for (query, expected) in [
            ("", (SslMode::Prefer, Verify::Nothing, None)),
            ("?sslmode=disable", (SslMode::Disable, Verify::Nothing, None)),
            ("?sslmode=prefer&application_name=x", (SslMode::Prefer, Verify::Nothing, None)),
            ("?sslmode=require", (SslMode::Require, Verify::Nothing, None)),
            ("?sslmode=require&sslrootcert=/etc/our%20ca.pem", (SslMode::Require, Verify::Issuer, file())),
            ("?sslmode=verify-ca", (SslMode::Require, Verify::Issuer, None)),
            ("?sslrootcert=system&sslmode=verify-full", (SslMode::Require, Verify::IssuerAndHost, None)),
            (
                "?sslmode=verify-full&sslrootcert=/etc/our%20ca.pem",
                (SslMode::Require, Verify::IssuerAndHost, file()),
            ),
        ] {
            assert_eq!(read(query), expected, "{query}");
        }
    }

    #[test]
    fn the_rest_of_a_url_is_read_as_it_was() {
        let url = "postgres://me:h%3Fush@db:5433/checks?connect_timeout=3&sslmode=require&application_name=x";
        let settings: Settings = url.parse().expect("a URL");
        assert_eq!(settings.config.get_password(), Some(&b"h?ush"[..]));
        assert_eq!(settings.config.get_ports(), [5433]);
        assert_eq!(settings.config.get_connect_timeout().map(std::time::Duration::as_secs), Some(3));
        assert_eq!(settings.config.get_application_name(), Some("x"));
    }

    #[test]
    fn what_would_be_less_safe_than_it_looks_is_refused() {
        let refused =
            |query: &str| format!("postgres://me@db/checks?{query}").parse::<Settings>().expect_err(query);
        assert_eq!(refused("sslmode=verify_full"), UrlError::Mode);
        assert_eq!(refused("sslmode="), UrlError::Mode);
        assert_eq!(refused("sslrootcert=/etc/ca.pem"), UrlError::RootWithoutUse);
        assert_eq!(refused("sslmode=prefer&sslrootcert=/etc/ca.pem"), UrlError::RootWithoutUse);
        assert_eq!(refused("sslcert=/etc/me.pem"), UrlError::NotHere("sslcert"));
        assert_eq!(refused("sslmod=require"), UrlError::Unreadable);
    }
}
