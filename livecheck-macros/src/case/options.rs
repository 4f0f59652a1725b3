//! The options of `#[livecheck::case(…)]`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{LitStr, Path};

use super::schedule::{self, Scheduled, Scheduling};
use crate::attribute::{Entry, entries};
use crate::duration;
use crate::errors::Errors;
use crate::value::{Value, Zero};

/// The names, in the order in which they are documented.
const KNOWN: &[&str] = &[
    "name",
    "active",
    "probability",
    "warn_stalled_after",
    "test_expires",
    "frequency",
    "schedule",
    "timezone",
    "every",
    "jitter",
    "confirm",
    "tags",
    "max_history",
    "max_consecutive_failures",
    "state_transition_delay",
    "realtime_logs",
    "url_timeout_total",
    "url_timeout_connect",
    "url_error_retries",
    "url_error_delay_min",
    "url_error_delay_backoff",
    "url_error_delay_max",
    "crate",
];

/// What `#[livecheck::case(…)]` was given.
#[derive(Default)]
pub(crate) struct Options {
    /// The name on the topics, if it is not the function's path.
    pub(crate) name: Option<LitStr>,
    /// Where the façade is, if it is not `::livecheck`.
    pub(crate) krate: Option<Path>,
    /// The settings that differ from the defaults, each with the name under the user's own span, so that an
    /// editor leads from there to the setting's documentation.
    pub(crate) settings: Vec<(Ident, TokenStream)>,
    /// What is known of its schedule, if it has one.
    pub(crate) scheduled: Option<Scheduled>,
}

