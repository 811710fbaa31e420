//! `GET /v1/sessions`.

use std::time::Duration;

use serde_json::json;

use crate::support::{PASSWORD, Setup, Tokens};

#[tokio::test]
async fn every_signed_in_device_is_shown_the_newest_first() {
    let app = Setup::memory().start();
    let here = app.signed_in("alice@example.com").await;
    app.clock.advance(Duration::from_secs(60));
    let body = json!({"email": "alice@example.com", "password": PASSWORD, "device_name": " Phone "});
    let login = app.post("/v1/login").from("203.0.113.7:4711".parse().unwrap()).header("user-agent", "Notes/1.0 (iOS)");
    let phone = Tokens::of(&login.json(body).send().await);
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(app.refresh(&here.refresh).await.status, 200);
    let answer = app.get("/v1/sessions").bearer(&phone.access).send().await;
    insta::assert_json_snapshot!(answer.shown(), {".body.sessions[].id" => "[id]"}, @r#"
    {
      "status": 200,
      "body": {
        "sessions": [
          {
            "browser": "Notes",
            "created_at": "2026-01-01T00:01:00Z",
            "current": true,
            "device_class": "cli",
            "device_name": "Phone",
            "expires_at": "2026-01-15T00:01:00Z",
            "id": "[id]",
            "ip": "203.0.113.7",
            "last_used_at": "2026-01-01T00:01:00Z",
            "system": null,
            "user_agent": "Notes/1.0 (iOS)"
          },
          {
            "browser": null,
            "created_at": "2026-01-01T00:00:00Z",
            "current": false,
            "device_class": "cli",
            "device_name": null,
            "expires_at": "2026-01-15T00:02:00Z",
            "id": "[id]",
            "ip": null,
            "last_used_at": "2026-01-01T00:02:00Z",
            "system": null,
            "user_agent": null
          }
        ]
      }
    }
    "#);
    assert_eq!(answer.json()["sessions"][0]["id"], phone.session.as_str());
}

#[tokio::test]
async fn nobody_sees_the_sessions_of_another_account() {
    let app = Setup::memory().start();
    app.signed_in("alice@example.com").await;
    let bob = app.signed_in("bob@example.com").await;
    let sessions = app.get("/v1/sessions").bearer(&bob.access).send().await.json()["sessions"].clone();
    assert_eq!(sessions.as_array().unwrap().len(), 1);
    assert_eq!(sessions[0]["id"], bob.session.as_str());
}

#[tokio::test]
async fn s8_a_forwarded_header_says_nothing_about_who_sent_a_request() {
    let app = Setup::memory().start();
    app.register("alice@example.com").await;
    let tokens = Tokens::of(
        &app.post("/v1/login")
            .from("[::ffff:203.0.113.7]:4711".parse().unwrap())
            .header("x-forwarded-for", "198.51.100.1")
            .header("forwarded", "for=198.51.100.2")
            .header("x-real-ip", "198.51.100.3")
            .json(json!({"email": "alice@example.com", "password": PASSWORD}))
            .send()
            .await,
    );
    let sessions = app.get("/v1/sessions").bearer(&tokens.access).send().await.json();
    assert_eq!(sessions["sessions"][0]["ip"], "203.0.113.7");
}

#[tokio::test]
async fn a_user_agent_is_cut_to_what_can_be_shown() {
    let app = Setup::memory().start();
    app.register("alice@example.com").await;
    let login = app.post("/v1/login").header("user-agent", &"\u{e9}".repeat(500));
    let tokens = Tokens::of(&login.json(json!({"email": "alice@example.com", "password": PASSWORD})).send().await);
    let sessions = app.get("/v1/sessions").bearer(&tokens.access).send().await.json();
    assert_eq!(sessions["sessions"][0]["user_agent"], "\u{e9}".repeat(256));
}

#[tokio::test]
async fn a_browser_and_its_system_are_shown_in_words() {
    const FIREFOX: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let app = Setup::memory().start();
    app.register("alice@example.com").await;
    let login = app.post("/v1/login").header("user-agent", FIREFOX);
    let tokens = Tokens::of(&login.json(json!({"email": "alice@example.com", "password": PASSWORD})).send().await);
    let shown = app.get("/v1/sessions").bearer(&tokens.access).send().await.json()["sessions"][0].clone();
    assert_eq!([&shown["browser"], &shown["system"], &shown["device_class"]], ["Firefox 140", "Windows 10", "web"]);
}
