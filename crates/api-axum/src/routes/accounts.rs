//! `/v1/accounts`: registration.

use auth_domain::account::{RegisterRequest, Registered, RegisteredBy};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::extract::{Json, PresentedBy, WireBody, display_name, locale};
use crate::load::RoomToHash;
use crate::problem::Problem;
use crate::rhythm::Rhythm;
use crate::state::ApiState;
use crate::wire::{AccountBody, MailSent};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegisterBody {
    email: String,
    password: SecretString,
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    locale: Option<String>,
    #[serde(default)]
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
