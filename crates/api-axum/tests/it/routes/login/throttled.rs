//! SECURITY P10, S8, S11: guessing is slowed down, and a stranger cannot lock the owner out by it.

use std::time::Duration;

use axum::http::Method;
use serde_json::json;

use crate::support::{Answer, ORIGIN, PASSWORD, Sending, Setup, TestApp};

fn attempt(app: &TestApp, email: &str, password: &str, from: &str) -> Sending {
    let body = json!({"email": email, "password": password});
    app.request(Method::POST, "/v1/login").from(from.parse().unwrap()).json(body)
}

async fn guess(app: &TestApp, n: u32) -> Answer {
    attempt(app, "alice@example.com", "not the right password", &format!("203.0.113.{n}:1")).send().await
}

#[tokio::test]
async fn p10_the_sixth_guess_at_an_account_waits_whatever_network_it_comes_from() {
    let app = Setup::memory().throttled().start();
    app.register("alice@example.com").await;
    for n in 0..5 {
        assert_eq!(guess(&app, n).await.problem(), (401, "invalid_credentials".to_owned()));
    }
    app.hasher.take();
    let answer = guess(&app, 5).await;
    insta::assert_json_snapshot!(answer.shown(), @r#"
    {
      "status": 429,
      "body": {
        "code": "too_many_attempts",
        "detail": "too many attempts; try again in 1 seconds",
        "status": 429,
        "title": "Too many attempts",
        "type": "urn:jeton:problem:too_many_attempts"
      }
    }
    "#);
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(app.hasher.take(), 0, "what was presented is not looked at");
}

#[tokio::test]
async fn p10_after_the_wait_the_next_guess_is_looked_at_and_the_one_after_waits_longer() {
    let app = Setup::memory().throttled().start();
    app.register("alice@example.com").await;
    for n in 0..5 {
        guess(&app, n).await;
    }
    app.clock.advance(Duration::from_millis(400));
    assert_eq!(guess(&app, 5).await.header("retry-after"), Some("1"), "0.6 s are a whole second");
    app.clock.advance(Duration::from_millis(600));
    assert_eq!(guess(&app, 5).await.status, 401);
    assert_eq!(guess(&app, 5).await.header("retry-after"), Some("2"));
}

#[tokio::test]
async fn p11_an_account_that_nobody_has_is_throttled_alike() {
    let app = Setup::memory().throttled().start();
    app.register("alice@example.com").await;
    let mut answers = Vec::new();
    for email in ["alice@example.com", "nobody@example.com"] {
        let mut of_one = Vec::new();
        for n in 0..7 {
            let from = format!("203.0.113.{n}:1");
            of_one.push(attempt(&app, email, "not the right password", &from).send().await.comparable());
        }
        answers.push(of_one);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0][6].0, 429);
}

#[tokio::test]
async fn p10_an_attack_from_fifty_networks_does_not_lock_the_owner_out_of_his_device() {
    let app = Setup::memory().throttled().start();
    app.register("alice@example.com").await;
    let home = "198.51.100.1:1";
    let first = attempt(&app, "alice@example.com", PASSWORD, home).send().await;
    let device = first.json()["device_token"].as_str().unwrap().to_owned();
    for n in 0..50 {
        guess(&app, n).await;
    }
    assert_eq!(attempt(&app, "alice@example.com", PASSWORD, home).send().await.status, 429, "an unknown device waits");
    let body = json!({"email": "alice@example.com", "password": PASSWORD, "device_token": device});
    let answer = app.post("/v1/login").from(home.parse().unwrap()).json(body).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[tokio::test]
async fn p10_a_page_is_known_by_its_device_cookie() {
    let app = Setup::memory().throttled().start();
    app.register("alice@example.com").await;
    let body = json!({"email": "alice@example.com", "password": PASSWORD, "transport": "cookie"});
    let login = || app.post("/v1/login").header("origin", ORIGIN).json(body.clone());
    let device = login().send().await.device_cookie().unwrap();
    for n in 0..50 {
        guess(&app, n).await;
    }
    assert_eq!(login().send().await.status, 429);
    let known = login().header("cookie", &format!("__Host-jeton_device={device}")).send().await;
    assert_eq!(known.status, 200, "{}", known.text());
}

#[tokio::test]
async fn a_device_token_in_the_body_and_in_the_cookie_at_once_is_refused() {
    let app = Setup::memory().start();
    let body =
        json!({"email": "alice@example.com", "password": PASSWORD, "transport": "cookie", "device_token": "jdt_x"});
    let sending = app.post("/v1/login").header("origin", ORIGIN).header("cookie", "__Host-jeton_device=jdt_y");
    assert_eq!(sending.json(body).send().await.problem(), (400, "ambiguous_credentials".to_owned()));
}

#[tokio::test]
async fn a_device_cookie_counts_for_nothing_where_the_tokens_are_in_the_body() {
    let app = Setup::memory().throttled().start();
    app.register("alice@example.com").await;
    let device = app.login_with("alice@example.com", json!({})).await.json()["device_token"].clone();
    for n in 0..6 {
        guess(&app, n).await;
    }
    let body = json!({"email": "alice@example.com", "password": PASSWORD});
    let cookie = format!("__Host-jeton_device={}", device.as_str().unwrap());
    assert_eq!(app.post("/v1/login").header("cookie", &cookie).json(body).send().await.status, 429);
}

#[tokio::test]
async fn a_device_that_signed_in_before_is_a_known_one_in_the_events() {
    let app = Setup::memory().start();
    app.register("alice@example.com").await;
    app.clock.advance(Duration::from_secs(1));
    let device = app.login_with("alice@example.com", json!({})).await.json()["device_token"].clone();
    app.clock.advance(Duration::from_secs(1));
    let again = app.login_with("alice@example.com", json!({"device_token": device})).await.json();
    let events = app.get("/v1/events").bearer(again["access_token"].as_str().unwrap()).send().await.json();
    let details: Vec<_> = events["events"].as_array().unwrap().iter().map(|event| event["detail"].clone()).collect();
    assert_eq!(details, [json!("known_device"), json!("new_device"), json!(null)]);
}
