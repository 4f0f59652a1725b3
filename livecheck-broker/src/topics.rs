//! Topics: which there are, their settings, and their partitions as connections share them.

mod catalogue;
mod name;
mod partition;
mod settings;

pub(crate) use catalogue::{Catalogue, Refused, Topic};
pub(crate) use partition::{Partition, Registration};
pub(crate) use settings::{
    Described as DescribedSetting, Kind, MAX_MESSAGE_BYTES, Origin, RETENTION_BYTES, RETENTION_MS,
    TopicSettings, described,
};
