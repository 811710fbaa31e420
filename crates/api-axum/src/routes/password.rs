//! Passwords: changed by who knows the old one, forgotten and reset by mail, and judged before they are set.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::advice::StrengthBody;
use crate::extract::{ByOwner, Json, PresentedBy, WireBody, locale};
use crate::load::RoomToHash;
use crate::openapi::{Answer, Api, Operation};
use crate::problem::{Problem, ProblemCode};
use crate::rhythm::Rhythm;
use crate::state::ApiState;
use crate::wire::{MailSent, MailSentBody};

/// The routes.
pub(super) fn router() -> Router<ApiState> {
    Router::new()
        .route("/v1/me/password", post(change))
        .route("/v1/password/forgot", post(forgot))
        .route("/v1/password/reset", post(reset))
        .route("/v1/password/strength", post(strength))
}

/// The password as it is, and as it is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChangePasswordRequest)]
struct ChangeBody {
    #[schema(value_type = String, format = Password, examples("correct horse battery staple"))]
    current_password: SecretString,
    #[schema(value_type = String, format = Password, examples("a lighthouse keeps no secrets"))]
    new_password: SecretString,
}

impl WireBody for ChangeBody {
    const LIMIT: usize = 8 * 1024;
}

/// Who has forgotten his password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ForgotPasswordRequest)]
struct ForgotBody {
    #[schema(examples("alice@example.com"))]
    email: String,
    /// The language of its mails; the one that `Accept-Language` prefers where it is left out.
    #[serde(default)]
    #[schema(examples("en"))]
    locale: Option<String>,
}

impl WireBody for ForgotBody {}

/// The token of a mail, and the password as it is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ResetPasswordRequest)]
struct ResetBody {
    #[schema(value_type = String, examples("jot_dGhlIHRva2VuIG9mIGEgbWFpbA"))]
    token: SecretString,
    #[schema(value_type = String, format = Password, examples("a lighthouse keeps no secrets"))]
    new_password: SecretString,
}

impl WireBody for ResetBody {
    const LIMIT: usize = 8 * 1024;
}

/// A password that somebody types.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PasswordStrengthRequest)]
struct StrengthRequest {
    #[schema(value_type = String, format = Password, examples("correct horse battery staple"))]
    password: SecretString,
}

impl WireBody for StrengthRequest {
    const LIMIT: usize = 8 * 1024;
}

/// `POST /v1/me/password`: 204, and every other session of the account has ended.
async fn change(
    State(state): State<ApiState>,
    _: RoomToHash,
    ByOwner(owner): ByOwner,
    Json(body): Json<ChangeBody>,
) -> Result<StatusCode, Problem> {
    state.auth().accounts.change_password(&owner, &body.current_password, &body.new_password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /v1/password/forgot`: 202, whether there is such an account or not.
async fn forgot(
    State(state): State<ApiState>,
    PresentedBy(presenter): PresentedBy,
    headers: HeaderMap,
    Json(body): Json<ForgotBody>,
) -> Result<MailSent, Problem> {
    let rhythm = Rhythm::begin();
    let locale = locale(body.locale.as_deref(), &headers);
    state.auth().accounts.forgot_password(&body.email, locale, &presenter).await?;
    rhythm.rest().await;
    Ok(MailSent)
}

/// `POST /v1/password/reset`: 204, and every session of the account has ended.
async fn reset(
    State(state): State<ApiState>,
    _: RoomToHash,
    PresentedBy(presenter): PresentedBy,
    Json(body): Json<ResetBody>,
) -> Result<StatusCode, Problem> {
    state.auth().accounts.reset_password(body.token.expose_secret(), &body.new_password, presenter).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /v1/password/strength`: 200 and an estimate of how hard the password is to guess. Nothing is refused for it.
async fn strength(
    State(state): State<ApiState>,
    Json(body): Json<StrengthRequest>,
) -> Result<axum::Json<StrengthBody>, Problem> {
    Ok(axum::Json(state.advice().of(&body.password).await?))
}

/// What the operations of this file are, for the OpenAPI document.
pub(super) fn describe(api: &mut Api) {
    let mut tag = api.tag("Passwords and mail addresses", "Forgotten, changed, verified: by tokens that are mailed.");
    tag.add(
        Operation::post("/v1/me/password", "changePassword")
            .does("Change my password", "Every other session ends.")
            .by_owner()
            .reads::<ChangeBody>()
            .answers(Answer::done("It is changed."))
            .fails([
                ProblemCode::WrongPassword,
                ProblemCode::PasswordTooShort,
                ProblemCode::PasswordTooLong,
                ProblemCode::PasswordGuessable,
                ProblemCode::TooManyAttempts,
            ]),
    );
    tag.add(
        Operation::post("/v1/password/forgot", "forgotPassword")
            .does(
                "Forgot my password",
                "Mails a token that resets it. The answer is the same whether there is such an account or not.",
            )
            .reads::<ForgotBody>()
            .answers(Answer::json::<MailSentBody>(
                StatusCode::ACCEPTED,
                "A mail is on its way, if the address is one that gets it.",
            ))
            .fails([ProblemCode::TooManyAttempts]),
    );
    tag.add(
        Operation::post("/v1/password/reset", "resetPassword")
            .does("Reset my password", "Every session ends. A password that is refused leaves the token good.")
            .reads::<ResetBody>()
            .answers(Answer::done("It is reset."))
            .fails([
                ProblemCode::InvalidLink,
                ProblemCode::PasswordTooShort,
                ProblemCode::PasswordTooLong,
                ProblemCode::PasswordGuessable,
            ]),
    );
    tag.add(
        Operation::post("/v1/password/strength", "passwordStrength")
            .does(
                "How strong is a password",
                "An estimate for the page on which it is typed. Nothing is refused for it.",
            )
            .reads::<StrengthRequest>()
            .answers(Answer::json::<StrengthBody>(StatusCode::OK, "The estimate."))
            .fails([ProblemCode::PasswordTooLong]),
    );
}
