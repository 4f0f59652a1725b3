//! Where the store is, where nobody has said.

use std::path::{Path, PathBuf};

/// The variables of an environment.
pub(crate) type Variable<'v> = &'v dyn Fn(&str) -> Option<String>;

/// The file of a group of runners: in the target folder of a workspace, for development; else in the folder for what
/// programs keep: systemd's (`STATE_DIRECTORY`), the user's (`XDG_STATE_HOME`, `~/.local/state`). None, where there is
/// no such folder.
///
/// <https://specifications.freedesktop.org/basedir-spec/latest/>
pub(crate) fn default_file(target: Option<&Path>, group: &str, variable: Variable<'_>) -> Option<PathBuf> {
    let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    // systemd names several with colons between.
    let systemd = variable("STATE_DIRECTORY")
        .and_then(|folders| folders.split(':').next().map(PathBuf::from))
        .filter(|path| path.is_absolute());
    let user = || {
        let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")))?;
        Some(state.join("livecheck"))
    };
    let folder = target.map(Path::to_owned).or(systemd).or_else(user)?;
    let group: String =
        group.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
    Some(folder.join(format!("history-{group}.db")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_folder_that_there_is_has_it() {
        let file = |target: Option<&str>, variables: &[(&str, &str)]| {
            let variable = |name: &str| {
                variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            };
            default_file(target.map(Path::new), "live/check", &variable)
                .map(|file| file.display().to_string())
        };
        let all = [
            ("STATE_DIRECTORY", "/var/lib/a:/var/lib/b"),
            ("XDG_STATE_HOME", "/state"),
            ("HOME", "/home/me"),
        ];
        let found = |path: &str| Some(format!("{path}/history-live_check.db"));
        assert_eq!(
            file(Some("/home/me/shop/target/livecheck"), &all),
            found("/home/me/shop/target/livecheck")
        );
        assert_eq!(file(None, &all), found("/var/lib/a"));
        assert_eq!(file(None, &all[1..]), found("/state/livecheck"));
        assert_eq!(file(None, &all[2..]), found("/home/me/.local/state/livecheck"));
        assert_eq!(file(None, &[("HOME", "")]), None);
    }
}
