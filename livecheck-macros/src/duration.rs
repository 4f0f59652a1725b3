//! Durations as they stand in attributes: `"1h 30s"`, or a number of seconds.

use std::time::Duration;

use proc_macro2::TokenStream;
use quote::quote;

/// The duration that a text means, or what is wrong with it.
pub(crate) fn from_text(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|_| format!("`{text}` is not a duration: write \"500ms\", \"30s\", \"1h 30s\", …"))
}

/// The duration of that many seconds, or what is wrong with it.
pub(crate) fn from_seconds(seconds: f64) -> Result<Duration, String> {
    Duration::try_from_secs_f64(seconds).map_err(|_| format!("{seconds} seconds is not a duration"))
}

/// An expression for that duration.
pub(crate) fn expression(duration: Duration) -> TokenStream {
    let (seconds, nanoseconds) = (duration.as_secs(), duration.subsec_nanos());
    quote!(::core::time::Duration::new(#seconds, #nanoseconds))
}

#[cfg(test)]
mod tests {
    use super::{Duration, from_seconds, from_text};

    #[test]
    fn reads_texts_as_people_write_them() {
        assert_eq!(from_text("30m"), Ok(Duration::from_secs(1800)));
        assert_eq!(from_text("1h 30s"), Ok(Duration::from_secs(3630)));
        assert_eq!(from_text("250ms"), Ok(Duration::from_millis(250)));
    }

    #[test]
    fn a_text_needs_a_unit() {
        for text in ["", "30", "soon", "-5s", "5 parsecs"] {
            let error = from_text(text).expect_err(text);
            assert!(error.contains("is not a duration"), "{error}");
        }
    }

    #[test]
    fn a_number_is_seconds() {
        assert_eq!(from_seconds(0.5), Ok(Duration::from_millis(500)));
        assert_eq!(from_seconds(90.0), Ok(Duration::from_secs(90)));
        assert!(from_seconds(-1.0).is_err());
        assert!(from_seconds(f64::INFINITY).is_err());
    }
}
