//! How far a consumer is behind, by librdkafka's statistics.

use rdkafka::Statistics;
use rdkafka::statistics::Partition;

/// How far a consumer of ours is behind in one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartitionLag {
    pub(crate) topic: String,
    pub(crate) partition: i32,
    /// How many records it has yet to read; none of a partition that is another runner's now.
    pub(crate) records: Option<u64>,
}

/// Of each partition that the consumer reads, or has read.
pub(super) fn lags(statistics: &Statistics) -> Vec<PartitionLag> {
    let topics = statistics.topics.iter();
    let partitions = topics.flat_map(|(topic, known)| known.partitions.values().map(move |of| (topic, of)));
    partitions
        // librdkafka counts what it cannot place in a partition of the number -1.
        .filter(|(_, of)| of.partition >= 0)
        .map(|(topic, of)| PartitionLag { topic: topic.clone(), partition: of.partition, records: lag(of) })
        .collect()
}

/// From the last record that we were given to the end. Once all that was fetched has been given to us, what was fetched
/// counts: the end of the log of a transaction is a record that nobody is given.
fn lag(of: &Partition) -> Option<u64> {
    let end = if of.ls_offset >= 0 { of.ls_offset } else { of.hi_offset };
    let is_read = of.fetch_state == "active";
    let position = if of.fetchq_cnt == 0 || of.app_offset < 0 { of.next_offset } else { of.app_offset };
    let is_known = is_read && end >= 0 && position >= 0;
    is_known.then(|| u64::try_from(end - position).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition(fetched: i64, given: i64, waiting: i64, end: i64) -> Partition {
        Partition {
            fetch_state: "active".to_owned(),
            next_offset: fetched,
            app_offset: given,
            fetchq_cnt: waiting,
            ls_offset: end,
            hi_offset: end,
            ..Partition::default()
        }
    }

    #[test]
    fn what_was_fetched_and_not_yet_taken_counts_as_unread() {
        assert_eq!(lag(&partition(90, 40, 50, 100)), Some(60));
    }

    #[test]
    fn control_records_at_the_end_are_no_lag() {
        assert_eq!(lag(&partition(100, 99, 0, 100)), Some(0));
    }

    #[test]
    fn nothing_is_said_of_what_is_not_known_or_not_read() {
        assert_eq!(lag(&partition(-1001, -1001, 0, 100)), None);
        assert_eq!(lag(&partition(10, 10, 0, -1001)), None);
        let given_back = Partition { fetch_state: "stopped".to_owned(), ..partition(10, 10, 0, 20) };
        assert_eq!(lag(&given_back), None);
    }
}
