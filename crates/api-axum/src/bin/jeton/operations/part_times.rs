//! How long the parts of a request took: sums over the spans below its own, for development.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracing::span::{Attributes, Id};
use tracing::{Span, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// The span of a request.
const REQUEST: &str = "request";
/// The spans that are told of.
const PARTS: [&str; 3] = ["hash", "store", "sign"];

/// Collects while requests run. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct PartTimes(Arc<Mutex<HashMap<u64, [Duration; PARTS.len()]>>>);

/// When a part began.
struct Begun(Instant);

impl PartTimes {
    /// What the parts of the request in this span took; those that were not needed are left out.
    pub(super) fn of(&self, span: &Span) -> Vec<(&'static str, Duration)> {
        let Some(id) = span.id() else { return Vec::new() };
        let times = self.requests().get(&id.into_u64()).copied().unwrap_or_default();
        PARTS.into_iter().zip(times).filter(|(_, took)| !took.is_zero()).collect()
    }

    fn requests(&self) -> MutexGuard<'_, HashMap<u64, [Duration; PARTS.len()]>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for PartTimes {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if attributes.metadata().name() == REQUEST {
            self.requests().insert(id.into_u64(), Default::default());
        } else if let Some(span) = context.span(id) {
            span.extensions_mut().insert(Begun(Instant::now()));
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        if span.name() == REQUEST {
            self.requests().remove(&id.into_u64());
            return;
        }
        let took = span.extensions().get::<Begun>().map(|begun| begun.0.elapsed());
        let part = PARTS.iter().position(|part| *part == span.name());
        let request = span.scope().find(|span| span.name() == REQUEST).map(|span| span.id().into_u64());
        let (Some(took), Some(part), Some(request)) = (took, part, request) else { return };
        if let Some(sum) = self.requests().get_mut(&request).and_then(|times| times.get_mut(part)) {
            *sum += took;
        }
    }
}
