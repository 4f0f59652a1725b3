//! What stands behind the equals sign of an option, read as the type that the option has.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use proc_macro2::{Span, TokenStream};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Lit, LitStr, Path, Token};

use crate::duration;

/// The value of an option, not yet read.
pub(crate) struct Value {
    tokens: TokenStream,
    kind: Kind,
}

enum Kind {
    Literal(Lit),
    /// A minus sign and a number. No option takes one; but that is not what should be said of it.
    Negative,
    Other,
}

/// Whether an option may be zero.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Zero {
    Allowed,
    Refused,
}

const DURATION: &str = "a duration: \"500ms\", \"30s\", \"1h 30s\", or a number of seconds";

impl Value {
    pub(crate) fn new(tokens: TokenStream) -> Self {
        // A literal out of a `macro_rules!` comes in an invisible group, which syn looks into.
        let kind = match syn::parse2::<Lit>(tokens.clone()) {
            // syn takes a minus sign as part of the literal.
            Ok(Lit::Int(int)) if int.base10_digits().starts_with('-') => Kind::Negative,
            Ok(Lit::Float(float)) if float.base10_digits().starts_with('-') => Kind::Negative,
            Ok(literal) => Kind::Literal(literal),
            Err(_) => Kind::Other,
        };
        Self { tokens, kind }
    }

    /// The value as it was written.
    pub(crate) fn tokens(&self) -> &TokenStream {
        &self.tokens
    }

    /// An error about this value.
    pub(crate) fn error(&self, message: impl Display) -> syn::Error {
        syn::Error::new_spanned(&self.tokens, message)
    }

    fn expected(&self, what: &str) -> syn::Error {
        match self.kind {
            Kind::Negative => self.error(format_args!("expected {what}; this is negative")),
            Kind::Literal(_) => self.error(format_args!("expected {what}")),
            Kind::Other => self.error(format_args!("expected {what}, as a literal")),
        }
    }

    pub(crate) fn boolean(&self) -> syn::Result<bool> {
        match &self.kind {
            Kind::Literal(Lit::Bool(literal)) => Ok(literal.value),
            _ => Err(self.error("expected `true` or `false`")),
        }
    }

    pub(crate) fn text(&self) -> syn::Result<&LitStr> {
        match &self.kind {
            Kind::Literal(Lit::Str(literal)) => Ok(literal),
            _ => Err(self.error("expected a text in quotes")),
        }
    }

    /// One text or more, with commas between.
    pub(crate) fn texts(&self) -> syn::Result<Vec<LitStr>> {
        let texts = Punctuated::<LitStr, Token![,]>::parse_terminated.parse2(self.tokens.clone());
        match texts {
            Ok(texts) if !texts.is_empty() => Ok(texts.into_iter().collect()),
            Ok(_) => Err(syn::Error::new(Span::call_site(), "expected at least one text in quotes")),
            Err(_) => Err(self.error("expected texts in quotes, with commas between")),
        }
    }

    pub(crate) fn path(&self) -> syn::Result<Path> {
        syn::parse2::<Path>(self.tokens.clone())
            .map_err(|_| self.error("expected a path, without quotes, such as `my_crate::livecheck`"))
    }

    pub(crate) fn integer<N: FromStr<Err: Display>>(&self) -> syn::Result<N> {
        match &self.kind {
            Kind::Literal(Lit::Int(literal)) if is_suffix(literal.suffix(), &["u", "i"]) => {
                literal.base10_parse().map_err(|error| self.error(error))
            }
            _ => Err(self.expected("a whole number")),
        }
    }

    pub(crate) fn duration(&self, zero: Zero) -> syn::Result<Duration> {
        let duration = match &self.kind {
            Kind::Literal(Lit::Str(text)) => duration::from_text(&text.value()),
            Kind::Literal(Lit::Int(int)) if !is_suffix(int.suffix(), &["u", "i", "f"]) => {
                Err(format!("a duration with a unit stands in quotes: \"{int}\""))
            }
            _ => duration::from_seconds(self.number(DURATION)?),
        };
        match duration {
            Ok(Duration::ZERO) if zero == Zero::Refused => Err(self.error("this must be longer than zero")),
            Ok(duration) => Ok(duration),
            Err(message) => Err(self.error(message)),
        }
    }

    /// A share from 0.0 to 1.0, or from `"0%"` to `"100%"`.
    pub(crate) fn probability(&self) -> syn::Result<f64> {
        const PROBABILITY: &str = "a probability: a number from 0.0 to 1.0, or a text such as \"10%\"";
        let probability = match &self.kind {
            Kind::Literal(Lit::Str(text)) => text
                .value()
                .strip_suffix('%')
                .and_then(|percent| percent.trim_end().parse::<f64>().ok())
                .map(|percent| percent / 100.0)
                .ok_or_else(|| self.expected(PROBABILITY))?,
            _ => self.number(PROBABILITY)?,
        };
        // Not a number is in no range.
        if (0.0..=1.0).contains(&probability) { Ok(probability) } else { Err(self.expected(PROBABILITY)) }
    }

