//! `POST /v1/login` with the refresh token in a cookie.

use serde_json::json;

use crate::support::{ORIGIN, PASSWORD, Setup};

#[tokio::test]
async fn s5_the_refresh_token_comes_in_a_host_cookie_and_not_in_the_body() {
    let app = Setup::memory().start();
    app.register("alice@example.com").await;
    let body = json!({"email": "alice@example.com", "password": PASSWORD, "transport": "cookie"});
    let answer = app.post("/v1/login").header("origin", ORIGIN).json(body).send().await;
    insta::assert_json_snapshot!(answer.shown(), {
        ".body.access_token" => "[access token]",
        ".body.session_id" => "[id]",
    }, @r#"
    {
      "status": 200,
      "body": {
        "access_token": "[access token]",
        "expires_in": 900,
        "refresh_expires_in": 1209600,
        "scope": "account",
        "session_id": "[id]",
        "token_type": "Bearer"
      }
    }
    "#);
    let token = answer.refresh_cookie().unwrap();
    assert!(token.starts_with("jrt_") && token.len() == 98);
    let cookie = answer.cookie("__Host-jeton_refresh").unwrap().replace(&token, "[refresh token]");
    insta::assert_snapshot!(cookie, @"__Host-jeton_refresh=[refresh token]; Max-Age=1209600; Path=/; Secure; HttpOnly; SameSite=Strict");
    assert!(!answer.text().contains(&token));
}

#[tokio::test]
async fn s5_the_device_token_comes_in_a_host_cookie_for_a_year_and_not_in_the_body() {
    let app = Setup::memory().start();
    app.register("alice@example.com").await;
    let body = json!({"email": "alice@example.com", "password": PASSWORD, "transport": "cookie"});
    let answer = app.post("/v1/login").header("origin", ORIGIN).json(body).send().await;
    let token = answer.device_cookie().unwrap();
    assert!(token.starts_with("jdt_"));
    let cookie = answer.cookie("__Host-jeton_device").unwrap().replace(&token, "[device token]");
    insta::assert_snapshot!(cookie, @"__Host-jeton_device=[device token]; Max-Age=31536000; Path=/; Secure; HttpOnly; SameSite=Strict");
    assert!(!answer.text().contains(&token));
}

#[tokio::test]
async fn s6_a_cookie_login_from_another_site_is_refused_and_opens_no_session() {
    let app = Setup::memory().start();
    let here = app.signed_in("alice@example.com").await;
    app.hasher.take();
    let others: [&[(&'static str, &str)]; 6] = [
        &[],
        &[("sec-fetch-site", "cross-site"), ("origin", ORIGIN)],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("sec-fetch-site", "same-origin"), ("origin", "https://login.example.evil.example")],
    ];
    for headers in others {
        let body = json!({"email": "alice@example.com", "password": PASSWORD, "transport": "cookie"});
        let sending = headers.iter().fold(app.post("/v1/login"), |sending, (name, value)| sending.header(name, value));
        let answer = sending.json(body).send().await;
        assert_eq!(answer.problem(), (403, "cross_site_request".to_owned()), "{headers:?}");
        assert_eq!(answer.header("set-cookie"), None);
    }
    assert_eq!(app.hasher.take(), 0, "it is refused before any work is done");
    let sessions = app.get("/v1/sessions").bearer(&here.access).send().await.json();
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_failed_cookie_login_sets_no_cookie() {
    let app = Setup::memory().start();
    let body = json!({"email": "alice@example.com", "password": PASSWORD, "transport": "cookie"});
    let answer = app.post("/v1/login").header("sec-fetch-site", "same-origin").json(body).send().await;
    assert_eq!(answer.problem(), (401, "invalid_credentials".to_owned()));
    assert_eq!(answer.header("set-cookie"), None);
}
