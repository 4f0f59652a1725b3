//! The store of a command: which one it is, and who writes to it.

use livecheck_store::{Location, Store};

use super::broker::target_dir;
use super::monitoring::Monitoring;
use super::{Program, RunnerError};
use crate::config::{Config, StorePlace};
use crate::kafka::Connection;
use crate::observer::Observation;
use crate::reporter::{Events, RunEvent};
use crate::store::{Direct, Keeper, KeeperOptions, Progress, default_file};

/// The store that the configuration names, or the file of LiveCheck's own choice; nothing, if there is to be none.
pub(super) fn configured(config: &Config) -> Option<Store> {
    let location = match &config.store.place {
        StorePlace::None => return None,
        StorePlace::At(location) => location.clone(),
        StorePlace::Unset => {
            let variable = |name: &str| std::env::var(name).ok();
            let target = target_dir(config);
            Location::sqlite(default_file(target.as_deref(), &config.group, &variable)?)
        }
    };
    Some(Store::at(location))
}

/// The same for a command that reads it.
pub(super) fn to_read(config: &Config) -> Result<Store, RunnerError> {
    configured(config).ok_or(RunnerError::NoStore)
}

/// Who writes the results of a run.
pub(super) enum Keeping {
    /// Nobody.
    Nobody,
    /// The leader of the group, by the report topic.
    Leader(Keeper),
    /// This run, which is one of its own.
    OfItsOwn(Direct),
}

impl Keeping {
    /// Starts it. A run of one's own keeps its results only where it was told to, and where.
    pub(super) fn start(
        program: &Program,
        config: &Config,
        connection: &Connection,
        monitoring: &Monitoring,
        events: Events,
    ) -> Self {
        let warn = move |text| events.send(RunEvent::Warning(text));
        let Some(store) = configured(config) else { return Self::Nobody };
        match monitoring.leads() {
            Some(leads) => {
                let (connection, retention) = (connection.clone(), config.store.retention);
                let options = KeeperOptions { connection, store, retention, leads };
                Self::Leader(Keeper::start(options, warn))
            }
            None if program.options().store.is_some() => Self::OfItsOwn(Direct::start(store, warn)),
            None => Self::Nobody,
        }
    }

    /// How far the store is, where this runner may be the one that writes.
    pub(super) fn progress(&self) -> Option<Progress> {
        match self {
            Self::Leader(keeper) => Some(keeper.progress()),
            Self::Nobody | Self::OfItsOwn(_) => None,
        }
    }

    /// Hears what the observer says.
    pub(super) fn hear(&self, observation: &Observation) {
        if let (Self::OfItsOwn(direct), Observation::Committed { reports, .. }) = (self, observation) {
            direct.tell(reports);
        }
    }

    /// Writes what is there, and stops. Blocks for some seconds at most.
    pub(super) fn stop(self) {
        match self {
            Self::Nobody => {}
            Self::Leader(keeper) => keeper.stop(),
            Self::OfItsOwn(direct) => direct.stop(),
        }
    }
}
