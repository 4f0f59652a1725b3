//! By how much a slot is fired later.

use std::{hash::Hasher, time::Duration};

use fnv::FnvHasher;

/// A time from nothing up to, and without, `most`: always the same for a name and a slot, whoever asks, and spread evenly
/// over names and slots.
///
/// A hash, and no random number: the runner that takes over has to find the slot where its predecessor would have.
pub(crate) fn of(name: &str, slot_micros: i64, most: Duration) -> Duration {
    let most = u64::try_from(most.as_micros()).unwrap_or(u64::MAX);
    if most == 0 {
        return Duration::ZERO;
    }
    // FNV-1a is fixed for all time, as the standard library's hash is not.
    let mut hash = FnvHasher::default();
    hash.write(name.as_bytes());
    hash.write(&slot_micros.to_le_bytes());
    Duration::from_micros(mixed(hash.finish()) % most)
}

/// The end of `SplitMix64`: one bit of difference in becomes many out.
fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_spread_over_all_of_the_time_and_stays_what_it_is() {
        let most = Duration::from_secs(60);
        let minutes = (0..6_000_i64).map(|slot| of("token", slot * 3_600_000_000, most).as_secs() / 6);
        let mut tenths = [0_u32; 10];
        for tenth in minutes {
            tenths[usize::try_from(tenth).expect("small")] += 1;
        }
        assert!(tenths.iter().all(|count| (450..750).contains(count)), "{tenths:?}");
        // Written down, so that another version of this program finds the same.
        assert_eq!(of("token", 3_600_000_000, most), Duration::from_micros(22_377_020));
        assert_eq!(of("token", 0, Duration::ZERO), Duration::ZERO);
    }
}
