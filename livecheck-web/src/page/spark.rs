//! A sparkline: how a case did over the last day, in the height of a line.

use maud::{Markup, html};

use crate::view::Bucket;
use crate::words;

const BAR: usize = 3;
const HEIGHT: u64 = 24;

/// A bar for each bucket: how many executions ended in it, and how many of them did not pass.
pub(super) fn sparkline(buckets: &[Bucket]) -> Markup {
    let executed = |bucket: &Bucket| bucket.pass + bucket.failures();
    let most = buckets.iter().map(executed).max().unwrap_or(0).max(1);
    let (passed, failed) = buckets
        .iter()
        .fold((0, 0), |(passed, failed), bucket| (passed + bucket.pass, failed + bucket.failures()));
    let label = match passed + failed {
        0 => "nothing was executed in the last 24 hours".to_owned(),
        _ => format!("last 24 hours: {} passed, {} did not", words::count(passed), words::count(failed)),
    };
    html! {
        svg.spark role="img" aria-label=(label) viewBox={ "0 0 " (buckets.len().max(1) * BAR) " " (HEIGHT) }
            preserveAspectRatio="none" {
            title { (label) }
            @for (place, bucket) in buckets.iter().enumerate() {
                @let bad = height(bucket.failures(), most);
                @let good = height(bucket.pass, most).min(HEIGHT - bad);
                @if good > 0 {
                    rect.good x=(place * BAR) y=(HEIGHT - bad - good) width=(BAR - 1) height=(good) {}
                }
                @if bad > 0 { rect.bad x=(place * BAR) y=(HEIGHT - bad) width=(BAR - 1) height=(bad) {} }
            }
        }
    }
}

/// A failure among many passes is seen, too.
fn height(count: u64, most: u64) -> u64 {
    match count {
        0 => 0,
        _ => (count.saturating_mul(HEIGHT) / most).clamp(2, HEIGHT),
    }
}

#[cfg(test)]
mod tests {
    use livecheck_core::Timestamp;

    use super::*;

    fn bucket(pass: u64, fail: u64) -> Bucket {
        Bucket { start: Timestamp::MIN, pass, fail, error: 0, timeout: 0, skip: 0, p50: None, p99: None }
    }

    #[test]
    fn one_failure_among_many_passes_is_seen() {
        let drawn = sparkline(&[bucket(10_000, 1), bucket(0, 0), bucket(5_000, 0)]).into_string();
        insta::assert_snapshot!(drawn);
    }

    #[test]
    fn where_nothing_was_executed_that_is_said() {
        assert!(sparkline(&[]).into_string().contains("nothing was executed"));
    }
}
