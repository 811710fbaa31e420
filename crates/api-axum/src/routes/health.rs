//! `/livez` and `/readyz`: for whoever runs the server.

use std::fmt::Display;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use serde_json::json;
use tokio::time::timeout;
use utoipa::ToSchema;

use crate::openapi::{Answer, Api, Operation};
use crate::problem::{Problem, ProblemCode};
use crate::state::ApiState;

/// How long the database may take to give a sign of life.
const PATIENCE: Duration = Duration::from_secs(2);
/// How old this node's view of the feed may be: beyond that it lets in what others have revoked.
const OLDEST_FEED: Duration = Duration::from_secs(10);

/// The routes.
pub(super) fn router() -> Router<ApiState> {
    Router::new().route("/livez", get(live)).route("/readyz", get(ready))
}

/// The process answers.
#[derive(Serialize, ToSchema)]
#[schema(as = Live)]
struct LiveBody {
    #[schema(value_type = String, examples("live"))]
    status: &'static str,
}

/// The server has what it needs.
#[derive(Serialize, ToSchema)]
#[schema(as = Ready)]
struct ReadyBody {
    #[schema(value_type = String, examples("ready"))]
    status: &'static str,
    checks: Vec<Check>,
}

/// One thing that the server needs.
#[derive(Serialize, ToSchema)]
#[schema(as = HealthCheck)]
struct Check {
    #[schema(value_type = String, examples("database"))]
    name: &'static str,
    status: Status,
    #[schema(examples("it answers"))]
    detail: String,
}

/// How it is about one thing that the server needs.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = HealthStatus)]
enum Status {
    Ok,
    /// Some requests are refused for now, and another node would do no better.
    Degraded,
    /// Requests had better go elsewhere.
    Failed,
}

impl Check {
    fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Self { name, status: Status::Ok, detail: detail.into() }
    }

    /// Anybody may read what is answered, so the cause is in the log alone.
    fn failed(name: &'static str, detail: impl Into<String>, cause: &dyn Display) -> Self {
        tracing::warn!(check = name, cause = ?cause.to_string(), "the server is not ready");
        Self { name, status: Status::Failed, detail: detail.into() }
    }
}

/// `GET /livez`: 200 while the process answers at all.
async fn live() -> Json<LiveBody> {
    Json(LiveBody { status: "live" })
}

/// `GET /readyz`: 200 while the server has what it needs, and each thing by name; 503 says what is missing.
async fn ready(State(state): State<ApiState>) -> Result<Json<ReadyBody>, Problem> {
    let (database, migrations) = tokio::join!(database(&state), migrations(&state));
    let checks = vec![database, migrations, keys(&state), feed(&state), hashing(&state)];
    let missing: Vec<_> =
        checks.iter().filter(|check| check.status == Status::Failed).map(|check| check.name).collect();
    if missing.is_empty() {
        return Ok(Json(ReadyBody { status: "ready", checks }));
    }
    let detail = format!("The server is not ready: {}.", missing.join(", "));
    Err(Problem::new(ProblemCode::Unavailable, detail).with("checks", json!(checks)))
}

async fn database(state: &ApiState) -> Check {
    let name = "database";
    match timeout(PATIENCE, state.health().check()).await {
        Ok(Ok(())) => Check::ok(name, "it answers"),
        Ok(Err(error)) => Check::failed(name, "it cannot do its work", &error),
        Err(late) => Check::failed(name, format!("no answer within {} s", PATIENCE.as_secs()), &late),
    }
}

async fn migrations(state: &ApiState) -> Check {
    let name = "migrations";
    match timeout(PATIENCE, state.health().missing_migrations()).await {
        Ok(Ok(0)) => Check::ok(name, "none is missing"),
        Ok(Ok(missing)) => {
            let detail = format!("{missing} missing; run `jeton migrate`");
            Check::failed(name, detail.clone(), &detail)
        }
        Ok(Err(error)) => Check::failed(name, "they cannot be read", &error),
        Err(late) => Check::failed(name, format!("no answer within {} s", PATIENCE.as_secs()), &late),
    }
}

fn keys(state: &ApiState) -> Check {
    let name = "keys";
    if state.keys().is_some_and(|keys| keys.signs_in_vain()) {
        return Check::failed(name, "the key that signs was revoked", &"the next one is not there yet");
    }
    match state.auth().can_sign() {
        Ok(()) => Check::ok(name, "one signs"),
        Err(error) => Check::failed(name, "they could not be read for too long", &error),
    }
}

fn feed(state: &ApiState) -> Check {
    let name = "feed";
    match state.auth().feed.age() {
        Some(age) if age <= OLDEST_FEED => Check::ok(name, format!("read {} ms ago", age.as_millis())),
        Some(age) => {
            let detail = format!("not read for {} s: what others revoked is not seen", age.as_secs());
            Check::failed(name, detail.clone(), &detail)
        }
        None => Check::failed(name, "not read yet", &"it is read when the server starts"),
    }
}

/// A full queue is no reason to send requests elsewhere: whoever is signed in is served as ever.
fn hashing(state: &ApiState) -> Check {
    let load = state.auth().login.hashing();
    let detail = format!("{} of {} wait, {} of {} run", load.waiting, load.queue, load.running, load.threads);
    let status = if load.is_full() { Status::Degraded } else { Status::Ok };
    Check { name: "hashing", status, detail }
}

/// What the operations of this file are, for the OpenAPI document.
pub(super) fn describe(api: &mut Api) {
    let mut tag = api.tag("Operations", "For whoever runs the server, and for whoever asks what it is.");
    tag.add(
        Operation::get("/livez", "live").does("Does the process answer", "No more than that.").answers(Answer::json::<
            LiveBody,
        >(
            StatusCode::OK,
            "It does.",
        )),
    );
    tag.add(
        Operation::get("/readyz", "ready")
            .does(
                "Has the server what it needs",
                "Each thing by name; 503 `unavailable` says in `checks` what is missing.",
            )
            .answers(Answer::json::<ReadyBody>(StatusCode::OK, "It has.")),
    );
}
