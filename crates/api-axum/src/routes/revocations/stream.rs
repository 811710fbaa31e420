//! `/v1/revocations/stream`: the feed as server-sent events, for readers who want to know at once.

use std::time::Duration;

use auth_domain::feed::Cursor;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, HeaderName};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use utoipa::IntoParams;

use super::{FeedBody, Reader, parse};
use crate::extract::{Queried, ShownKey, WireQuery};
use crate::load::{Counted, Reading};
use crate::problem::Problem;
use crate::state::ApiState;

/// An event comes at least this often, so that a reader knows that the connection lives and how old the node's view is.
const HEARTBEAT: Duration = Duration::from_secs(5);

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in super::super) struct StreamQuery {
    /// The `cursor` of another answer. The header `Last-Event-ID` goes before it.
    #[param(nullable = false)]
    after: Option<String>,
}

impl WireQuery for StreamQuery {
    const KNOWS: &'static str = "`after`, the `cursor` of another answer, and nothing else";
}

/// `GET /v1/revocations/stream`: 200 and events for as long as the reader stays. The first is a snapshot, or what is new since
/// his `Last-Event-ID`.
pub(in super::super) async fn stream(
    State(state): State<ApiState>,
    Reader(key): Reader,
    headers: HeaderMap,
    Queried(query): Queried<StreamQuery>,
) -> Result<Response, Problem> {
    // A reader that connects again sends the same query as before; the header is newer.
    let last = headers.get("last-event-id").map(|value| value.to_str().unwrap_or_default());
    let cursor = last.or(query.after.as_deref()).map(parse).transpose()?;
    // Not known yet: better said with a status than with a stream that ends at once.
    FeedBody::since(&state, cursor.as_ref())?;
    let now = Instant::now();
    let follower = Follower {
        _place: state.load().reader(Reading::Stream)?,
        news: state.feed_news(),
        state,
        key,
        cursor,
        next_beat: now,
        next_check: now + HEARTBEAT,
    };
    let unbuffered = [(CACHE_CONTROL, "no-store"), (HeaderName::from_static("x-accel-buffering"), "no")];
    Ok((unbuffered, Sse::new(unfold(follower, Follower::next))).into_response())
}

/// A reader who stays.
struct Follower {
    /// Of all who may wait at once.
    _place: Counted,
    state: ApiState,
    key: ShownKey,
    cursor: Option<Cursor>,
    news: watch::Receiver<u64>,
    /// When an event comes even if there is nothing to tell.
    next_beat: Instant,
    /// When to see whether the key still counts.
    next_check: Instant,
}

impl Follower {
    /// The next event; `None` when the server stops, the key was revoked, or nothing is known any more.
    async fn next(mut self) -> Option<(Result<Event, axum::Error>, Self)> {
        loop {
            let now = Instant::now();
            if now >= self.next_check {
                self.next_check = now + HEARTBEAT;
                if self.key.is_revoked(&self.state).await {
                    return None;
                }
            }
            // Before the look, so that nothing that comes after it is missed.
            self.news.mark_unchanged();
            let (body, reached) = FeedBody::since(&self.state, self.cursor.as_ref()).ok()?;
            if now >= self.next_beat || !body.entries.is_empty() {
                self.next_beat = now + HEARTBEAT;
                let event = Event::default().event("revocations").id(&body.cursor).json_data(&body);
                self.cursor = Some(reached);
                return Some((event, self));
            }
            if let Ok(Err(_)) = timeout_at(self.next_beat, self.news.changed()).await {
                return None;
            }
        }
    }
}
