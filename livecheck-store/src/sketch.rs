//! How many values there were of about which size: from it come quantiles, and two of them make one.

use std::cmp::Ordering;

/// The relative error of a quantile: 1 %.
///
/// A value lies in bucket `i` if γ^(i-1) < value ≤ γ^i, with γ = (1 + α) / (1 - α): the sketch of Masson, Rim and Lee,
/// "`DDSketch`: A Fast and Fully-Mergeable Quantile Sketch with Relative-Error Guarantees" (VLDB 2019). Its buckets are
/// the same everywhere, so adding up two of them loses nothing.
const ALPHA: f64 = 0.01;
const GAMMA: f64 = (1.0 + ALPHA) / (1.0 - ALPHA);
/// Values below are as good as zero: a microsecond, in seconds.
const LEAST: f64 = 1e-6;
/// The bucket of what is as good as zero.
const ZERO: i32 = i32::MIN;
/// The bucket of the largest value that is told from larger ones: some thirty years.
const MOST: i32 = 1_034;

/// How many values there were of about which size.
///
/// ```
/// use livecheck_store::Sketch;
///
/// let mut sketch: Sketch = (1..=1000).map(|n| f64::from(n) / 1000.0).collect();
/// sketch.merge(&[9.0, 9.0].into_iter().collect());
/// assert_eq!(sketch.count(), 1002);
/// let p50 = sketch.quantile(0.5).expect("there are values");
/// assert!((p50 - 0.5).abs() < 0.01);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sketch {
    /// The buckets that have values, in their order, and how many: some dozens, next to each other.
    buckets: Vec<(i32, u64)>,
    count: u64,
}

/// Bytes that are not a sketch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes of a sketch are damaged")]
pub struct SketchError;

impl Sketch {
    /// Counts a value, in seconds. What is no number is left out; what is negative counts as zero.
    pub fn add(&mut self, value: f64) {
        if value.is_nan() {
            return;
        }
        let bucket = bucket(value);
        match self.buckets.binary_search_by_key(&bucket, |(bucket, _)| *bucket) {
            Ok(found) => self.buckets[found].1 += 1,
            Err(place) => self.buckets.insert(place, (bucket, 1)),
        }
        self.count += 1;
    }

    /// Adds all that the other has counted.
    pub fn merge(&mut self, other: &Self) {
        let (mut one, mut two) =
            (self.buckets.iter().copied().peekable(), other.buckets.iter().copied().peekable());
        let mut merged = Vec::with_capacity(self.buckets.len().max(other.buckets.len()) + 8);
        while let (Some(&(left, count)), Some(&(right, more))) = (one.peek(), two.peek()) {
            merged.push(match left.cmp(&right) {
                Ordering::Less => (left, count),
                Ordering::Equal => (left, count.saturating_add(more)),
                Ordering::Greater => (right, more),
            });
            one.next_if(|(bucket, _)| *bucket <= right);
            two.next_if(|(bucket, _)| *bucket <= left);
        }
        merged.extend(one);
        merged.extend(two);
        self.buckets = merged;
        self.count = self.count.saturating_add(other.count);
    }

