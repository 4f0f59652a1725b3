//! Spans to an OpenTelemetry collector, by OTLP over HTTP.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use livecheck_core::Timestamp;
use opentelemetry::trace::{
    Span as _, SpanBuilder, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceId,
    TraceState, Tracer, TracerProvider,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};

use super::spans::{ExecutionSpan, Span};

/// Where a collector takes traces, below its address.
const PATH: &str = "/v1/traces";
/// How long the collector may take, with the last spans too.
const PATIENCE: Duration = Duration::from_secs(3);

/// Sends spans in batches, on a thread of its own. What the collector does not take is lost, and nothing waits for it: a
/// queue that is full drops what comes.
pub(super) struct Exporter {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Exporter {
    /// To the collector at that address.
    pub(super) fn to(endpoint: &str) -> Result<Self, ExporterBuildError> {
        let endpoint = endpoint.trim_end_matches('/');
        let whole = if endpoint.ends_with(PATH) { endpoint.to_owned() } else { format!("{endpoint}{PATH}") };
        let exporter =
            SpanExporter::builder().with_http().with_endpoint(whole).with_timeout(PATIENCE).build()?;
        let resource = Resource::builder().with_service_name("livecheck").build();
        let provider =
            SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
        let tracer = provider.tracer("livecheck-runner");
        Ok(Self { provider, tracer })
    }

    /// Sends an execution, and what is within it.
    pub(super) fn send(&self, execution: ExecutionSpan) {
        let parent = execution.parent.map_or_else(Context::new, |parent| {
            let flags = if parent.is_sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
            Context::new().with_remote_span_context(SpanContext::new(
                TraceId::from_bytes(parent.trace_id.to_be_bytes()),
                SpanId::from_bytes(parent.span_id.to_be_bytes()),
                flags,
                true,
                TraceState::default(),
            ))
        });
        let end = system_time(execution.span.end);
        let whole = Context::new().with_span(self.start(execution.span, &parent));
        for step in execution.steps {
            let end = system_time(step.end);
            self.start(step, &whole).end_with_timestamp(end);
        }
        whole.span().end_with_timestamp(end);
    }

    fn start(&self, span: Span, parent: &Context) -> opentelemetry_sdk::trace::Span {
        let attributes = span.attributes.into_iter().map(|(name, value)| KeyValue::new(name, value));
        let builder = SpanBuilder::from_name(span.name)
            .with_kind(SpanKind::Internal)
            .with_start_time(system_time(span.start))
            .with_attributes(attributes);
        let mut started = self.tracer.build_with_context(builder, parent);
        if let Some(error) = span.error {
            started.set_status(Status::error(error));
        }
        started
    }

    /// Sends what is left. Blocks.
    pub(super) fn stop(&self) {
        if let Err(error) = self.provider.shutdown_with_timeout(PATIENCE) {
            tracing::debug!(%error, "the last traces");
        }
    }
}

fn system_time(at: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(u64::try_from(at.as_micros()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::net::TcpListener;
    use std::path::Path;

    use axum::body::Bytes;
    use axum::routing::post;
    use livecheck_core::wire::TestReport;
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::tonic::trace::v1::Span as Received;
    use prost::Message;
    use tokio::process::{Child, Command};
    use tokio::sync::mpsc;

    use super::super::spans;
    use super::*;

    fn report() -> TestReport {
        let json = serde_json::json!({
            "case_name": "orders::flow", "state": "TIMEOUT", "runtime": 5.31, "traceback": null,
            "error": "signal `executed` did not come within 5s",
            "test": {
                "id": "order-18", "case_name": "orders::flow",
                "timestamp": "2026-11-21T02:03:04Z", "expires": "2026-11-21T05:03:04Z",
                "test_kwargs": { "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" },
            },
            "signal_latency": { "sent": 0.31 },
            "explanation": { "timeline": [
                { "step": "trigger", "time": "2026-11-21T02:03:04.1Z",
                  "at": { "topic": "livecheck", "partition": 3, "offset": 17 } },
                { "step": "signal", "name": "sent", "time": "2026-11-21T02:03:04.41Z", "latency": 0.31,
                  "at": { "topic": "livecheck-bus", "partition": 3, "offset": 41 }, "origin": { "service": "order-web" } },
                { "step": "wait", "name": "executed", "began": "2026-11-21T02:03:04.41Z",
                  "deadline": "2026-11-21T02:03:09.41Z", "end": "timed-out" },
            ] },
        });
        serde_json::from_str(&json.to_string()).expect("a report")
    }

    /// A collector, and what it is sent.
    async fn collector() -> (String, mpsc::UnboundedReceiver<Bytes>) {
        let (took, taken) = mpsc::unbounded_channel();
        let take = move |body: Bytes| {
            let took = took.clone();
            async move { took.send(body).expect("the test listens") }
        };
        let app = axum::Router::new().route(PATH, post(take));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, app).await });
        (address, taken)
    }

