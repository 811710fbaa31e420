//! `/v1/admin/users`: accounts, found and changed by operators.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, Setup, TestApp, Tokens};

pub(super) async fn id(app: &TestApp, email: &str) -> String {
    app.register(email).await["id"].as_str().unwrap().to_owned()
}

async fn search(app: &TestApp, by: &Tokens, query: &str) -> (Vec<String>, Value) {
    let answer = app.get(&format!("/v1/admin/users{query}")).bearer(&by.access).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body = answer.json();
    let emails = body["users"].as_array().unwrap().iter().map(|user| user["email"].as_str().unwrap().to_owned());
    (emails.collect(), body["next"].clone())
}

async fn post(app: &TestApp, by: &Tokens, path: &str) -> Answer {
    app.post(path).bearer(&by.access).send().await
}

#[tokio::test]
async fn accounts_are_found_by_how_their_address_begins() {
    let app = Setup::memory().start();
    let root = app.admin("root@example.com").await;
    for email in ["Alice@example.com", "alina@example.com", "bob@example.com"] {
        app.register(email).await;
    }
    let emails = |emails: &[&str]| emails.iter().map(|email| (*email).to_owned()).collect::<Vec<_>>();
    assert_eq!(search(&app, &root, "?email=ALI").await.0, emails(&["Alice@example.com", "alina@example.com"]));
    assert_eq!(search(&app, &root, "?email=bob%40example.com").await.0, emails(&["bob@example.com"]));
    assert_eq!(search(&app, &root, "?email=%25").await.0, emails(&[]));
    assert_eq!(search(&app, &root, "?email=_lice").await.0, emails(&[]));
    let (first, next) = search(&app, &root, "?limit=3").await;
    assert_eq!(first, emails(&["Alice@example.com", "alina@example.com", "bob@example.com"]));
    let last = search(&app, &root, &format!("?limit=3&after={}", next.as_str().unwrap())).await;
    assert_eq!(last, (emails(&["root@example.com"]), Value::Null));
}

