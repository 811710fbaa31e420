//! `/v1/admin/keys`.

use auth_domain::model::{ApiScope, KeyPolicy};
use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Setup, TestApp, Tokens};

/// An application whose keys rotate, and an operator.
struct World {
    app: TestApp,
    root: Tokens,
}

impl World {
    async fn new() -> Self {
        let app = Setup::memory().start_with_keys(KeyPolicy::default()).await;
        let root = app.admin("root@example.com").await;
        Self { app, root }
    }

    /// Signs the operator in again, since his token was signed by a key that is revoked.
    async fn again(self) -> Self {
        Self { root: self.app.login("root@example.com").await, ..self }
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let sending = self.app.request(method, &format!("/v1/admin/keys{path}")).bearer(&self.root.access);
        if let Some(body) = body { sending.json(body).send().await } else { sending.send().await }
    }

    async fn rotate(&self, body: Value) -> Answer {
        self.send(Method::POST, "/rotate", Some(body)).await
    }

    async fn revoke(&self, kid: &str) -> Answer {
        self.send(Method::POST, &format!("/{kid}/revoke"), None).await
    }

    async fn delete(&self, kid: &str) -> Answer {
        self.send(Method::DELETE, &format!("/{kid}"), None).await
    }

    /// The newest key in this state.
    async fn kid(&self, state: &str) -> String {
        newest(&self.send(Method::GET, "", None).await, state)
    }

    /// The `kid`s that are published.
    async fn published(&self) -> String {
        self.app.get("/.well-known/jwks.json").send().await.text()
    }
}

