//! Hands the runner's own arguments on to it.
//!
//! Which arguments those are, the runner's definitions say: nothing here names one, so a new argument of the
//! runner is handed on from the day it is defined.

use std::ffi::{OsStr, OsString};

use clap::{Arg, ArgAction, ArgMatches, Command, parser::ValueSource};

/// The runner's command line: what `matches`, those of the subcommand `name` of `cargo livecheck`, have of the
/// arguments that the `runner` defines.
///
/// Only what was typed is handed on. Defaults and environment variables the runner reads itself.
pub(crate) fn runner_arguments(runner: &Command, name: &str, matches: &ArgMatches) -> Vec<OsString> {
    let of_subcommand = runner.find_subcommand(name).into_iter().flat_map(Command::get_arguments);
    let (positionals, options): (Vec<&Arg>, Vec<&Arg>) =
        runner.get_arguments().chain(of_subcommand).partition(|arg| arg.is_positional());

    let mut arguments = vec![OsString::from(name)];
    for option in options {
        append_option(&mut arguments, option, matches);
    }
    let values: Vec<&OsStr> = positionals.iter().flat_map(|arg| typed_values(arg, matches)).collect();
    if !values.is_empty() {
        // A filter may begin with a hyphen.
        arguments.push("--".into());
        arguments.extend(values.into_iter().map(OsStr::to_owned));
    }
    arguments
}

fn append_option(arguments: &mut Vec<OsString>, option: &Arg, matches: &ArgMatches) {
    let id = option.get_id().as_str();
    let Some(flag) = spelling(option) else { return };
    match option.get_action() {
        ArgAction::SetTrue if is_typed(option, matches) && matches.get_flag(id) => arguments.push(flag),
        ArgAction::Count if is_typed(option, matches) => {
            arguments.extend(std::iter::repeat_n(flag, matches.get_count(id).into()));
        }
        ArgAction::Set | ArgAction::Append => {
            for value in typed_values(option, matches) {
                // In one word, or a value that begins with a hyphen would be taken for an option.
                let mut argument = flag.clone();
                argument.push("=");
                argument.push(value);
                arguments.push(argument);
            }
        }
        _ => {}
    }
}

/// An option as it is typed, the long form if it has one.
fn spelling(option: &Arg) -> Option<OsString> {
    let long = option.get_long().map(|long| format!("--{long}"));
    long.or_else(|| option.get_short().map(|short| format!("-{short}"))).map(OsString::from)
}

fn is_typed(arg: &Arg, matches: &ArgMatches) -> bool {
    // An argument that `cargo livecheck` does not define would make clap panic.
    let id = arg.get_id().as_str();
    matches.try_contains_id(id).unwrap_or(false) && matches.value_source(id) == Some(ValueSource::CommandLine)
}

