//! `POST /v1/login` where an account signs in only after its mail address was verified.

use auth_domain::model::TokenMailKind;
use serde_json::json;

use crate::support::{PASSWORD, Setup};

#[tokio::test]
async fn an_account_signs_in_once_its_address_is_verified() {
    let app = Setup::memory().verified_only().start();
    let body = json!({"email": "alice@example.com", "password": PASSWORD});
    assert_eq!(app.post("/v1/accounts").json(body).send().await.status, 202);
    let refused = app.login_with("alice@example.com", json!({})).await;
    assert_eq!(refused.problem(), (403, "email_not_verified".to_owned()));
    let token = app.mailed(TokenMailKind::VerifyEmail).await.unwrap();
    assert_eq!(app.post("/v1/email/verify").json(json!({"token": token})).send().await.status, 204);
    let tokens = app.login("alice@example.com").await;
    assert_eq!(app.me(&tokens.access).await.json()["email_verified"], true);
}

#[tokio::test]
async fn a_wrong_password_does_not_tell_that_the_address_is_not_verified() {
    let app = Setup::memory().verified_only().start();
    let body = json!({"email": "alice@example.com", "password": PASSWORD});
    app.post("/v1/accounts").json(body).send().await;
    let wrong = json!({"email": "alice@example.com", "password": "not the right password"});
    assert_eq!(app.post("/v1/login").json(wrong).send().await.problem(), (401, "invalid_credentials".to_owned()));
}
