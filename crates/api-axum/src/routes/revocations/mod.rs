//! `/v1/revocations`: the feed of what was revoked, for resource servers. Nobody needs it for longer than an access token lives.

mod openapi;
mod stream;

use std::time::Duration;

use auth_domain::feed::Cursor;
use auth_domain::model::{ApiScope, Revocation, Timestamp};
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};
use utoipa::{IntoParams, ToSchema};

use crate::extract::{Queried, ShownKey, WireQuery};
use crate::load::Reading;
use crate::problem::{Problem, ProblemCode};
use crate::state::ApiState;

pub(super) use openapi::describe;
pub(super) use stream::stream;

/// The longest that a reader may wait for news.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(30);

/// Lets in whoever shows an API key with the scope `revocations`.
pub(super) struct Reader(ShownKey);

impl FromRequestParts<ApiState> for Reader {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Response> {
        ShownKey::of(parts, state, ApiScope::Revocations).await.map(Self)
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PollQuery {
    /// The `cursor` of another answer; without it, everything that is still needed.
    #[param(nullable = false)]
    after: Option<String>,
    /// For how many seconds to wait for news.
    #[serde(default)]
    #[param(value_type = u64, minimum = 0, maximum = 30, required = false, example = 0)]
    wait: Wait,
}

impl WireQuery for PollQuery {
    const KNOWS: &'static str =
        "`after`, the `cursor` of another answer, and `wait`, from 0 to 30 seconds, and nothing else";
}

/// For how long to wait for news, in seconds.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(try_from = "u64")]
struct Wait(Duration);

impl TryFrom<u64> for Wait {
    type Error = &'static str;

    fn try_from(secs: u64) -> Result<Self, Self::Error> {
        let wait = Duration::from_secs(secs);
        if wait <= MAX_WAIT { Ok(Self(wait)) } else { Err("nobody waits for that long") }
    }
}

/// What a reader has not seen, and how far he comes with it.
#[derive(Serialize, ToSchema)]
#[schema(as = Revocations)]
pub(super) struct FeedBody {
    entries: Vec<EntryBody>,
    /// What to send as `after` the next time.
    #[schema(examples("130"))]
    cursor: String,
    /// How old the node's own view of the feed is.
    #[schema(examples(120))]
    age_ms: u64,
}

/// An entry. Its times are whole seconds, `not_before` rounded down and `expires_at` up, as tokens have them.
#[derive(Serialize, ToSchema)]
#[schema(as = Revocation)]
struct EntryBody {
    #[schema(examples(130))]
    seq: i64,
    /// `session`, `user` or `key`.
    #[schema(value_type = String, examples("session"))]
    kind: &'static str,
    /// The session, the account, or the `kid`.
    #[schema(examples("0198f3a2-7d2e-7c4f-8a11-4b6e3d8f9c52"))]
    subject: String,
    /// Tokens that were issued before this are revoked; seconds since the epoch.
    #[schema(examples(1_795_858_200_u64))]
    not_before: u64,
    /// From then on the entry is needed no more.
    #[schema(examples(1_795_859_160_u64))]
    expires_at: u64,
}

impl From<Revocation> for EntryBody {
    fn from(entry: Revocation) -> Self {
        let almost_a_second = Duration::from_micros(999_999);
        Self {
            seq: entry.seq,
            kind: entry.kind.as_str(),
            subject: entry.kind.subject(),
            not_before: secs(entry.not_before),
            expires_at: secs(entry.expires_at.plus(almost_a_second)),
        }
    }
}

fn secs(time: Timestamp) -> u64 {
    time.unix().as_secs()
}

impl FeedBody {
    /// A node that has never heard of the store must not look like one that knows of no revocation.
    fn since(state: &ApiState, cursor: Option<&Cursor>) -> Result<(Self, Cursor), Problem> {
        let feed = &state.auth().feed;
        let age = feed.age().ok_or_else(|| {
            Problem::new(
                ProblemCode::Unavailable,
                "The server does not know yet what was revoked. Try again in a moment.",
            )
        })?;
        let (entries, reached) = feed.since(cursor);
        let body = Self {
            entries: entries.into_iter().map(Into::into).collect(),
            cursor: reached.to_string(),
            age_ms: u64::try_from(age.as_millis()).unwrap_or(u64::MAX),
        };
        Ok((body, reached))
    }
}

fn parse(cursor: &str) -> Result<Cursor, Problem> {
    cursor.parse().map_err(|error| Problem::new(ProblemCode::InvalidCursor, format!("{error}")))
}

/// `GET /v1/revocations`: 200 and what the reader has not seen; without a cursor, at once, everything that is still needed.
pub(super) async fn poll(
    State(state): State<ApiState>,
    _: Reader,
    Queried(query): Queried<PollQuery>,
) -> Result<axum::Json<impl Serialize>, Problem> {
    let cursor = query.after.as_deref().map(parse).transpose()?;
    let mut news = state.feed_news();
    let deadline = Instant::now() + query.wait.0;
    let mut is_last = cursor.is_none();
    let waits = !is_last && !query.wait.0.is_zero();
    let _place = waits.then(|| state.load().reader(Reading::Poll)).transpose()?;
    loop {
        // Before the look, so that nothing that comes after it is missed.
        news.mark_unchanged();
        let (body, _) = FeedBody::since(&state, cursor.as_ref())?;
        if is_last || !body.entries.is_empty() {
            return Ok(axum::Json(body));
        }
        // The wait is over, or the server is stopping: one last look.
        is_last = !matches!(timeout_at(deadline, news.changed()).await, Ok(Ok(())));
    }
}
