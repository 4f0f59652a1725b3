//! Where the user's livecheck comes from. Paths are everywhere else; registries need a network.

use std::{path::Path, process::Command};

use insta::assert_snapshot;

use crate::support::{ONE_CASE, Workspace};

/// A livecheck without dependencies: there is no network to resolve them.
const MANIFEST: &str = "[package]\nname = \"livecheck\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[features]\nrunner = []\nrunner-allocator = [\"runner\"]\n\n[workspace]\n";
const LIBRARY: &str = "#[macro_export]\nmacro_rules! case { ($name:ident) => {} }\n\
    #[cfg(feature = \"runner\")]\npub mod runner {\n    pub fn main() -> std::process::ExitCode {\n        \
    println!(\"from the branch\");\n        std::process::ExitCode::SUCCESS\n    }\n}\n";

fn git(folder: &Path, arguments: &[&str]) {
    let identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
    let output = Command::new("git").current_dir(folder).args(identity).args(arguments).output();
    let output = output.expect("git is there");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_branch_of_a_git_repository() {
    let repository = Workspace::empty("git-repository").file("Cargo.toml", MANIFEST).file("src/lib.rs", "");
    let folder = repository.path("");
    git(&folder, &["init", "--quiet", "--initial-branch", "main"]);
    git(&folder, &["add", "."]);
    git(&folder, &["commit", "--quiet", "--message", "without a runner"]);
    git(&folder, &["checkout", "--quiet", "-b", "feature/next"]);
    repository.write("src/lib.rs", LIBRARY);
    git(&folder, &["commit", "--quiet", "--all", "--message", "with one"]);

    let url = format!("file://{}", folder.display());
    let depends = format!(
        "[dependencies]\nlivecheck = {{ git = \"{}\", branch = \"feature/next\" }}\n",
        url.trim_end_matches('/')
    );
    let workspace =
        Workspace::new("git").package("orders", &depends).file("packages/orders/src/lib.rs", ONE_CASE);
    // The repository is on this disk, but cargo calls fetching it a use of the network.
    let run = workspace.finish(workspace.command("", &["list"]).env_remove("CARGO_NET_OFFLINE"));
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "from the branch\n"), "{run}");
    let locked = workspace.run(&["list", "--locked", "--offline"]);
    assert_eq!((locked.code, locked.stderr.as_str()), (Some(0), ""), "{locked}");
}

#[test]
fn another_version_than_this_programs_is_named_in_a_warning() {
    let workspace = Workspace::new("other-version")
        .file("livecheck/Cargo.toml", &MANIFEST.replace("0.1.0", "9.1.0").replace("[workspace]", ""))
        .file("livecheck/src/lib.rs", LIBRARY)
        .package("orders", "[dependencies]\nlivecheck = { path = \"../../livecheck\" }\n")
        .file("packages/orders/src/lib.rs", ONE_CASE);
    assert_snapshot!(workspace.run(&["list"]).to_string().replace(env!("CARGO_PKG_VERSION"), "[version]"));
}