    /// Sends it the trace of an execution.
    async fn export_to(address: String) {
        tokio::task::spawn_blocking(move || {
            let exporter = Exporter::to(&address).expect("an exporter");
            exporter.send(spans::of(&report()).expect("an execution"));
            exporter.stop();
        })
        .await
        .expect("it does not panic");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_collector_gets_an_execution_as_part_of_its_request_s_trace_with_its_signals_within() {
        let (address, mut taken) = collector().await;
        export_to(address).await;
        let body = taken.recv().await.expect("a request");
        let request = ExportTraceServiceRequest::decode(body).expect("protobuf");
        let received: Vec<Received> = request
            .resource_spans
            .into_iter()
            .flat_map(|resource| resource.scope_spans)
            .flat_map(|scope| scope.spans)
            .collect();
        let named = |name: &str| received.iter().find(|span| span.name == name).expect(name);
        let (whole, sent, executed) = (named("orders::flow"), named("sent"), named("executed"));
        assert_eq!(received.len(), 3);
        let trace = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes();
        assert!(received.iter().all(|span| span.trace_id == trace), "one trace, the request's");
        assert_eq!(whole.parent_span_id, 0x00f0_67aa_0ba9_02b7_u64.to_be_bytes());
        assert_eq!((&sent.parent_span_id, &executed.parent_span_id), (&whole.span_id, &whole.span_id));
        let millis = |span: &Received| (span.end_time_unix_nano - span.start_time_unix_nano) / 1_000_000;
        assert_eq!([millis(whole), millis(sent), millis(executed)], [5_310, 310, 5_000]);
        let code = |span: &Received| span.status.as_ref().map_or(0, |status| status.code);
        assert_eq!([code(whole), code(sent), code(executed)], [2, 0, 2], "2 is an error");
        assert!(format!("{:?}", sent.attributes).contains("order-web"));
    }

    /// Says where an OpenTelemetry collector is, such as `ci/otel-collector` builds.
    const COLLECTOR: &str = "LIVECHECK_TEST_OTEL_COLLECTOR";

    /// A real collector on a free port, which writes what it receives to `traces.json` in that folder.
    async fn real_collector(program: OsString, folder: &Path) -> (Child, String) {
        // Another may take the port in between: then it does not start, and the test says so.
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        let config = format!(
            "receivers: {{otlp: {{protocols: {{http: {{endpoint: \"127.0.0.1:{port}\"}}}}}}}}\n\
             exporters: {{file: {{path: \"{}\"}}}}\n\
             service: {{telemetry: {{metrics: {{level: none}}}}, \
             pipelines: {{traces: {{receivers: [otlp], exporters: [file]}}}}}}\n",
            folder.join("traces.json").display()
        );
        let file = folder.join("collector.yaml");
        std::fs::write(&file, config).expect("a file");
        let mut collector = Command::new(program)
            .arg(format!("--config={}", file.display()))
            .kill_on_drop(true)
            .spawn()
            .expect("it starts");
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(collector.try_wait().expect("its state").is_none(), "the collector has ended");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        (collector, format!("http://127.0.0.1:{port}"))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_real_collector_takes_an_execution_into_the_trace_of_its_request() {
        let Some(program) = std::env::var_os(COLLECTOR) else {
            println!("{COLLECTOR} does not name the program: skipped");
            return;
        };
        let folder = tempfile::tempdir().expect("a folder");
        let (_collector, address) = real_collector(program, folder.path()).await;
        export_to(address).await;
        // It writes once a second.
        let written = async {
            loop {
                let text = std::fs::read_to_string(folder.path().join("traces.json")).unwrap_or_default();
                if let Some((line, _)) = text.split_once('\n') {
                    break serde_json::from_str::<serde_json::Value>(line).expect("JSON");
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let written = tokio::time::timeout(Duration::from_secs(30), written).await.expect("it writes");
        let spans = written["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().expect("spans");
        let named = |name: &str| spans.iter().find(|span| span["name"] == name).expect(name);
        let whole = named("orders::flow");
        assert_eq!(spans.len(), 3);
        assert!(spans.iter().all(|span| span["traceId"] == "4bf92f3577b34da6a3ce929d0e0e4736"));
        assert_eq!(whole["parentSpanId"], "00f067aa0ba902b7");
        assert!(["sent", "executed"].iter().all(|name| named(name)["parentSpanId"] == whole["spanId"]));
        assert_eq!(whole["status"]["message"], "signal `executed` did not come within 5s");
    }

    #[test]
    fn a_report_on_a_case_as_a_whole_and_a_skipped_test_are_no_traces() {
        let mut report = report();
        report.runtime = None;
        assert_eq!(spans::of(&report), None);
    }
}
