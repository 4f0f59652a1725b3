//! The values that a failed assertion has compared, found in what it says.

use livecheck_core::text;
use livecheck_core::wire::{Difference, Explanation};

/// The two values of a failed `assert_eq!`, as the standard library's message has them.
///
/// What two other macros say is left as it is: only `assert_eq!` writes both values and says that they should be
/// equal.
pub(crate) fn of_assertion(message: &str) -> Option<Difference> {
    let (_, left, right) = parts(message)?;
    let cut = |value: &str| text::cut(value, Explanation::COMPARED_CHARACTERS);
    Some(Difference { left: cut(left), right: cut(right) })
}

/// What such a message says beside the values: its first lines. Of any other message, all of it.
pub(crate) fn without_values(message: &str) -> &str {
    parts(message).map_or(message, |(head, ..)| head)
}

/// Head, left and right of `assertion `left == right` failed: why\n  left: 1\n right: 2`.
fn parts(message: &str) -> Option<(&str, &str, &str)> {
    if !message.starts_with("assertion `left == right` failed") {
        return None;
    }
    // From behind: what the case says itself stands in front.
    let (rest, right) = message.rsplit_once("\n right: ")?;
    let (head, left) = rest.rsplit_once("\n  left: ")?;
    Some((head, left, right))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a failed assertion says.
    fn said(assertion: impl FnOnce() + std::panic::UnwindSafe) -> String {
        crate::execute::capture_panics();
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let failed = runtime.block_on(crate::execute::caught(async { assertion() }));
        failed.expect_err("it fails").message
    }

    #[test]
    fn the_values_of_assert_eq_are_found_as_the_standard_library_writes_them_today() {
        let message = said(|| assert_eq!("a\n right: b", "c", "first\n  left: no\n right: neither"));
        let difference = of_assertion(&message).expect("two values");
        assert_eq!(difference, Difference { left: r#""a\n right: b""#.into(), right: r#""c""#.into() });
        assert!(without_values(&message).ends_with("failed: first\n  left: no\n right: neither"));
        let bare = said(|| assert_eq!(1, 2));
        assert_eq!(of_assertion(&bare), Some(Difference { left: "1".into(), right: "2".into() }));
        assert_eq!(without_values(&bare), "assertion `left == right` failed");
    }

    #[test]
    fn other_messages_have_no_values_and_stay_whole() {
        for message in [said(|| assert_ne!(1, 1)), said(|| panic!("no\n  left: 1\n right: 2")), String::new()]
        {
            assert_eq!(of_assertion(&message), None);
            assert_eq!(without_values(&message), message);
        }
    }
}
