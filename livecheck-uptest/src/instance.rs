//! The instances to ask: of which process, where, and what else is known of each.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use livecheck_core::Target;
use livecheck_core::uptest::TargetError;

/// The name of a kind of process, `web` or `worker`: the name of a folder in `uptests/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Proc(String);

impl Proc {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Proc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Proc {
    type Err = InstanceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // One folder in `uptests/`, and no other.
        let is_folder = !text.is_empty() && text != "." && text != ".." && !text.contains('/');
        let is_shown = !text.chars().any(|c| c.is_whitespace() || c.is_control());
        if is_folder && is_shown {
            Ok(Self(text.to_owned()))
        } else {
            Err(InstanceError::Proc { text: text.to_owned() })
        }
    }
}

/// One running process that uptests ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// What it is an instance of.
    pub proc: Proc,
    /// Where it is.
    pub target: Target,
    /// What else is known of it, by name: what an `--exec` prefix may refer to, such as its container.
    pub facts: BTreeMap<String, String>,
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.proc, self.target)
    }
}

/// What does not name an instance.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InstanceError {
    /// The name of the process is not that of a folder.
    #[error("`{text}` is no name of a process: it is the name of a folder in uptests/, such as web")]
    Proc {
        /// What was given.
        text: String,
    },
    /// It is not where an instance can be.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// A fact has no name or no value.
    #[error("`{text}` says nothing of an instance; expected NAME=VALUE, such as container=web-1")]
    Fact {
        /// What was given.
        text: String,
    },
    /// The words are neither one instance nor several.
    #[error("`{}` names no instances; expected PROC HOST PORT, or PROC=HOST:PORT for each", words.join(" "))]
    Words {
        /// What was given.
        words: Vec<String>,
    },
    /// A file of instances names none.
    #[error("{file} names no instance; expected a line such as web: 10.0.0.1:8000")]
    Empty {
        /// The file.
        file: String,
    },
    /// A line of a file of instances cannot be read.
    #[error("line {line} of {file}: {reason}")]
    Line {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
}

/// The instances that the words of a command line name: `web 10.0.0.1 8000` is one,
/// `web=10.0.0.1:8000 worker=…` are several.
///
/// # Errors
///
/// They name none, or one of them is wrong.
pub fn from_words(words: &[String]) -> Result<Vec<Instance>, InstanceError> {
    match words {
        [proc, host, port] if !proc.contains('=') => {
            let target = Target::new(host, port)?;
            Ok(vec![Instance { proc: proc.parse()?, target, facts: BTreeMap::new() }])
        }
        _ => {
            let one = |word: &String| match word.split_once('=') {
                Some((proc, place)) => at(proc.parse()?, place),
                None => Err(InstanceError::Words { words: words.to_vec() }),
            };
            words.iter().map(one).collect()
        }
    }
}

/// The instances in a file that is written like a Procfile: `web: 10.0.0.1:8000 10.0.0.2:8000` on a line, with
/// `#` before comments.
///
/// # Errors
///
/// It names none, a line does not, or one of them is wrong.
pub fn from_file(text: &str, file: &str) -> Result<Vec<Instance>, InstanceError> {
    let mut instances = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line_error = |reason| InstanceError::Line { file: file.to_owned(), line: index + 1, reason };
        let line = line.split_once('#').map_or(line, |(before, _)| before).trim();
        if line.is_empty() {
            continue;
        }
        let (proc, places) = line
            .split_once(':')
            .ok_or_else(|| line_error("expected PROC: HOST:PORT HOST:PORT …".to_owned()))?;
        let proc: Proc =
            proc.trim_end().parse().map_err(|error: InstanceError| line_error(error.to_string()))?;
        let before = instances.len();
        for place in places.split_whitespace() {
            instances.push(at(proc.clone(), place).map_err(|error| line_error(error.to_string()))?);
        }
        if instances.len() == before {
            return Err(line_error(format!("`{proc}` has no instance; expected {proc}: HOST:PORT …")));
        }
    }
    if instances.is_empty() {
        return Err(InstanceError::Empty { file: file.to_owned() });
    }
    Ok(instances)
}

