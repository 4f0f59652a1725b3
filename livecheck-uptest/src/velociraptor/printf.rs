//! What Go's `fmt.Printf` makes of a format without arguments.
//!
//! After <https://pkg.go.dev/fmt>, "Format errors": a verb without an argument is `%!verb(MISSING)`, a width or
//! precision that is to be taken from an argument `%!(BADWIDTH)` or `%!(BADPREC)`, an index of an argument
//! `%!verb(BADINDEX)`, and a per cent sign at the end `%!(NOVERB)`. Flags and numbers before a verb vanish.

/// A width or a precision beyond this is none, and neither is what follows.
const LARGEST: u32 = 1_000_000;

/// The format, printed.
pub(super) fn without_arguments(format: &str) -> String {
    let mut out = String::with_capacity(format.len());
    let mut rest = format;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        rest = directive(after, &mut out);
    }
    out + rest
}

/// Prints what stands behind a per cent sign; gives what stands behind the verb.
fn directive<'a>(after: &'a str, out: &mut String) -> &'a str {
    let mut rest = Rest { text: after.trim_start_matches(['#', '0', '+', '-', ' ']), has_index: false };
    let mut after_index = rest.index();
    if rest.star() {
        out.push_str("%!(BADWIDTH)");
        after_index = false;
    } else {
        rest.number();
    }
    if rest.text.len() > 1 && rest.text.starts_with('.') {
        rest.text = &rest.text[1..];
        after_index = rest.index();
        if rest.star() {
            out.push_str("%!(BADPREC)");
            after_index = false;
        } else {
            rest.number();
        }
    }
    if !after_index {
        rest.index();
    }
    let mut characters = rest.text.chars();
    match characters.next() {
        None => out.push_str("%!(NOVERB)"),
        Some('%') => out.push('%'),
        Some(verb) => {
            out.push_str("%!");
            out.push(verb);
            out.push_str(if rest.has_index { "(BADINDEX)" } else { "(MISSING)" });
        }
    }
    characters.as_str()
}

/// What is left of a format, in the middle of a directive.
struct Rest<'a> {
    text: &'a str,
    /// Whether there was the index of an argument: of none there is one.
    has_index: bool,
}

impl Rest<'_> {
    /// Passes the index of an argument, such as `[1]`, whatever stands in it. Says whether that is a number.
    fn index(&mut self) -> bool {
        let Some(inside) = self.text.strip_prefix('[') else { return false };
        self.has_index = true;
        let Some((index, after)) = inside.split_once(']') else {
            self.text = inside;
            return false;
        };
        self.text = after;
        !index.is_empty() && number_in(index) == Some("")
    }

    fn star(&mut self) -> bool {
        let after = self.text.strip_prefix('*');
        self.text = after.unwrap_or(self.text);
        after.is_some()
    }

    fn number(&mut self) {
        self.text = number_in(self.text).unwrap_or_default();
    }
}

/// What stands behind the number at the beginning, which may have no digit; nothing if it is too large.
fn number_in(text: &str) -> Option<&str> {
    let mut number = 0;
    for (at, character) in text.char_indices() {
        let Some(digit) = character.to_digit(10) else { return Some(&text[at..]) };
        if number > LARGEST {
            return None;
        }
        number = number * 10 + digit;
    }
    Some("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_per_cent_sign_is_a_verb_without_an_argument() {
        // Each was printed by Go 1.26.
        for (format, printed) in [
            ("plain", "plain"),
            ("100%%", "100%"),
            ("100% ok", "100%!o(MISSING)k"),
            ("%\\n", "%!\\(MISSING)n"),
            ("%-08.3f|", "%!f(MISSING)|"),
            ("%*d|", "%!(BADWIDTH)%!d(MISSING)|"),
            ("%.*d|", "%!(BADPREC)%!d(MISSING)|"),
            ("%[1]d|", "%!d(BADINDEX)|"),
            ("%[x", "%!x(BADINDEX)"),
            ("%[3].[2]*[1]f|", "%!(BADPREC)%!f(BADINDEX)|"),
            ("%ä", "%!ä(MISSING)"),
            ("%", "%!(NOVERB)"),
            ("%.", "%!.(MISSING)"),
            ("%9999999999d", "%!(NOVERB)"),
            ("%5%", "%"),
        ] {
            assert_eq!(without_arguments(format), printed, "{format}");
        }
    }
}
