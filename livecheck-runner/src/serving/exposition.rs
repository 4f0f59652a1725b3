//! Values that are known at the moment of a scrape, as Prometheus' families.

use std::time::Duration;

use livecheck_core::Timestamp;
use prometheus::proto::{Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType};

/// The families of a scrape, in any order.
#[derive(Default)]
pub(super) struct Exposition(Vec<Family>);

/// A metric with all its labels' values.
pub(super) struct Family(MetricFamily);

/// What may be the value of a metric. Prometheus has floating-point numbers alone.
pub(super) trait Sample {
    fn number(self) -> f64;
}

impl Sample for f64 {
    fn number(self) -> f64 {
        self
    }
}

impl Sample for u64 {
    #[expect(clippy::cast_precision_loss, reason = "counts beyond 2^53 are rounded")]
    fn number(self) -> f64 {
        self as f64
    }
}

impl Sample for usize {
    fn number(self) -> f64 {
        (self as u64).number()
    }
}

/// 1 if it is so.
impl Sample for bool {
    fn number(self) -> f64 {
        f64::from(u8::from(self))
    }
}

/// In seconds.
impl Sample for Duration {
    fn number(self) -> f64 {
        self.as_secs_f64()
    }
}

/// In seconds since 1970.
impl Sample for Timestamp {
    fn number(self) -> f64 {
        self.since(Self::from_millis(0)).max(Duration::ZERO).as_secs_f64()
    }
}

impl Exposition {
    pub(super) fn counter(&mut self, name: &str, help: &str) -> &mut Family {
        self.family(name, help, MetricType::COUNTER)
    }

    pub(super) fn gauge(&mut self, name: &str, help: &str) -> &mut Family {
        self.family(name, help, MetricType::GAUGE)
    }

    pub(super) fn into_families(self) -> Vec<MetricFamily> {
        self.0.into_iter().map(|Family(family)| family).collect()
    }

    fn family(&mut self, name: &str, help: &str, kind: MetricType) -> &mut Family {
        let mut family = MetricFamily::default();
        family.set_name(name.to_owned());
        family.set_help(help.to_owned());
        family.set_field_type(kind);
        self.0.push(Family(family));
        let last = self.0.len() - 1;
        &mut self.0[last]
    }
}

impl Family {
    /// A value with those labels.
    pub(super) fn with(&mut self, labels: &[(&str, &str)], value: impl Sample) {
        let value = value.number();
        let mut metric = Metric::default();
        let pairs = labels.iter().map(|(name, value)| {
            let mut pair = LabelPair::default();
            pair.set_name((*name).to_owned());
            pair.set_value((*value).to_owned());
            pair
        });
        metric.set_label(pairs.collect());
        if self.0.get_field_type() == MetricType::COUNTER {
            let mut counter = Counter::default();
            counter.set_value(value);
            metric.set_counter(counter);
        } else {
            let mut gauge = Gauge::default();
            gauge.set_value(value);
            metric.set_gauge(gauge);
        }
        self.0.mut_metric().push(metric);
    }
}
