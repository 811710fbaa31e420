//! The owner of an account, at work on it: his access token, and where it came from.

use auth_domain::model::{AccountId, SessionId, Timestamp};
use auth_domain::session::Owner;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::presented_by;
use crate::guard::{Authenticated, GuardError};
use crate::state::ApiState;

/// Lets in whoever has a good access token, and says for whom it speaks.
pub(crate) struct ByOwner(pub(crate) Owner);

impl FromRequestParts<ApiState> for ByOwner {
    type Rejection = GuardError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, GuardError> {
        let Authenticated(claims): Authenticated = Authenticated::from_request_parts(parts, state).await?;
        let (account, session) = (AccountId::from_uuid(claims.sub), SessionId::from_uuid(claims.sid));
        let auth_time = Timestamp::from_secs(i64::try_from(claims.auth_time.as_secs()).unwrap_or(i64::MAX));
        Ok(Self(Owner { account, session, auth_time, amr: claims.amr.clone(), presenter: presented_by(parts, state) }))
    }
}
