//! The results as Velociraptor's `uptester` prints them: a line with a JSON array, and nothing else.
//!
//! The reference is [`uptester.go`](https://github.com/yougov/vr.runners/blob/master/vr/runners/uptester/uptester.go),
//! built with a current Go. Its bytes are Go's: what `encoding/json` escapes, how `os/exec` words an error. And it
//! prints the line with `fmt.Printf` as the format, so that a per cent sign in an output is read as a verb that
//! has no argument: `99% of\n` comes out as `99%!o(MISSING)f\n`. Who parses that line today has met all of it,
//! so it is the same here; `--format json` is the form without the past.

mod printf;

use std::os::unix::ffi::OsStrExt;

use crate::outcome::{Ending, NotStarted, Signalled};
use crate::run::UptestResult;

/// The line, with its end.
#[must_use]
pub fn render(results: &[UptestResult]) -> Vec<u8> {
    let mut array = String::from("[");
    for (index, result) in results.iter().enumerate() {
        if index > 0 {
            array.push(',');
        }
        array.push_str("{\"Name\":");
        quote(&mut array, result.check.exact_name().as_bytes());
        array.push_str(",\"Output\":");
        quote(&mut array, &output(result));
        array.push_str(",\"Passed\":");
        array.push_str(if result.outcome.ending.is_failure() { "false}" } else { "true}" });
    }
    array.push_str("]\n");
    printf::without_arguments(&array).into_bytes()
}

/// Whether the line is what it was meant to be: a per cent sign may have made it none.
#[must_use]
pub fn is_json(line: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(line).is_ok()
}

/// What it wrote, or else the reason. That it had to be ended is said in any case: there, no uptest ever was.
fn output(result: &UptestResult) -> Vec<u8> {
    let mut output = result.outcome.output.bytes();
    let ending = &result.outcome.ending;
    let is_ours = matches!(ending, Ending::TimedOut { .. } | Ending::Stopped(_));
    if output.is_empty() && !ending.is_pass() || is_ours {
        if output.last().is_some_and(|&last| last != b'\n') {
            output.push(b'\n');
        }
        output.extend_from_slice(reason(ending).as_bytes());
    }
    output
}

/// The reason as `os/exec` words it.
fn reason(ending: &Ending) -> String {
    match ending {
        Ending::Signalled(Signalled { signal, core_dumped }) => {
            let core = if *core_dumped { " (core dumped)" } else { "" };
            match description(*signal) {
                Some(description) => format!("signal: {description}{core}"),
                None => format!("signal: signal {signal}{core}"),
            }
        }
        Ending::NotStarted(NotStarted { path, error, .. }) => {
            format!("fork/exec {}: {}", path.display(), error.to_lowercase())
        }
        ending => ending.to_string(),
    }
}

/// What Go calls a signal on Linux.
fn description(signal: i32) -> Option<&'static str> {
    let names = [
        "hangup",
        "interrupt",
        "quit",
        "illegal instruction",
        "trace/breakpoint trap",
        "aborted",
        "bus error",
        "floating point exception",
        "killed",
        "user defined signal 1",
        "segmentation fault",
        "user defined signal 2",
        "broken pipe",
        "alarm clock",
        "terminated",
    ];
    names.get(usize::try_from(signal).ok()?.checked_sub(1)?).copied()
}

/// A string of JSON, with what `encoding/json` escapes escaped: HTML's own characters, the line separators that
/// JavaScript stumbles over, and each byte that is no UTF-8 as a replacement character.
fn quote(json: &mut String, bytes: &[u8]) {
    json.push('"');
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '"' => json.push_str("\\\""),
                '\\' => json.push_str("\\\\"),
                '\n' => json.push_str("\\n"),
                '\r' => json.push_str("\\r"),
                '\t' => json.push_str("\\t"),
                '\u{8}' => json.push_str("\\b"),
                '\u{c}' => json.push_str("\\f"),
                '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                    json.push_str(&format!("\\u{:04x}", u32::from(character)));
                }
                character => json.push(character),
            }
        }
        chunk.invalid().iter().for_each(|_| json.push_str("\\ufffd"));
    }
    json.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped_as_go_does() {
        let mut json = String::new();
        quote(&mut json, b"\"\\/\n\r\t\x08\x0c\x00\x1b\x7f<a&b>\xe2\x80\xa8\xe2\x82A\xff\xc3\xa4");
        let expected = concat!(
            r#""\"\\/\n\r\t\b\f\u0000\u001b"#,
            "\u{7f}",
            r#"\u003ca\u0026b\u003e\u2028\ufffd\ufffdA\ufffdä""#
        );
        assert_eq!(json, expected);
    }
}
