//! What a handler asks of a good token: scopes, roles, and a recent proof of who somebody is, as types.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use token_core::{Claims, NoClaims, UnixTime};

use super::{Guard, GuardError, OwnClaims};

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
    pub claims: Arc<Claims<X>>,
    required: PhantomData<fn() -> R>,
}

/// The claims of an access token whose account has the role `R`. For a good token without it the answer is 403
/// `insufficient_role`.
pub struct HasRole<R, X = NoClaims> {
    /// What the token says.
    pub claims: Arc<Claims<X>>,
    required: PhantomData<fn() -> R>,
}

/// How recently, and how, somebody must have proved who he is. Implement it for an empty type of your own;
/// [`RecentlyAuthenticated`] has an example.
pub trait RequiredProof: Send + Sync + 'static {
    /// How long ago that may be (`auth_time`), in whole seconds.
    const MAX_AGE: Duration;
    /// Whether a second factor must have been part of it (`amr` contains `mfa`).
    const SECOND_FACTOR: bool = false;
}

/// The claims of an access token whose owner has proved recently enough who he is. For a good token of somebody who has not the
/// answer is 401 `step_up_required`, with a challenge that names how long ago it may be (RFC 9470 §3): the client lets him prove it
/// again (`POST /v1/me/reauthenticate`) and repeats the request with the access token that this gives.
///
/// ```
/// use std::time::Duration;
///
/// use api_axum::{Guard, RecentlyAuthenticated, RequiredProof};
/// use axum::{Router, routing::post};
///
/// /// A second factor within the last five minutes.
/// struct ToPay;
///
/// impl RequiredProof for ToPay {
///     const MAX_AGE: Duration = Duration::from_secs(300);
///     const SECOND_FACTOR: bool = true;
/// }
///
/// async fn pay(RecentlyAuthenticated { claims, .. }: RecentlyAuthenticated<ToPay>) -> String {
///     format!("paid by {}", claims.sub)
/// }
///
/// fn payments(guard: Guard) -> Router {
///     Router::new().route("/payments", post(pay)).with_state(guard)
/// }
/// ```
pub struct RecentlyAuthenticated<R, X = NoClaims> {
    /// What the token says.
    pub claims: Arc<Claims<X>>,
    required: PhantomData<fn() -> R>,
}

impl<S, R, X> FromRequestParts<S> for RecentlyAuthenticated<R, X>
where
    S: Send + Sync,
    Guard: FromRef<S>,
    R: RequiredProof,
    X: OwnClaims,
{
    type Rejection = GuardError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, GuardError> {
        let claims = Guard::from_ref(state).admit(parts, &[Requirement::proof::<R>()]).await?;
        Ok(Self { claims, required: PhantomData })
    }
}

impl<R, X: fmt::Debug> fmt::Debug for RecentlyAuthenticated<R, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecentlyAuthenticated").field("claims", &self.claims).finish()
    }
}

impl<S, R, X> FromRequestParts<S> for HasScope<R, X>
where
    S: Send + Sync,
    Guard: FromRef<S>,
    R: RequiredScope,
    X: OwnClaims,
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
    X: OwnClaims,
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
    Proof { max_age: Duration, second_factor: bool },
}

impl Requirement {
    pub(super) const fn proof<R: RequiredProof>() -> Self {
        Self::Proof { max_age: R::MAX_AGE, second_factor: R::SECOND_FACTOR }
    }
}

/// Whether somebody has proved who he is within this time; one whose clock runs ahead has just done so.
fn is_recent<X>(claims: &Claims<X>, max_age: Duration, now: UnixTime) -> bool {
    now.as_secs().saturating_sub(claims.auth_time.as_secs()) <= max_age.as_secs()
}

/// Fails with the first requirement that the claims do not meet.
pub(super) fn all<X>(required: &[Requirement], claims: &Claims<X>, now: UnixTime) -> Result<(), GuardError> {
    required.iter().try_for_each(|requirement| match *requirement {
        Requirement::Scope(scope) if !claims.has_scope(scope) => Err(GuardError::MissingScope(scope)),
        Requirement::Role(role) if !claims.has_role(role) => Err(GuardError::MissingRole(role)),
        Requirement::Proof { max_age, second_factor }
            if !is_recent(claims, max_age, now) || (second_factor && !claims.amr.iter().any(|how| how == "mfa")) =>
        {
            Err(GuardError::StepUpRequired { max_age, second_factor })
        }
        Requirement::Scope(_) | Requirement::Role(_) | Requirement::Proof { .. } => Ok(()),
    })
}
