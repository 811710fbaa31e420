//! `/v1/admin/keys`: the signing keys, seen and changed by operators. A private key never comes or goes by HTTP.

use std::sync::Arc;

use auth_domain::admin::Operator;
use auth_domain::model::{KeyChanged, KeyState};
use auth_domain::signing::{Keys, KeysError};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use serde::Deserialize;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use utoipa::{IntoParams, ToSchema};

use super::ByOperator;
use crate::extract::{OptionalJson, Queried, WireBody, WireQuery};
use crate::problem::{Problem, ProblemCode};
use crate::state::ApiState;
use crate::wire::KeysBody;

/// Which key is to sign from now on.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RotateKeysRequest)]
pub(super) struct RotateBody {
    /// The one that waits longest where it is left out.
    #[schema(examples("k7Yb2nQe"))]
    kid: Option<String>,
    /// Also where verifiers may not have seen it.
    #[serde(default)]
    #[schema(examples(false))]
    force: bool,
}

impl WireBody for RotateBody {}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct DeleteQuery {
    /// Also where tokens that it signed are alive.
    #[serde(default)]
    #[param(required = false, example = false)]
    force: bool,
}

impl WireQuery for DeleteQuery {
    const KNOWS: &'static str = "`force`, which is `true` or `false`, and nothing else";
}

/// The keys of this server; a server with one fixed key has none to show.
fn keys(state: &ApiState) -> Result<&Arc<Keys>, Problem> {
    state.keys().ok_or_else(Problem::nothing_here)
}

/// What is no text is the name of no key.
fn kid(path: Result<Path<String>, PathRejection>) -> Result<String, Problem> {
    path.map(|Path(kid)| kid).map_err(|_| Problem::new(ProblemCode::KeyNotFound, "There is no key with this kid."))
}

/// `GET /v1/admin/keys`: 200 and every key, oldest first.
pub(super) async fn list(State(state): State<ApiState>, _: ByOperator) -> Result<axum::Json<KeysBody>, Problem> {
    let keys = keys(&state)?;
    Ok(axum::Json(KeysBody::new(keys.list().await?, keys.policy())))
}

/// `POST /v1/admin/keys/rotate`: 200 and the keys as they are now.
pub(super) async fn rotate(
    State(state): State<ApiState>,
    ByOperator(operator): ByOperator,
    OptionalJson(body): OptionalJson<RotateBody>,
) -> Result<axum::Json<KeysBody>, Problem> {
    let RotateBody { kid, force } = body.unwrap_or_default();
    change(&state, &operator, async move |keys| keys.rotate(kid.as_deref(), force).await).await
}

/// `POST /v1/admin/keys/{kid}/revoke`: 200 and the keys as they are now. Nothing that the key signed is accepted any more.
pub(super) async fn revoke(
    State(state): State<ApiState>,
    ByOperator(operator): ByOperator,
    path: Result<Path<String>, PathRejection>,
) -> Result<axum::Json<KeysBody>, Problem> {
    keys(&state)?;
    let kid = kid(path)?;
    change(&state, &operator, async move |keys| keys.revoke(&kid).await).await
}

/// `DELETE /v1/admin/keys/{kid}`: 200 and the keys as they are now.
pub(super) async fn delete(
    State(state): State<ApiState>,
    ByOperator(operator): ByOperator,
    path: Result<Path<String>, PathRejection>,
    Queried(query): Queried<DeleteQuery>,
) -> Result<axum::Json<KeysBody>, Problem> {
    keys(&state)?;
    let kid = kid(path)?;
    change(&state, &operator, async move |keys| keys.delete(&kid, query.force).await).await
}

/// Makes a change on a thread where it may take its time: making an RSA key is seconds of work.
async fn change<F>(state: &ApiState, operator: &Operator, step: F) -> Result<axum::Json<KeysBody>, Problem>
where
    F: AsyncFnOnce(&Keys) -> Result<KeyChanged, KeysError> + Send + 'static,
{
    let keys = keys(state)?;
    let (own, runtime) = (Arc::clone(keys), Handle::current());
    let changed = spawn_blocking(move || runtime.block_on(step(&own))).await.map_err(|error| {
        tracing::error!(%error, "a change of the signing keys did not come to its end");
        Problem::new(
            ProblemCode::Internal,
            "The server could not change its keys. The operator finds the reason in its log.",
        )
    })??;
    tell(operator, &changed);
    Ok(axum::Json(KeysBody::changed(changed, keys.policy())))
}

/// Logs what became of which key, and who did it.
fn tell(operator: &Operator, KeyChanged { change, .. }: &KeyChanged) {
    let by = operator.actor;
    for key in &change.put {
        let (kid, state) = (&*key.kid, key.state.as_str());
        if let KeyState::Revoked { .. } = key.state {
            tracing::warn!(kid, ?by, "a signing key was revoked: nothing that it signed is accepted any more");
        } else {
            tracing::info!(kid, state, ?by, "a signing key has another state");
        }
    }
    for kid in &change.remove {
        tracing::info!(kid, ?by, "a signing key was deleted");
    }
    if let Some(overruled) = &change.overruled {
        tracing::warn!(%overruled, ?by, "a change of the signing keys was forced");
    }
}
