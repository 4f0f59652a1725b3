//! Production's environment: with which variables an executable runs, and behind which command.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::instance::Instance;

/// Where executables run, and with what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// The project's root, their working folder.
    pub root: PathBuf,
    /// Whether they find nothing of this process's own environment.
    pub clear: bool,
    /// What they find on top of it, in this order.
    pub variables: Vec<(String, String)>,
    /// The command that runs them, where they are to run elsewhere.
    pub exec: Option<Prefix>,
}

/// A command that runs another, given as its last arguments: `docker exec {container}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefix(Vec<Vec<Part>>);

/// A piece of a word of a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Fact(String),
}

/// What cannot be an environment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvironmentError {
    /// A variable has no name.
    #[error("`{text}` is no variable; expected NAME=VALUE, or NAME to pass on one that is set here")]
    Variable {
        /// What was given.
        text: String,
    },
    /// A line of a file of variables has no name.
    #[error(
        "line {line} of {}: `{text}` is no variable; expected NAME=VALUE, without `export` and quotes, as \
         docker's --env-file has it",
        file.display()
    )]
    Line {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What stands there.
        text: String,
    },
    /// The prefix is no command.
    #[error("--exec `{text}` is no command: {reason}")]
    Prefix {
        /// What was given.
        text: String,
        /// What is wrong.
        reason: String,
    },
    /// The prefix refers to what is not known of an instance.
    #[error(
        "--exec refers to `{{{name}}}`, which is not known of {instance}; there are {}. Say it behind the address, \
         as in {}={},{name}=…",
        known.iter().map(|name| format!("{{{name}}}")).collect::<Vec<_>>().join(", "),
        instance.proc,
        instance.target
    )]
    UnknownFact {
        /// What it refers to.
        name: String,
        /// Of which instance.
        instance: Box<Instance>,
        /// What is known of it.
        known: Vec<String>,
    },
}

impl Environment {
    /// The command that runs that program, whose path is from the root, for an instance.
    ///
    /// # Errors
    ///
    /// The prefix refers to what is not known of the instance.
    pub fn command(&self, program: &Path, instance: &Instance) -> Result<Command, EnvironmentError> {
        let mut words: Vec<OsString> = Vec::new();
        if let Some(prefix) = &self.exec {
            words.extend(prefix.words(instance)?);
            // On the other side, the variables are for `env` there to set: the prefix runs with ours.
            if self.clear || !self.variables.is_empty() {
                words.push("env".into());
                words.extend(self.clear.then(|| "-i".into()));
                words.extend(self.variables.iter().map(|(name, value)| format!("{name}={value}").into()));
            }
        }
        words.push(program.into());
        let mut words = words.into_iter();
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words);
        command.args([instance.target.host(), &instance.target.port().to_string()]);
        command.current_dir(&self.root);
        if self.exec.is_none() {
            if self.clear {
                command.env_clear();
            }
            command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        }
        Ok(command)
    }
}

/// A variable of a command line: `NAME=VALUE`, or `NAME` for the one that is set here; nothing if it is not.
///
/// # Errors
///
/// It has no name.
pub fn variable(
    text: &str,
    ours: impl Fn(&OsStr) -> Option<String>,
) -> Result<Option<(String, String)>, EnvironmentError> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, ours(text.as_ref())),
    };
    let is_name = !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c.is_control());
    if is_name && !value.as_ref().is_some_and(|value| value.contains('\0')) {
        Ok(value.map(|value| (name.to_owned(), value)))
    } else {
        Err(EnvironmentError::Variable { text: text.to_owned() })
    }
}

/// The variables in a file as docker's `--env-file` takes it: `NAME=VALUE` on a line, the value as it stands,
/// with its quotes if it has some; `NAME` alone for one that is set here; `#` at the beginning of comments.
///
/// # Errors
///
/// A line has no name.
pub fn variables(
    text: &str,
    file: &Path,
    ours: impl Fn(&OsStr) -> Option<String>,
) -> Result<Vec<(String, String)>, EnvironmentError> {
    let mut variables = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let read = variable(line, &ours).map_err(|_| EnvironmentError::Line {
            file: file.to_owned(),
            line: index + 1,
            text: line.to_owned(),
        })?;
        variables.extend(read);
    }
    Ok(variables)
}

impl Environment {
    /// The program of the prefix, where there is a prefix and no such program: then no uptest can be run, and that says
    /// nothing of the instance.
    #[must_use]
    pub fn missing_program(&self, command: &Command) -> Option<OsString> {
        self.exec.as_ref()?;
        let program = Path::new(command.as_std().get_program());
        let is_file = |path: PathBuf| path.is_file();
        let is_there = if program.components().count() > 1 {
            is_file(self.root.join(program))
        } else {
            let path = std::env::var_os("PATH").unwrap_or_default();
            std::env::split_paths(&path).any(|folder| is_file(folder.join(program)))
        };
        (!is_there).then(|| program.into())
    }
}

impl Prefix {
    /// Reads a prefix as a shell splits a line into words, where `{name}` stands for what is known of an
    /// instance.
    ///
    /// # Errors
    ///
    /// A quote or a brace is not closed, or there is no word.
    pub fn parse(text: &str) -> Result<Self, EnvironmentError> {
        let error = |reason: String| EnvironmentError::Prefix { text: text.to_owned(), reason };
        let words = shell_words::split(text).map_err(|problem| error(problem.to_string()))?;
        if words.is_empty() {
            return Err(error("it is empty".to_owned()));
        }
        let parts = words.iter().map(|word| parts(word)).collect::<Option<_>>();
        parts.map(Self).ok_or_else(|| error("a `{` is not closed".to_owned()))
    }

