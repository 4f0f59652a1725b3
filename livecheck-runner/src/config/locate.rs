//! Where the configuration file is.

use std::path::{Path, PathBuf};

/// Its path from the folder that it is about.
const PLACE: &str = ".config/livecheck.toml";

/// What stands in the outermost folder of a project: the search goes no further up, lest the settings of
/// another project, or of the home folder, start their services here.
const OUTERMOST: &[&str] = &["Cargo.lock", ".git"];

/// The nearest file in `folder` or a folder above it, within the project.
pub(super) fn find(folder: &Path) -> Option<PathBuf> {
    for folder in folder.ancestors() {
        let file = folder.join(PLACE);
        if file.is_file() {
            return Some(file);
        }
        if OUTERMOST.iter().any(|name| folder.join(name).exists()) {
            return None;
        }
    }
    None
}

/// The folder that a file is about: the one that holds `.config`, or the file itself where it stands elsewhere.
pub(super) fn root_of(file: &Path) -> PathBuf {
    let folder = file.parent().unwrap_or(Path::new(""));
    let root = match folder.parent() {
        Some(parent) if folder.ends_with(".config") => parent,
        _ => folder,
    };
    root.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_file_upward_is_found() {
        let outer = tempfile::tempdir().expect("a temporary folder");
        let inner = outer.path().join("services/orders/src");
        std::fs::create_dir_all(&inner).expect("folders");
        std::fs::create_dir_all(outer.path().join(".config")).expect("folders");
        let file = outer.path().join(PLACE);
        std::fs::write(&file, "").expect("a file");
        assert_eq!(find(&inner), Some(file.clone()));
        assert_eq!(root_of(&file), outer.path());
    }

    #[test]
    fn the_settings_around_a_project_are_not_its_own() {
        let outer = tempfile::tempdir().expect("a temporary folder");
        let project = outer.path().join("project");
        std::fs::create_dir_all(outer.path().join(".config")).expect("folders");
        std::fs::create_dir_all(&project).expect("folders");
        std::fs::write(outer.path().join(PLACE), "").expect("a file");
        std::fs::write(project.join("Cargo.lock"), "").expect("a file");
        assert_eq!(find(&project), None);
    }

    #[test]
    fn a_file_elsewhere_is_about_its_own_folder() {
        assert_eq!(root_of(Path::new("/etc/livecheck/production.toml")), Path::new("/etc/livecheck"));
        assert_eq!(root_of(Path::new("livecheck.toml")), Path::new(""));
    }
}
