//! The trace of the request that an execution follows, by W3C's `traceparent`.

use std::fmt;

use livecheck_core::wire::TestReport;

/// The name of the argument that says it.
const ARGUMENT: &str = "traceparent";

/// Where a trace goes on: <https://www.w3.org/TR/trace-context/#traceparent-header>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TraceParent {
    pub(crate) trace_id: u128,
    pub(crate) span_id: u64,
    pub(crate) is_sampled: bool,
}

impl TraceParent {
    /// Of the request that an execution has followed, if its arguments say it.
    pub(crate) fn of(report: &TestReport) -> Option<Self> {
        let arguments = report.test.as_ref()?.arguments.iter();
        let json = arguments.filter(|(name, _)| *name == Some(ARGUMENT)).map(|(_, value)| value).next()?;
        Self::parse(&serde_json::from_str::<String>(json.get()).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('-');
        let (version, trace_id, span_id, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let is_hex =
            |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_well_formed =
            is_hex(version, 2) && is_hex(trace_id, 32) && is_hex(span_id, 16) && is_hex(flags, 2);
        // Version 00 has four parts; of a later one there may be more.
        if !is_well_formed || version == "ff" || (version == "00" && parts.next().is_some()) {
            return None;
        }
        let parent = Self {
            trace_id: u128::from_str_radix(trace_id, 16).ok()?,
            span_id: u64::from_str_radix(span_id, 16).ok()?,
            is_sampled: u8::from_str_radix(flags, 16).ok()? & 1 == 1,
        };
        (parent.trace_id != 0 && parent.span_id != 0).then_some(parent)
    }

    /// The address of the trace, by a template that has `{trace-id}` in it.
    pub(crate) fn address(self, template: &str) -> String {
        template.replace("{trace-id}", &format!("{:032x}", self.trace_id))
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, u8::from(self.is_sampled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF_THE_STANDARD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn the_example_of_the_standard_is_read() {
        let parent = TraceParent::parse(OF_THE_STANDARD).expect("well-formed");
        assert_eq!(parent.to_string(), OF_THE_STANDARD);
        assert_eq!(
            parent.address("https://traces.example/{trace-id}?view=all"),
            "https://traces.example/4bf92f3577b34da6a3ce929d0e0e4736?view=all"
        );
    }

    #[test]
    fn what_is_not_well_formed_is_none() {
        for text in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-01",
        ] {
            assert_eq!(TraceParent::parse(text), None, "{text}");
        }
        assert!(TraceParent::parse(&OF_THE_STANDARD.replacen("00", "01", 1)).is_some(), "a later version");
    }
}
