//! Starting the services in order, and ending them in the reverse order.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::error::{LogEnd, ServiceError};
use super::event::ServiceEvent;
use super::log;
use super::probe::Probe;
use super::service::Service;
use crate::config::ServiceConfig;

/// How long a service may take to end before it is killed.
const GRACE: Duration = Duration::from_secs(5);

/// What services find in their environment, and where their output goes.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Variables for all of them; those of a service's own configuration come on top.
    pub variables: BTreeMap<String, String>,
    /// The folder for their output: `<dir>/services/<name>.log`.
    pub dir: PathBuf,
    /// How long a service may take to end before it is killed.
    pub grace: Duration,
}

impl Environment {
    /// An environment with those variables, which tell the LiveCheck client of a service where Kafka is.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { variables: variables.into_iter().collect(), dir: dir.into(), grace: GRACE }
    }
}

/// The services of a run. Dropping them kills them all; [`Services::stop`] asks them first.
#[derive(Debug)]
#[must_use = "the services are killed when this is dropped"]
pub struct Services {
    /// In the order in which they were started.
    running: Vec<Service>,
    grace: Duration,
}

impl Services {
    /// Starts the services, each once the one before is ready.
    ///
    /// What happens to them, then and later, goes to `events`.
    ///
    /// # Errors
    ///
    /// One cannot be started, ends too early, is not ready in time, or something else is up in its place.
    pub async fn start(
        configs: &[ServiceConfig],
        environment: &Environment,
        events: &mpsc::UnboundedSender<ServiceEvent>,
    ) -> Result<Self, ServiceError> {
        let mut services = Self { running: Vec::new(), grace: environment.grace };
        for config in configs {
            if let Err(error) = services.start_one(config, environment, events).await {
                services.stop().await;
                return Err(error);
            }
        }
        Ok(services)
    }

    async fn start_one(
        &mut self,
        config: &ServiceConfig,
        environment: &Environment,
        events: &mpsc::UnboundedSender<ServiceEvent>,
    ) -> Result<(), ServiceError> {
        let began = Instant::now();
        let tell = |event| {
            // Nobody may listen: the services run all the same.
            let _ = events.send(event);
        };
        let ready =
            |reused| ServiceEvent::Ready { name: config.name.clone(), after: began.elapsed(), reused };

        let probe = Probe::new(&config.ready).map_err(|reason| ServiceError::Url {
            name: config.name.clone(),
            url: config.ready.to_string(),
            reason,
        })?;
        if let Some(probe) = &probe {
            match (probe.look().await, config.reuse) {
                (Ok(()), true) => {
                    tell(ready(true));
                    return Ok(());
                }
                (Ok(()), false) => {
                    return Err(ServiceError::AlreadyUp {
                        name: config.name.clone(),
                        ready: config.ready.to_string(),
                    });
                }
                (Err(_), _) => {}
            }
        }

        let path = log::path(&environment.dir, &config.name);
        tell(ServiceEvent::Starting {
            name: config.name.clone(),
            command: config.command.to_string(),
            log: path.clone(),
        });
        let mut service = Service::start(config, environment, path.clone())?;
        if let Some(probe) = &probe {
            let outcome = tokio::select! {
                biased;
                died = service.died() => Err(ServiceError::Died { died }),
                outcome = probe.wait(config.ready_timeout) => outcome.map_err(|last| ServiceError::NotReady {
                    name: config.name.clone(),
                    ready: config.ready.to_string(),
                    timeout: config.ready_timeout,
                    last,
                    log: Box::new(LogEnd { last_lines: log::last_lines(&path), path }),
                }),
            };
            if let Err(error) = outcome {
                service.stop(self.grace).await;
                return Err(error);
            }
        }
        tell(ready(false));
        service.report_death(events.clone());
        self.running.push(service);
        Ok(())
    }

    /// Asks the services to end, the one started last first, and kills those that do not in time.
    pub async fn stop(mut self) {
        while let Some(service) = self.running.pop() {
            service.stop(self.grace).await;
        }
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        // A vector drops from the front; services end in the reverse order.
        while self.running.pop().is_some() {}
    }
}
