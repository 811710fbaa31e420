//! The operations of this folder, for the OpenAPI document.

use axum::http::StatusCode;

use super::LoginBody;
use super::mfa::MfaBody;
use super::passkey::{BeginBody, PasskeyBody};
use crate::openapi::{Answer, Api, Operation};
use crate::problem::ProblemCode;
use crate::transport::TokenResponse;
use crate::wire::CeremonyBody;

/// Why no session was opened, whatever was shown for it.
const NOT_OPENED: [ProblemCode; 6] = [
    ProblemCode::EmailNotVerified,
    ProblemCode::SessionLimitReached,
    ProblemCode::InvalidCredentials,
    ProblemCode::TooManyAttempts,
    ProblemCode::AmbiguousCredentials,
    ProblemCode::CrossSiteRequest,
];

fn first_tokens() -> Answer {
    Answer::json::<TokenResponse<'_>>(StatusCode::OK, "The first tokens of the session.").sets_cookies()
}

/// What the operations of this file are, for the OpenAPI document.
pub(in crate::routes) fn describe(api: &mut Api) {
    let mut tag =
        api.tag("Sign-in", "A mail address and a password, a second factor, a passkey; and the refresh of tokens.");
    tag.add(
        Operation::post("/v1/login", "login")
            .does("Sign in", "With a mail address and a password. Where a second factor must follow it is 401 `mfa_required`, which says by what to go on; at the limit of sessions it is 409 with the sessions, of which the client names one in `end_session`. With `transport: \"cookie\"` the tokens travel in cookies, for pages of the server's own origin.")
            .reads::<LoginBody>()
            .answers(first_tokens())
            .fails(NOT_OPENED).fails([ProblemCode::MfaRequired]),
    );
    tag.add(
        Operation::post("/v1/login/mfa", "loginSecondFactor")
            .does(
                "Go on with a second factor",
                "The second half of a login: the `mfa_token` of the first, and one of `code` and `passkey`.",
            )
            .reads::<MfaBody>()
            .answers(first_tokens())
            .fails(NOT_OPENED)
            .fails([
                ProblemCode::InvalidMfaToken,
                ProblemCode::InvalidSecondFactor,
                ProblemCode::InvalidPasskey,
                ProblemCode::PasskeysUnavailable,
            ]),
    );
    tag.add(
        Operation::post("/v1/login/passkey/begin", "beginPasskeyLogin")
            .does("Begin with a passkey", "What the browser is asked with: for a passkey of the account whose login was begun, or for whichever it holds.")
            .may_read::<BeginBody>()
            .answers(Answer::json::<CeremonyBody>(StatusCode::OK, "What `navigator.credentials.get` is called with."))
            .fails([ProblemCode::InvalidMfaToken, ProblemCode::PasskeysUnavailable, ProblemCode::TooManyAttempts]),
    );
    tag.add(
        Operation::post("/v1/login/passkey", "loginPasskey")
            .does("Sign in with a passkey", "The answer of the browser for the first tokens of a session.")
            .reads::<PasskeyBody>()
            .answers(first_tokens())
            .fails(NOT_OPENED)
            .fails([ProblemCode::InvalidPasskey, ProblemCode::PasskeysUnavailable]),
    );
}
