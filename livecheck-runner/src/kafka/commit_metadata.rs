//! What rides in the metadata of a test partition's commit: where to go on reading the bus and the reports.

use std::fmt;
use std::str::FromStr;

use livecheck_core::Timestamp;

use crate::engine::StrayPoint;

/// The metadata of a commit, in the form `livecheck:1;bus=17;report=3;keys=5`, and, where signals were handed on
/// to the partition of their key, `;strays=9;strays-until=1800000000000000`: the time is in microseconds since 1970.
///
/// The number after `livecheck:` is the version of the form. A successor that finds a form that it does not
/// know reads both from their beginnings: slow, and right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CommitMetadata {
    /// The first record of the bus that something in flight may have received.
    pub(super) bus_offset: i64,
    /// Where the first report may be of a test that a successor reads again.
    pub(super) report_offset: i64,
    /// The first message among shards that has not been answered. None, where a version wrote it that knew none of
    /// them: then there are none before the beginning.
    pub(super) message_offset: Option<i64>,
    /// What is known of signals that lie in another partition than that of their key.
    pub(super) strays: StrayPoint,
}

/// Metadata of another form, or of another program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the metadata of a LiveCheck commit")]
pub(super) struct UnknownMetadata(String);

impl fmt::Display for CommitMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "livecheck:1;bus={};report={}", self.bus_offset, self.report_offset)?;
        self.message_offset.map_or(Ok(()), |offset| write!(f, ";keys={offset}"))?;
        let StrayPoint { handed_on_to, expected_until } = self.strays;
        if self.strays == StrayPoint::NONE {
            return Ok(());
        }
        write!(f, ";strays={handed_on_to};strays-until={}", expected_until.as_micros())
    }
}

impl FromStr for CommitMetadata {
    type Err = UnknownMetadata;

    fn from_str(text: &str) -> Result<Self, UnknownMetadata> {
        let members = || text.strip_prefix("livecheck:1;").into_iter().flat_map(|rest| rest.split(';'));
        let offset = |name: &str| {
            let value = members().find_map(|member| member.strip_prefix(name)?.strip_prefix('='))?;
            value.parse().ok().filter(|offset| *offset >= 0)
        };
        match (offset("bus"), offset("report")) {
            (Some(bus_offset), Some(report_offset)) => {
                let strays = offset("strays").zip(offset("strays-until"));
                let strays = strays.map_or(StrayPoint::NONE, |(handed_on_to, until)| StrayPoint {
                    handed_on_to,
                    expected_until: Timestamp::from_micros(until),
                });
                Ok(Self { bus_offset, report_offset, message_offset: offset("keys"), strays })
            }
            _ => Err(UnknownMetadata(text.chars().take(64).collect())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_what_a_later_version_adds_is_passed_over() {
        let strays = StrayPoint::NONE;
        let metadata = CommitMetadata { bus_offset: 17, report_offset: 3, message_offset: Some(5), strays };
        assert_eq!(metadata.to_string(), "livecheck:1;bus=17;report=3;keys=5");
        assert_eq!(metadata.to_string().parse(), Ok(metadata));
        let strays = StrayPoint { handed_on_to: 9, expected_until: Timestamp::from_millis(7) };
        let with_strays = CommitMetadata { strays, ..metadata };
        assert_eq!(with_strays.to_string(), "livecheck:1;bus=17;report=3;keys=5;strays=9;strays-until=7000");
        assert_eq!(with_strays.to_string().parse(), Ok(with_strays));
        let metadata = CommitMetadata { message_offset: None, ..metadata };
        assert_eq!(metadata.to_string().parse(), Ok(metadata));
        assert_eq!("livecheck:1;report=3;lag=2;bus=17".parse(), Ok(metadata));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "livecheck:2;bus=17;report=3",
            "bus=17;report=3",
            "livecheck:1;bus=17",
            "livecheck:1;bus=-1;report=3",
            "livecheck:1;bus=x;report=3",
        ] {
            assert!(text.parse::<CommitMetadata>().is_err(), "{text}");
        }
    }
}