    fn words(&self, instance: &Instance) -> Result<Vec<OsString>, EnvironmentError> {
        let mut known: BTreeMap<&str, String> =
            instance.facts.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        known.insert("proc", instance.proc.to_string());
        known.insert("host", instance.target.host().to_owned());
        known.insert("port", instance.target.port().to_string());
        let part = |part: &Part| match part {
            Part::Text(text) => Ok(text.clone()),
            Part::Fact(name) => {
                known.get(name.as_str()).cloned().ok_or_else(|| EnvironmentError::UnknownFact {
                    name: name.clone(),
                    instance: Box::new(instance.clone()),
                    known: known.keys().map(ToString::to_string).collect(),
                })
            }
        };
        let word = |word: &Vec<Part>| word.iter().map(part).collect::<Result<String, _>>();
        self.0.iter().map(|parts| Ok(word(parts)?.into())).collect()
    }
}

fn parts(word: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = word;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        parts.push(Part::Text(before.to_owned()));
        parts.push(Part::Fact(name.to_owned()));
        rest = after;
    }
    parts.push(Part::Text(rest.to_owned()));
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instance::from_words;

    fn line(environment: &Environment, instance: &str) -> Result<String, EnvironmentError> {
        let instance = from_words(&[instance.to_owned()]).expect("an instance").remove(0);
        let command = environment.command(Path::new("uptests/web/answers"), &instance)?;
        let command = command.as_std();
        let mut words: Vec<String> =
            command.get_envs().map(|(name, value)| format!("{name:?}={value:?}")).collect();
        words.push(command.get_program().to_string_lossy().into_owned());
        words.extend(command.get_args().map(|word| word.to_string_lossy().into_owned()));
        Ok(words.join(" "))
    }

    #[test]
    fn a_prefix_whose_program_is_not_there_is_found_out_before_anything_is_run() {
        let instance = from_words(&["web=a:80".to_owned()]).expect("an instance").remove(0);
        let missing = |exec: Option<&str>| {
            let exec = exec.map(|exec| Prefix::parse(exec).expect("a prefix"));
            let environment = Environment { exec, ..Environment::default() };
            let command =
                environment.command(Path::new("uptests/web/answers"), &instance).expect("a command");
            environment.missing_program(&command)
        };
        assert_eq!(missing(None), None);
        assert_eq!(missing(Some("env A=1")), None);
        assert_eq!(missing(Some("/bin/sh -c")), None);
        for program in ["no-such-docker", "/no/such/docker"] {
            assert_eq!(missing(Some(&format!("{program} exec"))), Some(program.into()));
        }
    }

    #[test]
    fn a_program_gets_a_host_and_a_port_and_variables() {
        let mut environment = Environment::default();
        assert_eq!(line(&environment, "web=[::1]:80").as_deref(), Ok("uptests/web/answers ::1 80"));
        environment.variables = vec![("A".to_owned(), "1 2".to_owned())];
        assert_eq!(
            line(&environment, "web=a:80").as_deref(),
            Ok("\"A\"=Some(\"1 2\") uptests/web/answers a 80")
        );
    }

    #[test]
    fn behind_a_prefix_the_variables_are_set_on_the_other_side() {
        let exec = Prefix::parse("docker exec --user 'web user' {container}-{zone}").expect("a prefix");
        let variables = vec![("A".to_owned(), "1 2".to_owned())];
        let mut environment = Environment { exec: Some(exec), ..Environment::default() };
        assert_eq!(
            line(&environment, "web=a:80,container=c,zone=z").as_deref(),
            Ok("docker exec --user web user c-z uptests/web/answers a 80")
        );
        environment = Environment { variables, clear: true, ..environment };
        assert_eq!(
            line(&environment, "web=a:80,container=c,zone=z").as_deref(),
            Ok("docker exec --user web user c-z env -i A=1 2 uptests/web/answers a 80")
        );
    }

    #[test]
    fn a_prefix_that_refers_to_what_is_not_known_says_what_is() {
        let exec = Some(Prefix::parse("docker exec {container}").expect("a prefix"));
        let environment = Environment { exec, ..Environment::default() };
        assert_eq!(
            line(&environment, "web=a:80,zone=z").expect_err("no container").to_string(),
            "--exec refers to `{container}`, which is not known of web a:80; there are {host}, {port}, {proc}, \
             {zone}. Say it behind the address, as in web=a:80,container=…"
        );
        let said = |text| Prefix::parse(text).expect_err(text).to_string();
        assert_eq!(
            [said("docker 'exec"), said(" "), said("docker {x")],
            [
                "--exec `docker 'exec` is no command: missing closing quote",
                "--exec ` ` is no command: it is empty",
                "--exec `docker {x` is no command: a `{` is not closed",
            ]
        );
    }

    #[test]
    fn a_file_of_variables_is_read_as_docker_reads_it() {
        let ours = |name: &OsStr| (name == "HOME").then(|| "/root".to_owned());
        let text = "# production\nA=1\n\n  B=\"x=y\" # no comment\nHOME\nUNSET\nEMPTY=\n";
        let expected = [("A", "1"), ("B", "\"x=y\" # no comment"), ("HOME", "/root"), ("EMPTY", "")];
        assert_eq!(
            variables(text, Path::new("env"), ours).expect("variables"),
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        assert_eq!(
            variables("A=1\nexport B=2", Path::new("env"), ours).expect_err("no name").to_string(),
            "line 2 of env: `export B=2` is no variable; expected NAME=VALUE, without `export` and quotes, as \
             docker's --env-file has it"
        );
    }
}