impl Options {
    /// Reads the options, and leaves out those that are wrong.
    pub(crate) fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut options = Self::default();
        let mut entries_read = Vec::new();
        let mut scheduling = Scheduling::default();
        for entry in entries(tokens, "#[livecheck::case]", KNOWN) {
            let Some(Entry { key, value }) = errors.take(entry) else { continue };
            match key.unraw().to_string().as_str() {
                name if schedule::KNOWN.contains(&name) => {
                    scheduling.take(Entry { key, value });
                    continue;
                }
                "tags" => {
                    let tags = errors.take(tags(&value)).map(|tags| quote!(&[#(#tags),*]));
                    options.settings.extend(tags.map(|tags| (key.clone(), tags)));
                }
                "name" => options.name = errors.take(name(&value)),
                "crate" => options.krate = errors.take(value.path()),
                setting => {
                    let value = errors.take(setting_value(setting, &value));
                    options.settings.extend(value.map(|value| (key.clone(), value)));
                }
            }
            entries_read.push(Entry { key, value });
        }
        errors.take(check_delays(&entries_read));
        let is_given = |name: &str| entries_read.iter().any(|entry| entry.key.unraw() == name);
        let (settings, scheduled) = scheduling.settings(is_given, errors);
        if let (Some(_), Some(frequency)) =
            (&scheduled, entries_read.iter().find(|entry| entry.key.unraw() == "frequency"))
        {
            let message = "`frequency` is that of a fake request; a scheduled case is executed without one";
            errors.at(frequency.key.span(), message);
        }
        options.settings.extend(settings);
        options.scheduled = scheduled;
        options
    }

    /// The path of the façade, for code that the compiler is to see at `place`. A path that the user gave
    /// stays as it is: its hygiene may matter (`$crate`).
    pub(crate) fn krate(&self, place: Span) -> TokenStream {
        self.krate
            .as_ref()
            .map_or_else(|| quote_spanned!(place=> ::livecheck), |path| quote_spanned!(place=> #path))
    }
}

fn name(value: &Value) -> syn::Result<LitStr> {
    let name = value.text()?;
    let text = name.value();
    if text.trim().is_empty() {
        return Err(value.error("a case needs a name that is not empty"));
    }
    // The name stands in headers, in file names, and as one word of a line on the terminal.
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(
            value.error("a case's name has no white space: it is a path, such as \"orders.order_flow\"")
        );
    }
    Ok(name.clone())
}

fn tags(value: &Value) -> syn::Result<Vec<LitStr>> {
    let tags = value.texts()?;
    for (position, tag) in tags.iter().enumerate() {
        let text = tag.value();
        if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c.is_control() || c == ',') {
            return Err(syn::Error::new_spanned(tag, "a tag is one word, such as \"smoke\""));
        }
        if tags[..position].iter().any(|other| other.value() == text) {
            return Err(syn::Error::new_spanned(tag, format_args!("the tag `{text}` is given twice")));
        }
    }
    Ok(tags)
}

/// The value of a setting, as an expression of the type that its setter in `livecheck::Settings` takes.
fn setting_value(setting: &str, value: &Value) -> syn::Result<TokenStream> {
    Ok(match setting {
        "active" | "realtime_logs" => {
            let value = value.boolean()?;
            quote!(#value)
        }
        "probability" => {
            let share = value.probability()?;
            quote!(#share)
        }
        "url_error_delay_backoff" => {
            let factor = value.backoff()?;
            quote!(#factor)
        }
        "max_history" => {
            let count = at_least_one(value, value.integer::<usize>()?)?;
            quote!(#count)
        }
        "max_consecutive_failures" => {
            let count = at_least_one(value, value.integer::<u32>()?)?;
            quote!(#count)
        }
        "url_error_retries" => {
            let count = value.integer::<u32>()?;
            quote!(#count)
        }
        "state_transition_delay" | "url_error_delay_min" | "url_error_delay_max" => {
            duration::expression(value.duration(Zero::Allowed)?)
        }
        _ => duration::expression(value.duration(Zero::Refused)?),
    })
}

fn at_least_one<N: From<u8> + PartialEq>(value: &Value, count: N) -> syn::Result<N> {
    if count == N::from(0) { Err(value.error("this must be at least 1")) } else { Ok(count) }
}

/// The longest pause is not shorter than the first, where both are given.
fn check_delays(entries: &[Entry]) -> syn::Result<()> {
    let given = |name| entries.iter().find(|entry| entry.key == name).map(|entry| &entry.value);
    let (Some(min), Some(max)) = (given("url_error_delay_min"), given("url_error_delay_max")) else {
        return Ok(());
    };
    // A value that is no duration has its own error.
    match (min.duration(Zero::Allowed), max.duration(Zero::Allowed)) {
        (Ok(shortest), Ok(longest)) if longest < shortest => {
            Err(max.error("this is shorter than `url_error_delay_min`"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> (Options, Vec<String>) {
        let mut errors = Errors::default();
        let options = Options::parse(text.parse().expect("Rust tokens"), &mut errors);
        (options, errors.messages())
    }

    #[test]
    fn reads_every_option() {
        let (options, errors) = parse(
            r#"name = "orders.order_flow", active = false, tags("smoke", "orders"), probability = "50%", warn_stalled_after = "30m",
               test_expires = "3h", frequency = 60, max_history = 10, max_consecutive_failures = 3,
               state_transition_delay = 0, realtime_logs = true, url_timeout_total = 300.0,
               url_timeout_connect = "5s", url_error_retries = 0, url_error_delay_min = "500ms",
               url_error_delay_backoff = 1.5, url_error_delay_max = "5s", crate = facade::livecheck"#,
        );
        assert_eq!(errors, [""; 0]);
        assert_eq!(options.name.as_ref().map(LitStr::value).as_deref(), Some("orders.order_flow"));
        assert_eq!(options.krate(Span::call_site()).to_string(), "facade :: livecheck");
        // But for `name` and `crate`, and for what only a scheduled case has.
        assert_eq!(options.settings.len(), KNOWN.len() - 2 - schedule::KNOWN.len());
    }

    #[test]
    fn leaves_out_what_is_wrong_and_keeps_the_rest() {
        let (options, errors) = parse("probability = 2.0, active = false, max_history = 0, name = \" \"");
        assert_eq!(errors.len(), 3, "{errors:?}");
        assert!(options.name.is_none());
        let kept: Vec<_> = options.settings.iter().map(|(name, _)| name.to_string()).collect();
        assert_eq!(kept, ["active"]);
    }

    #[test]
    fn the_longest_pause_is_not_the_shorter_one() {
        let (_, errors) = parse("url_error_delay_max = 1, url_error_delay_min = 2");
        assert_eq!(errors, ["this is shorter than `url_error_delay_min`"]);
        assert_eq!(parse("url_error_delay_max = 2, url_error_delay_min = 2").1, [""; 0]);
    }
}
