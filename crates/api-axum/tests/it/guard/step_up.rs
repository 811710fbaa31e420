//! Routes of a resource server that need a recent proof of who somebody is (RFC 9470).

use std::time::Duration;

use api_axum::{Guard, GuardLayer, RecentlyAuthenticated, RequiredProof};
use axum::Router;
use axum::http::Method;
use axum::routing::{get, post};

use super::guard_of;
use super::issuer::TestIssuer;
use crate::support::{Answer, Sending};

/// Within the last five minutes.
struct Recently;

impl RequiredProof for Recently {
    const MAX_AGE: Duration = Duration::from_secs(300);
}

/// With a second factor, within the last five minutes.
struct ToPay;

impl RequiredProof for ToPay {
    const MAX_AGE: Duration = Duration::from_secs(300);
    const SECOND_FACTOR: bool = true;
}

struct World {
    issuer: TestIssuer,
    guard: Guard,
    app: Router,
}

impl World {
    async fn new() -> Self {
        let issuer = TestIssuer::start().await;
        let guard = guard_of(&issuer).start().await.unwrap();
        let layer = GuardLayer::new(guard.clone()).require_proof::<ToPay>();
        let app = Router::new()
            .route("/export", get(async |_: RecentlyAuthenticated<Recently>| "everything"))
            .route("/pay", post(async |_: RecentlyAuthenticated<ToPay>| "paid"))
            .with_state(guard.clone())
            .merge(Router::new().route("/refund", post(async || "refunded")).layer(layer));
        Self { issuer, guard, app }
    }

    async fn send(&self, method: Method, path: &str, seconds_ago: u64, amr: &[&str]) -> Answer {
        let token = self.issuer.hands.token_proved(seconds_ago, amr);
        Sending::new(self.app.clone(), method, path).bearer(&token).send().await
    }
}

#[tokio::test]
async fn a_proof_that_is_too_old_is_challenged_with_how_old_it_may_be() {
    let world = World::new().await;
    assert_eq!(world.send(Method::GET, "/export", 0, &["pwd"]).await.status, 200);
    assert_eq!(world.send(Method::GET, "/export", 290, &["pwd"]).await.status, 200);
    let answer = world.send(Method::GET, "/export", 310, &["pwd", "mfa"]).await;
    insta::assert_json_snapshot!(answer.shown(), @r#"
    {
      "status": 401,
      "body": {
        "code": "step_up_required",
        "detail": "prove again who you are: this needs a login of the last 300 seconds",
        "max_age": 300,
        "second_factor": false,
        "status": 401,
        "title": "Recent proof required",
        "type": "urn:jeton:problem:step_up_required"
      }
    }
    "#);
    let challenge = r#"Bearer error="insufficient_user_authentication", max_age="300""#;
    assert_eq!(answer.header("www-authenticate"), Some(challenge));
}

#[tokio::test]
async fn a_recent_proof_without_a_second_factor_is_not_enough_where_one_is_asked_for() {
    let world = World::new().await;
    for path in ["/pay", "/refund"] {
        let answer = world.send(Method::POST, path, 0, &["pwd", "otp"]).await;
        assert_eq!(answer.problem(), (401, "step_up_required".to_owned()), "{path}");
        assert_eq!(answer.json()["second_factor"], true);
        let old = world.send(Method::POST, path, 310, &["pwd", "otp", "mfa"]).await;
        assert_eq!(old.problem(), (401, "step_up_required".to_owned()), "{path}");
        assert_eq!(world.send(Method::POST, path, 0, &["pwd", "otp", "mfa"]).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_bad_token_is_told_nothing_of_what_would_be_needed() {
    let world = World::new().await;
    let token = TestIssuer::start().await.hands.token_proved(0, &["mfa"]);
    let answer = Sending::new(world.app.clone(), Method::POST, "/pay").bearer(&token).send().await;
    assert_eq!(answer.problem(), (401, "invalid_token".to_owned()));
    assert_eq!(answer.header("www-authenticate"), Some(r#"Bearer error="invalid_token""#));
}

#[tokio::test]
async fn who_has_to_prove_himself_again_is_counted_apart() {
    let world = World::new().await;
    world.send(Method::POST, "/pay", 0, &["pwd"]).await;
    let health = world.guard.health();
    assert_eq!((health.accepted, health.refused.step_up, health.refused.invalid), (0, 1, 0));
}
