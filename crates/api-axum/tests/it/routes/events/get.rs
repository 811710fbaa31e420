//! `GET /v1/events`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{PASSWORD, Setup, TestApp, Tokens};

async fn page(app: &TestApp, by: &Tokens, query: &str) -> Value {
    let answer = app.get(&format!("/v1/events{query}")).bearer(&by.access).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn kinds(page: &Value) -> Vec<&str> {
    page["events"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_happened_is_told_the_newest_first_with_who_did_it_and_from_where() {
    let app = Setup::memory().start();
    app.register("alice@example.com").await;
    app.clock.advance(Duration::from_secs(60));
    let here = app.login("alice@example.com").await;
    app.clock.advance(Duration::from_secs(60));
    let login = app.post("/v1/login").from("203.0.113.7:4711".parse().unwrap()).header("user-agent", "Notes/1.0");
    let there = Tokens::of(&login.json(json!({"email": "alice@example.com", "password": PASSWORD})).send().await);
    app.clock.advance(Duration::from_secs(60));
    let end = app.delete(&format!("/v1/sessions/{}", there.session)).bearer(&here.access);
    end.from("192.0.2.1:1".parse().unwrap()).send().await;
    let answer = app.get("/v1/events").bearer(&here.access).send().await;
    insta::assert_json_snapshot!(answer.shown(), {
        ".body.events[].id" => "[id]", ".body.events[].session_id" => "[id]", ".body.events[].actor.id" => "[id]",
    }, @r#"
    {
      "status": 200,
      "body": {
        "events": [
          {
            "actor": {
              "id": "[id]",
              "kind": "owner"
            },
            "at": "2026-01-01T00:03:00Z",
            "detail": null,
            "id": "[id]",
            "ip": "192.0.2.1",
            "kind": "session_ended",
            "session_id": "[id]",
            "user_agent": null
          },
          {
            "actor": {
              "id": "[id]",
              "kind": "owner"
            },
            "at": "2026-01-01T00:02:00Z",
            "detail": "new_device",
            "id": "[id]",
            "ip": "203.0.113.7",
            "kind": "session_opened",
            "session_id": "[id]",
            "user_agent": "Notes/1.0"
          },
          {
            "actor": {
              "id": "[id]",
              "kind": "owner"
            },
            "at": "2026-01-01T00:01:00Z",
            "detail": "new_device",
            "id": "[id]",
            "ip": null,
            "kind": "session_opened",
            "session_id": "[id]",
            "user_agent": null
          },
          {
            "actor": {
              "id": "[id]",
              "kind": "owner"
            },
            "at": "2026-01-01T00:00:00Z",
            "detail": null,
            "id": "[id]",
            "ip": null,
            "kind": "account_registered",
            "session_id": "[id]",
            "user_agent": null
          }
        ],
        "next": null
      }
    }
    "#);
    let ended = &answer.json()["events"][0];
    assert_eq!([&ended["session_id"], &ended["actor"]["id"]], [there.session.as_str(), here.session.as_str()]);
}

#[tokio::test]
async fn o6_a_replay_is_told_with_both_parties() {
    let app = Setup::memory().start();
    app.register("alice@example.com").await;
    let credentials = json!({"email": "alice@example.com", "password": PASSWORD});
    let first = Tokens::of(&app.post("/v1/login").json(credentials).send().await);
    let refresh = async |token: &str, from: &str, agent: &str| {
        let sending = app.post("/v1/refresh").from(from.parse().unwrap()).header("user-agent", agent);
        sending.json(json!({"refresh_token": token})).send().await
    };
    let second = Tokens::of(&refresh(&first.refresh, "192.0.2.1:1", "victim/1.0").await);
    Tokens::of(&refresh(&second.refresh, "192.0.2.1:1", "victim/1.0").await);
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(refresh(&first.refresh, "203.0.113.66:1", "thief/1.0").await.status, 401);
    let again = app.login("alice@example.com").await;
    let page = page(&app, &again, "").await;
    let replay = page["events"].as_array().unwrap().iter().find(|event| event["kind"] == "refresh_replayed").unwrap();
    assert_eq!([&replay["ip"], &replay["user_agent"]], ["203.0.113.66", "thief/1.0"]);
    assert_eq!(replay["actor"], json!({"kind": "server", "id": null}));
    let expected = json!({
        "presented_generation": 0,
        "current_generation": 2,
        "rotated_at": "2026-01-01T00:00:00Z",
        "rotated_by": {"ip": "192.0.2.1", "user_agent": "victim/1.0"},
    });
    assert_eq!(replay["evidence"], expected);
}

#[tokio::test]
async fn pages_follow_one_another_without_a_gap() {
    let app = Setup::memory().start();
    let mut tokens = app.signed_in("alice@example.com").await;
    for _ in 0..6 {
        app.clock.advance(Duration::from_secs(1));
        tokens = app.login("alice@example.com").await;
    }
    let all = page(&app, &tokens, "").await;
    assert_eq!((all["events"].as_array().unwrap().len(), &all["next"]), (8, &Value::Null));
    let (mut seen, mut query) = (Vec::new(), "?limit=3".to_owned());
    for size in [3, 3, 2] {
        let page = page(&app, &tokens, &query).await;
        let events = page["events"].as_array().unwrap().clone();
        assert_eq!(events.len(), size);
        seen.extend(events);
        query = format!("?limit=3&before={}", page["next"].as_str().unwrap_or("-"));
    }
    assert_eq!(&seen, all["events"].as_array().unwrap());
    assert!(query.ends_with('-'), "the last page has no next one");
    let whole = page(&app, &tokens, "?limit=8").await;
    assert_eq!(whole["next"], Value::Null, "a page that is just full is the last one too");
}

#[tokio::test]
async fn nobody_sees_the_events_of_another_account_and_none_of_where_an_operator_sits() {
    let app = Setup::memory().start();
    let root = app.admin("root@example.com").await;
    app.register("alice@example.com").await;
    app.clock.advance(Duration::from_secs(1));
    let alice = app.login("alice@example.com").await;
    app.clock.advance(Duration::from_secs(1));
    let id = app.me(&alice.access).await.json()["id"].as_str().unwrap().to_owned();
    let request = app.put(&format!("/v1/admin/users/{id}/roles")).from("198.51.100.1:1".parse().unwrap());
    let answer =
        request.bearer(&root.access).header("user-agent", "console").json(json!({"roles": ["support"]})).send();
    assert_eq!(answer.await.status, 200);
    let page = page(&app, &alice, "").await;
    assert_eq!(kinds(&page), ["roles_changed", "session_opened", "account_registered"]);
    let change = &page["events"][0];
    assert_eq!(change["actor"]["kind"], "admin");
    assert_eq!([&change["ip"], &change["user_agent"]], [&Value::Null, &Value::Null]);
}

#[tokio::test]
async fn a_query_that_is_none_is_refused() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    for query in ["limit=0", "limit=101", "limit=-1", "limit=x", "limit=1&limit=2", "before=x", "after=x", "page=2"] {
        let answer = app.get(&format!("/v1/events?{query}")).bearer(&tokens.access).send().await;
        assert_eq!(answer.problem(), (400, "invalid_query".to_owned()), "{query}");
    }
}
