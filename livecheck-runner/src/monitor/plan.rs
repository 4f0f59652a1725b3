//! What is done by the clock: cases with a schedule, the fake requests of cases with a frequency, and checks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use livecheck_core::fake_request::FakeRequest;
use livecheck_core::schedule::Rule;
use livecheck_core::{Case, CaseName, Timestamp};
use livecheck_schedule::{Instant, Schedule, ScheduleError};

use crate::config::CheckConfig;
use crate::selected::Selected;

/// By how much longer than an execution may take its report may be seen.
const REPORTED_WITHIN: Duration = Duration::from_secs(60);

/// When something is done again and again.
#[derive(Clone, Debug)]
pub(crate) struct Rhythm {
    /// What is done; the jitter of each is its own.
    name: CaseName,
    schedule: Schedule,
    /// After how long a run is over, whether somebody has seen its end or not.
    pub(crate) lasts_at_most: Duration,
}

/// By name: when things are done again and again.
pub(crate) type Rhythms = BTreeMap<CaseName, Rhythm>;

/// Something that is done by the clock.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(super) rhythm: Rhythm,
    pub(crate) what: What,
}

/// What is done.
#[derive(Clone, Debug)]
pub(crate) enum What {
    /// The case is executed, by whichever runner has the partition of its test.
    Execute(&'static Case),
    /// Requests are sent, which the case follows.
    Send(&'static Case, Vec<&'static FakeRequest>),
    /// A command is run, which tells of many cases.
    Check(Arc<CheckConfig>),
}

impl Rhythm {
    pub(crate) fn new(name: CaseName, schedule: Schedule, lasts_at_most: Duration) -> Self {
        Self { name, schedule, lasts_at_most }
    }

    /// That of a case, if it is due by the clock: by its schedule, or by the frequency of its fake requests.
    pub(crate) fn of(case: &Case) -> Option<Self> {
        let settings = &case.settings;
        let schedule = match (&settings.schedule, settings.frequency) {
            (Some(schedule), _) => read(schedule),
            (None, Some(frequency)) if has_fake_requests(case) => Schedule::every(frequency),
            (None, _) => return None,
        };
        // The attribute has read it before; who makes a case without one may have it wrong.
        let schedule = schedule.map_err(|error| {
            tracing::error!(case = case.name, %error, "the case is not executed: its schedule is none");
        });
        Some(Self::new(case.name.into(), schedule.ok()?, settings.test_expires + REPORTED_WITHIN))
    }

    /// That of a check.
    pub(crate) fn of_check(check: &CheckConfig) -> Self {
        Self::new(check.name.as_str().into(), check.schedule.clone(), check.lasts_at_most())
    }

    /// Those of all that is due by the clock.
    pub(crate) fn of_all(selected: &Selected) -> Rhythms {
        let cases = selected.cases.iter().filter_map(Self::of);
        let checks = selected.checks.iter().map(|check| Self::of_check(check));
        cases.chain(checks).map(|rhythm| (rhythm.name.clone(), rhythm)).collect()
    }

    pub(crate) fn name(&self) -> &CaseName {
        &self.name
    }

    /// The first slot after that moment.
    pub(crate) fn after(&self, moment: Timestamp) -> Option<Timestamp> {
        let moment = Instant::from_microsecond(moment.as_micros()).ok()?;
        self.schedule.after(moment).map(|slot| Timestamp::from_micros(slot.as_microsecond()))
    }

    /// When that slot is fired.
    pub(crate) fn fired_at(&self, slot: Timestamp) -> Timestamp {
        let Ok(instant) = Instant::from_microsecond(slot.as_micros()) else { return slot };
        Timestamp::from_micros(self.schedule.fired_at(self.name.as_str(), instant).as_microsecond())
    }
}

/// As people read it.
impl std::fmt::Display for Rhythm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.schedule.fmt(f)
    }
}

impl Plan {
    /// Those of the cases, and of the checks.
    pub(crate) fn of(selected: &Selected) -> Vec<Self> {
        let of_case = |case| Some(Self { rhythm: Rhythm::of(case)?, what: What::of(case) });
        let of_check = |check: &Arc<CheckConfig>| Self {
            rhythm: Rhythm::of_check(check),
            what: What::Check(Arc::clone(check)),
        };
        let cases = selected.cases.iter().filter_map(of_case);
        cases.chain(selected.checks.iter().map(of_check)).collect()
    }

    pub(crate) fn name(&self) -> &CaseName {
        self.rhythm.name()
    }
}

impl What {
    /// The case that it is done for, if it is for one.
    pub(super) fn case(&self) -> Option<&'static Case> {
        match self {
            Self::Execute(case) | Self::Send(case, _) => Some(case),
            Self::Check(_) => None,
        }
    }

    fn of(case: &'static Case) -> Self {
        match case.settings.schedule {
            Some(_) => Self::Execute(case),
            None => Self::Send(case, fake_requests(case).collect()),
        }
    }
}

/// The schedule of a case, as its attribute has it.
fn read(schedule: &livecheck_core::schedule::Schedule) -> Result<Schedule, ScheduleError> {
    match schedule.rule {
        Rule::Cron { expression, timezone } => Schedule::cron(expression, timezone),
        Rule::Every(period) => Schedule::every(period),
    }?
    .with_jitter(schedule.jitter)
}

fn fake_requests(case: &Case) -> impl Iterator<Item = &'static FakeRequest> {
    FakeRequest::linked().filter(move |request| std::ptr::eq(request.case, case))
}

fn has_fake_requests(case: &Case) -> bool {
    fake_requests(case).next().is_some()
}

/// Whether fake requests are to be sent.
pub(crate) fn has_fake_requests_for(selected: &Selected) -> bool {
    Plan::of(selected).iter().any(|plan| matches!(plan.what, What::Send(..)))
}
