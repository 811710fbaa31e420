//! `/v1/admin/invites`: invitations to register.

use auth_domain::model::EmailAddress;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use utoipa::ToSchema;

use super::ByOperator;
use crate::extract::{Json, WireBody, locale};
use crate::problem::{Problem, ProblemCode};
use crate::state::ApiState;
use crate::wire::MailSent;

/// Who is invited.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = InviteRequest)]
pub(super) struct InviteBody {
    #[schema(examples("bob@example.com"))]
    email: String,
    /// The language of its mails; the one that `Accept-Language` prefers where it is left out.
    #[serde(default)]
    #[schema(examples("en"))]
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
