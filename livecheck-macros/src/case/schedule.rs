//! The options that say when a case is executed without a trigger: `schedule`, `timezone`, `every`, `jitter`, `confirm`.

use std::time::Duration;

use livecheck_schedule::Schedule;
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::LitStr;
use syn::ext::IdentExt;

use super::parameters::{Kind, Parameter};
use crate::attribute::Entry;
use crate::duration;
use crate::errors::Errors;
use crate::value::{Value, Zero};

/// The names of these options.
pub(super) const KNOWN: [&str; 5] = ["schedule", "timezone", "every", "jitter", "confirm"];

/// How much longer than the longest time between two slots nothing may be seen of a scheduled case: what
/// `warn_stalled_after` is where it is not given.
const STALLED_AFTER: Duration = Duration::from_secs(30 * 60);

/// The options, as far as they are given.
#[derive(Default)]
pub(super) struct Scheduling {
    entries: Vec<Entry>,
}

/// What a case's schedule is.
pub(crate) struct Scheduled {
    /// The key, `schedule` or `every`, under the user's own span.
    key: Ident,
    /// Where `confirm` stands, if it does.
    confirm: Option<Span>,
}

/// A setting, by its setter.
type Setting = (Ident, TokenStream);

impl Scheduling {
    /// Takes one of these options.
    pub(super) fn take(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    fn given(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key.unraw() == name)
    }

    /// The settings that follow, and whether the case is a scheduled one. `is_given` says which settings the user gives.
    pub(super) fn settings(
        &self,
        is_given: impl Fn(&str) -> bool,
        errors: &mut Errors,
    ) -> (Vec<Setting>, Option<Scheduled>) {
        let (by_clock, every) = (self.given("schedule"), self.given("every"));
        if let (Some(_), Some(every)) = (by_clock, every) {
            errors.at(every.key.span(), "`schedule` and `every` are two ways to say when: give one of them");
        }
        let Some(rule) = by_clock.or(every) else {
            self.without_a_rule(errors);
            return (Vec::new(), None);
        };
        let read = if by_clock.is_some() { self.cron(&rule.value) } else { self.every(&rule.value) };
        let mut settings = Vec::new();
        if let Some((schedule, tokens)) = errors.take(read) {
            if let Some((schedule, tokens)) = errors.take(self.with_jitter(schedule, tokens)) {
                settings.push((Ident::new("schedule", rule.key.span()), tokens));
                settings.extend(defaults(&schedule, rule.key.span(), is_given));
            }
        }
        if let Some(confirm) = self.given("confirm") {
            let retries = errors.take(retries(&confirm.value));
            settings.extend(retries.map(|retries| (confirm.key.clone(), quote!(#retries))));
        }
        let confirm = self.given("confirm").map(|confirm| confirm.key.span());
        (settings, Some(Scheduled { key: rule.key.clone(), confirm }))
    }

    /// What has no meaning without a rule.
    fn without_a_rule(&self, errors: &mut Errors) {
        for Entry { key, .. } in &self.entries {
            let name = key.unraw().to_string();
            errors.at(
                key.span(),
                match name.as_str() {
                    "confirm" => "`confirm` tries again what fails, which only a case with `schedule` or `every` can be: of \
                                  a real request there is nothing to try again"
                        .to_owned(),
                    "timezone" => "`timezone` is that of a `schedule`, and there is none".to_owned(),
                    _ => format!("`{name}` is that of a `schedule` or of `every`, and there is none"),
                },
            );
        }
    }

    fn cron(&self, value: &Value) -> syn::Result<(Schedule, TokenStream)> {
        let text = value.text()?;
        let timezone = self.given("timezone").map(|zone| zone.value.text()).transpose()?;
        let zone = timezone.map(LitStr::value);
        let schedule = Schedule::cron(&text.value(), zone.as_deref()).map_err(|error| {
            // A zone that is given beside the expression is wrong where it stands.
            let is_of_zone = matches!(error, livecheck_schedule::ScheduleError::Zone { .. });
            match timezone.filter(|_| is_of_zone) {
                Some(timezone) => syn::Error::new_spanned(timezone, error),
                None => value.error(error),
            }
        })?;
        let timezone = match timezone {
            Some(timezone) => quote!(::core::option::Option::Some(#timezone)),
            None => quote!(::core::option::Option::None),
        };
        Ok((schedule, quote!(cron(#text, #timezone))))
    }

    fn every(&self, value: &Value) -> syn::Result<(Schedule, TokenStream)> {
        if let Some(timezone) = self.given("timezone") {
            let message = "`every` counts from 1970, in no time zone; `schedule` goes by a zone's clock";
            return Err(syn::Error::new(timezone.key.span(), message));
        }
        let period = value.duration(Zero::Refused)?;
        let schedule = Schedule::every(period).map_err(|error| value.error(error))?;
        let period = duration::expression(period);
        Ok((schedule, quote!(every(#period))))
    }

    fn with_jitter(&self, schedule: Schedule, tokens: TokenStream) -> syn::Result<(Schedule, TokenStream)> {
        let Some(jitter) = self.given("jitter") else { return Ok((schedule, tokens)) };
        let most = jitter.value.duration(Zero::Allowed)?;
        let schedule = schedule.with_jitter(most).map_err(|error| jitter.value.error(error))?;
        let most = duration::expression(most);
        Ok((schedule, quote!(#tokens.jitter(#most))))
    }
}

impl Scheduled {
    /// Says what keeps the parameters from being those of a case that nobody triggers.
    pub(super) fn check(&self, parameters: &[Parameter], errors: &mut Errors) {
        let option = &self.key;
        for parameter in parameters {
            let name = &parameter.name;
            match (&parameter.kind, self.confirm) {
                (Kind::Argument, _) => errors.about(
                    name,
                    format_args!(
                        "a case with `{option}` has no arguments: nobody triggers it, who could give `{name}`; put \
                         `#[signal]` before it if it is a signal"
                    ),
                ),
                (Kind::Signal(_), Some(confirm)) => errors.at(
                    confirm,
                    format_args!(
                        "a case that waits for signals cannot be tried again: `{name}` of one attempt could be taken for \
                         that of the next"
                    ),
                ),
                (Kind::Table { .. }, Some(confirm)) => errors.at(
                    confirm,
                    format_args!(
                        "a case that has tables cannot be tried again: what one attempt puts into `{name}` would count \
                         beside that of the next"
                    ),
                ),
                (Kind::Signal(_) | Kind::Table { .. }, None) => {}
            }
        }
    }
}

/// What a scheduled case has instead of the defaults of others, where its author does not say: it fails as a whole with its
/// first failure, since the next slot may be far, and is stalled when a slot has passed without it.
fn defaults(schedule: &Schedule, place: Span, is_given: impl Fn(&str) -> bool) -> Vec<Setting> {
    let stalled_after = duration::expression(schedule.longest_distance() + STALLED_AFTER);
    let all = [("warn_stalled_after", stalled_after), ("max_consecutive_failures", quote!(1))];
    let missing = all.into_iter().filter(|(name, _)| !is_given(name));
    missing.map(|(name, value)| (Ident::new(name, place), value)).collect()
}

fn retries(value: &Value) -> syn::Result<u32> {
    const MOST: u32 = 10;
    match value.integer::<u32>()? {
        retries @ 1..=MOST => Ok(retries),
        _ => Err(value.error(format_args!("this is from 1 to {MOST} retries"))),
    }
}
