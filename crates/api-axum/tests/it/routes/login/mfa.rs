//! `POST /v1/login/mfa`, and what comes before it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Answer, FakeWebAuthn, ORIGIN, PASSWORD, Setup, TestApp, Tokens, recovery_codes};

const ALICE: &str = "alice@example.com";

async fn second(app: &TestApp, body: Value) -> Answer {
    app.post("/v1/login/mfa").json(body).send().await
}

/// An account with an app: its secret and its recovery codes.
async fn with_totp(app: &TestApp) -> (String, Vec<String>) {
    let tokens = app.signed_in(ALICE).await;
    app.add_totp(&tokens).await
}

fn claims(access: &str) -> Value {
    use base64::Engine as _;
    let payload = access.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[tokio::test]
async fn after_the_password_a_second_factor_is_asked_for() {
    let app = Setup::memory().start();
    with_totp(&app).await;
    let answer = app.login_with(ALICE, json!({})).await;
    insta::assert_json_snapshot!(answer.shown(), {".body.mfa_token" => "[token]"}, @r#"
    {
      "status": 401,
      "body": {
        "code": "mfa_required",
        "detail": "a second factor is needed",
        "methods": [
          "totp",
          "recovery_code"
        ],
        "mfa_token": "[token]",
        "status": 401,
        "title": "Second factor required",
        "type": "urn:jeton:problem:mfa_required"
      }
    }
    "#);
    assert!(answer.json()["mfa_token"].as_str().unwrap().starts_with("jot_"));
    assert_eq!((answer.header("www-authenticate"), answer.header("cache-control")), (Some("Bearer"), Some("no-store")));
}

#[tokio::test]
async fn a_wrong_password_does_not_tell_that_there_is_a_second_factor() {
    let app = Setup::memory().start();
    with_totp(&app).await;
    let wrong = json!({"email": ALICE, "password": "not the right password"});
    let nobody = json!({"email": "nobody@example.com", "password": PASSWORD});
    let answers = [app.post("/v1/login").json(wrong).send().await, app.post("/v1/login").json(nobody).send().await];
    assert_eq!(answers[0].comparable(), answers[1].comparable());
}

#[tokio::test]
async fn the_apps_password_ends_the_login_and_the_token_says_how() {
    let app = Setup::memory().start();
    let (secret, _) = with_totp(&app).await;
    let mfa_token = app.mfa_token(ALICE).await;
    let answer = second(&app, json!({"mfa_token": mfa_token, "code": app.code(&secret)})).await;
    let tokens = Tokens::of(&answer);
    assert_eq!(claims(&tokens.access)["amr"], json!(["pwd", "otp", "mfa"]));
    assert_eq!((answer.header("cache-control"), answer.header("pragma")), (Some("no-store"), Some("no-cache")));
    assert!(answer.json()["device_token"].as_str().unwrap().starts_with("jdt_"));
}

#[tokio::test]
async fn what_the_first_half_said_of_the_device_holds() {
    let app = Setup::memory().start();
    let (secret, _) = with_totp(&app).await;
    let first = app.login_with(ALICE, json!({"device_name": "Phone", "device_class": "mobile"})).await.json();
    let tokens = Tokens::of(&second(&app, json!({"mfa_token": first["mfa_token"], "code": app.code(&secret)})).await);
    let sessions = app.get("/v1/sessions").bearer(&tokens.access).send().await.json();
    let phone = &sessions["sessions"][0];
    assert_eq!([&phone["device_name"], &phone["device_class"]], ["Phone", "mobile"]);
}

#[tokio::test]
async fn an_apps_password_counts_once() {
    let app = Setup::memory().start();
    let (secret, _) = with_totp(&app).await;
    let code = app.code(&secret);
    for (status, expected) in [(200, None), (401, Some("invalid_second_factor"))] {
        let mfa_token = app.mfa_token(ALICE).await;
        let answer = second(&app, json!({"mfa_token": mfa_token, "code": code})).await;
        assert_eq!(answer.status, status);
        assert_eq!(expected, expected.and(Some(answer.json()["code"].as_str().unwrap_or_default())));
    }
}

#[tokio::test]
async fn a_wrong_code_leaves_the_login_where_it_was_and_a_right_one_uses_it_up() {
    let app = Setup::memory().start();
    let (secret, _) = with_totp(&app).await;
    let mfa_token = app.mfa_token(ALICE).await;
    let wrong = second(&app, json!({"mfa_token": mfa_token, "code": "000000"})).await;
    assert_eq!(wrong.problem(), (401, "invalid_second_factor".to_owned()));
    assert_eq!(second(&app, json!({"mfa_token": mfa_token, "code": app.code(&secret)})).await.status, 200);
    app.clock.advance(Duration::from_secs(30));
    let again = second(&app, json!({"mfa_token": mfa_token, "code": app.code(&secret)})).await;
    assert_eq!(again.problem(), (401, "invalid_mfa_token".to_owned()));
}

#[tokio::test]
async fn a_login_that_was_begun_too_long_ago_is_begun_again() {
    let app = Setup::memory().start();
    let (secret, _) = with_totp(&app).await;
    let mfa_token = app.mfa_token(ALICE).await;
    app.clock.advance(Duration::from_secs(300));
    let answer = second(&app, json!({"mfa_token": mfa_token, "code": app.code(&secret)})).await;
    assert_eq!(answer.problem(), (401, "invalid_mfa_token".to_owned()));
}

#[tokio::test]
async fn who_has_lost_his_phone_signs_in_by_a_recovery_code_once() {
    let app = Setup::memory().start();
    let (_, codes) = with_totp(&app).await;
    assert_eq!(codes.len(), 10);
    let typed = codes[3].to_uppercase().replace('-', " ");
    let mfa_token = app.mfa_token(ALICE).await;
    let tokens = Tokens::of(&second(&app, json!({"mfa_token": mfa_token, "code": typed})).await);
    let left = app.get("/v1/me/factors").bearer(&tokens.access).send().await.json()["recovery_codes"].clone();
    assert_eq!(left, 9);
    let mfa_token = app.mfa_token(ALICE).await;
    let again = second(&app, json!({"mfa_token": mfa_token, "code": codes[3]})).await;
    assert_eq!(again.problem(), (401, "invalid_second_factor".to_owned()));
}

#[tokio::test]
async fn a_passkey_is_a_second_factor() {
    let app = Setup::memory().start();
    let tokens = app.signed_in(ALICE).await;
    assert_eq!(recovery_codes(&app.add_passkey(&tokens, "key-1").await).len(), 10);
    let first = app.login_with(ALICE, json!({})).await.json();
    assert_eq!(first["methods"], json!(["passkey", "recovery_code"]));
    let mfa_token = &first["mfa_token"];
    let begun = app.post("/v1/login/passkey/begin").json(json!({"mfa_token": mfa_token})).send().await.json();
    assert_eq!(begun["options"], json!({"allowCredentials": ["key-1"]}));
    let passkey = |answer| json!({"ceremony": begun["ceremony"], "credential": answer});
    let answer = second(&app, json!({"mfa_token": mfa_token, "passkey": passkey(FakeWebAuthn::answer("key-1"))})).await;
    assert_eq!(claims(&Tokens::of(&answer).access)["amr"], json!(["pwd", "swk", "mfa"]));
}

#[tokio::test]
async fn a_passkey_of_somebody_else_is_no_second_factor() {
    let app = Setup::memory().start();
    let (alice, bob) = (app.signed_in(ALICE).await, app.signed_in("bob@example.com").await);
    app.add_passkey(&alice, "key-1").await;
    app.add_passkey(&bob, "key-2").await;
    let mfa_token = app.mfa_token(ALICE).await;
    let passkey = json!({"ceremony": app.ceremony().await, "credential": FakeWebAuthn::answer("key-2")});
    let answer = second(&app, json!({"mfa_token": mfa_token, "passkey": passkey})).await;
    assert_eq!(answer.problem(), (401, "invalid_passkey".to_owned()));
}

#[tokio::test]
async fn one_second_factor_is_presented_and_not_none_and_not_two() {
    let app = Setup::memory().start();
    let passkey = json!({"ceremony": "jot_x", "credential": {}});
    for body in [json!({"mfa_token": "x"}), json!({"mfa_token": "x", "code": "123456", "passkey": passkey})] {
        let answer = second(&app, body).await;
        assert_eq!(answer.problem(), (422, "invalid_request".to_owned()));
        assert!(answer.text().contains("`code` and `passkey`"));
    }
}

#[tokio::test]
async fn s5_a_page_gets_its_tokens_in_cookies() {
    let app = Setup::memory().start();
    let (secret, _) = with_totp(&app).await;
    let mfa_token = app.mfa_token(ALICE).await;
    let body = json!({"mfa_token": mfa_token, "code": app.code(&secret), "transport": "cookie"});
    let cross = app.post("/v1/login/mfa").header("origin", "https://evil.example").json(body.clone()).send().await;
    assert_eq!(cross.problem(), (403, "cross_site_request".to_owned()));
    let answer = app.post("/v1/login/mfa").header("origin", ORIGIN).json(body).send().await;
    assert_eq!((answer.status, answer.json().get("refresh_token")), (200, None));
    assert!(answer.refresh_cookie().is_some() && answer.device_cookie().is_some());
}

#[tokio::test]
async fn p10_guesses_at_a_second_factor_are_throttled() {
    let app = Setup::memory().throttled().start();
    with_totp(&app).await;
    let mfa_token = app.mfa_token(ALICE).await;
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(second(&app, json!({"mfa_token": mfa_token, "code": "000000"})).await.status);
    }
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429]);
}
