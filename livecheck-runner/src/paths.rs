//! Source files as people know them: from the working folder.
//!
//! The compiler names a file as it was given it, and the program that `cargo livecheck` builds is compiled from
//! outside the workspace: there, every path is absolute.

use std::path::Path;

/// That file from `root`, if it is in it; else as it is.
pub(crate) fn shown<'a>(file: &'a str, root: &Path) -> &'a str {
    Path::new(file)
        .strip_prefix(root)
        .ok()
        .and_then(Path::to_str)
        .filter(|path| !path.is_empty())
        .unwrap_or(file)
}

/// That text with the places in it from `root`: each stands alone on its line, with `at ` before it or nothing.
pub(crate) fn shown_in(text: &str, root: &Path) -> String {
    let lines = text.split_inclusive('\n').map(|line| {
        let own = line.len() - line.trim_start().len();
        let at = if line[own..].starts_with("at ") { own + "at ".len() } else { own };
        let (before, place) = line.split_at(at);
        format!("{before}{}", shown(place, root))
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_the_folder_is_shown_from_there() {
        let root = Path::new("/home/me/orders");
        for (file, expected) in [
            ("/home/me/orders/src/cases.rs:31:5", "src/cases.rs:31:5"),
            ("/home/me/orders2/src/cases.rs", "/home/me/orders2/src/cases.rs"),
            ("/home/me/.cargo/registry/src/lib.rs", "/home/me/.cargo/registry/src/lib.rs"),
            ("src/cases.rs", "src/cases.rs"),
            ("/home/me/orders", "/home/me/orders"),
        ] {
            assert_eq!(shown(file, root), expected);
            assert_eq!(shown(file, Path::new("")), file);
        }
    }

    #[test]
    fn the_places_of_a_backtrace_are_shown_from_there() {
        let text = "at /w/src/cases.rs:31:5\n   0: orders::check\n             at /w/src/cases.rs:7:1\n   \
                    1: core::x\n             at /rustc/lib.rs:1:1";
        let expected = "at src/cases.rs:31:5\n   0: orders::check\n             at src/cases.rs:7:1\n   \
                        1: core::x\n             at /rustc/lib.rs:1:1";
        assert_eq!(shown_in(text, Path::new("/w")), expected);
    }
}
