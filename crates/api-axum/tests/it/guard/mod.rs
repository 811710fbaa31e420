//! The guard of a resource server: against an issuer that the tests hold in their hands, and against real servers.

pub(crate) mod examples;
mod feed;
mod issuer;
mod keys;
pub(crate) mod proxy;
mod remembered;
mod requests;
mod several;
mod stale;
mod start;
mod step_up;

use std::time::Duration;

use api_axum::{Authenticated, Guard, GuardBuilder};
use axum::Router;
use axum::http::Method;
use axum::routing::get;
use tokio::time::{Instant, sleep};

use crate::support::{Answer, Sending};
use issuer::{API_KEY, AUDIENCE, TestIssuer};

/// Longer than anything that should happen at once can take on a machine that is busy with other tests.
const SOON: Duration = Duration::from_secs(5);

/// A guard for this issuer, to be completed and started.
fn guard_of(issuer: &TestIssuer) -> GuardBuilder {
    Guard::builder(&issuer.url).audience(AUDIENCE).api_key(API_KEY.into())
}

/// What a resource server answers to this token.
async fn whoami(guard: &Guard, token: &str) -> Answer {
    let whoami = async |Authenticated(claims): Authenticated| claims.sub.to_string();
    let app = Router::new().route("/whoami", get(whoami)).with_state(guard.clone());
    Sending::new(app, Method::GET, "/whoami").bearer(token).send().await
}

/// Its status alone.
async fn status(guard: &Guard, token: &str) -> u16 {
    whoami(guard, token).await.status
}

/// Waits until something is so.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < SOON, "not in time: {what}");
        sleep(Duration::from_millis(5)).await;
    }
}
