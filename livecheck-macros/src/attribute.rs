//! The form that the attributes share, such as `#[livecheck::case(…)]` and `#[signal(…)]`: `option = value, list(value)`.
//!
//! It is split by hand, not parsed as expressions, so that one bad option does not hide the others.

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use syn::ext::IdentExt;

use crate::nearest::nearest;
use crate::value::Value;

/// An option that is known and given once.
pub(crate) struct Entry {
    /// Its name, as the user wrote it.
    pub(crate) key: Ident,
    /// What stands behind the equals sign.
    pub(crate) value: Value,
}

/// The options that are written as a list: `tags("smoke", "payments")`.
const LISTS: &[&str] = &["tags"];

/// The options in `tokens`, or what is wrong with each, in order. `owner` is the attribute, as a message names
/// it.
pub(crate) fn entries(tokens: TokenStream, owner: &str, known: &[&str]) -> Vec<syn::Result<Entry>> {
    let mut seen = Vec::new();
    let parts = split_at_commas(tokens);
    let entry = |part: &Vec<TokenTree>| {
        let (key, value) = key_and_value(part, owner)?;
        let name = key.unraw().to_string();
        if !known.contains(&name.as_str()) {
            return Err(syn::Error::new(key.span(), unknown(&name, owner, known)));
        }
        if seen.contains(&name) {
            return Err(syn::Error::new(key.span(), format_args!("`{name}` is given twice")));
        }
        seen.push(name);
        Ok(Entry { key, value })
    };
    parts.iter().map(entry).collect()
}

/// The parts between commas, of which the last may be followed by one, too.
pub(crate) fn split_at_commas(tokens: TokenStream) -> Vec<Vec<TokenTree>> {
    let mut parts = vec![Vec::new()];
    for token in tokens {
        match (&token, parts.last_mut()) {
            (TokenTree::Punct(punct), _) if punct.as_char() == ',' => parts.push(Vec::new()),
            (_, Some(part)) => part.push(token),
            // There is always a last part.
            (_, None) => {}
        }
    }
    // A comma at the end is as good as none.
    if parts.last().is_some_and(Vec::is_empty) {
        parts.pop();
    }
    parts
}

fn key_and_value(tokens: &[TokenTree], owner: &str) -> syn::Result<(Ident, Value)> {
    let [TokenTree::Ident(key), rest @ ..] = tokens else {
        let message = format!("`{owner}` takes options of the form `option = value`");
        return Err(match tokens {
            [] => syn::Error::new(Span::call_site(), format!("{message}; there is a comma too many")),
            _ => syn::Error::new_spanned(tokens.iter().cloned().collect::<TokenStream>(), message),
        });
    };
    let is_list = LISTS.iter().any(|list| key.unraw() == *list);
    match rest {
        [TokenTree::Group(list)] if is_list && list.delimiter() == Delimiter::Parenthesis => {
            Ok((key.clone(), Value::new(list.stream())))
        }
        _ if is_list => {
            let message = format!("`{key}` takes a list: `{key}(\"smoke\", \"payments\")`");
            Err(syn::Error::new_spanned(tokens.iter().cloned().collect::<TokenStream>(), message))
        }
        [TokenTree::Punct(equals), value @ ..] if equals.as_char() == '=' && !value.is_empty() => {
            Ok((key.clone(), Value::new(value.iter().cloned().collect())))
        }
        _ => {
            let message = format!("`{key}` takes a value: `{key} = …`");
            Err(syn::Error::new_spanned(tokens.iter().cloned().collect::<TokenStream>(), message))
        }
    }
}

fn unknown(name: &str, owner: &str, known: &[&str]) -> String {
    match nearest(name, known) {
        Some(nearest) => format!("`{owner}` has no option `{name}`; did you mean `{nearest}`?"),
        None => format!("`{owner}` has no option `{name}`; it has {}", enumerated(known)),
    }
}

fn enumerated(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => "none".to_owned(),
        [only] => only.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::errors::Errors;

    fn parse(text: &str) -> (Vec<String>, Vec<String>) {
        let tokens = text.parse().expect("Rust tokens");
        let mut errors = Errors::default();
        let entries = entries(tokens, "#[case]", &["name", "crate", "active"]);
        let entries = entries.into_iter().filter_map(|entry| errors.take(entry));
        (entries.map(|entry| entry.key.to_string()).collect(), errors.messages())
    }

    #[test]
    fn takes_known_options_in_any_order_and_a_comma_at_the_end() {
        assert_eq!(parse("active = true, name = \"n\",").0, ["active", "name"]);
        assert_eq!(parse("").0, [""; 0]);
        assert_eq!(parse("r#name = \"n\"").0, ["r#name"]);
    }

    #[test]
    fn says_all_that_is_wrong_at_once() {
        let (entries, errors) = parse("nam = 1, active, name = \"a\", name = \"b\", 3, zzzzzz = 4,, crate =");
        assert_eq!(entries, ["name"]);
        assert_eq!(
            errors,
            [
                "`#[case]` has no option `nam`; did you mean `name`?",
                "`active` takes a value: `active = …`",
                "`name` is given twice",
                "`#[case]` takes options of the form `option = value`",
                "`#[case]` has no option `zzzzzz`; it has `name`, `crate` and `active`",
                "`#[case]` takes options of the form `option = value`; there is a comma too many",
                "`crate` takes a value: `crate = …`",
            ]
        );
    }
}
