//! Who sent a record: the service and the host, so that the report of a test which did not pass can name them.

use std::fmt;
use std::sync::OnceLock;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use crate::variables::variable;

/// The header that says who sent a trigger or a signal: `service=order-web;host=web-1`. Faust has no such header, and
/// ignores it.
pub const ORIGIN: &str = "LiveCheck-Origin";

/// What separates the members of the header, and what percent encoding needs.
const RESERVED: &AsciiSet = &CONTROLS.add(b' ').add(b';').add(b'=').add(b'%');

/// The longest name that is kept, in bytes: what a sender writes ends in every report.
const LONGEST: usize = 200;

/// Who sent a record, as far as it says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Origin {
    /// The name of the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The host that it runs on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The consumer group with which it reads what it works on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consumer_group: Option<String>,
}

impl Origin {
    /// This process: the service is what the variable `LIVECHECK_SERVICE` says, else `OTEL_SERVICE_NAME`, else the
    /// name of the program; the consumer group is that of `LIVECHECK_CONSUMER_GROUP`.
    #[must_use]
    pub fn of_this_process() -> &'static Self {
        static THIS: OnceLock<Origin> = OnceLock::new();
        THIS.get_or_init(|| {
            let get = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
            let program = || Some(std::env::current_exe().ok()?.file_stem()?.to_string_lossy().into_owned());
            Self {
                service: get(&variable(&["service"])).or_else(|| get("OTEL_SERVICE_NAME")).or_else(program),
                host: gethostname::gethostname().into_string().ok().filter(|host| !host.is_empty()),
                consumer_group: get(&variable(&["consumer-group"])),
            }
        })
    }

    /// The text of the [header](ORIGIN).
    ///
    /// ```
    /// use livecheck_core::Origin;
    ///
    /// let origin = Origin { service: Some("order-web".into()), host: Some("web-1".into()), ..Origin::default() };
    /// assert_eq!(origin.to_header(), "service=order-web;host=web-1");
    /// assert_eq!(Origin::from_header("service=order-web;host=web-1"), origin);
    /// ```
    #[must_use]
    pub fn to_header(&self) -> String {
        let Self { service, host, consumer_group } = self;
        let members = [("service", service), ("host", host), ("group", consumer_group)];
        let members = members.into_iter().filter_map(|(name, value)| {
            Some(format!("{name}={}", utf8_percent_encode(value.as_deref()?, RESERVED)))
        });
        members.collect::<Vec<_>>().join(";")
    }

    /// What a header says. Members that are not known are left out, and so is what is longer than a name.
    #[must_use]
    pub fn from_header(header: &str) -> Self {
        let mut origin = Self::default();
        for (name, value) in header.split(';').filter_map(|member| member.split_once('=')) {
            let member = match name.trim() {
                "service" => &mut origin.service,
                "host" => &mut origin.host,
                "group" => &mut origin.consumer_group,
                _ => continue,
            };
            let value = percent_decode_str(value.trim()).decode_utf8_lossy();
            if !value.is_empty() && value.len() <= LONGEST {
                *member = Some(value.into_owned());
            }
        }
        origin
    }
}

impl fmt::Display for Origin {
    /// `order-web on web-1`; nothing where nothing is known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.service, &self.host) {
            (Some(service), Some(host)) => write!(f, "{service} on {host}"),
            (Some(name), None) | (None, Some(name)) => f.write_str(name),
            (None, None) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(
            service in proptest::option::of("\\PC{1,20}"),
            host in proptest::option::of("\\PC{1,20}"),
            consumer_group in proptest::option::of("\\PC{1,20}"),
        ) {
            let origin = Origin { service, host, consumer_group };
            prop_assert_eq!(Origin::from_header(&origin.to_header()), origin);
        }

        #[test]
        fn no_header_makes_it_panic_and_none_makes_it_long(header in "\\PC{0,600}") {
            let Origin { service, host, consumer_group } = Origin::from_header(&header);
            for name in [service, host, consumer_group].into_iter().flatten() {
                prop_assert!(name.len() <= LONGEST);
            }
        }
    }

    #[test]
    fn a_process_that_says_nothing_is_known_by_its_program_and_host() {
        let this = Origin::of_this_process();
        assert!(
            this.service.as_deref().is_some_and(|service| service.starts_with("livecheck_core")),
            "{this:?}"
        );
        assert!(this.host.is_some(), "{this:?}");
    }
}
