//! Executions as traces: one span for the execution, and one within it for each signal.
//!
//! | module | subject |
//! |---|---|
//! | `parent` | the trace of the request that an execution follows |
//! | `spans` | the heart: a report as spans |
//! | `export` | to an OpenTelemetry collector (the feature `otlp`) |
//!
//! An execution joins the trace of its request if its case has an argument `traceparent`, in the form of W3C's header:
//! then the request, what the services did for it, and what was found of it stand in one picture. Without one it is a
//! trace of its own.

#[cfg(feature = "otlp")]
mod export;
mod parent;
#[cfg(feature = "otlp")]
mod spans;

pub(crate) use self::parent::TraceParent;
use crate::observer::Observation;

/// What sends executions as traces, if it is configured and this program can.
pub(crate) struct Traces {
    #[cfg(feature = "otlp")]
    exporter: Option<export::Exporter>,
}

/// Why no traces are sent, though they were asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TracesError {
    /// This program was built without them.
    #[cfg(not(feature = "otlp"))]
    #[error(
        "traces go nowhere: this runner was built without the feature `otlp` of `livecheck`, which a library with cases can \
         turn on"
    )]
    NotBuilt,
    /// The exporter refused its settings.
    #[cfg(feature = "otlp")]
    #[error("traces go nowhere: {0}")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
}

impl Traces {
    /// Sends nothing.
    pub(crate) const fn none() -> Self {
        Self {
            #[cfg(feature = "otlp")]
            exporter: None,
        }
    }

    /// Sends them to the collector at that address, if there is one.
    #[cfg(feature = "otlp")]
    pub(crate) fn to(endpoint: Option<&str>) -> Result<Self, TracesError> {
        Ok(Self { exporter: endpoint.map(export::Exporter::to).transpose()? })
    }

    /// Nothing is sent by this program: an error where it was asked for.
    #[cfg(not(feature = "otlp"))]
    pub(crate) fn to(endpoint: Option<&str>) -> Result<Self, TracesError> {
        endpoint.map_or_else(|| Ok(Self::none()), |_| Err(TracesError::NotBuilt))
    }

    /// Hears what the observer says.
    pub(crate) fn hear(&self, observation: &Observation) {
        #[cfg(feature = "otlp")]
        if let (Some(exporter), Observation::Committed { reports, .. }) = (&self.exporter, observation) {
            reports.iter().filter_map(spans::of).for_each(|execution| exporter.send(execution));
        }
        #[cfg(not(feature = "otlp"))]
        let _ = observation;
    }

    /// Sends what is left. Blocks for some seconds at most.
    pub(crate) fn stop(self) {
        #[cfg(feature = "otlp")]
        if let Some(exporter) = self.exporter {
            exporter.stop();
        }
    }
}
