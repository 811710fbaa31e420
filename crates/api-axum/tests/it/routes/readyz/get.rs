//! `GET /readyz`.

use std::sync::Arc;
use std::time::Duration;

use auth_domain::model::KeyPolicy;
use serde_json::Value;

use crate::support::{Answer, Health, INSIDE, Setup, TestApp};

async fn ready(app: &TestApp) -> Answer {
    app.get("/readyz").send().await
}

/// What stands beside a check.
fn status(body: &Value, name: &str) -> String {
    let checks = body["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["name"] == name).unwrap();
    check["status"].as_str().unwrap().to_owned()
}

/// The server is not ready, and these checks say so, and no others.
fn assert_missing(answer: &Answer, missing: &[&str]) {
    assert_eq!(answer.problem(), (503, "unavailable".to_owned()));
    assert_eq!(answer.header("retry-after"), Some("2"));
    let body = answer.json();
    for name in ["database", "migrations", "keys", "feed", "hashing"] {
        let expected = if missing.contains(&name) { "failed" } else { "ok" };
        assert_eq!(status(&body, name), expected, "{name}: {body}");
    }
    assert_eq!(body["detail"], format!("The server is not ready: {}.", missing.join(", ")));
    assert!(!answer.text().contains(INSIDE) && !answer.text().contains("db.internal"), "{}", answer.text());
}

#[tokio::test]
async fn a_server_that_has_what_it_needs_is_ready_and_says_what_that_is() {
    let app = Setup::memory().start();
    app.follow().await;
    let answer = ready(&app).await;
    insta::assert_json_snapshot!(answer.shown(), @r#"
    {
      "status": 200,
      "body": {
        "checks": [
          {
            "detail": "it answers",
            "name": "database",
            "status": "ok"
          },
          {
            "detail": "none is missing",
            "name": "migrations",
            "status": "ok"
          },
          {
            "detail": "one signs",
            "name": "keys",
            "status": "ok"
          },
          {
            "detail": "read 0 ms ago",
            "name": "feed",
            "status": "ok"
          },
          {
            "detail": "0 of 4 wait, 0 of 2 run",
            "name": "hashing",
            "status": "ok"
          }
        ],
        "status": "ready"
      }
    }
    "#);
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_named_and_nothing_of_the_inside() {
    let app = Setup { health: Arc::new(Health::Unavailable), ..Setup::memory() }.start();
    app.follow().await;
    assert_missing(&ready(&app).await, &["database", "migrations"]);
}

#[tokio::test(start_paused = true)]
async fn a_database_that_hangs_is_named_after_two_seconds() {
    let app = Setup { health: Arc::new(Health::NeverAnswers), ..Setup::memory() }.start();
    app.follow().await;
    let started = tokio::time::Instant::now();
    assert_missing(&ready(&app).await, &["database", "migrations"]);
    assert_eq!(started.elapsed().as_secs(), 2);
}

#[tokio::test]
async fn migrations_that_are_missing_are_counted() {
    let app = Setup { health: Arc::new(Health::Lacks(2)), ..Setup::memory() }.start();
    app.follow().await;
    let answer = ready(&app).await;
    assert_missing(&answer, &["migrations"]);
    assert_eq!(answer.json()["checks"][1]["detail"], "2 missing; run `jeton migrate`");
}

#[tokio::test]
async fn a_feed_that_was_not_read_yet_or_not_for_ten_seconds_is_missing() {
    let app = Setup::memory().start();
    assert_missing(&ready(&app).await, &["feed"]);
    app.follow().await;
    app.clock.advance(Duration::from_secs(10));
    assert_eq!(ready(&app).await.status, 200);
    app.clock.advance(Duration::from_secs(1));
    assert_missing(&ready(&app).await, &["feed"]);
}

#[tokio::test]
async fn keys_that_could_not_be_read_for_too_long_are_missing() {
    let app = Setup::memory().start_with_keys(KeyPolicy::default()).await;
    app.clock.advance(Duration::from_secs(61));
    app.follow().await;
    assert_missing(&ready(&app).await, &["keys"]);
    app.wait(0).await;
    assert_eq!(ready(&app).await.status, 200);
}

#[tokio::test]
async fn a_full_hashing_queue_degrades_the_server_and_sends_nobody_elsewhere() {
    let app = Setup::memory().start();
    app.follow().await;
    app.hasher.set_full(true);
    let answer = ready(&app).await;
    assert_eq!((answer.status, status(&answer.json(), "hashing")), (200, "degraded".to_owned()));
}