    /// What a pause is multiplied by, which does not make it shorter.
    pub(crate) fn backoff(&self) -> syn::Result<f64> {
        const BACKOFF: &str = "a factor of at least 1.0";
        let factor = self.number(BACKOFF)?;
        if factor.is_finite() && factor >= 1.0 { Ok(factor) } else { Err(self.expected(BACKOFF)) }
    }

    fn number(&self, what: &str) -> syn::Result<f64> {
        match &self.kind {
            Kind::Literal(Lit::Int(literal)) if is_suffix(literal.suffix(), &["u", "i", "f"]) => {
                literal.base10_parse()
            }
            Kind::Literal(Lit::Float(literal)) if is_suffix(literal.suffix(), &["f"]) => {
                literal.base10_parse()
            }
            _ => Err(self.expected(what)),
        }
    }
}

/// Whether a literal's suffix is none, or that of a type of one of those kinds: `u` for `u8`, `usize` …
fn is_suffix(suffix: &str, kinds: &[&str]) -> bool {
    let is_width = |width| matches!(width, "8" | "16" | "32" | "64" | "128" | "size");
    suffix.is_empty() || kinds.iter().any(|kind| suffix.strip_prefix(kind).is_some_and(is_width))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        Value::new(text.parse().expect("Rust tokens"))
    }

    fn message<T>(result: syn::Result<T>) -> String {
        result.err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn probabilities_are_shares_or_per_cent() {
        for (text, expected) in [("0.5", 0.5), ("1", 1.0), ("0", 0.0), ("0.1f64", 0.1), ("\"10%\"", 0.1)] {
            assert_eq!(value(text).probability().ok(), Some(expected), "{text}");
        }
        assert_eq!(value("\"0.1 %\"").probability().ok(), Some(0.001));
        for text in ["1.5", "-0.5", "50", "\"101%\"", "\"0.5\"", "\"NaN%\"", "true", "HALF", "1 / 2"] {
            assert!(message(value(text).probability()).contains("from 0.0 to 1.0"), "{text}");
        }
    }

    #[test]
    fn durations_are_texts_or_seconds() {
        for (text, milliseconds) in
            [("\"30m\"", 1_800_000), ("30", 30_000), ("0.25", 250), ("1_000u64", 1_000_000)]
        {
            let expected = Some(Duration::from_millis(milliseconds));
            assert_eq!(value(text).duration(Zero::Refused).ok(), expected, "{text}");
        }
        for zero in ["0", "0.0", "\"0s\""] {
            assert_eq!(message(value(zero).duration(Zero::Refused)), "this must be longer than zero");
            assert_eq!(value(zero).duration(Zero::Allowed).ok(), Some(Duration::ZERO));
        }
    }

    #[test]
    fn a_duration_that_is_none_is_told_what_to_be() {
        let said = |text| message(value(text).duration(Zero::Refused));
        assert_eq!(said("30s"), "a duration with a unit stands in quotes: \"30s\"");
        assert_eq!(said("\"soon\""), "`soon` is not a duration: write \"500ms\", \"30s\", \"1h 30s\", …");
        assert!(said("-5").ends_with("; this is negative"), "{}", said("-5"));
        assert!(said("Duration::ZERO").ends_with(", as a literal"), "{}", said("Duration::ZERO"));
        assert!(said("true").starts_with("expected a duration"), "{}", said("true"));
    }

    #[test]
    fn whole_numbers_have_the_range_of_their_type() {
        assert_eq!(value("10").integer::<u32>().ok(), Some(10));
        assert_eq!(value("1_0usize").integer::<usize>().ok(), Some(10));
        assert_eq!(
            message(value("5_000_000_000").integer::<u32>()),
            "number too large to fit in target type"
        );
        for text in ["1.5", "\"10\"", "-1", "TEN"] {
            assert!(message(value(text).integer::<u32>()).starts_with("expected a whole number"), "{text}");
        }
    }

    #[test]
    fn a_backoff_does_not_shrink() {
        assert_eq!(value("1").backoff().ok(), Some(1.0));
        assert_eq!(
            value("0.9").backoff().err().map(|e| e.to_string()).as_deref(),
            Some("expected a factor of at least 1.0")
        );
        assert!(value("1e400").backoff().is_err());
    }

    #[test]
    fn a_path_has_no_quotes() {
        assert!(value("::a::b").path().is_ok());
        assert!(value("crate").path().is_ok());
        assert!(message(value("\"a::b\"").path()).contains("without quotes"));
    }
}
