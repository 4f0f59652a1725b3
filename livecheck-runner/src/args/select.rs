//! Which cases a command is about.

use clap::Args;

/// Which cases a command is about: those that match one of the filters and are in one of the packages.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct Selection {
    /// Only cases whose name contains one of these
    #[arg(value_name = "FILTER")]
    pub filters: Vec<String>,

    /// Only cases of this package; may be given again
    #[arg(long = "package", short = 'p', value_name = "PACKAGE", help_heading = "Package selection")]
    pub packages: Vec<String>,
}
