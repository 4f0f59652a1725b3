//! `silence`: alerts that nobody wants to hear of for a time; and who wants to see them, or to end one.

use livecheck_alerts::{Matcher, Silence};
use livecheck_core::Timestamp;

use super::broker::running_broker;
use super::kept::{PATIENCE, kept};
use super::{OK, Program, RunnerError, print};
use crate::args::{Selection, SilenceArgs, exit_code};
use crate::config::Config;
use crate::kafka::{Connection, Inspection};
use crate::monitor::write_silence;
use crate::silences;

pub(super) async fn silence(program: &Program, args: &SilenceArgs) -> Result<u8, RunnerError> {
    let config = program.config()?;
    let words: Vec<&str> = args.what.iter().map(String::as_str).collect();
    // What is typed wrong is said before a broker is asked.
    let wanted = match words[..] {
        ["list"] => Wanted::List,
        ["end", id] => Wanted::End(id),
        ["end", ..] => return Err(usage("`end` wants the id of one silence", "`silence list` shows them")),
        _ => Wanted::Begin(begin(program, args)?),
    };
    let connection = running_broker(&config)?;
    let group = args.group.clone().unwrap_or_else(|| config.group.clone());
    let inspection = connection.ask(|connection| Inspection::reach(connection, PATIENCE)).await?;
    let kept = kept(&connection, &inspection, &group).await?;
    let silences = kept.alerts.silences();
    let now = Timestamp::now();
    let text = match wanted {
        Wanted::List => silences::list(silences, now),
        Wanted::End(id) => {
            let Some(silence) = silences.get(id).filter(|silence| silence.is_on(now)) else {
                return Err(usage(
                    &format!("no silence `{id}` is on"),
                    "`silence list` shows those that are",
                ));
            };
            let ended = Silence { until: now, ..silence.clone() };
            write(&connection, &group, id, &ended).await?;
            silences::ended(id, &ended, now)
        }
        Wanted::Begin(silence) => {
            let id = uuid::Uuid::new_v4().simple().to_string()[..8].to_owned();
            write(&connection, &group, &id, &silence).await?;
            silences::begun(&id, &silence, now)
        }
    };
    print(&text)?;
    Ok(OK)
}

enum Wanted<'a> {
    List,
    End(&'a str),
    Begin(Silence),
}

/// The silence that is asked for.
fn begin(program: &Program, args: &SilenceArgs) -> Result<Silence, RunnerError> {
    let (Some(lasts), Some(reason)) = (args.lasts, &args.reason) else {
        let message = "a silence wants to be told for how long, and why";
        return Err(usage(message, "such as `--for 2h --reason 'the new database'`"));
    };
    let is_matcher = |word: &&String| word.contains('=') || word.contains("!~");
    let (matchers, filters): (Vec<&String>, Vec<&String>) = args.what.iter().partition(is_matcher);
    let mut read = Vec::new();
    for matcher in matchers {
        let matcher: Matcher = matcher.parse().map_err(|error: livecheck_alerts::MatcherError| {
            usage(
                &error.to_string(),
                "labels are case, package, kind, group, tag, and those of the configuration",
            )
        })?;
        read.push(matcher);
    }
    if !filters.is_empty() {
        let filters = filters.into_iter().cloned().collect();
        // Whatever the profile is about.
        let config = Config { tags: Vec::new(), ..program.config()? };
        let selected = program.select(&Selection { filters, ..Selection::default() }, &config)?;
        read.insert(0, Matcher::is_one_of("case", selected.names()));
    }
    let since = Timestamp::now();
    let by = args.by.clone().or_else(|| std::env::var("USER").ok()).filter(|name| !name.trim().is_empty());
    let by = by.unwrap_or_else(|| "somebody".to_owned());
    Ok(Silence { matchers: read, since, until: since + lasts, by, reason: reason.clone() })
}

async fn write(connection: &Connection, group: &str, id: &str, silence: &Silence) -> Result<(), RunnerError> {
    let (group, id, silence) = (group.to_owned(), id.to_owned(), silence.clone());
    let written = connection.ask(move |connection| write_silence(connection, &group, &id, &silence));
    Ok(written.await?)
}

fn usage(message: &str, help: &str) -> RunnerError {
    RunnerError::refused(message, help, exit_code::USAGE)
}
