//! What must hold of a log that is kept: whatever was done to it, and wherever a write was cut short, what is read
//! back is what was there before that write, whole.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use uuid::Uuid;

use super::{PartitionFiles, Storage};
use crate::log::testing::{NOBODY, batch, keyed_batch, parsed, read_committed};
use crate::log::{Compaction, Isolation, LogRules, PartitionLog, Producer, Retention, Verdict};

const TOPIC: Uuid = Uuid::from_u128(7);

fn rules() -> LogRules {
    let compaction = Compaction { dirty_ratio: 0.0, min_lag_ms: 0, max_lag_ms: i64::MAX, tombstones_ms: 5 };
    LogRules {
        segment_bytes: 300,
        flush_messages: 3,
        compact: Some(compaction),
        delete: Some(Retention { bytes: Some(1500), ms: None }),
        ..LogRules::default()
    }
}

#[derive(Debug, Clone)]
enum Op {
    Plain(Vec<(u8, Option<u8>)>),
    InTransaction(usize, Vec<(u8, Option<u8>)>),
    End(usize, Verdict),
    Compact,
    DeleteBefore(prop::sample::Index),
    Restart,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let pairs = proptest::collection::vec((0..9_u8, proptest::option::weighted(0.8, any::<u8>())), 1..5);
    let verdict = prop_oneof![Just(Verdict::Commit), Just(Verdict::Abort)];
    let op = prop_oneof![
        4 => pairs.clone().prop_map(Op::Plain),
        4 => (0..2_usize, pairs).prop_map(|(who, pairs)| Op::InTransaction(who, pairs)),
        3 => (0..2_usize, verdict).prop_map(|(who, verdict)| Op::End(who, verdict)),
        1 => Just(Op::Compact),
        1 => any::<prop::sample::Index>().prop_map(Op::DeleteBefore),
        1 => Just(Op::Restart),
    ];
    proptest::collection::vec(op, 1..40)
}

struct Kept {
    folder: tempfile::TempDir,
    log: PartitionLog,
    files: PartitionFiles,
}

impl Kept {
    fn open(folder: tempfile::TempDir) -> Self {
        let (storage, mut state) = Storage::open(folder.path()).expect("it is free");
        // Else its files would be those of a topic deleted.
        let topic = super::KeptTopic {
            id: TOPIC.simple().to_string(),
            partitions: 1,
            settings: std::collections::BTreeMap::new(),
        };
        if state.topics.insert("topic".to_owned(), topic.clone()).is_none() {
            storage.record(super::Entry::Topic { name: "topic".to_owned(), topic });
        }
        let mut files = storage.partition(TOPIC, 0);
        let (start, segments) = files.load().expect("sound");
        let log = PartitionLog::restored(start, segments, 0).expect("sound");
        Self { folder, log, files }
    }

    fn again(self) -> Self {
        let Self { folder, log, files } = self;
        drop((log, files));
        Self::open(folder)
    }

    fn change<T>(&mut self, change: impl FnOnce(&mut PartitionLog) -> T) -> T {
        let changed = change(&mut self.log);
        self.files.follow(self.log.take_changes()).expect("written");
        changed
    }

    fn last_segment(&self) -> PathBuf {
        let partition = self.folder.path().join("topics").join(TOPIC.simple().to_string()).join("0");
        let entries = fs::read_dir(partition).expect("there");
        let paths = entries.map(|entry| entry.expect("readable").path());
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "log")).max().expect("one")
    }
}

/// All that a reader could find out.
fn seen(log: &PartitionLog) -> impl PartialEq + std::fmt::Debug + use<> {
    let positions = log.positions();
    let all = log.read(positions.log_start, usize::MAX, true, Isolation::Uncommitted).expect("readable");
    let positions = (positions.log_start, positions.last_stable, positions.high_watermark);
    (positions, all.batches, read_committed(log))
}

