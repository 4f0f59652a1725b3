//! The name that a user probably meant.

/// The known name that `name` is most like, if it is like one at all.
pub(crate) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let name = name.to_lowercase().replace('-', "_");
    known
        .iter()
        .map(|&candidate| (strsim::damerau_levenshtein(&name, candidate), candidate))
        .filter(|&(distance, candidate)| distance <= candidate.len().max(name.len()) / 3)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    const KNOWN: &[&str] = &["name", "probability", "test_expires", "url_timeout_total", "timeout"];

    #[test]
    fn finds_what_was_mistyped() {
        assert_eq!(nearest("probabilty", KNOWN), Some("probability"));
        assert_eq!(nearest("Name", KNOWN), Some("name"));
        assert_eq!(nearest("test-expires", KNOWN), Some("test_expires"));
        assert_eq!(nearest("test_expire", KNOWN), Some("test_expires"));
        assert_eq!(nearest("url_timeout_totla", KNOWN), Some("url_timeout_total"));
        assert_eq!(nearest("timeot", KNOWN), Some("timeout"));
    }

    #[test]
    fn does_not_guess_wildly() {
        assert_eq!(nearest("retries", KNOWN), None);
        assert_eq!(nearest("x", KNOWN), None);
        assert_eq!(nearest("", KNOWN), None);
    }
}
