//! `POST /v1/email/verify` and `POST /v1/email/verify/resend`.

use std::time::Duration;

use auth_domain::model::TokenMailKind;
use serde_json::json;

use crate::support::{Answer, Setup, TestApp};

const ALICE: &str = "alice@example.com";

async fn verify(app: &TestApp, token: &str) -> Answer {
    app.post("/v1/email/verify").json(json!({"token": token})).send().await
}

async fn resend(app: &TestApp, email: &str) -> Answer {
    app.post("/v1/email/verify/resend").json(json!({"email": email})).send().await
}

#[tokio::test]
async fn an_address_is_verified_by_the_token_that_was_mailed_to_it() {
    let app = Setup::memory().start();
    let tokens = app.signed_in(ALICE).await;
    let token = app.mailed(TokenMailKind::VerifyEmail).await.unwrap();
    assert_eq!(app.me(&tokens.access).await.json()["email_verified"], false);
    assert_eq!(verify(&app, &token).await.status, 204);
    assert_eq!(app.me(&tokens.access).await.json()["email_verified"], true);
}

#[tokio::test]
async fn a_token_that_was_used_has_expired_or_was_replaced_is_good_for_nothing() {
    let app = Setup::memory().start();
    app.register(ALICE).await;
    let replaced = app.mailed(TokenMailKind::VerifyEmail).await.unwrap();
    resend(&app, ALICE).await;
    let last = app.mailed(TokenMailKind::VerifyEmail).await.unwrap();
    let expected = (410, "invalid_link".to_owned());
    assert_eq!(verify(&app, &replaced).await.problem(), expected);
    assert_eq!(verify(&app, &last).await.status, 204);
    assert_eq!(verify(&app, &last).await.problem(), expected);
    app.register("bob@example.com").await;
    let late = app.mailed(TokenMailKind::VerifyEmail).await.unwrap();
    app.clock.advance(Duration::from_secs(24 * 3_600));
    assert_eq!(verify(&app, &late).await.problem(), expected);
}

#[tokio::test]
async fn p11_whether_there_is_an_account_that_lacks_it_is_not_told() {
    let app = Setup::memory().start();
    app.register(ALICE).await;
    app.register("verified@example.com").await;
    let token = app.mailed(TokenMailKind::VerifyEmail).await.unwrap();
    assert_eq!(verify(&app, &token).await.status, 204);
    let expected = resend(&app, ALICE).await;
    assert_eq!((expected.status, expected.json()), (202, json!({"status": "mail_sent"})));
    for email in ["verified@example.com", "nobody@example.com", "alice", ""] {
        assert_eq!(resend(&app, email).await.comparable(), expected.comparable(), "{email:?}");
    }
}

#[tokio::test]
async fn p10_the_sixth_mail_to_one_address_waits() {
    let app = Setup::memory().throttled().start();
    app.register(ALICE).await;
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(resend(&app, ALICE).await.status);
    }
    assert_eq!(statuses, [202, 202, 202, 202, 202, 429]);
}
