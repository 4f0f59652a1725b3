//! Workspaces to run `cargo livecheck` in, and what it printed there.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// What a library with one case has in it.
pub(crate) const ONE_CASE: &str = "livecheck::case!(flow);\n";

/// A workspace of one test.
pub(crate) struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// An empty folder, under the name of the test.
    pub(crate) fn empty(name: &str) -> Self {
        let root = folder_of_tests().join(name);
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(&root).expect("the folder can be made");
        Self { root }
    }

    /// A workspace of packages that are added later.
    pub(crate) fn new(name: &str) -> Self {
        Self::empty(name).file("Cargo.toml", "[workspace]\nmembers = [\"packages/*\"]\nresolver = \"3\"\n")
    }

    /// With one more file.
    pub(crate) fn file(self, path: &str, text: &str) -> Self {
        self.write(path, text);
        self
    }

    /// With one more package, whose manifest goes on with `manifest`; `livecheck` there stands for the
    /// dependency on the stand-in. It has a library with one case.
    pub(crate) fn library(self, name: &str, manifest: &str) -> Self {
        self.package(name, manifest).file(&format!("packages/{name}/src/lib.rs"), ONE_CASE)
    }

    /// With one more package, without a target.
    pub(crate) fn package(self, name: &str, manifest: &str) -> Self {
        let manifest = manifest.replace("{livecheck}", &stand_in());
        let text =
            format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n{manifest}");
        self.file(&format!("packages/{name}/Cargo.toml"), &text)
    }

    /// Writes a file now.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().expect("has a folder")).expect("the folder can be made");
        fs::write(path, text).expect("the file can be written");
    }

    /// The text of a file.
    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).expect("the file is there")
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// `cargo livecheck …`, in a folder of the workspace, not started yet.
    pub(crate) fn command(&self, folder: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-livecheck"));
        command.arg("livecheck").args(arguments).current_dir(self.root.join(folder)).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("LIVECHECK_") || name == "CARGO_TERM_COLOR" {
                command.env_remove(name);
            }
        }
        command.env("CARGO_TARGET_DIR", shared_target()).env("CARGO_NET_OFFLINE", "true");
        command
    }

    /// Runs `cargo livecheck …` at the root.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.run_in("", arguments)
    }

    /// Runs `cargo livecheck …` in a folder.
    pub(crate) fn run_in(&self, folder: &str, arguments: &[&str]) -> Run {
        self.finish(&mut self.command(folder, arguments))
    }

    /// Runs a command to its end.
    pub(crate) fn finish(&self, command: &mut Command) -> Run {
        let output = command.output().expect("the command starts");
        Run::new(&output, &self.root)
    }
}

/// What a command printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    /// Without what cargo says of its progress.
    pub(crate) stderr: String,
    /// The crates that were compiled.
    pub(crate) compiled: Vec<String>,
}

impl Run {
    fn new(output: &Output, root: &Path) -> Self {
        let text = |bytes: &[u8]| redacted(&String::from_utf8_lossy(bytes), root);
        let stderr = text(&output.stderr);
        let compiled = stderr.lines().filter_map(|line| line.trim().strip_prefix("Compiling "));
        let compiled = compiled.filter_map(|rest| rest.split(' ').next()).map(str::to_owned).collect();
        let stderr =
            stderr.lines().filter(|line| !is_progress(line)).map(|line| format!("{line}\n")).collect();
        Self { code: output.status.code(), stdout: text(&output.stdout), stderr, compiled }
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => writeln!(f, "exit code: {code}")?,
            None => writeln!(f, "ended by a signal")?,
        }
        write!(f, "--- standard output\n{}--- standard error\n{}", self.stdout, self.stderr)
    }
}

/// Lines that depend on what other tests have built already.
fn is_progress(line: &str) -> bool {
    const VERBS: [&str; 9] = [
        "Compiling ",
        "Finished ",
        "Blocking ",
        "Locking ",
        "Adding ",
        "Updating ",
        "Removing ",
        "Downgrading ",
        "Resolving ",
    ];
    line.starts_with("  ") && VERBS.iter().any(|verb| line.trim_start().starts_with(verb))
}

/// The text without what differs between machines.
fn redacted(text: &str, root: &Path) -> String {
    let mut text = text.to_owned();
    let target = shared_target();
    let checkout = checkout();
    for (path, name) in [(root, "[workspace]"), (&target, "[target]"), (&checkout, "[checkout]")] {
        text = path_redacted(&text, &path.display().to_string(), name);
    }
    hashes_redacted(&text)
}

/// The text with that name for a path; where a name begins with the path it is another's: `/worker` in `/work`.
fn path_redacted(text: &str, path: &str, name: &str) -> String {
    let mut parts = text.split(path);
    let mut redacted = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let goes_on = part.starts_with(|next: char| next.is_alphanumeric() || "-_".contains(next));
        redacted.push_str(if goes_on { path } else { name });
        redacted.push_str(part);
    }
    redacted
}

/// The text without the eight digits that tell apart the runners that share a target directory.
fn hashes_redacted(text: &str) -> String {
    let mut parts = text.split("runner-");
    let mut redacted = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        redacted.push_str("runner-");
        let is_hash = part.get(..8).is_some_and(|hash| hash.bytes().all(|byte| byte.is_ascii_hexdigit()));
        redacted.push_str(if is_hash { "[hash]" } else { "" });
        redacted.push_str(if is_hash { &part[8..] } else { part });
    }
    redacted
}

/// The dependency on the stand-in.
pub(crate) fn stand_in() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/stand-in");
    format!("livecheck = {{ path = \"{}\" }}", path.display())
}

fn folder_of_tests() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("cargo-livecheck")
}

/// All tests build into one folder, or each would build everything again.
fn shared_target() -> PathBuf {
    folder_of_tests().join("target")
}

pub(crate) fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("has a parent").to_owned()
}
