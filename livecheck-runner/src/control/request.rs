//! What a command line asks to be set, checked.

use std::time::Duration;

use livecheck_core::control::{Control, NoValue, Plan, Probability, Setting, key};
use livecheck_core::{CaseName, Timestamp};

use crate::args::{SetArgs, SettingName};
use crate::kafka::ControlRecord;

/// What a command line asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Request {
    /// To see what is set of a case, or of all.
    Show(Option<String>),
    /// To change what is set of a case.
    Change(String, Change),
}

/// A change of what is set of a case.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    /// That is set.
    Set(Control),
    /// Those settings are no longer set.
    Reset(Vec<Setting>),
}

/// A command line that asks for nothing, or for two things at once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RequestError {
    #[error("of which case?")]
    NoCase,
    #[error("what of the case is to be set?")]
    NoSetting,
    #[error("to what is `{0}` to be set?")]
    NoValue(Setting),
    #[error("`{value}` cannot be the value of `{setting}`: {expected}")]
    WrongValue { setting: Setting, value: String, expected: NoValue },
    #[error("a value and --steps are two things to set")]
    ValueAndSteps,
    #[error("how long does each of the steps hold?")]
    StepsWithoutEvery,
    #[error("--every is for --steps")]
    EveryWithoutSteps,
    #[error("a time of zero is none")]
    NoTime,
    #[error("--reset takes back what is set: it takes no value, and no time")]
    ResetToSomething,
}

impl RequestError {
    /// What to do about it.
    pub(crate) fn help(&self) -> &'static str {
        match self {
            Self::NoCase => "give its name; `list` shows them all",
            Self::NoSetting => "`set CASE probability 10%`, or `set CASE active false`",
            Self::NoValue(Setting::Probability) => {
                "give a share, such as 10%; or --steps 1%,10%,100% --every 10m"
            }
            Self::NoValue(Setting::Active) => "give true or false",
            Self::WrongValue { .. } => "`set --help` has examples",
            Self::ValueAndSteps => "give one of them",
            Self::StepsWithoutEvery => "give --every, such as --every 10m",
            Self::EveryWithoutSteps => "give --steps 1%,10%,100% too, or --for in its place",
            Self::NoTime => "give a duration above zero, such as 10m",
            Self::ResetToSomething => "leave out one of them",
        }
    }
}

impl Request {
    /// What those arguments ask for, of somebody at that time.
    pub(crate) fn of(args: &SetArgs, now: Timestamp, by: &str) -> Result<Self, RequestError> {
        let is_to_set =
            args.value.is_some() || !args.steps.is_empty() || args.every.is_some() || args.set_for.is_some();
        let setting = args.setting.map(Setting::from);
        match (&args.case, setting) {
            _ if args.reset && is_to_set => Err(RequestError::ResetToSomething),
            (None, _) if args.reset || is_to_set => Err(RequestError::NoCase),
            (Some(case), _) if args.reset => {
                let settings = setting.map_or_else(|| Setting::ALL.to_vec(), |setting| vec![setting]);
                Ok(Self::Change(case.clone(), Change::Reset(settings)))
            }
            (Some(case), Some(Setting::Active)) => {
                let plan = plan(args, Setting::Active, now, by, |value| value.parse().ok())?;
                Ok(Self::Change(case.clone(), Change::Set(Control::Active(plan))))
            }
            (Some(case), Some(Setting::Probability)) => {
                let read = |value: &str| value.parse::<Probability>().ok();
                let plan = plan(args, Setting::Probability, now, by, read)?;
                Ok(Self::Change(case.clone(), Change::Set(Control::Probability(plan))))
            }
            (Some(_), None) if is_to_set => Err(RequestError::NoSetting),
            (case, _) => Ok(Self::Show(case.clone())),
        }
    }
}

impl From<SettingName> for Setting {
    fn from(name: SettingName) -> Self {
        match name {
            SettingName::Probability => Self::Probability,
            SettingName::Active => Self::Active,
        }
    }
}

impl Change {
    /// The records that say so of a case.
    pub(crate) fn records(&self, case: &CaseName) -> Result<Vec<ControlRecord>, serde_json::Error> {
        match self {
            Self::Set(control) => control.record(case).map(|(key, value)| vec![(key, Some(value))]),
            Self::Reset(settings) => {
                settings.iter().map(|setting| Ok((key(case, *setting)?, None))).collect()
            }
        }
    }
}

fn plan<T: Copy>(
    args: &SetArgs,
    setting: Setting,
    now: Timestamp,
    by: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Plan<T>, RequestError> {
    let value = |text: &String| {
        let expected = NoValue(setting);
        read(text.trim()).ok_or_else(|| RequestError::WrongValue { setting, value: text.clone(), expected })
    };
    if [args.every, args.set_for].contains(&Some(Duration::ZERO)) {
        return Err(RequestError::NoTime);
    }
    let plan = match (&args.value, &args.steps[..], args.every) {
        (Some(_), [_, ..], _) => return Err(RequestError::ValueAndSteps),
        (None, [], None) => return Err(RequestError::NoValue(setting)),
        (None, [_, ..], None) => return Err(RequestError::StepsWithoutEvery),
        (_, [], Some(_)) => return Err(RequestError::EveryWithoutSteps),
        (Some(text), [], None) => Plan::constant(value(text)?, now, by.to_owned()),
        (None, steps, Some(every)) => {
            let values: Vec<T> = steps.iter().map(value).collect::<Result<_, _>>()?;
            Plan::stepwise(values, every, now, by.to_owned())
        }
    };
    Ok(match args.set_for {
        Some(time) => plan.until(now + time),
        None => plan,
    })
}
