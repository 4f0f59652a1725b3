//! What all pages have: the head, the bar at the top, and how states, times and durations look.

use http::StatusCode;
use livecheck_core::Timestamp;
use livecheck_core::wire::State;
use maud::{DOCTYPE, Markup, html};

use crate::assets::address;
use crate::words;

/// A page.
pub(super) struct Page<'a> {
    pub(super) title: &'a str,
    /// The group of runners that it is about, if it is known.
    pub(super) group: Option<&'a str>,
    pub(super) has_charts: bool,
    pub(super) content: Markup,
}

impl Page<'_> {
    pub(super) fn render(&self) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) " · LiveCheck" }
                    link rel="icon" href="data:,";
                    // First, so that a page chosen to be dark is never seen light.
                    script src=(address("theme.js")) {}
                    @if self.has_charts { link rel="stylesheet" href=(address("uPlot.min.css")); }
                    link rel="stylesheet" href=(address("style.css"));
                    script type="module" src=(address("page.js")) {}
                    @if self.has_charts { script type="module" src=(address("charts.js")) {} }
                }
                body {
                    a.skip href="#main" { "Skip to the content" }
                    header.top {
                        a.brand href="/" { "LiveCheck" }
                        @if let Some(group) = self.group { span.group { "group " (group) } }
                        span.live #live role="status" aria-live="polite" {}
                        button #theme type="button" { "Theme: auto" }
                    }
                    main #main tabindex="-1" { (self.content) }
                }
            }
        }
    }
}

/// A page that says why there is no other.
pub(super) fn message(status: StatusCode, text: &str) -> Markup {
    let title = status.canonical_reason().unwrap_or("Error");
    let content = html! {
        h1 { (title) }
        p.problem role="alert" { (text) }
        p { a href="/" { "All cases" } }
    };
    Page { title, group: None, has_charts: false, content }.render()
}

/// A state, by a sign and by its name: not everybody sees colours.
pub(super) fn state(state: State) -> Markup {
    let (class, sign) = look(state);
    html! { span class={ "state " (class) } { span aria-hidden="true" { (sign) } " " (name(state)) } }
}

/// The mark of what passed only when it was tried again.
pub(super) fn flaky() -> Markup {
    html! { span.tag.warning title="It passed only when it was tried again" { "flaky" } }
}

/// What a state is called.
pub(super) fn name(state: State) -> &'static str {
    match state {
        State::Init => "NEW",
        State::Stall => "STALLED",
        _ => state.as_str(),
    }
}

pub(super) const fn look(state: State) -> (&'static str, &'static str) {
    match state {
        State::Pass => ("pass", "✓"),
        State::Fail => ("fail", "✗"),
        State::Error => ("error", "!"),
        State::Timeout => ("timeout", "◷"),
        State::Stall => ("stall", "‖"),
        _ => ("none", "–"),
    }
}

/// A time, told from now; its full form shows when pointed at, and the page's script keeps it up to date.
pub(super) fn time(at: Timestamp, now: Timestamp) -> Markup {
    let full = at.to_string();
    html! { time datetime=(full) title=(full) { (words::relative(at, now)) } }
}

/// A time if there is one.
pub(super) fn time_or_dash(at: Option<Timestamp>, now: Timestamp) -> Markup {
    html! { @if let Some(at) = at { (time(at, now)) } @else { (dash()) } }
}

/// A duration if there is one.
pub(super) fn seconds_or_dash(seconds: Option<f64>) -> Markup {
    html! { @if let Some(seconds) = seconds { (words::seconds(seconds)) } @else { (dash()) } }
}

/// Nothing, for eyes and for ears.
pub(super) fn dash() -> Markup {
    html! { span aria-label="none" { "–" } }
}
