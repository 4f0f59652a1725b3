//! What is read from several partitions, put into the order of the log's time.

use std::collections::{BTreeMap, VecDeque};

use livecheck_core::Timestamp;

/// Records of several partitions, given back by their log time.
///
/// A record is given back once no partition can have an older one: each has either a record that waits, or has
/// been read to its end. So what is read after a pause, partition after partition, is seen in the order in which
/// it happened.
#[derive(Debug)]
pub(crate) struct Merge<T> {
    lines: BTreeMap<i32, Line<T>>,
}

#[derive(Debug)]
struct Line<T> {
    waiting: VecDeque<(Timestamp, T)>,
    at_end: bool,
}

/// A record that is given back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Merged<T> {
    pub(crate) partition: i32,
    pub(crate) at: Timestamp,
    pub(crate) record: T,
}

impl<T> Merge<T> {
    /// Of those partitions, of which nothing is known yet.
    pub(crate) fn of(partitions: impl IntoIterator<Item = i32>) -> Self {
        let line = |number| (number, Line { waiting: VecDeque::new(), at_end: false });
        Self { lines: partitions.into_iter().map(line).collect() }
    }

    /// The next record of a partition was read.
    pub(crate) fn push(&mut self, partition: i32, at: Timestamp, record: T) {
        if let Some(line) = self.lines.get_mut(&partition) {
            line.waiting.push_back((at, record));
            line.at_end = false;
        }
    }

    /// A partition was read to its end.
    pub(crate) fn at_end(&mut self, partition: i32) {
        if let Some(line) = self.lines.get_mut(&partition) {
            line.at_end = true;
        }
    }

    /// Every partition may have grown: none counts as read to its end until that is said anew.
    pub(crate) fn reopen(&mut self) {
        self.lines.values_mut().for_each(|line| line.at_end = false);
    }

    /// Whether all was given back, and every partition read to its end.
    pub(crate) fn is_level(&self) -> bool {
        self.lines.values().all(|line| line.at_end && line.waiting.is_empty())
    }

    /// The partitions, and how many records of each wait for the others.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = (i32, usize)> + '_ {
        self.lines.iter().map(|(number, line)| (*number, line.waiting.len()))
    }

    /// The oldest record, if it is certain that it is the oldest.
    pub(crate) fn pop(&mut self) -> Option<Merged<T>> {
        if self.lines.values().any(|line| line.waiting.is_empty() && !line.at_end) {
            return None;
        }
        let fronts = self.lines.iter_mut().filter(|(_, line)| !line.waiting.is_empty());
        let (number, line) = fronts.min_by_key(|(_, line)| line.waiting.front().map(|(at, _)| *at))?;
        let (at, record) = line.waiting.pop_front()?;
        Some(Merged { partition: *number, at, record })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn nothing_is_given_back_while_a_partition_may_have_something_older() {
        let mut merge = Merge::of([0, 1]);
        merge.push(0, at(2), "later");
        assert_eq!(merge.pop(), None);
        merge.push(1, at(1), "earlier");
        assert_eq!(merge.pop().map(|merged| merged.record), Some("earlier"));
        assert_eq!(merge.pop(), None, "the next of partition 1 may be older");
        merge.at_end(1);
        assert_eq!(merge.pop().map(|merged| merged.record), Some("later"));
        assert!(!merge.is_level());
        merge.at_end(0);
        assert!(merge.is_level());
        merge.reopen();
        assert!(!merge.is_level());
    }

    proptest! {
        #[test]
        fn however_it_is_read_it_comes_in_order_and_whole(
            lines in proptest::collection::vec(proptest::collection::vec(0..100_i64, 0..20), 1..5),
            turns in proptest::collection::vec(0..5_usize, 0..200),
        ) {
            let lines: Vec<Vec<i64>> = lines.into_iter().map(|mut line| { line.sort_unstable(); line }).collect();
            let mut merge = Merge::of(0..i32::try_from(lines.len()).expect("few"));
            let mut left: Vec<_> = lines.iter().map(|line| line.iter()).collect();
            let mut given = Vec::new();
            let all = (0..lines.len()).cycle().take(lines.len() * 25);
            for turn in turns.into_iter().map(|turn| turn % lines.len()).chain(all) {
                let partition = i32::try_from(turn).expect("few");
                match left[turn].next() {
                    Some(time) => merge.push(partition, at(*time), ()),
                    None => merge.at_end(partition),
                }
                given.extend(std::iter::from_fn(|| merge.pop()).map(|merged| merged.at.as_millis()));
            }
            let mut expected: Vec<i64> = lines.concat();
            expected.sort_unstable();
            prop_assert!(merge.is_level());
            prop_assert_eq!(given, expected);
        }
    }
}
