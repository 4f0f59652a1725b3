//! A type as its author would write it.

use proc_macro2::{Spacing, TokenStream, TokenTree};
use quote::ToTokens;

/// The type on one line. `TokenStream`'s own text has a space between any two tokens.
pub(crate) fn type_name(ty: &impl ToTokens) -> String {
    let mut text = String::new();
    write(ty.to_token_stream(), &mut text);
    text
}

fn write(tokens: TokenStream, text: &mut String) {
    // Whether what follows `+`, `->` and the like may need a space.
    let mut joint = false;
    for token in tokens {
        let ends_in_word = text.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '"');
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    proc_macro2::Delimiter::Parenthesis => ("(", ")"),
                    proc_macro2::Delimiter::Bracket => ("[", "]"),
                    proc_macro2::Delimiter::Brace => ("{", "}"),
                    proc_macro2::Delimiter::None => ("", ""),
                };
                // `&mut [T]`, but `Fn(T)`.
                if ends_in_word && group.delimiter() == proc_macro2::Delimiter::Bracket {
                    text.push(' ');
                }
                text.push_str(open);
                write(group.stream(), text);
                text.push_str(close);
            }
            TokenTree::Punct(punct) => {
                let spaced = matches!(punct.as_char(), '+' | '=' | '-') && !joint;
                if spaced {
                    text.push(' ');
                }
                text.push(punct.as_char());
                let ends = punct.spacing() == Spacing::Alone;
                let arrow = punct.as_char() == '>' && text.ends_with("->");
                if matches!(punct.as_char(), ',' | ';' | '+' | '=') || arrow {
                    text.push(' ');
                }
                joint = !ends;
                continue;
            }
            TokenTree::Ident(word) => {
                if ends_in_word {
                    text.push(' ');
                }
                text.push_str(&word.to_string());
            }
            TokenTree::Literal(literal) => {
                if ends_in_word {
                    text.push(' ');
                }
                text.push_str(&literal.to_string());
            }
        }
        joint = false;
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
