//! `/v1/refresh`: a refresh token for its successor and a fresh access token.

use auth_domain::refresh::RefreshRequest;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::extract::{OptionalJson, PresentedBy, WireBody, idempotency_key};
use crate::measure;
use crate::problem::{Problem, ProblemCode};
use crate::state::ApiState;
use crate::transport::{Carried, Transport, clear_cookie, token_response};

/// A refresh token in the body; with the cookie it is left out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RefreshTokenBody {
    #[serde(default)]
    pub(super) refresh_token: Option<SecretString>,
}

impl WireBody for RefreshTokenBody {}

/// `POST /v1/refresh`: 200 and the successor, by the way that the token came.
pub(super) async fn refresh(
    State(state): State<ApiState>,
    PresentedBy(presenter): PresentedBy,
    headers: HeaderMap,
    OptionalJson(body): OptionalJson<RefreshTokenBody>,
) -> Result<Response, Problem> {
    let token = body.and_then(|body| body.refresh_token);
    let Some(carried) = Carried::find(token, &headers, &state.settings().origin)? else {
        return Err(Problem::new(
            ProblemCode::InvalidRequest,
            "The field `refresh_token` is missing, and there is no refresh cookie.",
        ));
    };
    let request =
        RefreshRequest { token: carried.token.expose_secret(), idempotency_key: idempotency_key(&headers)?, presenter };
    let ruled = state.auth().refresh.rule(request).await;
    measure::refreshed(&ruled);
    match ruled.answer {
        Ok(tokens) => token_response(&tokens, carried.transport),
        Err(error) => {
            let problem = Problem::from(error);
            // A cookie that gives nothing would only be sent again and again.
            if carried.transport == Transport::Cookie && problem.code().is_final_for_a_refresh_token() {
                return Ok(clear_cookie(problem.into_response()));
            }
            Err(problem)
        }
    }
}
