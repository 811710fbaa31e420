//! What is refused before it is read, because more waits than there is room for.

use auth_domain::model::ApiScope;
use axum::http::Method;
use serde_json::json;

use crate::support::{Answer, Broken, PASSWORD, Setup, Trouble};

fn assert_busy(answer: &Answer) {
    assert_eq!(answer.problem(), (503, "busy".to_owned()), "{}", answer.text());
    assert_eq!(answer.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn a_login_that_finds_the_hashing_queue_full_is_refused_before_anything_is_read_or_looked_up() {
    let stores = Broken::new();
    let app = Setup::over(stores.stores()).start();
    app.signed_in("alice@example.com").await;
    app.hasher.take();
    app.hasher.set_full(true);
    // A look-up would be told as `unavailable`.
    stores.set(Some(Trouble::Unavailable));
    let mut answers = Vec::new();
    for email in ["alice@example.com", "nobody@example.com"] {
        answers.push(app.post("/v1/login").json(json!({"email": email, "password": PASSWORD})).send().await);
    }
    answers.push(app.post("/v1/login").body("application/json", "no JSON").send().await);
    answers.push(app.post("/v1/login").body("text/plain", "no JSON").send().await);
    for answer in &answers {
        assert_busy(answer);
        assert_eq!(answer.body, answers[0].body, "whoever it is about");
    }
    assert_eq!(app.hasher.take(), 0);
    stores.set(None);
    app.hasher.set_full(false);
    app.login("alice@example.com").await;
}

#[tokio::test]
async fn every_route_that_hashes_sheds_and_those_that_do_not_go_on() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    app.hasher.set_full(true);
    let register = json!({"email": "bob@example.com", "password": PASSWORD});
    let change = json!({"current_password": PASSWORD, "new_password": "another horse battery staple"});
    let reset = json!({"token": "x", "new_password": PASSWORD});
    let delete = json!({"current_password": PASSWORD});
    for answer in [
        app.post("/v1/accounts").json(register).send().await,
        app.post("/v1/me/password").bearer(&tokens.access).json(change).send().await,
        app.post("/v1/password/reset").json(reset).send().await,
        app.request(Method::DELETE, "/v1/me").bearer(&tokens.access).json(delete).send().await,
    ] {
        assert_busy(&answer);
    }
    assert_eq!(app.me(&tokens.access).await.status, 200);
    assert_eq!(app.refresh(&tokens.refresh).await.status, 200);
}

#[tokio::test]
async fn readers_of_the_feed_beyond_the_limit_are_refused_and_who_does_not_wait_is_not() {
    let mut setup = Setup::memory();
    setup.settings.max_feed_readers = 1;
    let app = setup.start();
    let key = app.api_key(&[ApiScope::Revocations]).await;
    app.follow().await;
    let first = app.get("/v1/revocations/stream").bearer(&key).open().await;
    assert_eq!(first.status(), 200);
    assert_busy(&app.get("/v1/revocations/stream").bearer(&key).send().await);
    assert_busy(&app.get("/v1/revocations?after=0&wait=30").bearer(&key).send().await);
    for at_once in ["/v1/revocations", "/v1/revocations?after=0"] {
        assert_eq!(app.get(at_once).bearer(&key).send().await.status, 200, "{at_once}");
    }
    drop(first);
    let second = app.get("/v1/revocations/stream").bearer(&key).open().await;
    assert_eq!(second.status(), 200, "the place of who has gone is free");
}
