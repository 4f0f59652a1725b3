//! The options of `#[table(…)]`: windows of time.

use std::time::Duration;

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::quote;

use crate::attribute::{Entry, entries, split_at_commas};
use crate::duration;
use crate::errors::Errors;
use crate::value::{Value, Zero};

/// Into how many windows one change may be written: each is a row of its own.
const MOST_OVERLAPPING: u128 = 1000;

/// The windows of a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Window {
    size: Duration,
    step: Duration,
    expires: Option<Duration>,
}

impl Window {
    /// An expression for it, of the type `livecheck::table::Window`.
    pub(crate) fn expression(self, krate: &TokenStream) -> TokenStream {
        let (size, step) = (duration::expression(self.size), duration::expression(self.step));
        let expiring = self.expires.map(|expires| {
            let expires = duration::expression(expires);
            quote!(.expiring(#expires))
        });
        quote!(#krate::table::Window::hopping(#size, #step) #expiring)
    }
}

/// What `#[table(…)]` says of windows. Where it says something that is wrong there is still a window, so that the type
/// of the parameter has no error in consequence.
pub(crate) fn window(options: TokenStream, errors: &mut Errors) -> Option<Window> {
    let (mut shape, mut is_windowed, mut expires) = (None, false, None);
    for entry in entries(options, "#[table]", &["window", "expires"]) {
        let Some(Entry { key, value }) = errors.take(entry) else { continue };
        if key == "window" {
            is_windowed = true;
            shape = errors.take(read_shape(&value));
        } else {
            expires = errors.take(value.duration(Zero::Allowed)).map(|duration| (value, duration));
        }
    }
    if let (Some((value, _)), false) = (&expires, is_windowed) {
        errors.push(value.error("only windows expire: `window = tumbling(\"1h\"), expires = \"1d\"`"));
    }
    let expires = expires.map(|(_, duration)| duration);
    let (size, step) = shape.unwrap_or((Duration::from_secs(1), Duration::from_secs(1)));
    is_windowed.then_some(Window { size, step, expires })
}

/// `tumbling(size)` or `hopping(size, step)`.
fn read_shape(value: &Value) -> syn::Result<(Duration, Duration)> {
    const WINDOW: &str =
        "expected `tumbling(\"1h\")`, or `hopping(\"1h\", \"10m\")` with the size and the step";
    let Some((name, arguments)) = call(value.tokens()) else { return Err(value.error(WINDOW)) };
    let durations = arguments.iter().map(|argument| argument.duration(Zero::Refused));
    let durations = durations.collect::<syn::Result<Vec<_>>>()?;
    match (name.to_string().as_str(), durations.as_slice()) {
        ("tumbling", [size]) => Ok((*size, *size)),
        ("hopping", [size, step]) if step > size => {
            Err(arguments[1].error("this is longer than the window: what is between two windows is in none"))
        }
        ("hopping", [size, step]) if size.as_nanos() / step.as_nanos() > MOST_OVERLAPPING => {
            let count = size.as_nanos() / step.as_nanos();
            let message = format!(
                "each change is written to every window that it is in, and with this step those are {count}: at most \
                 {MOST_OVERLAPPING} will do"
            );
            Err(arguments[1].error(message))
        }
        ("hopping", [size, step]) => Ok((*size, *step)),
        ("tumbling" | "hopping", _) => Err(value.error(WINDOW)),
        _ => Err(syn::Error::new(name.span(), WINDOW)),
    }
}

/// `name(value, value)`, taken apart.
fn call(tokens: &TokenStream) -> Option<(Ident, Vec<Value>)> {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let [TokenTree::Ident(name), TokenTree::Group(group)] = tokens.as_slice() else { return None };
    if group.delimiter() != Delimiter::Parenthesis {
        return None;
    }
    let arguments = split_at_commas(group.stream()).into_iter();
    let arguments = arguments.map(|tokens| Value::new(tokens.into_iter().collect()));
    Some((name.clone(), arguments.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Option<Window>, Vec<String>) {
        let mut errors = Errors::default();
        let window = window(text.parse().expect("Rust tokens"), &mut errors);
        (window, errors.messages())
    }

    #[test]
    fn windows_tumble_or_hop_and_may_expire() {
        let hour = Duration::from_secs(3600);
        let tumbling = Window { size: hour, step: hour, expires: None };
        assert_eq!(read(""), (None, vec![]));
        assert_eq!(read("window = tumbling(\"1h\")"), (Some(tumbling), vec![]));
        let hopping = Window { step: Duration::from_secs(600), expires: Some(24 * hour), ..tumbling };
        assert_eq!(read("expires = \"1d\", window = hopping(3600, \"10m\",)"), (Some(hopping), vec![]));
    }

    #[test]
    fn what_is_no_window_is_told_what_to_be() {
        for text in ["\"1h\"", "tumbling", "tumbling()", "tumbling(1, 2)", "hopping(1)", "sliding(\"1h\")"] {
            let (window, errors) = read(&format!("window = {text}"));
            assert!(errors.len() == 1 && errors[0].starts_with("expected `tumbling("), "{text}: {errors:?}");
            // So that a `WindowedTable` is not told to have a window.
            assert!(window.is_some());
        }
        let said = |text| read(text).1.concat();
        assert!(said("window = tumbling(0)").contains("longer than zero"));
        assert!(said("window = tumbling(\"soon\")").contains("not a duration"));
        assert!(said("window = hopping(1, 2)").contains("is in none"));
        assert!(said("window = hopping(3600, 1)").contains("those are 3600"));
        assert!(said("expires = \"1d\"").contains("only windows expire"));
        assert!(said("windw = tumbling(1)").contains("did you mean `window`?"));
    }
}
