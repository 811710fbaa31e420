//! `/.well-known/oauth-authorization-server`: what is served, and where (RFC 8414).

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::Problem;
use crate::state::ApiState;

pub(super) const TOKEN: &str = "/oauth/token";
pub(super) const REVOCATION: &str = "/oauth/revoke";
pub(super) const INTROSPECTION: &str = "/oauth/introspect";

/// The metadata. Every member is true of this server, and what it does not have is not there.
#[derive(Serialize, ToSchema)]
#[schema(as = AuthorizationServerMetadata)]
pub(super) struct MetadataBody {
    #[schema(examples("https://login.example"))]
    issuer: String,
    /// Absent where access tokens are signed with a shared secret: then there is no public key to be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("https://login.example/.well-known/jwks.json"))]
    jwks_uri: Option<String>,
    #[schema(examples("https://login.example/oauth/token"))]
    token_endpoint: String,
    #[schema(examples("https://login.example/oauth/revoke"))]
    revocation_endpoint: String,
    #[schema(examples("https://login.example/oauth/introspect"))]
    introspection_endpoint: String,
    #[schema(value_type = Vec<String>, examples("refresh_token"))]
    grant_types_supported: [&'static str; 1],
    /// Required by §2; empty, since there is no authorization endpoint: sign-in is a first-party interface.
    #[schema(value_type = Vec<String>)]
    response_types_supported: [&'static str; 0],
    #[schema(value_type = Vec<String>, examples("none"))]
    token_endpoint_auth_methods_supported: [&'static str; 1],
    #[schema(value_type = Vec<String>, examples("none"))]
    revocation_endpoint_auth_methods_supported: [&'static str; 1],
    /// §2 allows names of access token types here, beside those of client authentication methods.
    #[schema(value_type = Vec<String>, examples("client_secret_basic"))]
    introspection_endpoint_auth_methods_supported: [&'static str; 2],
}

impl MetadataBody {
    fn of(state: &ApiState) -> Self {
        let issuer = state.issuer();
        let base = issuer.trim_end_matches('/');
        let at = |path: &str| format!("{base}{path}");
        Self {
            issuer: issuer.to_owned(),
            jwks_uri: state.jwks().is_published().then(|| at("/.well-known/jwks.json")),
            token_endpoint: at(TOKEN),
            revocation_endpoint: at(REVOCATION),
            introspection_endpoint: at(INTROSPECTION),
            grant_types_supported: ["refresh_token"],
            response_types_supported: [],
            token_endpoint_auth_methods_supported: ["none"],
            revocation_endpoint_auth_methods_supported: ["none"],
            introspection_endpoint_auth_methods_supported: ["client_secret_basic", "Bearer"],
        }
    }
}

/// `GET /.well-known/oauth-authorization-server`: 200 and the metadata.
pub(super) async fn show(State(state): State<ApiState>) -> Json<MetadataBody> {
    Json(MetadataBody::of(&state))
}

/// `GET /.well-known/oauth-authorization-server/{path of the issuer}`: 200 and the metadata. This is where clients look when the
/// issuer has a path (§3.1).
pub(super) async fn show_below(
    State(state): State<ApiState>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<MetadataBody>, Problem> {
    let issuer = state.issuer().split_once("://").map_or("", |(_, rest)| rest);
    let of_issuer = issuer.split_once('/').map_or("", |(_, path)| path.trim_end_matches('/'));
    match path {
        Ok(Path(path)) if !of_issuer.is_empty() && path.trim_end_matches('/') == of_issuer => {
            Ok(show(State(state)).await)
        }
        _ => Err(Problem::nothing_here()),
    }
}
