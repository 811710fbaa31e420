//! `GET /v1/me/factors`.

use crate::support::{Setup, Tokens};
use serde_json::json;

#[tokio::test]
async fn an_account_begins_without_second_factors() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    let answer = app.get("/v1/me/factors").bearer(&tokens.access).send().await;
    assert_eq!(answer.json(), json!({"totp": null, "passkeys": [], "recovery_codes": 0}));
}

#[tokio::test]
async fn an_app_that_was_not_confirmed_is_none() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    app.post("/v1/me/totp").bearer(&tokens.access).send().await;
    let factors = app.get("/v1/me/factors").bearer(&tokens.access).send().await.json();
    assert_eq!(factors["totp"], json!(null));
}

#[tokio::test]
async fn second_factors_are_listed_without_a_secret() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    app.add_passkey(&tokens, "key-1").await;
    let mfa_token = app.mfa_token("alice@example.com").await;
    let passkey =
        json!({"ceremony": app.ceremony().await, "credential": crate::support::FakeWebAuthn::answer("key-1")});
    let body = json!({"mfa_token": mfa_token, "passkey": passkey});
    let tokens = Tokens::of(&app.post("/v1/login/mfa").json(body).send().await);
    app.add_totp(&tokens).await;
    let answer = app.get("/v1/me/factors").bearer(&tokens.access).send().await;
    insta::assert_json_snapshot!(answer.shown(), {".body.passkeys[].id" => "[id]"}, @r#"
    {
      "status": 200,
      "body": {
        "passkeys": [
          {
            "created_at": "2026-01-01T00:00:00Z",
            "id": "[id]",
            "last_used_at": "2026-01-01T00:00:00Z",
            "name": "Key"
          }
        ],
        "recovery_codes": 10,
        "totp": {
          "added_at": "2026-01-01T00:00:00Z"
        }
      }
    }
    "#);
}