/// An instance at `HOST:PORT`, or at `HOST:PORT,NAME=VALUE,…`.
fn at(proc: Proc, place: &str) -> Result<Instance, InstanceError> {
    let mut parts = place.split(',');
    let target = parts.next().unwrap_or_default().parse()?;
    let facts = parts.map(fact).collect::<Result<_, _>>()?;
    Ok(Instance { proc, target, facts })
}

fn fact(text: &str) -> Result<(String, String), InstanceError> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => {
            Ok((name.to_owned(), value.to_owned()))
        }
        _ => Err(InstanceError::Fact { text: text.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Result<Vec<String>, String> {
        let words: Vec<String> = line.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        shown(from_words(&words))
    }

    fn shown(instances: Result<Vec<Instance>, InstanceError>) -> Result<Vec<String>, String> {
        let shown = |Instance { proc, target, facts }: &Instance| format!("{proc} {target} {facts:?}");
        Ok(instances.map_err(|error| error.to_string())?.iter().map(shown).collect())
    }

    #[test]
    fn one_instance_is_three_words_and_several_are_one_each() {
        assert_eq!(words("web 10.0.0.1 8000"), Ok(vec!["web 10.0.0.1:8000 {}".to_owned()]));
        assert_eq!(words("web ::1 8000"), Ok(vec!["web [::1]:8000 {}".to_owned()]));
        assert_eq!(
            words("web=10.0.0.1:8000 web=[::1]:8000 worker=w-1:80,container=w-1,zone=a"),
            Ok(vec![
                "web 10.0.0.1:8000 {}".to_owned(),
                "web [::1]:8000 {}".to_owned(),
                r#"worker w-1:80 {"container": "w-1", "zone": "a"}"#.to_owned(),
            ])
        );
        assert_eq!(words(""), Ok(vec![]));
    }

    #[test]
    fn what_names_no_instance_is_told_so() {
        let said = |line| words(line).expect_err(line);
        assert_eq!(
            [said("web"), said("web 10.0.0.1:8000"), said("../etc 10.0.0.1 80"), said("web=a:1,b")],
            [
                "`web` names no instances; expected PROC HOST PORT, or PROC=HOST:PORT for each",
                "`web 10.0.0.1:8000` names no instances; expected PROC HOST PORT, or PROC=HOST:PORT for each",
                "`../etc` is no name of a process: it is the name of a folder in uptests/, such as web",
                "`b` says nothing of an instance; expected NAME=VALUE, such as container=web-1",
            ]
        );
    }

    #[test]
    fn a_file_names_the_instances_of_each_process() {
        let text = "# blue\nweb: 10.0.0.1:8000 10.0.0.2:8000 # two\n\nworker:[::1]:9000\n";
        assert_eq!(
            shown(from_file(text, "uptests/instances")),
            Ok(vec![
                "web 10.0.0.1:8000 {}".to_owned(),
                "web 10.0.0.2:8000 {}".to_owned(),
                "worker [::1]:9000 {}".to_owned(),
            ])
        );
    }

    #[test]
    fn a_line_that_is_wrong_is_named() {
        let said = |text| shown(from_file(text, "blue")).expect_err(text);
        assert_eq!(
            [said("# none"), said("web: a:1\nworker"), said("web:"), said("web: a"), said("a b: c:1")],
            [
                "blue names no instance; expected a line such as web: 10.0.0.1:8000",
                "line 2 of blue: expected PROC: HOST:PORT HOST:PORT …",
                "line 1 of blue: `web` has no instance; expected web: HOST:PORT …",
                "line 1 of blue: `a` has no port; expected HOST:PORT, such as 10.0.0.1:8000, web-1:8000 or [::1]:8000",
                "line 1 of blue: `a b` is no name of a process: it is the name of a folder in uptests/, such as web",
            ]
        );
    }
}
