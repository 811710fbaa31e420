//! `/v1/me/totp` and `POST /v1/me/recovery-codes`.

use std::time::Duration;

use serde_json::json;

use crate::support::{Answer, Setup, TestApp, Tokens, recovery_codes};

const ALICE: &str = "alice@example.com";

async fn begin(app: &TestApp, tokens: &Tokens) -> Answer {
    app.post("/v1/me/totp").bearer(&tokens.access).send().await
}

async fn confirm(app: &TestApp, tokens: &Tokens, code: &str) -> Answer {
    app.post("/v1/me/totp/confirm").bearer(&tokens.access).json(json!({"code": code})).send().await
}

/// Signs in with both factors.
async fn both(app: &TestApp, secret: &str) -> Tokens {
    let mfa_token = app.mfa_token(ALICE).await;
    let body = json!({"mfa_token": mfa_token, "code": app.code(secret)});
    let tokens = Tokens::of(&app.post("/v1/login/mfa").json(body).send().await);
    app.clock.advance(Duration::from_secs(30));
    tokens
}

#[tokio::test]
async fn an_app_is_set_up_by_text_and_by_a_qr_code() {
    let app = Setup::memory().start();
    let tokens = app.signed_in(ALICE).await;
    let answer = begin(&app, &tokens).await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    let body = answer.json();
    let secret = body["secret"].as_str().unwrap();
    assert_eq!(secret.len(), 32);
    let url = body["url"].as_str().unwrap();
    assert!(url.starts_with("otpauth://totp/Jeton:") && url.contains(&format!("secret={secret}")), "{url}");
    let svg = body["qr_svg"].as_str().unwrap();
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>"), "{svg}");
    assert_eq!(body.as_object().unwrap().len(), 3);
}

#[tokio::test]
async fn an_app_counts_once_it_has_shown_a_password() {
    let app = Setup::memory().start();
    let tokens = app.signed_in(ALICE).await;
    let secret = begin(&app, &tokens).await.json()["secret"].as_str().unwrap().to_owned();
    assert_eq!(confirm(&app, &tokens, "000000").await.problem(), (422, "wrong_code".to_owned()));
    assert_eq!(app.login_with(ALICE, json!({})).await.status, 200, "not yet");
    let answer = confirm(&app, &tokens, &app.code(&secret)).await;
    assert_eq!((answer.status, recovery_codes(&answer).len()), (200, 10));
    assert_eq!(app.login_with(ALICE, json!({})).await.problem(), (401, "mfa_required".to_owned()));
}

#[tokio::test]
async fn an_app_that_was_not_begun_is_not_confirmed() {
    let app = Setup::memory().start();
    let tokens = app.signed_in(ALICE).await;
    assert_eq!(confirm(&app, &tokens, "123456").await.problem(), (404, "factor_not_found".to_owned()));
}

#[tokio::test]
async fn an_account_has_one_app() {
    let app = Setup::memory().start();
    let tokens = app.signed_in(ALICE).await;
    let (secret, _) = app.add_totp(&tokens).await;
    let tokens = both(&app, &secret).await;
    assert_eq!(begin(&app, &tokens).await.problem(), (409, "totp_exists".to_owned()));
}

#[tokio::test]
async fn an_app_is_removed_and_with_the_last_factor_the_recovery_codes() {
    let app = Setup::memory().start();
    let tokens = app.signed_in(ALICE).await;
    let (secret, _) = app.add_totp(&tokens).await;
    let tokens = both(&app, &secret).await;
    let remove = async || app.delete("/v1/me/totp").bearer(&tokens.access).send().await;
    assert_eq!(remove().await.status, 204);
    assert_eq!(remove().await.problem(), (404, "factor_not_found".to_owned()));
    let factors = app.get("/v1/me/factors").bearer(&tokens.access).send().await.json();
    assert_eq!(factors, json!({"totp": null, "passkeys": [], "recovery_codes": 0}));
    assert_eq!(app.login_with(ALICE, json!({})).await.status, 200);
}

#[tokio::test]
async fn new_recovery_codes_take_the_place_of_all_before_them() {
    let app = Setup::memory().start();
    let tokens = app.signed_in(ALICE).await;
    let (secret, old) = app.add_totp(&tokens).await;
    let tokens = both(&app, &secret).await;
    let answer = app.post("/v1/me/recovery-codes").bearer(&tokens.access).send().await;
    let new = recovery_codes(&answer);
    assert_eq!((answer.status, new.len(), answer.header("cache-control")), (200, 10, Some("no-store")));
    let mfa_token = app.mfa_token(ALICE).await;
    for (code, status) in [(&old[0], 401), (&new[0], 200)] {
        let body = json!({"mfa_token": mfa_token, "code": code});
        assert_eq!(app.post("/v1/login/mfa").json(body).send().await.status, status);
    }
}

#[tokio::test]
async fn an_account_without_a_second_factor_has_no_recovery_codes() {
    let app = Setup::memory().start();
    let tokens = app.signed_in(ALICE).await;
    let answer = app.post("/v1/me/recovery-codes").bearer(&tokens.access).send().await;
    assert_eq!(answer.problem(), (404, "factor_not_found".to_owned()));
}

#[tokio::test]
async fn what_protects_the_account_is_changed_after_a_recent_login_alone() {
    let app = Setup::memory().start();
    let old = app.signed_in(ALICE).await;
    app.clock.advance(Duration::from_secs(15 * 60));
    let tokens =
        Tokens { access: app.refresh(&old.refresh).await.json()["access_token"].as_str().unwrap().to_owned(), ..old };
    assert_eq!(begin(&app, &tokens).await.status, 200, "a login of 15 minutes ago is recent");
    app.clock.advance(Duration::from_secs(1));
    let answer = begin(&app, &tokens).await;
    insta::assert_json_snapshot!(answer.shown(), @r#"
    {
      "status": 401,
      "body": {
        "code": "step_up_required",
        "detail": "prove again who you are: this needs a login of the last 15 minutes",
        "max_age": 900,
        "status": 401,
        "title": "Recent proof required",
        "type": "urn:jeton:problem:step_up_required"
      }
    }
    "#);
    let challenge = r#"Bearer error="insufficient_user_authentication", max_age="900""#;
    assert_eq!(answer.header("www-authenticate"), Some(challenge));
}

#[tokio::test]
async fn a_session_of_before_the_second_factor_does_not_change_it() {
    let app = Setup::memory().start();
    let tokens = app.signed_in(ALICE).await;
    app.add_totp(&tokens).await;
    let routes = [app.delete("/v1/me/totp"), app.post("/v1/me/recovery-codes"), app.post("/v1/me/passkeys/begin")];
    for sending in routes {
        assert_eq!(sending.bearer(&tokens.access).send().await.problem(), (401, "step_up_required".to_owned()));
    }
}