fn len(path: &Path) -> u64 {
    fs::metadata(path).expect("there").len()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_kept_is_read_back_wherever_a_write_was_cut_short(
        ops in ops(),
        cut in any::<prop::sample::Index>(),
        size in 1..5_usize,
    ) {
        let mut kept = Kept::open(tempfile::tempdir().expect("a folder"));
        let mut senders = [(0, false), (0, false)];
        let producer = |who: usize| Producer { id: who as i64, epoch: 0 };
        for op in ops {
            match op {
                Op::Plain(pairs) => {
                    let sent = parsed(keyed_batch(NOBODY, -1, false, 1, &pairs));
                    kept.change(|log| log.append(&sent, &rules(), 1)).expect("accepted");
                }
                Op::InTransaction(who, pairs) => {
                    let sent = parsed(keyed_batch(producer(who), senders[who].0, true, 1, &pairs));
                    kept.change(|log| log.append(&sent, &rules(), 1)).expect("accepted");
                    senders[who] = (senders[who].0 + pairs.len() as i32, true);
                }
                Op::End(who, verdict) => {
                    if std::mem::take(&mut senders[who].1) {
                        kept.change(|log| log.end_transaction(producer(who), verdict, 1)).expect("accepted");
                    }
                }
                Op::Compact => {
                    kept.change(|log| log.compact(&rules(), 9)).expect("sound");
                }
                Op::DeleteBefore(at) => {
                    let stable = kept.log.positions().last_stable;
                    let at = at.index(stable as usize + 1) as i64;
                    kept.change(|log| log.delete_before(at)).expect("within the log");
                }
                Op::Restart => {
                    let before = seen(&kept.log);
                    kept = kept.again();
                    prop_assert_eq!(seen(&kept.log), before);
                }
            }
        }
        let keeps_all = LogRules { segment_bytes: usize::MAX, ..LogRules::default() };
        let sent = |size| parsed(keyed_batch(NOBODY, -1, false, 1, &vec![(1, Some(1)); size]));
        kept.change(|log| log.append(&sent(1), &keeps_all, 1)).expect("accepted");
        let before = seen(&kept.log);
        let path = kept.last_segment();
        let length = len(&path);
        kept.change(|log| log.append(&sent(size), &keeps_all, 1)).expect("accepted");
        prop_assert_eq!(kept.last_segment(), path.clone());
        let cut = length + cut.index((len(&path) - length) as usize) as u64;
        fs::File::options().write(true).open(&path).expect("there").set_len(cut).expect("cut");
        let mut kept = kept.again();
        prop_assert_eq!(seen(&kept.log), before);
        // And what is written next stands where it should.
        let appended = kept.change(|log| log.append(&sent(1), &keeps_all, 1)).expect("accepted");
        prop_assert_eq!(appended.base_offset + 1, kept.log.positions().high_watermark);
        let before = seen(&kept.log);
        let kept = kept.again();
        prop_assert_eq!(seen(&kept.log), before);
    }
}

#[test]
fn damage_before_the_end_is_told_with_its_place() {
    let mut kept = Kept::open(tempfile::tempdir().expect("a folder"));
    for _ in 0..2 {
        let sent = parsed(batch(NOBODY, -1, false, 1, &[1; 30]));
        kept.change(|log| log.append(&sent, &LogRules { segment_bytes: 1, ..rules() }, 1)).expect("accepted");
    }
    let first = kept.last_segment().with_file_name(format!("{:020}.log", 0));
    let mut bytes = fs::read(&first).expect("there");
    bytes[100] ^= 1;
    fs::write(&first, bytes).expect("written");
    let Kept { folder, log, files } = kept;
    drop((log, files));
    let (storage, _) = Storage::open(folder.path()).expect("it is free");
    let refused = storage.partition(TOPIC, 0).load().expect_err("damaged");
    assert!(refused.to_string().contains("byte 0"), "{refused}");
}
