//! API keys in the place of access tokens: `Authorization: Bearer jak_…` (RFC 6750 §2.1).

use auth_domain::api_key::ApiKeyError;
use auth_domain::model::ApiScope;
use axum::http::HeaderValue;
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use secrecy::{ExposeSecret, SecretString};

use crate::guard::{GuardError, bearer_token};
use crate::problem::{Problem, ProblemCode};
use crate::state::ApiState;

/// An API key that was good for its scope when it was shown.
pub(crate) struct ShownKey {
    text: SecretString,
    scope: ApiScope,
}

impl ShownKey {
    /// The key of a request, if it has the scope.
    pub(crate) async fn of(parts: &Parts, state: &ApiState, scope: ApiScope) -> Result<Self, Response> {
        let text = match bearer_token(parts) {
            Ok(text) => SecretString::from(text),
            Err(GuardError::NoCredentials) => {
                let detail = "Send an API key in the header `Authorization: Bearer …`.";
                return Err(Problem::new(ProblemCode::AuthenticationRequired, detail).into_response());
            }
            Err(error) => return Err(error.into_response()),
        };
        let key = Self { text, scope };
        key.check(state).await.map_err(refused)?;
        Ok(key)
    }

    async fn check(&self, state: &ApiState) -> Result<(), ApiKeyError> {
        state.auth().api_keys.authenticate(self.text.expose_secret(), self.scope).await.map(|_| ())
    }

    /// Whether it was revoked since. A store that does not answer says nothing about that.
    pub(crate) async fn is_revoked(&self, state: &ApiState) -> bool {
        matches!(self.check(state).await, Err(ApiKeyError::Invalid | ApiKeyError::MissingScope(_)))
    }
}

fn refused(error: ApiKeyError) -> Response {
    let challenge = match &error {
        ApiKeyError::MissingScope(scope) => {
            HeaderValue::try_from(format!(r#"Bearer error="insufficient_scope", scope="{scope}""#)).ok()
        }
        _ => None,
    };
    let mut response = Problem::from(error).into_response();
    if let Some(challenge) = challenge {
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    response
}
