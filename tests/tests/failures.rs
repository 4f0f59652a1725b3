//! The page "failures" shows what the terminal shows of five failures of the tutorial's orders.
//!
//! With `UPDATE_FAILURES=1` it is written anew.

use std::fs;
use std::path::PathBuf;

use livecheck::Origin;
use livecheck_tests::stock_order_system::StockOrderSystem;

/// The steps to break, in the order of the page.
const STEPS: [&str; 5] = ["wrong-side", "skip-cache", "cache-down", "drop-execution", "slow-execution"];
/// Where the texts of the page begin and end.
const FENCES: (&str, &str) = ("```text\n", "```\n");

fn page() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../src/docs/failures.md")
}

/// What the terminal shows of an execution with that step broken: from its verdict to the empty line behind it.
fn shown(step: &str) -> String {
    let system = StockOrderSystem::broken("failures", step);
    let topics = system.topics().names.clone();
    // Half of them are followed; the run ends with the first.
    assert_eq!(system.post(20).len(), 20);
    let ended = system.runner_ended();
    assert_eq!(ended.code, Some(100), "{}", ended.stderr);
    let is_verdict = |line: &&str| ["FAIL", "ERROR", "TIMEOUT"].iter().any(|state| line.contains(state));
    let lines = ended.stderr.lines().skip_while(|line| !is_verdict(line)).take_while(|line| !line.is_empty());
    let text: String = lines.flat_map(|line| [line, "\n"]).collect();
    // Topics of the test's own, and a host that is nobody's.
    let host = Origin::of_this_process().host.clone().unwrap();
    let text = text.replace(&topics.bus_topic, "livecheck-bus").replace(&topics.test_topic, "livecheck");
    text.replace(&format!(" on {host} "), " on shop-1 ").replace(&format!(" on {host}\n"), " on shop-1\n")
}

/// What differs from run to run, hidden: numbers, ids, the side, and how wide that makes the columns; and whether the
/// steps behind the failure came before the report was written.
fn masked(text: &str) -> String {
    let is_behind = |line: &&str| {
        ["not waited for", "not seen", "too late", "more lines of it"]
            .iter()
            .any(|behind| line.contains(behind))
    };
    let word = |word: &str| {
        let word = match word {
            "Buy" | "Sell" => "SIDE",
            "\"buy\"" | "\"sell\"" => "\"SIDE\"",
            // A signal may have been logged before the trigger: the services send them on connections of their own.
            _ => word.strip_prefix(['+', '-']).filter(|time| time.ends_with('s')).unwrap_or(word),
        };
        let is_id = word.len() >= 36 && word.matches('-').count() == 4;
        let number = |character: char| if character.is_ascii_digit() { '0' } else { character };
        let mut masked: Vec<char> = word.chars().map(number).collect();
        masked.dedup();
        if is_id { "ID".to_owned() } else { masked.into_iter().collect() }
    };
    // How far the group is, where it is well, depends on when it has last committed.
    let words = |line: &str| if line.trim_start().starts_with("missing") { 4 } else { usize::MAX };
    let line = |line: &str| line.split_whitespace().take(words(line)).map(word).collect::<Vec<_>>().join(" ");
    text.lines().filter(|line| !is_behind(line)).map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_page_shows_what_the_terminal_shows_of_five_failures() {
    let page_now = fs::read_to_string(page()).unwrap();
    let mut parts = page_now.split(FENCES.0);
    let mut written = parts.next().unwrap().to_owned();
    let parts: Vec<_> = parts.map(|part| part.split_once(FENCES.1).unwrap()).collect();
    assert_eq!(parts.len(), STEPS.len());
    let is_written = std::env::var_os("UPDATE_FAILURES").is_some();
    for (step, (text, after)) in STEPS.iter().zip(parts) {
        let shown = shown(step);
        if is_written {
            written += &[FENCES.0, &shown, FENCES.1, after].concat();
        } else {
            assert!(*step != "slow-execution" || shown.contains(" records behind in "), "{shown}");
            assert_eq!(masked(&shown), masked(text), "{step}: UPDATE_FAILURES=1 writes the page anew");
        }
    }
    if is_written {
        fs::write(page(), written).unwrap();
    }
}
