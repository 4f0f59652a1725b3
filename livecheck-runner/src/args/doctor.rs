//! Arguments of `doctor`.

use clap::Args;

/// Arguments of `doctor`: none yet beside the options that every command has.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct DoctorArgs {}
