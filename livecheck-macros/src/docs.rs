//! Documentation comments: the case's own, and those of the items that are generated.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The text of a documentation comment, if the attribute is one.
///
/// What is computed, as in `#[doc = include_str!("…")]`, is not known when a macro expands.
fn line(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// The documentation comments among the attributes as one text, as rustdoc would read them.
pub(crate) fn text(attributes: &[Attribute]) -> String {
    let comments: Vec<_> = attributes.iter().filter_map(line).collect();
    let lines: Vec<_> = comments.iter().flat_map(|comment| comment.split('\n')).map(str::trim_end).collect();
    // The space behind `///` belongs to the comment; what is beyond that to the text.
    let filled = || lines.iter().filter(|line| !line.is_empty());
    let margin = filled().map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    let lines: Vec<_> = lines.iter().map(|line| line.get(margin..).unwrap_or_default()).collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    #[test]
    fn reads_comments_of_every_form() {
        let attributes: Vec<Attribute> = vec![
            parse_quote!(#[doc = " An order keeps its side."]),
            parse_quote!(#[must_use]),
            parse_quote!(#[doc = ""]),
            parse_quote!(#[doc = "     indented"]),
            parse_quote!(#[doc(hidden)]),
            parse_quote!(#[doc = "\n in a block\n "]),
        ];
        assert_eq!(text(&attributes), "An order keeps its side.\n\n    indented\n\nin a block");
        assert_eq!(text(&[]), "");
    }
}
