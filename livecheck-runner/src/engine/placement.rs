//! Which partition a key has: that of Java's producer, of Faust's, and of ours.

/// A partition, and how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    partition: i32,
    partitions: i32,
}

impl Placement {
    /// That partition of so many.
    #[must_use]
    pub const fn new(partition: i32, partitions: i32) -> Self {
        Self { partition, partitions }
    }

    /// The partition.
    #[must_use]
    pub const fn partition(self) -> i32 {
        self.partition
    }

    /// All the partitions.
    pub(super) fn all(self) -> impl Iterator<Item = i32> {
        0..self.partitions.max(1)
    }

    /// The partitions but this one.
    pub(super) fn others(self) -> impl Iterator<Item = i32> {
        self.all().filter(move |partition| *partition != self.partition)
    }

    /// The partition of a record with that key.
    pub(super) fn of_key(self, key: &str) -> i32 {
        // As `Utils.toPositive(Utils.murmur2(key)) % partitions` in Java.
        let positive = murmur2(key.as_bytes()) & 0x7fff_ffff;
        i32::try_from(positive).unwrap_or(i32::MAX) % self.partitions.max(1)
    }

    /// Whether a record with that key belongs here.
    pub(super) fn is_of_key(self, key: &str) -> bool {
        self.of_key(key) == self.partition
    }
}

/// The hash `MurmurHash2`, 32 bits, with the seed of Kafka's clients: `org.apache.kafka.common.utils.Utils.murmur2`.
fn murmur2(bytes: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    const R: u32 = 24;

    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let mut words = bytes.chunks_exact(4);
    let mut hash = words.by_ref().fold(SEED ^ length, |hash, word| {
        let word = word.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte));
        let word = word.wrapping_mul(M);
        hash.wrapping_mul(M) ^ (word ^ word >> R).wrapping_mul(M)
    });
    let rest = words.remainder();
    if !rest.is_empty() {
        hash = (hash ^ rest.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte))).wrapping_mul(M);
    }
    hash = (hash ^ hash >> 13).wrapping_mul(M);
    hash ^ hash >> 15
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_kafkas_own_test() {
        // UtilsTest.testMurmur2 of Apache Kafka.
        let vectors = [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ];
        for (text, hash) in vectors {
            assert_eq!(murmur2(text.as_bytes()).to_ne_bytes(), i32::to_ne_bytes(hash), "{text}");
        }
    }

    #[test]
    fn where_there_is_one_partition_every_key_is_in_it() {
        assert!(["", "a", "parcel-9"].iter().all(|key| Placement::new(0, 1).is_of_key(key)));
    }
}
