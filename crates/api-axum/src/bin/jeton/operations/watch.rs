//! What watches requests: the tracer, and who sums up the times of their parts.

use std::time::Duration;

use api_axum::{BegunRequest, RequestWatch};
use axum::http::StatusCode;
use opentelemetry::trace::{SpanContext, SpanId, Status, TraceContextExt as _, TraceFlags, TraceId, TraceState};
use opentelemetry::{Context, Value};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::PartTimes;

/// Watches requests for whoever wants it.
pub(crate) struct Watch {
    /// Whether they are traced.
    pub(crate) traced: bool,
    /// Who sums up.
    pub(crate) part_times: Option<PartTimes>,
}

/// What of the conventions of OpenTelemetry tells something here, and nothing of what the request carries.
impl RequestWatch for Watch {
    fn begun(&self, span: &Span, request: BegunRequest<'_>) {
        if !self.traced {
            return;
        }
        if let Some(parent) = request.traceparent.and_then(parent) {
            // Fails where the span is not traced, and then there is nothing to tie.
            let _ = span.set_parent(Context::new().with_remote_span_context(parent));
        }
        let method = request.method.as_str().to_owned();
        let name = request.route.map_or_else(|| method.clone(), |route| format!("{method} {route}"));
        span.record("otel.name", name.as_str());
        span.record("otel.kind", "server");
        span.set_attribute("http.request.method", method);
        if let Some(route) = request.route {
            span.set_attribute("http.route", route.to_owned());
        }
    }

    fn answered(&self, span: &Span, status: StatusCode) {
        if self.traced {
            span.set_attribute("http.response.status_code", Value::I64(status.as_u16().into()));
            if status.is_server_error() {
                span.set_status(Status::error(""));
            }
        }
    }

    fn parts(&self, span: &Span) -> Vec<(&'static str, Duration)> {
        self.part_times.as_ref().map(|times| times.of(span)).unwrap_or_default()
    }
}

/// A `traceparent` (W3C Trace Context §3.2): `version-trace-parent-flags`, all of it in lower-case hexadecimal.
fn parent(text: &str) -> Option<SpanContext> {
    let mut parts = text.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hexadecimal = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let good = hexadecimal(version, 2) && hexadecimal(trace, 32) && hexadecimal(span, 16) && hexadecimal(flags, 2);
    // A later version may have more parts; this one has none.
    if !good || version == "ff" || (version == "00" && parts.next().is_some()) {
        return None;
    }
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let sampled = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    let context = SpanContext::new(trace, span, sampled, true, TraceState::default());
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_is_read_as_the_standard_writes_it() {
        let context = parent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").unwrap();
        assert_eq!(context.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(context.span_id().to_string(), "b7ad6b7169203331");
        assert!(context.is_sampled() && context.is_remote());
        assert!(parent("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00-more").is_some());
    }

    #[test]
    fn what_is_no_traceparent_is_not_heard() {
        for text in [
            "",
            "00",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
        ] {
            assert!(parent(text).is_none(), "{text}");
        }
    }
}
