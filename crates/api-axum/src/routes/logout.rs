//! `/v1/logout`: ends the session of whatever the device still holds.

use auth_domain::model::SessionId;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use secrecy::ExposeSecret;
use token_core::NoClaims;

use super::refresh::RefreshTokenBody;
use crate::extract::OptionalJson;
use crate::guard::{GuardError, bearer_token};
use crate::openapi::{Answer, Api, Operation};
use crate::problem::{Problem, ProblemCode};
use crate::state::ApiState;
use crate::transport::{Carried, Transport, clear_cookie};

/// `POST /v1/logout`: 204.
///
/// A refresh token decides before an access token, since it lives as long as the session. One that is unknown or belongs
/// to a session that is over changes nothing and gets the same answer (RFC 7009 §2.2); so does an access token that was
/// revoked. An access token that is bad in another way is refused, because nothing would be ended.
pub(super) async fn logout(
    State(state): State<ApiState>,
    parts: Parts,
    OptionalJson(body): OptionalJson<RefreshTokenBody>,
) -> Result<Response, Response> {
    let token = body.and_then(|body| body.refresh_token);
    let carried =
        Carried::find(token, &parts.headers, &state.settings().origin).map_err(IntoResponse::into_response)?;
    let sessions = &state.auth().sessions;
    let refused = |error| Problem::from(error).into_response();
    let Some(carried) = carried else {
        let token = bearer_token(&parts).map_err(IntoResponse::into_response)?;
        return match state.guard().verify::<NoClaims>(token) {
            Ok(claims) => {
                sessions.logout(SessionId::from_uuid(claims.sid)).await.map_err(refused)?;
                Ok(StatusCode::NO_CONTENT.into_response())
            }
            Err(GuardError::Revoked) => Ok(StatusCode::NO_CONTENT.into_response()),
            Err(error) => Err(error.into_response()),
        };
    };
    sessions.logout_by_token(carried.token.expose_secret()).await.map_err(refused)?;
    let answer = StatusCode::NO_CONTENT.into_response();
    Ok(if carried.transport == Transport::Cookie { clear_cookie(answer) } else { answer })
}

/// What the operations of this file are, for the OpenAPI document.
pub(super) fn describe(api: &mut Api) {
    let mut tag =
        api.tag("Sign-in", "A mail address and a password, a second factor, a passkey; and the refresh of tokens.");
    tag.add(
        Operation::post("/v1/logout", "logout")
            .does("Sign out", "Ends the session of the refresh token, in the body or in the cookie, or else of the access token. A token that nobody knows, or of a session that is over, gets the same answer.")
            .by_refresh_token(true)
            .may_read::<RefreshTokenBody>()
            .answers(Answer::done("The session has ended.").sets_cookies())
            .fails([ProblemCode::AuthenticationRequired, ProblemCode::InvalidToken]),
    );
}
