//! Traces over OTLP/HTTP (OpenTelemetry), in batches and off the path of requests. A collector that does not answer costs spans
//! and nothing else.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider, SpanData, SpanExporter as Exporter};
use tokio::task::spawn_blocking;

use crate::config::TraceSettings;
use crate::failure::{Doing as _, Failure};

/// How long the collector may take for a batch.
const PATIENCE: Duration = Duration::from_secs(5);

/// What makes spans and sends them.
pub(crate) struct Traces(SdkTracerProvider);

impl Traces {
    /// Begins to send to the collector of the settings; `None` where they name none.
    pub(crate) fn start(settings: &TraceSettings) -> Result<Option<Self>, Failure> {
        let Some(endpoint) = &settings.endpoint else { return Ok(None) };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(endpoint.as_str())
            .with_timeout(PATIENCE)
            .build()
            .doing("prepare to send traces")?;
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let resource = Resource::builder_empty().with_service_name("jeton").with_attribute(version).build();
        let ratio = Sampler::TraceIdRatioBased(settings.sample_ratio);
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(Telling { exporter, failing: AtomicBool::new(false) })
            .with_sampler(Sampler::ParentBased(Box::new(ratio)))
            .with_resource(resource)
            .build();
        Ok(Some(Self(provider)))
    }

    /// What makes spans.
    pub(crate) fn tracer(&self) -> SdkTracer {
        self.0.tracer("jeton")
    }

    /// Sends what is left.
    pub(crate) async fn stop(self) {
        let stopped = spawn_blocking(move || self.0.shutdown_with_timeout(PATIENCE)).await;
        if !matches!(stopped, Ok(Ok(()))) {
            tracing::debug!("the last spans were not sent");
        }
    }
}

/// Says once when the collector begins to fail, and once when that is over.
#[derive(Debug)]
struct Telling {
    exporter: SpanExporter,
    failing: AtomicBool,
}

impl Exporter for Telling {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let sent = self.exporter.export(batch).await;
        // The error may hold the address, and that a key.
        match (sent.is_err(), self.failing.swap(sent.is_err(), Ordering::Relaxed)) {
            (true, false) => tracing::warn!("the collector of traces does not take them: spans are lost"),
            (false, true) => tracing::info!("the collector takes traces again"),
            _ => {}
        }
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