fn typed_values<'a>(arg: &Arg, matches: &'a ArgMatches) -> Vec<&'a OsStr> {
    if !is_typed(arg, matches) {
        return Vec::new();
    }
    matches.get_raw(arg.get_id().as_str()).into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;
    use crate::{args::Cli, runner_args::RunnerCommand};

    /// What the runner parses from what `cargo livecheck` hands on.
    fn forwarded(arguments: &[&str]) -> RunnerCommand {
        let argv = std::iter::once("cargo-livecheck").chain(arguments.iter().copied());
        let matches = Cli::command().try_get_matches_from(argv).expect("cargo livecheck parses it");
        let (name, matches) = matches.subcommand().expect("has a subcommand");
        let arguments = runner_arguments(&RunnerCommand::command(), name, matches);
        RunnerCommand::try_parse_from(std::iter::once(OsString::from("runner")).chain(arguments))
            .expect("the runner parses it")
    }

    fn direct(arguments: &[&str]) -> RunnerCommand {
        RunnerCommand::try_parse_from(std::iter::once("runner").chain(arguments.iter().copied()))
            .expect("the runner parses it")
    }

    /// Values of which each argument takes at least one.
    const VALUES: [&str; 9] =
        ["a=1", "7", "10m", "1%", "127.0.0.1:1", "always", "json", "fail", "{\"side\": \"sell\"}"];

    /// Ways to type one argument of a subcommand that the runner takes.
    fn ways_to_type(subcommand: &Command, arg: &Arg) -> Vec<Vec<String>> {
        let spellings: Vec<String> = arg
            .get_long()
            .map(|long| format!("--{long}"))
            .into_iter()
            .chain(arg.get_short().map(|short| format!("-{short}")))
            .collect();
        let mut ways: Vec<Vec<String>> = Vec::new();
        if arg.is_positional() {
            ways.push(vec!["order_flow".to_owned()]);
        } else if arg.get_action().takes_values() {
            for (spelling, value) in spellings.iter().flat_map(|one| VALUES.map(|value| (one, value))) {
                ways.push(vec![spelling.clone(), value.to_owned()]);
            }
        } else {
            ways.extend(spellings.into_iter().map(|spelling| vec![spelling]));
        }
        for way in &mut ways {
            way.insert(0, subcommand.get_name().to_owned());
        }
        let is_understood = |way: &Vec<String>| {
            RunnerCommand::try_parse_from(std::iter::once("runner").chain(way.iter().map(String::as_str)))
                .is_ok()
        };
        // Some subcommands want to be told what it is about, too, once or twice, or in which form.
        for more in ["order_flow", "order_flow", "--format=json"] {
            if ways.iter().any(is_understood) {
                break;
            }
            let with_more = ways.iter().map(|way| [&way[..], &[more.to_owned()]].concat());
            ways.extend(with_more.collect::<Vec<_>>());
        }
        ways.retain(is_understood);
        ways
    }

    #[test]
    fn every_argument_of_the_runner_arrives() {
        let runner = RunnerCommand::command();
        let mut checked = 0;
        for subcommand in runner.get_subcommands() {
            for arg in runner.get_arguments().chain(subcommand.get_arguments()) {
                // Hidden ones are for `cargo livecheck` itself to add.
                if arg.is_hide_set() {
                    continue;
                }
                let ways = ways_to_type(subcommand, arg);
                assert!(!ways.is_empty(), "no value known for {} {}", subcommand.get_name(), arg.get_id());
                for way in ways {
                    let way: Vec<&str> = way.iter().map(String::as_str).collect();
                    assert_eq!(forwarded(&way), direct(&way), "{way:?}");
                    checked += 1;
                }
            }
        }
        assert!(checked > 50, "only {checked} ways to type arguments were checked");
    }

    #[test]
    fn repeated_arguments_keep_their_number_and_order() {
        let typed = ["run", "-vv", "-X", "b=1", "-X", "a=-2", "-p", "orders", "-p", "payments", "one", "two"];
        assert_eq!(forwarded(&typed), direct(&typed));
    }

    #[test]
    fn values_with_hyphens_arrive_as_values() {
        let typed = ["run", "--group=-g", "--", "-filter"];
        assert_eq!(forwarded(&typed), direct(&typed));
    }

    #[test]
    fn options_before_the_subcommand_arrive() {
        assert_eq!(
            forwarded(&["-q", "--color", "never", "list"]),
            direct(&["list", "-q", "--color", "never"])
        );
    }

    #[test]
    fn options_of_cargo_do_not_arrive() {
        let typed = ["run", "--release", "-F", "mock", "--locked", "-j", "2", "--for", "10m"];
        assert_eq!(forwarded(&typed), direct(&["run", "--for", "10m"]));
    }

    #[test]
    fn defaults_are_not_handed_on() {
        let matches = Cli::command().try_get_matches_from(["cargo-livecheck", "list"]).expect("parses");
        let (name, matches) = matches.subcommand().expect("has a subcommand");
        assert_eq!(runner_arguments(&RunnerCommand::command(), name, matches), ["list"]);
    }
}
