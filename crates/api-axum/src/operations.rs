//! What an operator may hang onto the router: something that watches requests, such as a tracer.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use tracing::Span;

/// What an operator hangs onto the router. By default nothing.
#[derive(Clone, Default)]
pub struct Operations {
    /// Watches every request.
    pub watch: Option<Arc<dyn RequestWatch>>,
}

/// A request that begins.
#[derive(Clone, Copy, Debug)]
pub struct BegunRequest<'a> {
    /// Its method.
    pub method: &'a Method,
    /// The route's pattern, if one matched; never the path.
    pub route: Option<&'a str>,
    /// The trace that it is a part of (W3C Trace Context), where a trusted proxy says so. What strangers say is not heard.
    pub traceparent: Option<&'a str>,
}

/// Watches requests from the side, by their spans. It sees nothing of what they carry.
pub trait RequestWatch: Send + Sync + 'static {
    /// A request begins in this span, which nothing has entered yet.
    fn begun(&self, span: &Span, request: BegunRequest<'_>);

    /// Its answer has this status.
    fn answered(&self, span: &Span, status: StatusCode);

    /// How long each part of it took, for `Server-Timing`. Asked once, after the answer, where the settings want that header.
    fn parts(&self, _span: &Span) -> Vec<(&'static str, Duration)> {
        Vec::new()
    }
}

/// What works on requests at this moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HttpLoad {
    /// Requests whose answer is being made.
    pub in_flight: usize,
    /// Readers of the feed that wait by a long poll.
    pub polls: usize,
    /// Readers of the feed that wait at a stream.
    pub streams: usize,
    /// The most readers of both kinds.
    pub readers: usize,
}
