//! Secrets in the configuration: as texts with variables in them, or in files.

use toml::de::DeTable;

use livecheck_alerts::Secret;

use super::super::reader::Reader;

/// The longest file that is read for a secret, in bytes.
const MOST: u64 = 64 * 1024;

/// A secret that the configuration asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// It is here.
    Found(Secret),
    /// It is not: its variable is not set, or its file is not there. That is noted as unresolved.
    Missing,
}

/// The secret under `key`, or in the file that `key`-file names.
pub(super) fn read(reader: &mut Reader<'_>, table: &DeTable<'_>, key: &str) -> Option<Asked> {
    let in_file = format!("{key}-file");
    match (table.get(key), table.get(in_file.as_str())) {
        (None, None) => None,
        (Some(_), Some(file)) => {
            let problem = reader.problem(file.span(), format!("there are both `{key}` and `{in_file}`"));
            reader.note(problem.help("leave one of them out"));
            None
        }
        (Some(_), None) => {
            let (name, value) = table.get_key_value(key)?;
            let Some(text) = value.get_ref().as_str() else {
                let problem = reader.problem(name.span(), format!("`{key}` is no text"));
                reader.note(problem.help("a text, such as \"${VARIABLE}\""));
                return None;
            };
            Some(match filled_in(text, |name| reader.variable(name)) {
                Ok(text) => Asked::Found(Secret::new(text)),
                Err(variable) => {
                    let problem = reader.problem(name.span(), format!("the variable {variable} is not set"));
                    reader.leave_unresolved(problem.help(format!("set it, or name a file with `{in_file}`")));
                    Asked::Missing
                }
            })
        }
        (None, Some(file)) => {
            let Some(path) = file.get_ref().as_str().map(|path| reader.path(path)) else {
                reader.unexpected(&in_file, file, "a path");
                return None;
            };
            let text = std::fs::metadata(&path).and_then(|metadata| {
                if metadata.len() > MOST {
                    return Err(std::io::Error::other("it is too long for a secret"));
                }
                std::fs::read_to_string(&path)
            });
            Some(match text {
                Ok(text) => Asked::Found(Secret::new(text.trim_end_matches(['\n', '\r']))),
                Err(error) => {
                    let message = format!("cannot read `{in_file}` {}: {error}", path.display());
                    let problem = reader.problem(file.span(), message);
                    reader.leave_unresolved(problem);
                    Asked::Missing
                }
            })
        }
    }
}

/// A text with each `${NAME}` replaced; or the first name that has no value.
fn filled_in(text: &str, variable: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, after)) = after.split_once('}') else { break };
        out.push_str(before);
        out.push_str(&variable(name).ok_or_else(|| name.to_owned())?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled_in() {
        let variable = |name: &str| (name == "KEY").then(|| "hunter2".to_owned());
        assert_eq!(filled_in("https://a/${KEY}/b$", variable), Ok("https://a/hunter2/b$".to_owned()));
        assert_eq!(filled_in("${KEY}${OTHER}", variable), Err("OTHER".to_owned()));
        assert_eq!(filled_in("${KEY", variable), Ok("${KEY".to_owned()));
    }
}
