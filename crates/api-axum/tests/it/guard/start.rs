//! The guard's start: what it needs, and what it says when it cannot have it.

use std::sync::atomic::Ordering;

use api_axum::{Guard, GuardStartError};

use super::issuer::{API_KEY, OTHER_KEY, TestIssuer};
use super::{guard_of, status, whoami};

async fn failure(issuer: &TestIssuer) -> GuardStartError {
    guard_of(issuer).start().await.err().unwrap()
}

#[tokio::test]
async fn a_guard_that_has_started_knows_the_keys_and_everything_that_was_revoked_before() {
    let issuer = TestIssuer::start().await;
    issuer.hands.revoke_session(2);
    let guard = guard_of(&issuer).start().await.unwrap();
    assert_eq!(status(&guard, &issuer.hands.token(1, 1)).await, 200);
    assert_eq!(whoami(&guard, &issuer.hands.token(1, 2)).await.problem(), (401, "invalid_token".to_owned()));
}

#[tokio::test]
async fn a_token_for_somebody_else_is_refused() {
    let (issuer, other) = (TestIssuer::start().await, TestIssuer::start().await);
    let guard = guard_of(&issuer).start().await.unwrap();
    assert_eq!(status(&guard, &other.hands.token(1, 1)).await, 401);
    let elsewhere = Guard::builder(&issuer.url).audience("elsewhere").api_key(API_KEY.into()).start().await.unwrap();
    assert_eq!(status(&elsewhere, &issuer.hands.token(1, 1)).await, 401);
}

#[tokio::test]
async fn a_wrong_api_key_is_named_as_the_reason_with_the_command_that_makes_one() {
    let issuer = TestIssuer::start().await;
    let error = guard_of(&issuer).api_key("jak_wrong".into()).start().await.err().unwrap();
    assert!(matches!(&error, GuardStartError::ApiKeyRefused { .. }), "{error}");
    assert!(error.to_string().contains("jeton apikeys create") && !error.to_string().contains("jak_"), "{error}");
}

#[tokio::test]
async fn an_api_key_without_the_scope_is_named_as_the_reason() {
    let issuer = TestIssuer::start().await;
    let error = guard_of(&issuer).api_key(OTHER_KEY.into()).start().await.err().unwrap();
    assert!(matches!(error, GuardStartError::MissingScope { .. }), "{error}");
}

#[tokio::test]
async fn an_issuer_in_trouble_is_named_with_its_status() {
    let issuer = TestIssuer::start().await;
    issuer.hands.status.store(503, Ordering::Relaxed);
    let error = failure(&issuer).await;
    assert!(matches!(&error, GuardStartError::Keys { reason, .. } if reason.contains("503")), "{error}");
}

#[tokio::test]
async fn what_is_not_a_key_set_with_a_public_key_starts_no_guard() {
    let issuer = TestIssuer::start().await;
    // A secret that anybody can fetch must never be trusted.
    let secret = r#"{"keys":[{"kty":"oct","alg":"HS256","k":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"}]}"#;
    for jwks in ["", "<html>", "{}", r#"{"keys":[]}"#, secret] {
        *issuer.hands.jwks.lock().unwrap() = Some(jwks.to_owned());
        let error = failure(&issuer).await;
        assert!(matches!(error, GuardStartError::Keys { .. }), "{jwks}: {error}");
    }
}

#[tokio::test]
async fn the_api_key_follows_no_redirect() {
    let issuer = TestIssuer::start().await;
    let guard = guard_of(&issuer).feed_url(format!("{}/nowhere", issuer.url));
    assert!(matches!(guard.start().await.err(), Some(GuardStartError::Feed { .. })));
    issuer.hands.status.store(307, Ordering::Relaxed);
    let good = TestIssuer::start().await;
    let feed = format!("{}/v1/revocations", issuer.url);
    let error = guard_of(&good).feed_url(feed).start().await.err().unwrap();
    assert!(matches!(&error, GuardStartError::Feed { reason, .. } if reason.contains("307")), "{error}");
    assert_eq!(issuer.hands.asked(), 1);
}
