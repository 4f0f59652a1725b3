//! Which cases a command is about.

use clap::Args;

/// Which cases a command is about: those that match one of the filters, are in one of the packages, and have one of the
/// tags.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct Selection {
    /// Only cases whose name contains one of these
    #[arg(value_name = "FILTER")]
    pub filters: Vec<String>,

    /// Only cases of this package; may be given again
    #[arg(long = "package", short = 'p', value_name = "PACKAGE", help_heading = "Package selection")]
    pub packages: Vec<String>,

    /// Only cases with this tag, instead of the profile's `tags`; may be given again
    #[arg(long = "tag", value_name = "TAG", help_heading = "Case selection")]
    pub tags: Vec<String>,
}

impl Selection {
    /// Whether anything narrows it down.
    #[must_use]
    pub fn is_narrowed(&self) -> bool {
        !self.filters.is_empty() || !self.packages.is_empty() || !self.tags.is_empty()
    }
}
