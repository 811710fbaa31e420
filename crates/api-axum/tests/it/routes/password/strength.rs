//! `POST /v1/password/strength`.

use serde_json::json;

use crate::support::{Answer, Setup, TestApp};

async fn strength(app: &TestApp, password: &str) -> Answer {
    app.post("/v1/password/strength").json(json!({"password": password})).send().await
}

#[tokio::test]
async fn a_weak_password_is_told_what_makes_it_weak() {
    let app = Setup::memory().start();
    let answer = strength(&app, "qwertyuiop").await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    let body = answer.json();
    assert_eq!(body["score"], 0);
    assert!(body["guesses_log10"].as_f64().unwrap() < 3.0);
    assert!(body["warning"].is_string() && !body["suggestions"].as_array().unwrap().is_empty(), "{body}");
}

#[tokio::test]
async fn a_strong_password_needs_no_advice() {
    let app = Setup::memory().start();
    let body = strength(&app, "kiwi plinth gravel sonnet 47").await.json();
    assert_eq!((&body["score"], &body["warning"]), (&json!(4), &json!(null)));
}

#[tokio::test]
async fn an_empty_password_is_the_weakest() {
    let app = Setup::memory().start();
    assert_eq!(strength(&app, "").await.json()["score"], 0);
}

#[tokio::test]
async fn p2_what_is_too_long_to_be_a_password_is_not_judged() {
    let app = Setup::memory().start();
    assert_eq!(strength(&app, &"a".repeat(1025)).await.problem(), (422, "password_too_long".to_owned()));
}