fn newest(answer: &Answer, state: &str) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let keys = answer.json()["keys"].as_array().unwrap().clone();
    keys.iter().rfind(|key| key["state"] == state).unwrap()["kid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_keys_are_listed_with_their_lives_and_without_what_they_hold() {
    let world = World::new().await;
    world.app.wait(400).await;
    let first = world.kid("active").await;
    world.rotate(json!({})).await;
    world.revoke(&first).await;
    let world = world.again().await;
    let mut listed = world.send(Method::GET, "", None).await.json();
    let keys = listed["keys"].as_array_mut().unwrap();
    keys.sort_by_key(|key| key["state"].as_str().unwrap().to_owned());
    insta::assert_json_snapshot!(listed, {".keys[].kid" => "[kid]"}, @r#"
    {
      "keys": [
        {
          "algorithm": "EdDSA",
          "created_at": "2026-01-01T00:00:00Z",
          "kid": "[kid]",
          "ready_at": "2026-01-01T00:06:00Z",
          "sealed_under": 1,
          "since": "2026-01-01T00:06:40Z",
          "state": "active",
          "until": null
        },
        {
          "algorithm": "EdDSA",
          "created_at": "2026-01-01T00:06:40Z",
          "kid": "[kid]",
          "ready_at": "2026-01-01T00:12:40Z",
          "sealed_under": 1,
          "since": null,
          "state": "next",
          "until": null
        },
        {
          "algorithm": "EdDSA",
          "created_at": "2026-01-01T00:00:00Z",
          "kid": "[kid]",
          "ready_at": "2026-01-01T00:06:00Z",
          "sealed_under": null,
          "since": "2026-01-01T00:06:40Z",
          "state": "revoked",
          "until": "2026-01-08T00:06:40Z"
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn after_a_rotation_the_new_key_signs_and_what_the_old_ones_signed_is_good() {
    let world = World::new().await;
    let mut tokens = vec![world.app.signed_in("alice@example.com").await.access];
    for _ in 0..2 {
        world.app.wait(360).await;
        let next = world.kid("next").await;
        let answer = world.rotate(json!({})).await;
        assert_eq!(newest(&answer, "active"), next);
        assert!(answer.json().get("overruled").is_none());
        tokens.push(world.app.login("alice@example.com").await.access);
        for token in &tokens {
            assert_eq!(world.app.me(token).await.status, 200);
        }
        let waiting = newest(&answer, "next");
        assert!(world.published().await.contains(&waiting), "the one after it is published at once");
    }
}

#[tokio::test]
async fn a_key_that_verifiers_cannot_have_seen_signs_only_by_force() {
    let world = World::new().await;
    let next = world.kid("next").await;
    for body in [json!({}), json!({"kid": next}), json!({"kid": next, "force": false})] {
        let answer = world.rotate(body).await;
        assert_eq!(answer.problem(), (409, "key_not_seen".to_owned()));
        assert!(answer.text().contains("2026-01-01T00:06:00Z"), "it says until when: {}", answer.text());
    }
    let bare = world.send(Method::POST, "/rotate", None).await;
    assert_eq!(bare.problem(), (409, "key_not_seen".to_owned()), "the body can be left out");
    let forced = world.rotate(json!({"force": true})).await;
    assert_eq!(newest(&forced, "active"), next);
    assert!(forced.json()["overruled"].as_str().unwrap().contains("verifiers may refuse what it signs"));
    let again = world.rotate(json!({"kid": next, "force": true})).await;
    assert_eq!(again.problem(), (409, "key_active".to_owned()));
}

#[tokio::test]
async fn what_a_revoked_key_signed_is_refused_before_the_answer_and_everybody_is_told() {
    let world = World::new().await;
    let alice = world.app.signed_in("alice@example.com").await;
    let (stolen, heir) = (world.kid("active").await, world.kid("next").await);
    let answer = world.revoke(&stolen).await;
    assert_eq!((newest(&answer, "revoked"), newest(&answer, "active")), (stolen.clone(), heir));
    for token in [&alice.access, &world.root.access] {
        assert_eq!(world.app.me(token).await.problem(), (401, "invalid_token".to_owned()), "the operator's own too");
    }
    assert!(!world.published().await.contains(&stolen));
    let alice = Tokens::of(&world.app.refresh(&alice.refresh).await);
    assert_eq!(world.app.me(&alice.access).await.status, 200, "no session has ended");

    world.app.follow().await;
    let reader = world.app.api_key(&[ApiScope::Revocations]).await;
    let feed = world.app.get("/v1/revocations").bearer(&reader).send().await.json();
    assert_eq!([&feed["entries"][0]["kind"], &feed["entries"][0]["subject"]], ["key", stolen.as_str()]);

    let world = world.again().await;
    for answer in [
        world.revoke(&stolen).await,
        world.rotate(json!({"kid": stolen, "force": true})).await,
        world.delete(&stolen).await,
    ] {
        assert_eq!(answer.problem(), (409, "key_revoked".to_owned()));
    }
}

#[tokio::test]
async fn a_key_that_live_tokens_need_is_deleted_only_by_force() {
    let world = World::new().await;
    let first = world.kid("active").await;
    let forced = format!("{first}?force=true");
    for path in [&first, &forced] {
        assert_eq!(world.delete(path).await.problem(), (409, "key_in_use".to_owned()), "it signs");
    }
    world.app.wait(360).await;
    world.rotate(json!({})).await;
    let token = world.app.signed_in("alice@example.com").await.access;
    assert_eq!(world.delete(&first).await.problem(), (409, "key_in_use".to_owned()));
    let answer = world.delete(&forced).await;
    assert!(answer.json()["overruled"].as_str().unwrap().contains("are alive until"), "{}", answer.text());
    assert!(!answer.text().contains(&format!("\"kid\":\"{first}\"")));
    assert_eq!(world.app.me(&world.root.access).await.problem(), (401, "invalid_token".to_owned()));
    assert_eq!(world.app.me(&token).await.status, 200);
}

#[tokio::test]
async fn a_key_that_waits_can_be_deleted_and_another_one_comes() {
    let world = World::new().await;
    let next = world.kid("next").await;
    let answer = world.delete(&next).await;
    assert_eq!(answer.json()["keys"].as_array().unwrap().len(), 1);
    assert_eq!(world.rotate(json!({})).await.problem(), (409, "no_next_key".to_owned()));
    world.app.wait(5).await;
    assert_ne!(world.kid("next").await, next);
}

#[tokio::test]
async fn a_kid_that_names_no_key_is_not_found() {
    let world = World::new().await;
    for kid in ["nobody", "rotate", "%ff", "0"] {
        assert_eq!(world.revoke(kid).await.problem(), (404, "key_not_found".to_owned()), "{kid}");
    }
    for kid in ["nobody", "%ff", "nobody?force=true"] {
        assert_eq!(world.delete(kid).await.problem(), (404, "key_not_found".to_owned()), "{kid}");
    }
    let answer = world.rotate(json!({"kid": "hunter2-hunter2"})).await;
    assert_eq!(answer.problem(), (404, "key_not_found".to_owned()));
    assert!(!answer.text().contains("hunter2"), "what was sent is not repeated");
}

#[tokio::test]
async fn what_the_routes_do_not_know_is_refused() {
    let world = World::new().await;
    let key = world.kid("next").await;
    for body in [json!({"forse": true}), json!({"force": "yes"}), json!({"kid": 7}), json!([])] {
        assert_eq!(world.rotate(body.clone()).await.problem(), (422, "invalid_request".to_owned()), "{body}");
    }
    for query in ["force=maybe", "forse=true", "force=true&force=true", "force"] {
        let answer = world.delete(&format!("{key}?{query}")).await;
        assert_eq!(answer.problem(), (400, "invalid_query".to_owned()), "{query}");
    }
    assert_eq!(world.kid("next").await, key, "nothing has changed");
}

#[tokio::test]
async fn where_one_fixed_key_signs_there_is_nothing_to_manage() {
    let app = Setup::memory().start();
    let root = app.admin("root@example.com").await;
    for (method, path) in [
        (Method::GET, "/v1/admin/keys"),
        (Method::POST, "/v1/admin/keys/rotate"),
        (Method::POST, "/v1/admin/keys/x/revoke"),
        (Method::DELETE, "/v1/admin/keys/x"),
    ] {
        let answer = app.request(method, path).bearer(&root.access).send().await;
        assert_eq!(answer.problem(), (404, "not_found".to_owned()), "{path}");
    }
}
