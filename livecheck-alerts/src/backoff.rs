//! How long it is waited before a message is sent again.

use std::time::Duration;

use crate::labels::fnv1a;

/// The first pause.
const FIRST: Duration = Duration::from_secs(1);
/// The longest pause where the receiver could not be reached: it is noticed within this that it is back.
const LONGEST: Duration = Duration::from_secs(60);
/// The pause where the receiver does not want the message: that is mended by people.
const REFUSED: Duration = Duration::from_secs(300);

/// The pause after so many failures in a row, which doubles. A part of it, up to a half, depends on who waits, so that
/// not all come at once when a receiver is back.
#[must_use]
pub(crate) fn pause(failures: u32, refused: bool, who: &str) -> Duration {
    let doubled = FIRST * 2_u32.saturating_pow(failures.saturating_sub(1).min(10));
    let longest = if refused { REFUSED } else { LONGEST };
    let pause = if refused { REFUSED } else { doubled.min(longest) };
    let share = fnv1a(format!("{who}/{failures}").as_bytes()) % 1_000;
    pause - pause.mul_f64(share as f64 / 2_000.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_pause_doubles_up_to_the_longest(failures in 1_u32..200, who in "[a-z]{1,9}") {
            let whole = FIRST.mul_f64(2_f64.powi(failures.min(7) as i32 - 1)).min(LONGEST);
            let pause = pause(failures, false, &who);
            prop_assert!(pause <= whole && pause >= whole / 2, "{pause:?} of {whole:?}");
        }
    }

    #[test]
    fn not_all_come_at_once() {
        let pauses: std::collections::BTreeSet<_> =
            (0..100).map(|who| pause(7, false, &who.to_string())).collect();
        assert!(pauses.len() > 50, "{}", pauses.len());
        assert!(pause(1, true, "a") >= REFUSED / 2);
    }
}
