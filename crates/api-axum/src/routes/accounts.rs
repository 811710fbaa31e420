//! `/v1/accounts`: registration.

use auth_domain::account::{RegisterRequest, Registered, RegisteredBy};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::extract::{Json, PresentedBy, WireBody, display_name, locale};
use crate::load::RoomToHash;
use crate::openapi::{Answer, Api, Operation};
use crate::problem::{Problem, ProblemCode};
use crate::rhythm::Rhythm;
use crate::state::ApiState;
use crate::wire::{AccountBody, MailSent, MailSentBody};

/// An account to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RegisterRequest)]
pub(super) struct RegisterBody {
    #[schema(examples("alice@example.com"))]
    email: String,
    #[schema(value_type = String, format = Password, examples("correct horse battery staple"))]
    password: SecretString,
    /// 1 to 100 characters.
    #[serde(default)]
    #[schema(examples("Alice"))]
    display_name: Option<String>,
    /// The language of its mails; the one that `Accept-Language` prefers where it is left out.
    #[serde(default)]
    #[schema(examples("en"))]
    locale: Option<String>,
    /// The token of the mail that invited, where registration needs one.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    invite: Option<SecretString>,
}

impl WireBody for RegisterBody {
    const LIMIT: usize = 8 * 1024;
}

/// `POST /v1/accounts`: 201 and the account; 202 where a mail says how to go on, whether the address is taken or not.
pub(super) async fn register(
    State(state): State<ApiState>,
    _: RoomToHash,
    PresentedBy(presenter): PresentedBy,
    headers: HeaderMap,
    Json(body): Json<RegisterBody>,
) -> Result<Response, Problem> {
    let rhythm = Rhythm::begin();
    let invite = body.invite.as_ref().map(ExposeSecret::expose_secret);
    let request = RegisterRequest {
        email: &body.email,
        password: Some(&body.password),
        display_name: display_name("display_name", body.display_name.as_deref())?,
        roles: Vec::new(),
        locale: locale(body.locale.as_deref(), &headers),
        by: RegisteredBy::Owner { invite },
        presenter,
    };
    Ok(match state.auth().accounts.register(request).await? {
        Registered::Created(account) => (StatusCode::CREATED, axum::Json(AccountBody::from(account))).into_response(),
        Registered::MailSent => {
            rhythm.rest().await;
            MailSent.into_response()
        }
    })
}

/// What the operations of this file are, for the OpenAPI document.
pub(super) fn describe(api: &mut Api) {
    let mut tag = api.tag("Account", "Registration, and what owners do with their accounts.");
    tag.add(
        Operation::post("/v1/accounts", "register")
            .does("Register", "Makes an account, or begins to: with verified mail addresses the answer is 202, whether the address is taken or not, and a mail says how to go on.")
            .reads::<RegisterBody>()
            .answers(Answer::json::<AccountBody>(StatusCode::CREATED, "The account."))
            .answers(Answer::json::<MailSentBody>(StatusCode::ACCEPTED, "A mail says how to go on."))
            .fails([ProblemCode::InvalidEmail, ProblemCode::PasswordTooShort, ProblemCode::PasswordTooLong, ProblemCode::PasswordGuessable, ProblemCode::EmailTaken, ProblemCode::RegistrationClosed, ProblemCode::NotInvited, ProblemCode::DomainNotAllowed, ProblemCode::TooManyAttempts]),
    );
}
