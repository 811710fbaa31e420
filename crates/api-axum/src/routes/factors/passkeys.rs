//! `/v1/me/passkeys`: added, renamed and removed.

use auth_domain::factor::FactorError;
use auth_domain::model::PasskeyId;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::extract::{ByOwner, Credential, Json, WireBody, name};
use crate::openapi::credential;
use crate::problem::Problem;
use crate::state::ApiState;
use crate::wire::{AddedPasskeyBody, CeremonyBody};

/// The answer of a browser to what it was asked, and a name for the passkey.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AddPasskeyRequest)]
pub(super) struct AddBody {
    /// That of the beginning.
    #[schema(value_type = String, examples("jct_Zm9yIG9uZSBjZXJlbW9ueSBvZiBhIGJyb3dzZXI"))]
    ceremony: SecretString,
    #[schema(schema_with = credential)]
    credential: Credential,
    /// 1 to 100 characters.
    #[schema(min_length = 1, examples("YubiKey"))]
    name: String,
}

impl WireBody for AddBody {
    const LIMIT: usize = 16 * 1024;
}

/// Another name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RenamePasskeyRequest)]
pub(super) struct RenameBody {
    /// 1 to 100 characters.
    #[schema(min_length = 1, examples("The blue one"))]
    name: String,
}

impl WireBody for RenameBody {}

/// What is no UUID names no passkey, like one that belongs to somebody else.
fn named(id: Result<Path<String>, PathRejection>) -> Result<PasskeyId, FactorError> {
    id.ok().and_then(|Path(id)| id.parse().ok()).ok_or(FactorError::NotFound)
}

/// `POST /v1/me/passkeys/begin`: 200 and what the browser is asked to make a passkey with.
pub(super) async fn begin(
    State(state): State<ApiState>,
    ByOwner(owner): ByOwner,
) -> Result<axum::Json<CeremonyBody>, Problem> {
    let begun = state.auth().factors.begin_passkey(&owner).await?;
    Ok(axum::Json(CeremonyBody::new(&begun)?))
}

/// `POST /v1/me/passkeys`: 201 and the passkey, with recovery codes when it is the account's first factor.
pub(super) async fn add(
    State(state): State<ApiState>,
    ByOwner(owner): ByOwner,
    Json(body): Json<AddBody>,
) -> Result<(StatusCode, axum::Json<AddedPasskeyBody>), Problem> {
    let name = name("name", &body.name)?;
    let (ceremony, answer) = (body.ceremony.expose_secret(), body.credential.json());
    let added = state.auth().factors.add_passkey(&owner, ceremony, answer, &name).await?;
    Ok((StatusCode::CREATED, axum::Json(added.into())))
}

/// `PATCH /v1/me/passkeys/{id}`: 204.
pub(super) async fn rename(
    State(state): State<ApiState>,
    ByOwner(owner): ByOwner,
    id: Result<Path<String>, PathRejection>,
    Json(body): Json<RenameBody>,
) -> Result<StatusCode, Problem> {
    let name = name("name", &body.name)?;
    state.auth().factors.rename_passkey(&owner, named(id)?, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /v1/me/passkeys/{id}`: 204.
pub(super) async fn remove(
    State(state): State<ApiState>,
    ByOwner(owner): ByOwner,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Problem> {
    state.auth().factors.remove_passkey(&owner, named(id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
