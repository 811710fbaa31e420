//! `/v1/admin/invites`: invitations to register.

use auth_domain::model::EmailAddress;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;

use super::ByOperator;
use crate::extract::{Json, WireBody, locale};
use crate::problem::{Problem, ProblemCode};
use crate::state::ApiState;
use crate::wire::MailSent;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InviteBody {
    email: String,
    #[serde(default)]
    locale: Option<String>,
}

impl WireBody for InviteBody {}

/// `POST /v1/admin/invites`: 202; a mail to this address carries the invitation.
pub(super) async fn invite(
    State(state): State<ApiState>,
    _: ByOperator,
    headers: HeaderMap,
    Json(body): Json<InviteBody>,
) -> Result<MailSent, Problem> {
    let email = EmailAddress::parse(&body.email);
    let email = email.map_err(|error| Problem::new(ProblemCode::InvalidEmail, error.to_string()))?;
    state.auth().admin.invite(&email, locale(body.locale.as_deref(), &headers)).await?;
    Ok(MailSent)
}
