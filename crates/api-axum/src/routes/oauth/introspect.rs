//! `/oauth/introspect`: what a token is worth right now (RFC 7662), for resource servers that ask instead of verifying.

use std::sync::Arc;

use auth_domain::api_key::ApiKeyError;
use auth_domain::introspect::ActiveRefreshToken;
use auth_domain::model::ApiScope;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use token_core::{Audience, Claims};
use utoipa::ToSchema;

use super::client::Basic;
use super::{OAuthError, access_token};
use crate::extract::Form;
use crate::guard::{GuardError, bearer_token};
use crate::openapi::{always, audience};
use crate::problem::Problem;
use crate::state::ApiState;

/// Lets in whoever shows an API key with the scope `introspect`: as Bearer token, or as the password of HTTP Basic, where the
/// user name says nothing.
pub(super) struct Asker;

impl FromRequestParts<ApiState> for Asker {
    type Rejection = OAuthError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, OAuthError> {
        let basic = Basic::of(&parts.headers)?;
        let by_basic = basic.is_some();
        let key = match basic {
            Some(Basic { secret, .. }) => secret,
            None => bearer(parts)?,
        };
        match state.auth().api_keys.authenticate(key.expose_secret(), ApiScope::Introspect).await {
            Ok(_) => Ok(Self),
            Err(error @ ApiKeyError::MissingScope(_)) => {
                Err(OAuthError::new(StatusCode::FORBIDDEN, "insufficient_scope", &error.to_string())
                    .challenge(r#"Bearer error="insufficient_scope", scope="introspect""#))
            }
            Err(error @ (ApiKeyError::Invalid | ApiKeyError::NotFound)) if by_basic => {
                Err(OAuthError::invalid_client(&error.to_string()))
            }
            Err(error @ (ApiKeyError::Invalid | ApiKeyError::NotFound)) => {
                Err(OAuthError::new(StatusCode::UNAUTHORIZED, "invalid_token", &error.to_string())
                    .challenge(r#"Bearer error="invalid_token""#))
            }
            Err(error @ (ApiKeyError::Store(_) | ApiKeyError::Entropy(_))) => Err(Problem::from(error).into()),
        }
    }
}

fn bearer(parts: &Parts) -> Result<SecretString, OAuthError> {
    match bearer_token(parts) {
        Ok(key) => Ok(key.into()),
        Err(GuardError::NoCredentials) => {
            let description = "Send an API key as Bearer token, or as the password of HTTP Basic.";
            Err(OAuthError::invalid_client(description).challenge("Bearer"))
        }
        Err(_) => Err(OAuthError::invalid_request("Send one API key, in one Authorization header and nowhere else.")),
    }
}

/// The answer: exactly `{"active":false}`, or what is to be known.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Introspection)]
pub(super) enum Introspected {
    Inactive {
        #[schema(schema_with = always::<false>)]
        active: bool,
    },
    Active(Box<ActiveBody>),
}

/// What is to be known of a token that counts.
#[derive(Serialize, ToSchema)]
#[schema(as = ActiveToken)]
pub(super) struct ActiveBody {
    #[schema(schema_with = always::<true>)]
    active: bool,
    /// `Bearer` for an access token. A refresh token says so, lest a resource server let it in.
    #[schema(value_type = String, examples("Bearer"))]
    token_type: &'static str,
    #[schema(examples("jeton"))]
    client_id: String,
    #[schema(examples("openid"))]
    scope: String,
    #[schema(format = "uuid", examples("0198f3a2-6c1d-7b3e-9f00-3a5d2c7e8b41"))]
    sub: String,
    #[schema(format = "uuid", examples("0198f3a2-7d2e-7c4f-8a11-4b6e3d8f9c52"))]
    sid: String,
    #[schema(examples("https://login.example"))]
    iss: String,
    /// Of an access token alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = audience)]
    aud: Option<Audience>,
    #[schema(examples(1_795_858_200_u64))]
    iat: u64,
    #[schema(examples(1_795_859_100_u64))]
    exp: u64,
    /// Of an access token alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("0198f3a2-8e3f-7d50-9b22-5c7f4e90ad63"))]
    jti: Option<String>,
}

impl ActiveBody {
    fn of_access_token(claims: Claims) -> Self {
        Self {
            active: true,
            token_type: "Bearer",
            client_id: claims.client_id,
            scope: claims.scope,
            sub: claims.sub.to_string(),
            sid: claims.sid.to_string(),
            iss: claims.iss,
            aud: Some(claims.aud),
            iat: claims.iat.as_secs(),
            exp: claims.exp.as_secs(),
            jti: Some(claims.jti.to_string()),
        }
    }

    fn of_refresh_token(token: ActiveRefreshToken, issuer: &str) -> Self {
        let facts = token.session.facts;
        Self {
            active: true,
            token_type: "refresh_token",
            client_id: facts.client_id,
            scope: facts.scope,
            sub: facts.account.to_string(),
            sid: facts.session.to_string(),
            iss: issuer.to_owned(),
            aud: None,
            iat: token.issued_at.unix().as_secs(),
            exp: token.expires_at.unix().as_secs(),
            jti: None,
        }
    }
}

/// `POST /oauth/introspect`: 200. Asking changes nothing.
pub(super) async fn introspect(
    State(state): State<ApiState>,
    _: Asker,
    form: Result<Form, Problem>,
) -> Result<axum::Json<Introspected>, OAuthError> {
    let token = form?.require("token")?;
    let token = token.expose_secret();
    let active = if let Some(claims) = access_token(&state, token).await? {
        Some(ActiveBody::of_access_token(Arc::unwrap_or_clone(claims)))
    } else {
        let found = state.auth().introspection.refresh_token(token).await.map_err(Problem::from)?;
        found.map(|found| ActiveBody::of_refresh_token(found, state.issuer()))
    };
    let inactive = Introspected::Inactive { active: false };
    Ok(axum::Json(active.map_or(inactive, |body| Introspected::Active(Box::new(body)))))
}