    /// How many values there were.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The value that this share of the values does not exceed, from 0 to 1; within 1 % of one that there was.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<f64> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a rank"
        )]
        let rank = ((share.clamp(0.0, 1.0) * self.count as f64).ceil() as u64).max(1);
        let mut seen = 0;
        for (bucket, count) in &self.buckets {
            seen += count;
            if seen >= rank {
                return Some(middle(*bucket));
            }
        }
        None
    }

    /// As bytes: of each bucket, how far it is from the one before, and its count.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.buckets.len() * 3);
        // Zero has no neighbours: its count stands first.
        let (zeros, others) = match self.buckets.split_first() {
            Some(((ZERO, zeros), others)) => (*zeros, others),
            _ => (0, &self.buckets[..]),
        };
        write_number(&mut bytes, zeros);
        let mut last = LOWEST - 1;
        for (bucket, count) in others {
            write_number(&mut bytes, u64::from(bucket.abs_diff(last)));
            write_number(&mut bytes, *count);
            last = *bucket;
        }
        bytes
    }

    /// Reads what [`encode`](Self::encode) has written.
    ///
    /// # Errors
    ///
    /// [`SketchError`]: these are other bytes.
    pub fn decode(mut bytes: &[u8]) -> Result<Self, SketchError> {
        let mut sketch = Self { buckets: Vec::with_capacity(bytes.len() / 2), count: 0 };
        let zeros = read_number(&mut bytes)?;
        sketch.push(ZERO, zeros)?;
        let mut last = LOWEST - 1;
        while !bytes.is_empty() {
            let step = i32::try_from(read_number(&mut bytes)?).map_err(|_| SketchError)?;
            last = last.checked_add(step).filter(|bucket| step > 0 && *bucket <= MOST).ok_or(SketchError)?;
            let count = read_number(&mut bytes)?;
            sketch.push(last, count)?;
        }
        Ok(sketch)
    }

    /// Adds a bucket behind the last.
    fn push(&mut self, bucket: i32, count: u64) -> Result<(), SketchError> {
        self.count = self.count.checked_add(count).ok_or(SketchError)?;
        if count > 0 {
            self.buckets.push((bucket, count));
        }
        Ok(())
    }
}

impl FromIterator<f64> for Sketch {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut sketch = Self::default();
        values.into_iter().for_each(|value| sketch.add(value));
        sketch
    }
}

/// The bucket of the smallest value that is told from zero.
const LOWEST: i32 = -690;

fn bucket(value: f64) -> i32 {
    if value < LEAST {
        return ZERO;
    }
    #[expect(clippy::cast_possible_truncation, reason = "it is clamped, and infinity saturates")]
    let bucket = (value.ln() / GAMMA.ln()).ceil() as i32;
    bucket.clamp(LOWEST, MOST)
}

fn middle(bucket: i32) -> f64 {
    if bucket == ZERO { 0.0 } else { 2.0 * GAMMA.powi(bucket) / (GAMMA + 1.0) }
}

/// Seven bits a byte, the lowest first; the eighth says that more follow.
fn write_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

fn read_number(bytes: &mut &[u8]) -> Result<u64, SketchError> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first().ok_or(SketchError)?;
        *bytes = rest;
        number |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(SketchError)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_quantile_is_within_a_hundredth_of_the_true_one(
            mut values in vec(1e-5..1e5_f64, 1..300),
            share in 0.0..1.0_f64,
        ) {
            let sketch: Sketch = values.iter().copied().collect();
            values.sort_by(f64::total_cmp);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a rank")]
            let rank = ((share * values.len() as f64).ceil() as usize).max(1);
            let (true_one, found) = (values[rank - 1], sketch.quantile(share).expect("there are values"));
            prop_assert!((found - true_one).abs() <= true_one * (ALPHA + 1e-9), "{found} for {true_one}");
        }

        #[test]
        fn two_that_are_merged_are_the_one_of_all_values(
            one in vec(-1.0..1e9_f64, 0..100),
            other in vec(0.0..1e-3_f64, 0..100),
        ) {
            let mut merged: Sketch = one.iter().copied().collect();
            merged.merge(&other.iter().copied().collect());
            prop_assert_eq!(merged, one.into_iter().chain(other).collect::<Sketch>());
        }

        #[test]
        fn what_is_written_is_read(values in vec(prop_oneof![Just(0.0), Just(f64::INFINITY), 0.0..1e12_f64], 0..100)) {
            let sketch: Sketch = values.into_iter().collect();
            prop_assert_eq!(Sketch::decode(&sketch.encode()), Ok(sketch));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..60)) {
            if let Ok(sketch) = Sketch::decode(&bytes) {
                let _ = sketch.quantile(0.5);
            }
        }
    }

    #[test]
    fn of_no_values_there_is_no_quantile() {
        assert_eq!(Sketch::default().quantile(0.5), None);
    }
}
