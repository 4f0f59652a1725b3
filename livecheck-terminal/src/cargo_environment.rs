//! What cargo tells a program that it runs, and what the programs that this one starts must not hear.

use std::ffi::OsString;

/// The variables that are set by which `cargo run` tells a program of its package (`CARGO_PKG_NAME`,
/// `CARGO_MANIFEST_DIR` and their kin).
///
/// A program started by this one takes them away: where it is cargo, it would tell the build scripts of all packages the
/// same. Some look at these variables (that of `ring`), would run again, and all that depends on them would be built
/// again; and once more when somebody builds without them.
///
/// ```
/// let mut command = std::process::Command::new("cargo");
/// for name in livecheck_terminal::cargo_environment::of_a_package() {
///     command.env_remove(name);
/// }
/// ```
///
/// Source: [Environment variables cargo sets for crates](https://doc.rust-lang.org/cargo/reference/environment-variables.html#environment-variables-cargo-sets-for-crates).
pub fn of_a_package() -> impl Iterator<Item = OsString> {
    std::env::vars_os().map(|(name, _)| name).filter(|name| {
        let name = name.as_encoded_bytes();
        name.starts_with(b"CARGO_PKG_") || name.starts_with(b"CARGO_MANIFEST_")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_tells_a_test_of_its_package_too() {
        let names: Vec<_> = of_a_package().collect();
        for name in ["CARGO_PKG_NAME", "CARGO_MANIFEST_DIR"] {
            assert!(names.iter().any(|found| found == name), "{name} in {names:?}");
        }
        assert!(!names.iter().any(|name| name == "CARGO" || name == "PATH"), "{names:?}");
    }
}
