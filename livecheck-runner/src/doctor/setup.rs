//! What does not need a broker: the configuration, the cases, the services.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use livecheck_core::Cases;

use super::finding::Finding;
use crate::config::{Config, ConfigError, ServiceCommand, ServiceConfig};
use crate::reporter::text::plural;

/// Which file and profile hold, or what is wrong with them.
pub(crate) fn configuration(loaded: &Result<Config, ConfigError>) -> Vec<Finding> {
    let subject = "configuration";
    let config = match loaded {
        Ok(config) => config,
        Err(error) => {
            let advice = "nothing runs before that is right";
            return vec![Finding::fail(subject, error.to_string(), advice)];
        }
    };
    let found = match &config.file {
        Some(file) => format!("profile `{}` of {}", config.profile, file.display()),
        None => format!(
            "profile `{}`; there is no .config/livecheck.toml in this folder or above it, so the defaults hold",
            config.profile
        ),
    };
    let warnings = config.warnings.iter().map(|warning| {
        Finding::warn(subject, warning.clone(), "unset it, or give it the name of the setting that is meant")
    });
    std::iter::once(Finding::ok(subject, found)).chain(warnings).collect()
}

/// How many cases are linked, and from where.
pub(crate) fn cases(cases: &Cases, searched: &[String]) -> Finding {
    let subject = "cases";
    if cases.is_empty() {
        let found = match searched {
            [] => "none is linked into this program".to_owned(),
            packages => format!("none is linked; searched were {}", packages.join(", ")),
        };
        let advice = "put #[livecheck::case] on an async fn in a library that depends on `livecheck`; cases in \
                      main.rs, tests/ and examples/ are not seen";
        return Finding::fail(subject, found, advice);
    }
    let mut packages: BTreeMap<&str, usize> = BTreeMap::new();
    for case in cases.iter() {
        *packages.entry(case.location.package).or_default() += 1;
    }
    let inactive = cases.iter().filter(|case| !case.settings.active).count();
    let inactive = if inactive > 0 { format!(", {inactive} of them inactive") } else { String::new() };
    let found = match packages.len() {
        1 => {
            let package = packages.keys().next().copied().unwrap_or_default();
            format!("{} in package {package}{inactive}", cases.len())
        }
        many => {
            let each: Vec<_> = packages.iter().map(|(package, count)| format!("{package} {count}")).collect();
            format!(
                "{} in {}{inactive}: {}",
                cases.len(),
                plural(many, "package", "packages"),
                each.join(", ")
            )
        }
    };
    Finding::ok(subject, found)
}

/// Whether a service can be started. `command` is where its program was found, `is_up` whether something
/// answers already that would say that it is ready.
pub(crate) fn service(service: &ServiceConfig, command: &Command, cwd_exists: bool, is_up: bool) -> Finding {
    let subject = format!("service {}", service.name);
    if !cwd_exists {
        let found = format!("its working folder {} is not there", service.cwd.display());
        return Finding::fail(subject, found, "make it, or set `cwd`");
    }
    if let Command::Missing(program) = command {
        let found = format!("`{program}` is not there to be executed");
        let advice = "install it, or set `command`; a path is looked up from the service's working folder, and \
                      a name in PATH";
        return Finding::fail(subject, found, advice);
    }
    match (is_up, service.reuse) {
        (true, false) => Finding::warn(
            subject,
            format!("{} answers already, so that a run would not start", service.ready),
            "end what runs there, or set `reuse = true` to use it",
        ),
        (true, true) => Finding::ok(subject, format!("{} answers already, and is used", service.ready)),
        (false, _) => Finding::ok(
            subject,
            match command {
                Command::Found(path) => format!("{} is there", path.display()),
                _ => format!("`{}` is for the shell to look up", service.command),
            },
        ),
    }
}

/// Where the program of a service is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// There.
    Found(PathBuf),
    /// Nowhere.
    Missing(String),
    /// The shell knows: a builtin, an assignment, or more than one command.
    Unknown,
}

/// Looks for the program of a service: a path from its working folder, a name in the folders of `path`.
pub(crate) fn find_command(
    service: &ServiceConfig,
    path: &[PathBuf],
    is_executable: impl Fn(&Path) -> bool,
) -> Command {
    let program = match &service.command {
        ServiceCommand::Program { program, .. } => program.as_str(),
        ServiceCommand::Shell(line) => match first_word(line) {
            Some(word) => word,
            None => return Command::Unknown,
        },
    };
    let candidates: Vec<PathBuf> = if program.contains('/') {
        vec![service.cwd.join(program)]
    } else {
        path.iter().map(|folder| folder.join(program)).collect()
    };
    match candidates.into_iter().find(|candidate| is_executable(candidate)) {
        Some(found) => Command::Found(found),
        None => Command::Missing(program.to_owned()),
    }
}

/// The program of a shell's line, where it can be told without being a shell.
fn first_word(line: &str) -> Option<&str> {
    const BUILTINS: [&str; 12] =
        ["cd", "exec", "export", "if", "for", "while", "set", "source", ".", "trap", "ulimit", "env"];
    let word = line.split_whitespace().next()?;
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_./+".contains(character);
    (word.chars().all(is_plain) && !BUILTINS.contains(&word)).then_some(word)
}
