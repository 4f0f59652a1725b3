//! Arguments of `doctor`.

use clap::Args;

/// Arguments of `doctor`.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct DoctorArgs {
    /// Send a test alert to this receiver, or to all, and say what came back
    #[arg(
        long,
        value_name = "RECEIVER",
        num_args = 0..=1,
        default_missing_value = "",
        help_heading = "Doctor options"
    )]
    pub send_test_alert: Option<String>,
}