#[tokio::test]
async fn an_account_is_shown_with_what_its_owner_need_not_see() {
    let app = Setup::memory().start();
    let root = app.admin("root@example.com").await;
    let alice = id(&app, "alice@example.com").await;
    let shown = app.get(&format!("/v1/admin/users/{alice}")).bearer(&root.access).send().await;
    insta::assert_json_snapshot!(shown.shown(), {".body.id" => "[id]"}, @r#"
    {
      "status": 200,
      "body": {
        "created_at": "2026-01-01T00:00:00Z",
        "disabled_at": null,
        "display_name": null,
        "email": "alice@example.com",
        "email_verified": false,
        "id": "[id]",
        "locale": "en",
        "roles": []
      }
    }
    "#);
}

#[tokio::test]
async fn s3_a_disabled_account_is_out_at_once_and_may_come_in_again_when_it_is_enabled() {
    let app = Setup::memory().start();
    let root = app.admin("root@example.com").await;
    let alice = id(&app, "alice@example.com").await;
    let tokens = app.login("alice@example.com").await;
    assert_eq!(post(&app, &root, &format!("/v1/admin/users/{alice}/disable")).await.status, 204);
    assert_eq!(app.me(&tokens.access).await.problem(), (401, "invalid_token".to_owned()));
    assert_eq!(app.login_with("alice@example.com", json!({})).await.problem().1, "invalid_credentials");
    let shown = app.get(&format!("/v1/admin/users/{alice}")).bearer(&root.access).send().await.json();
    assert_eq!(shown["disabled_at"], "2026-01-01T00:00:00Z");
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(post(&app, &root, &format!("/v1/admin/users/{alice}/enable")).await.status, 204);
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(app.me(&app.login("alice@example.com").await.access).await.status, 200);
    assert_eq!(app.me(&tokens.access).await.status, 401, "what was ended stays ended");
}

#[tokio::test]
async fn roles_are_set_and_count_from_the_next_refresh_on() {
    let app = Setup::memory().start();
    let root = app.admin("root@example.com").await;
    let alice = id(&app, "alice@example.com").await;
    app.clock.advance(Duration::from_secs(1));
    let tokens = app.login("alice@example.com").await;
    let path = format!("/v1/admin/users/{alice}/roles");
    let set = app.put(&path).bearer(&root.access).json(json!({"roles": ["support", "admin", "admin"]})).send().await;
    assert_eq!((set.status, &set.json()["roles"]), (200, &json!(["admin", "support"])));
    let early = app.get("/v1/admin/events").bearer(&tokens.access).send().await;
    assert_eq!(early.problem(), (403, "insufficient_role".to_owned()));
    let next = Tokens::of(&app.refresh(&tokens.refresh).await);
    assert_eq!(app.get("/v1/admin/events").bearer(&next.access).send().await.status, 200);
    let taken = app.put(&path).bearer(&root.access).json(json!({"roles": []})).send().await;
    assert_eq!(taken.json()["roles"], json!([]));
    let late = app.get("/v1/admin/events").bearer(&next.access).send().await;
    assert_eq!(late.problem(), (403, "insufficient_role".to_owned()), "who lost the role is out at once");
}

#[tokio::test]
async fn what_is_no_role_is_refused() {
    let app = Setup::memory().start();
    let root = app.admin("root@example.com").await;
    let path = format!("/v1/admin/users/{}/roles", id(&app, "alice@example.com").await);
    for roles in [json!(["Admin"]), json!([""]), json!(["a b"]), json!("admin"), json!(null), json!([1])] {
        let answer = app.put(&path).bearer(&root.access).json(json!({"roles": roles})).send().await;
        assert_eq!(answer.problem(), (422, "invalid_request".to_owned()), "{roles}");
        assert!(answer.text().contains("`roles`"));
    }
}

#[tokio::test]
async fn s3_a_deleted_account_is_gone_with_its_sessions_and_its_events_stay() {
    let app = Setup::memory().start();
    let root = app.admin("root@example.com").await;
    let alice = id(&app, "alice@example.com").await;
    let tokens = app.login("alice@example.com").await;
    let path = format!("/v1/admin/users/{alice}");
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(app.delete(&path).bearer(&root.access).send().await.status, 204);
    assert_eq!(app.me(&tokens.access).await.problem(), (401, "invalid_token".to_owned()));
    assert_eq!(app.refresh(&tokens.refresh).await.problem(), (401, "invalid_grant".to_owned()));
    let again = app.delete(&path).bearer(&root.access).send().await;
    assert_eq!(again.problem(), (404, "account_not_found".to_owned()));
    let events = app.get(&format!("{path}/events")).bearer(&root.access).send().await.json();
    let kinds: Vec<_> = events["events"].as_array().unwrap().iter().map(|event| event["kind"].clone()).collect();
    assert_eq!(kinds, ["account_deleted", "session_opened", "account_registered"]);
    let body = json!({"email": "alice@example.com", "password": PASSWORD});
    assert_eq!(app.post("/v1/accounts").json(body).send().await.status, 201, "the address is free again");
}

#[tokio::test]
async fn an_operator_cannot_lock_himself_out() {
    let app = Setup::memory().start();
    let root = app.admin("root@example.com").await;
    let own = app.me(&root.access).await.json()["id"].as_str().unwrap().to_owned();
    let disable = post(&app, &root, &format!("/v1/admin/users/{own}/disable")).await;
    let delete = app.delete(&format!("/v1/admin/users/{own}")).bearer(&root.access).send().await;
    let demote =
        app.put(&format!("/v1/admin/users/{own}/roles")).bearer(&root.access).json(json!({"roles": []})).send().await;
    for answer in [disable, delete, demote] {
        assert_eq!(answer.problem(), (409, "own_account".to_owned()));
    }
    assert_eq!(app.me(&root.access).await.status, 200);
}

#[tokio::test]
async fn a_query_that_is_none_is_refused() {
    let app = Setup::memory().start();
    let root = app.admin("root@example.com").await;
    for query in ["limit=0", "limit=101", "emial=x", "email=a&email=b", "before=x"] {
        let answer = app.get(&format!("/v1/admin/users?{query}")).bearer(&root.access).send().await;
        assert_eq!(answer.problem(), (400, "invalid_query".to_owned()), "{query}");
    }
}
