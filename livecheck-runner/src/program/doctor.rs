//! `doctor`.

use super::{OK, Program, RunnerError};

pub(super) async fn doctor(_program: &Program) -> Result<u8, RunnerError> {
    Ok(OK)
}
