//! Mail addresses: verified by a token that was mailed, and changed the same way.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::extract::{ByOwner, Json, PresentedBy, WireBody, locale};
use crate::openapi::{Answer, Api, Operation};
use crate::problem::{Problem, ProblemCode};
use crate::rhythm::Rhythm;
use crate::state::ApiState;
use crate::wire::{MailSent, MailSentBody};

/// The routes.
pub(super) fn router() -> Router<ApiState> {
    Router::new()
        .route("/v1/email/verify", post(verify))
        .route("/v1/email/verify/resend", post(resend))
        .route("/v1/me/email", post(begin_change))
        .route("/v1/email/change", post(change))
}

/// A token that was mailed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MailedTokenRequest)]
struct TokenBody {
    #[schema(value_type = String, examples("jot_dGhlIHRva2VuIG9mIGEgbWFpbA"))]
    token: SecretString,
}

impl WireBody for TokenBody {}

/// Whose mail is to be sent again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ResendVerificationRequest)]
struct ResendBody {
    #[schema(examples("alice@example.com"))]
    email: String,
    /// The language of its mails; the one that `Accept-Language` prefers where it is left out.
    #[serde(default)]
    #[schema(examples("en"))]
    locale: Option<String>,
}

impl WireBody for ResendBody {}

/// The address that the account is to have.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChangeEmailRequest)]
struct ChangeBody {
    /// The account's own, to confirm it.
    #[schema(value_type = String, format = Password, examples("correct horse battery staple"))]
    password: SecretString,
    #[schema(examples("alice@example.org"))]
    email: String,
}

impl WireBody for ChangeBody {
    const LIMIT: usize = 8 * 1024;
}

/// `POST /v1/email/verify`: 204.
async fn verify(
    State(state): State<ApiState>,
    PresentedBy(presenter): PresentedBy,
    Json(body): Json<TokenBody>,
) -> Result<StatusCode, Problem> {
    state.auth().accounts.verify_email(body.token.expose_secret(), presenter).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /v1/email/verify/resend`: 202, whether there is such an account or not.
async fn resend(
    State(state): State<ApiState>,
    PresentedBy(presenter): PresentedBy,
    headers: HeaderMap,
    Json(body): Json<ResendBody>,
) -> Result<MailSent, Problem> {
    let rhythm = Rhythm::begin();
    let locale = locale(body.locale.as_deref(), &headers);
    state.auth().accounts.resend_verification(&body.email, locale, &presenter).await?;
    rhythm.rest().await;
    Ok(MailSent)
}

/// `POST /v1/me/email`: 202; the address changes once who reads its mail says so.
async fn begin_change(
    State(state): State<ApiState>,
    ByOwner(owner): ByOwner,
    Json(body): Json<ChangeBody>,
) -> Result<MailSent, Problem> {
    let rhythm = Rhythm::begin();
    state.auth().accounts.begin_change_email(&owner, &body.password, &body.email).await?;
    rhythm.rest().await;
    Ok(MailSent)
}

/// `POST /v1/email/change`: 204.
async fn change(
    State(state): State<ApiState>,
    PresentedBy(presenter): PresentedBy,
    Json(body): Json<TokenBody>,
) -> Result<StatusCode, Problem> {
    state.auth().accounts.change_email(body.token.expose_secret(), presenter).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What the operations of this file are, for the OpenAPI document.
pub(super) fn describe(api: &mut Api) {
    let mut tag = api.tag("Passwords and mail addresses", "Forgotten, changed, verified: by tokens that are mailed.");
    tag.add(
        Operation::post("/v1/email/verify", "verifyEmail")
            .does("Verify a mail address", "By the token that was mailed to it.")
            .reads::<TokenBody>()
            .answers(Answer::done("It is verified."))
            .fails([ProblemCode::InvalidLink]),
    );
    tag.add(
        Operation::post("/v1/email/verify/resend", "resendVerification")
            .does("Mail that token again", "The answer is the same whether there is such an account or not.")
            .reads::<ResendBody>()
            .answers(Answer::json::<MailSentBody>(
                StatusCode::ACCEPTED,
                "A mail is on its way, if the address is one that gets it.",
            ))
            .fails([ProblemCode::TooManyAttempts]),
    );
    tag.add(
        Operation::post("/v1/me/email", "beginChangeEmail")
            .does("Change my mail address", "Mails a token to the new address; it changes once that is shown.")
            .by_owner()
            .reads::<ChangeBody>()
            .answers(Answer::json::<MailSentBody>(StatusCode::ACCEPTED, "A mail is on its way."))
            .fails([
                ProblemCode::WrongPassword,
                ProblemCode::InvalidEmail,
                ProblemCode::StepUpRequired,
                ProblemCode::TooManyAttempts,
            ]),
    );
    tag.add(
        Operation::post("/v1/email/change", "changeEmail")
            .does("Confirm the new address", "By the token that was mailed to it.")
            .reads::<TokenBody>()
            .answers(Answer::done("It is changed."))
            .fails([ProblemCode::InvalidLink, ProblemCode::EmailTaken]),
    );
}
