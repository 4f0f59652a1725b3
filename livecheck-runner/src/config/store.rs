//! The settings of the store: where results are kept, and for how long.

use std::fmt;
use std::path::Path;

use livecheck_store::{Location, LocationError, Retention};
use toml::de::DeValue;

use super::layer::Layer;
use super::value::{Interval, Value};

/// Where results are kept, and for how long.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreConfig {
    /// Where.
    pub place: StorePlace,
    /// For how long.
    pub retention: Retention,
}

/// Where results are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StorePlace {
    /// Nothing was said: a file of LiveCheck's own choice.
    #[default]
    Unset,
    /// Nowhere.
    None,
    /// There.
    At(Location),
}

impl StoreConfig {
    /// From a layer. What is typed, `flag`, starts from the working folder, and what is configured from `root`.
    pub(super) fn of(
        layer: &mut Layer,
        flag: Option<&str>,
        (cwd, root): (&Path, &Path),
    ) -> Result<Self, LocationError> {
        let configured = layer.store_url.take();
        let (text, folder) = match (flag.filter(|flag| !flag.trim().is_empty()), &configured) {
            (Some(flag), _) => (flag, cwd),
            (None, Some(StoreUrl(url))) => (url.as_str(), root),
            (None, None) => ("", root),
        };
        let place = match text.trim() {
            "" => StorePlace::Unset,
            "none" => StorePlace::None,
            text => StorePlace::At(text.parse::<Location>()?.from_folder(folder)),
        };
        let default = Retention::default();
        let reports = layer.store_retention.map_or(default.reports, |Interval(age)| age);
        let bytes = layer.store_max_size.map(|Size(bytes)| bytes);
        Ok(Self { place, retention: Retention { reports, bytes, ..default } })
    }
}

/// Where the store is, as it was written: there may be a password in it.
#[derive(Clone, PartialEq)]
pub(super) struct StoreUrl(pub(super) String);

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreUrl(…)")
    }
}

impl Value for StoreUrl {
    const EXPECTED: &'static str = "a file, a URL that begins with postgres://, or \"none\"";

    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        value.as_str().map(|url| Self(url.to_owned()))
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(Self(text.to_owned()))
    }
}

/// So many bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size(pub(super) u64);

impl Value for Size {
    const EXPECTED: &'static str = "a size such as \"500MB\" or \"10GB\", or a number of bytes";

    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        match value {
            DeValue::String(text) => Self::from_text(text),
            DeValue::Integer(integer) => Self::from_text(integer.as_str()),
            _ => None,
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "kb" => 1_000,
            "mb" => 1_000_000,
            "gb" => 1_000_000_000,
            "tb" => 1_000_000_000_000,
            "kib" => 1 << 10,
            "mib" => 1 << 20,
            "gib" => 1 << 30,
            "tib" => 1 << 40,
            _ => return None,
        };
        let number: u64 = number.replace('_', "").parse().ok()?;
        number.checked_mul(factor).filter(|bytes| *bytes > 0).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_as_people_write_them() {
        for (text, bytes) in
            [("1000", 1_000), ("10 GB", 10_000_000_000), ("1MiB", 1_048_576), ("2_000kb", 2_000_000)]
        {
            assert_eq!(Size::from_text(text), Some(Size(bytes)), "{text}");
        }
        for text in ["", "GB", "0", "-1", "10 bytes", "99999999999TB"] {
            assert_eq!(Size::from_text(text), None, "{text}");
        }
    }
}
