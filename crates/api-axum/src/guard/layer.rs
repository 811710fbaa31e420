//! The tower layer that refuses before any handler runs.

use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::http::Request;
use axum::response::{IntoResponse, Response};
use token_core::{Claims, NoClaims};
use tower::{Layer, Service};

use super::require::Requirement;
use super::{Guard, OwnClaims, RequiredProof, RequiredRole, RequiredScope};

/// Lets only requests with a good access token through, and puts its [`Claims`] into the request's extensions.
///
/// Every request is asked for a token, whatever its method: put a CORS layer outside of this one.
///
/// ```
/// use api_axum::{Guard, GuardLayer};
/// use axum::{Extension, Router, routing::get};
/// use token_core::Claims;
///
/// fn notes(guard: Guard) -> Router {
///     let mine = async |Extension(claims): Extension<Claims>| claims.sub.to_string();
///     Router::new().route("/notes", get(mine)).layer(GuardLayer::new(guard))
/// }
/// ```
///
/// Claims of your own, a scope, a recent proof:
///
/// ```
/// use std::time::Duration;
///
/// use api_axum::{Guard, GuardLayer, RecentlyAuthenticated, RequiredProof, RequiredScope};
/// use axum::Router;
/// use axum::routing::{get, post};
///
/// #[derive(Clone, serde::Deserialize)]
/// struct Tenant {
///     tenant: String,
/// }
///
/// struct WriteNotes;
///
/// impl RequiredScope for WriteNotes {
///     const SCOPE: &'static str = "notes:write";
/// }
///
/// /// A second factor within the last five minutes.
/// struct ToPay;
///
/// impl RequiredProof for ToPay {
///     const MAX_AGE: Duration = Duration::from_secs(300);
///     const SECOND_FACTOR: bool = true; // false unless you say so
/// }
///
/// async fn pay(RecentlyAuthenticated { claims, .. }: RecentlyAuthenticated<ToPay>) -> String {
///     format!("{} has paid", claims.sub)
/// }
///
/// # async fn quota() -> &'static str { "10" }
/// # async fn refund() {}
/// # fn routers(guard: Guard) -> (Router, Router, Router<Guard>) {
/// # let behind_a_layer = guard.clone();
/// let notes = Router::new()
///     .route("/quota", get(quota))
///     .layer(GuardLayer::new(guard).with_claims::<Tenant>().require_scope::<WriteNotes>());
/// # let guard = behind_a_layer;
/// let refunds = Router::new().route("/refunds", post(refund)).layer(GuardLayer::new(guard).require_proof::<ToPay>());
/// # (notes, refunds, Router::new().route("/payments", post(pay)))
/// # }
/// ```
pub struct GuardLayer<X = NoClaims> {
    guard: Guard,
    required: Vec<Requirement>,
    claims: PhantomData<fn() -> X>,
}

impl GuardLayer {
    /// A layer that asks this guard.
    #[must_use]
    pub const fn new(guard: Guard) -> Self {
        Self { guard, required: Vec::new(), claims: PhantomData }
    }
}

impl<X> GuardLayer<X> {
    /// The same, with your own claims: it refuses tokens without them, and puts `Claims<Y>` into the extensions.
    #[must_use]
    pub fn with_claims<Y>(self) -> GuardLayer<Y> {
        GuardLayer { guard: self.guard, required: self.required, claims: PhantomData }
    }

    /// The same, for tokens with this scope alone; may be repeated.
    #[must_use]
    pub fn require_scope<R: RequiredScope>(mut self) -> Self {
        self.required.push(Requirement::Scope(R::SCOPE));
        self
    }

    /// The same, for accounts with this role alone; may be repeated.
    #[must_use]
    pub fn require_role<R: RequiredRole>(mut self) -> Self {
        self.required.push(Requirement::Role(R::ROLE));
        self
    }

    /// The same, for those alone who have proved recently enough who they are (RFC 9470).
    #[must_use]
    pub fn require_proof<R: RequiredProof>(mut self) -> Self {
        self.required.push(Requirement::proof::<R>());
        self
    }
}

impl<X> Clone for GuardLayer<X> {
    fn clone(&self) -> Self {
        Self { guard: self.guard.clone(), required: self.required.clone(), claims: PhantomData }
    }
}

impl<S, X> Layer<S> for GuardLayer<X> {
    type Service = GuardService<S, X>;

    fn layer(&self, inner: S) -> Self::Service {
        GuardService { inner, layer: self.clone() }
    }
}

/// A service behind a [`GuardLayer`].
pub struct GuardService<S, X = NoClaims> {
    inner: S,
    layer: GuardLayer<X>,
}

impl<S: Clone, X> Clone for GuardService<S, X> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), layer: self.layer.clone() }
    }
}

impl<S, B, X> Service<Request<B>> for GuardService<S, X>
where
    S: Service<Request<B>, Response = Response> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    X: OwnClaims + Clone,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The one that said it was ready is the one that must be called.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let layer = self.layer.clone();
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            match layer.guard.admit::<X>(&parts, &layer.required).await {
                Ok(claims) => {
                    parts.extensions.insert::<Claims<X>>(Arc::unwrap_or_clone(claims));
                    inner.call(Request::from_parts(parts, body)).await
                }
                Err(error) => Ok(error.into_response()),
            }
        })
    }
}
