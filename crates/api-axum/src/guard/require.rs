//! What a handler asks of a good token: scopes and roles, as types.

use std::fmt;
use std::marker::PhantomData;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use token_core::{Claims, NoClaims};

use super::{Guard, GuardError};

/// A scope that a handler requires. Implement it for an empty type of your own; [`HasScope`] has an example.
pub trait RequiredScope: Send + Sync + 'static {
    /// The scope token, exactly as it stands in `scope` (RFC 6749 §3.3).
    const SCOPE: &'static str;
}

/// A role that a handler requires. Implement it for an empty type of your own.
pub trait RequiredRole: Send + Sync + 'static {
    /// The role, exactly as it stands in `roles`.
    const ROLE: &'static str;
}

/// The claims of an access token that has the scope `R`. For a good token without it the answer is 403
/// `insufficient_scope`, with a challenge that names the scope (RFC 6750 §3.1).
///
/// ```
/// use api_axum::{Guard, HasScope, RequiredScope};
/// use axum::{Router, routing::post};
///
/// struct WriteNotes;
///
/// impl RequiredScope for WriteNotes {
///     const SCOPE: &'static str = "notes:write";
/// }
///
/// async fn create(HasScope { claims, .. }: HasScope<WriteNotes>) -> String {
///     format!("a note of {}", claims.sub)
/// }
///
/// fn notes(guard: Guard) -> Router {
///     Router::new().route("/notes", post(create)).with_state(guard)
/// }
/// ```
pub struct HasScope<R, X = NoClaims> {
    /// What the token says.
    pub claims: Claims<X>,
    required: PhantomData<fn() -> R>,
}

/// The claims of an access token whose account has the role `R`. For a good token without it the answer is 403
/// `insufficient_role`.
pub struct HasRole<R, X = NoClaims> {
    /// What the token says.
    pub claims: Claims<X>,
    required: PhantomData<fn() -> R>,
}

impl<S, R, X> FromRequestParts<S> for HasScope<R, X>
where
    S: Send + Sync,
    Guard: FromRef<S>,
    R: RequiredScope,
    X: DeserializeOwned + Send,
{
    type Rejection = GuardError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, GuardError> {
        let claims = Guard::from_ref(state).admit(parts, &[Requirement::Scope(R::SCOPE)]).await?;
        Ok(Self { claims, required: PhantomData })
    }
}

impl<S, R, X> FromRequestParts<S> for HasRole<R, X>
where
    S: Send + Sync,
    Guard: FromRef<S>,
    R: RequiredRole,
    X: DeserializeOwned + Send,
{
    type Rejection = GuardError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, GuardError> {
        let claims = Guard::from_ref(state).admit(parts, &[Requirement::Role(R::ROLE)]).await?;
        Ok(Self { claims, required: PhantomData })
    }
}

impl<R, X: fmt::Debug> fmt::Debug for HasScope<R, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HasScope").field("claims", &self.claims).finish()
    }
}

impl<R, X: fmt::Debug> fmt::Debug for HasRole<R, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HasRole").field("claims", &self.claims).finish()
    }
}

/// One thing that a good token must have besides.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Requirement {
    Scope(&'static str),
    Role(&'static str),
}

/// Fails with the first requirement that the claims do not meet.
pub(super) fn all<X>(required: &[Requirement], claims: &Claims<X>) -> Result<(), GuardError> {
    required.iter().try_for_each(|requirement| match *requirement {
        Requirement::Scope(scope) if !claims.has_scope(scope) => Err(GuardError::MissingScope(scope)),
        Requirement::Role(role) if !claims.has_role(role) => Err(GuardError::MissingRole(role)),
        Requirement::Scope(_) | Requirement::Role(_) => Ok(()),
    })
}
