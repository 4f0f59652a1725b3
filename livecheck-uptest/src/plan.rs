//! What is asked of which instance, and in which order.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use livecheck_core::Uptest;

use crate::find::{self, Found};
use crate::instance::{Instance, Proc};

/// An uptest: an executable, or a Rust function.
#[derive(Clone, Debug)]
pub enum Check {
    /// The file of that name in the folder of the process.
    Executable(OsString),
    /// A function under `#[livecheck::uptest]`.
    Function(&'static Uptest),
}

/// All that one instance is asked, in this order.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The instance.
    pub instance: Instance,
    /// What is in the folder of its process.
    pub found: Found,
    /// The uptests: the executables, then the functions.
    pub checks: Vec<Check>,
}

/// The folder of a process cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be read", folder.display())]
pub struct FolderError {
    /// The folder.
    pub folder: PathBuf,
    /// Why.
    pub source: io::Error,
}

impl Check {
    /// The name, as people read it: the file's, or the function's path.
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        match self {
            Self::Executable(name) => name.to_string_lossy(),
            Self::Function(uptest) => uptest.name.into(),
        }
    }

    /// The same, as it is.
    #[must_use]
    pub fn exact_name(&self) -> &OsStr {
        match self {
            Self::Executable(name) => name,
            Self::Function(uptest) => uptest.name.as_ref(),
        }
    }

    /// The file, from the project's root.
    #[must_use]
    pub fn path(&self, proc: &Proc) -> Option<PathBuf> {
        match self {
            Self::Executable(name) => Some(find::folder(proc).join(name)),
            Self::Function(_) => None,
        }
    }
}

/// Finds the uptests of each instance.
///
/// # Errors
///
/// A folder cannot be read.
pub fn plan(
    root: &Path,
    instances: Vec<Instance>,
    functions: &[&'static Uptest],
) -> Result<Vec<Planned>, FolderError> {
    let one = |instance: Instance| {
        let found = find::find(root, &instance.proc)
            .map_err(|source| FolderError { folder: find::folder(&instance.proc), source })?;
        let executables = found.files().iter().cloned().map(Check::Executable);
        let functions = functions
            .iter()
            .filter(|uptest| uptest.proc == instance.proc.as_str())
            .map(|uptest| Check::Function(uptest));
        let checks = executables.chain(functions).collect();
        Ok(Planned { instance, found, checks })
    };
    instances.into_iter().map(one).collect()
}
