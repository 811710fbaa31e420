//! `/v1/refresh`: a refresh token for its successor and a fresh access token.

use auth_domain::refresh::RefreshRequest;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::extract::{OptionalJson, PresentedBy, WireBody, idempotency_key};
use crate::measure;
use crate::openapi::{Answer, Api, Operation};
use crate::problem::{Problem, ProblemCode};
use crate::state::ApiState;
use crate::transport::{Carried, TokenResponse, Transport, clear_cookie, token_response};

/// A refresh token in the body; with the cookie it is left out.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RefreshTokenRequest)]
pub(super) struct RefreshTokenBody {
    #[serde(default)]
    #[schema(value_type = Option<String>, examples("jrt_bW9yZSB0aGFuIHRoaXJ0eSByYW5kb20gYnl0ZXM"))]
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

/// What the operations of this file are, for the OpenAPI document.
pub(super) fn describe(api: &mut Api) {
    let mut tag =
        api.tag("Sign-in", "A mail address and a password, a second factor, a passkey; and the refresh of tokens.");
    tag.add(
        Operation::post("/v1/refresh", "refresh")
            .does("Refresh", "A refresh token for its successor and a fresh access token. The token comes in the body or in the cookie, and its successor goes the same way. Where the answer was lost, the same token gets the same successor. With a final refusal the cookie is cleared.")
            .by_refresh_token(false)
            .idempotent()
            .may_read::<RefreshTokenBody>()
            .answers(Answer::json::<TokenResponse<'_>>(StatusCode::OK, "The successor.").sets_cookies())
            .fails([ProblemCode::InvalidRequest, ProblemCode::InvalidGrant, ProblemCode::SessionSignedOut, ProblemCode::SessionEvicted, ProblemCode::SessionRevoked, ProblemCode::SessionExpired]),
    );
}
