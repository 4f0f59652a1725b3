//! A type as its author would write it.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use quote::ToTokens;

/// The type on one line. `TokenStream`'s own text has a space between any two tokens.
pub(crate) fn type_name(ty: &impl ToTokens) -> String {
    let mut text = String::new();
    write(ty.to_token_stream(), &mut text);
    text
}

fn write(tokens: TokenStream, text: &mut String) {
    // Whether the token before is the first half of `->` or `::`.
    let mut half = false;
    for token in tokens {
        let after_word = text.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '"'));
        let was_half = std::mem::take(&mut half);
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    // `&mut [T]`, but `Fn(T)`.
                    Delimiter::Bracket if after_word => (" [", "]"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::None => ("", ""),
                };
                text.push_str(open);
                write(group.stream(), text);
                text.push_str(close);
            }
            TokenTree::Punct(punct) => {
                let sign = punct.as_char();
                if matches!(sign, '+' | '=' | '-') && !was_half {
                    text.push(' ');
                }
                text.push(sign);
                if matches!(sign, ',' | ';' | '+' | '=') || text.ends_with("->") {
                    text.push(' ');
                }
                half = punct.spacing() == Spacing::Joint;
            }
            TokenTree::Ident(_) | TokenTree::Literal(_) => {
                if after_word {
                    text.push(' ');
                }
                text.push_str(&token.to_string());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::type_name;

    #[test]
    fn is_as_people_write_it() {
        for written in [
            "Side",
            "livecheck::Signal<Order>",
            "Vec<Option<(u8, String)>>",
            "[u8; 4]",
            "()",
            "Box<dyn Any + Send>",
            "&'static str",
            "&mut [T]",
            "<Order as Entity>::Id",
            "fn(u8) -> bool",
            "impl Fn(&str) -> String",
            "*const u8",
            "HashMap<String, r#type>",
            "Box<dyn Iterator<Item = u8>>",
        ] {
            let ty: syn::Type = syn::parse_str(written).expect(written);
            assert_eq!(type_name(&ty), written);
        }
    }
}
