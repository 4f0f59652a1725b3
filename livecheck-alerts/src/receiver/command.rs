//! A command: a program that gets the message as JSON on its standard input, and acknowledges it by ending with 0.

use std::path::PathBuf;
use std::time::Duration;

use livecheck_uptest::executable::run_with_input;
use livecheck_uptest::{Ending, Outcome};
use tokio::process::Command;

use super::{Receipt, SendError, shown};
use crate::message::Message;

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandReceiver {
    /// The program, looked up in `PATH`.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// The folder that it works in.
    pub cwd: PathBuf,
}

impl CommandReceiver {
    pub(super) async fn send(&self, message: &Message, timeout: Duration) -> Result<Receipt, SendError> {
        let mut input = serde_json::to_vec(message).map_err(|error| SendError::refused(error.to_string()))?;
        input.push(b'\n');
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).current_dir(&self.cwd);
        let Outcome { ending, output, .. } = run_with_input(command, input, timeout)
            .await
            .map_err(|error| SendError::refused(format!("`{}` cannot be started: {error}", self.program)))?;
        let said = shown(&output.text());
        let said = if said.is_empty() { said } else { format!(": {said}") };
        match ending {
            Ending::Passed => Ok(Receipt(format!("it ended with 0{said}"))),
            ending => Err(SendError::passing(format!("{ending}{said}"))),
        }
    }
}
