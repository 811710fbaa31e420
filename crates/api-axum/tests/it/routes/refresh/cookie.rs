//! `POST /v1/refresh` with the token in the cookie.

use serde_json::json;

use crate::support::{Broken, ORIGIN, Setup, Trouble};

#[tokio::test]
async fn a_refresh_by_cookie_answers_by_cookie() {
    let app = Setup::memory().start();
    app.register("alice@example.com").await;
    let cookie = app.cookie_login("alice@example.com").await;
    let answer = app.post("/v1/refresh").header("origin", ORIGIN).refresh_cookie(&cookie).json(json!({})).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.json().get("refresh_token").is_none());
    let next = answer.refresh_cookie().unwrap();
    assert!(next.starts_with("jrt_") && next != cookie);
    let access = answer.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(app.me(&access).await.status, 200);
}

#[tokio::test]
async fn s6_without_a_body_a_custom_header_proves_the_same() {
    let app = Setup::memory().start();
    app.register("alice@example.com").await;
    let cookie = app.cookie_login("alice@example.com").await;
    let bare = || app.post("/v1/refresh").header("sec-fetch-site", "same-origin").refresh_cookie(&cookie);
    assert_eq!(bare().send().await.problem(), (403, "cross_site_request".to_owned()));
    assert_eq!(bare().header("x-requested-with", "fetch").send().await.status, 200);
}

#[tokio::test]
async fn s6_a_refresh_from_another_site_is_refused_and_moves_nothing() {
    let app = Setup::memory().start();
    app.register("alice@example.com").await;
    let cookie = app.cookie_login("alice@example.com").await;
    let others: [&[(&'static str, &str)]; 4] = [
        &[],
        &[("sec-fetch-site", "cross-site")],
        &[("origin", "https://evil.example")],
        &[("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")],
    ];
    let request = || app.post("/v1/refresh").refresh_cookie(&cookie).json(json!({}));
    for headers in others {
        let answer = headers.iter().fold(request(), |sending, (name, value)| sending.header(name, value)).send().await;
        assert_eq!(answer.problem(), (403, "cross_site_request".to_owned()), "{headers:?}");
        assert_eq!(answer.header("set-cookie"), None);
    }
    let next = request().header("origin", ORIGIN).send().await.refresh_cookie().unwrap();
    let after = app.post("/v1/refresh").header("origin", ORIGIN).refresh_cookie(&next).json(json!({})).send().await;
    assert_eq!(after.status, 200);
}

#[tokio::test]
async fn a_cookie_and_a_body_token_together_are_refused() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    let body = json!({"refresh_token": tokens.refresh});
    let sending = app.post("/v1/refresh").header("origin", ORIGIN).refresh_cookie(&tokens.refresh);
    assert_eq!(sending.json(body).send().await.problem(), (400, "ambiguous_credentials".to_owned()));
    assert_eq!(app.refresh(&tokens.refresh).await.status, 200);
}

#[tokio::test]
async fn a_cookie_that_gives_nothing_is_cleared() {
    let app = Setup::memory().start();
    let sending = app.post("/v1/refresh").header("origin", ORIGIN).refresh_cookie("jrt_rubbish");
    let answer = sending.json(json!({})).send().await;
    assert_eq!(answer.problem(), (401, "invalid_grant".to_owned()));
    insta::assert_snapshot!(answer.header("set-cookie").unwrap(), @"__Host-jeton_refresh=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Strict");
}

#[tokio::test]
async fn a_cookie_stays_when_the_server_fails() {
    let stores = Broken::new();
    let app = Setup::over(stores.stores()).start();
    app.register("alice@example.com").await;
    let cookie = app.cookie_login("alice@example.com").await;
    stores.set(Some(Trouble::Unavailable));
    let request = || app.post("/v1/refresh").header("origin", ORIGIN).refresh_cookie(&cookie).json(json!({}));
    let answer = request().send().await;
    assert_eq!(answer.problem(), (503, "unavailable".to_owned()));
    assert_eq!(answer.header("set-cookie"), None);
    stores.set(None);
    assert_eq!(request().send().await.status, 200);
}
