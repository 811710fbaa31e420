//! `GET /v1/revocations/stream`.

use std::time::Duration;

use auth_domain::model::ApiScope;
use axum::body::{Body, BodyDataStream};
use axum::http::Response;
use futures_util::StreamExt;
use serde_json::Value;
use tokio::time::Instant;

use crate::support::{Setup, TestApp, Tokens};

/// Events as they come.
struct Events(BodyDataStream);

#[derive(Debug)]
struct Event {
    id: String,
    data: Value,
}

impl Events {
    fn of(answer: Response<Body>) -> Self {
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        assert_eq!(answer.headers()["x-accel-buffering"], "no");
        Self(answer.into_body().into_data_stream())
    }

    /// The next event, which the server sends in one piece; `None` at the end.
    async fn next(&mut self) -> Option<Event> {
        let bytes = self.0.next().await?.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap();
        assert_eq!(field("event"), "revocations");
        let event = Event { id: field("id").to_owned(), data: serde_json::from_str(field("data")).unwrap() };
        assert_eq!(event.data["cursor"], event.id);
        Some(event)
    }
}

impl Event {
    fn subjects(&self) -> Vec<&str> {
        self.data["entries"].as_array().unwrap().iter().map(|entry| entry["subject"].as_str().unwrap()).collect()
    }
}

async fn open(app: &TestApp, key: &str) -> Events {
    Events::of(app.get("/v1/revocations/stream").bearer(key).open().await)
}

async fn logout(app: &TestApp, tokens: &Tokens) {
    assert_eq!(app.post("/v1/logout").bearer(&tokens.access).send().await.status, 204);
    app.follow().await;
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_comes_first_then_news_as_they_happen_and_a_sign_of_life_every_five_seconds() {
    let app = Setup::memory().start();
    let key = app.api_key(&[ApiScope::Revocations]).await;
    let (first, second) = (app.signed_in("alice@example.com").await, app.login("alice@example.com").await);
    logout(&app, &first).await;
    let mut events = open(&app, &key).await;
    let snapshot = events.next().await.unwrap();
    assert_eq!((snapshot.subjects(), snapshot.id.as_str()), (vec![&*first.session], "1"));

    let started = Instant::now();
    let beat = events.next().await.unwrap();
    assert_eq!((started.elapsed().as_secs(), beat.subjects().len()), (5, 0));
    assert!(beat.data["age_ms"].is_u64());

    let (news, ()) = tokio::join!(events.next(), async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        logout(&app, &second).await;
    });
    let news = news.unwrap();
    assert_eq!((started.elapsed().as_secs(), news.subjects()), (7, vec![&*second.session]));
}

#[tokio::test]
async fn a_reader_who_comes_back_is_told_what_he_missed() {
    let app = Setup::memory().start();
    let key = app.api_key(&[ApiScope::Revocations]).await;
    let (first, second) = (app.signed_in("alice@example.com").await, app.login("alice@example.com").await);
    logout(&app, &first).await;
    let id = open(&app, &key).await.next().await.unwrap().id;
    logout(&app, &second).await;
    let by_header = app.get("/v1/revocations/stream?after=0").header("last-event-id", &id).bearer(&key);
    let by_query = app.get(&format!("/v1/revocations/stream?after={id}")).bearer(&key);
    for again in [by_header, by_query] {
        let event = Events::of(again.open().await).next().await.unwrap();
        assert_eq!((event.subjects(), event.id.as_str()), (vec![&*second.session], "2"));
    }
}

#[tokio::test(start_paused = true)]
async fn the_stream_outlives_the_deadline_of_requests_and_ends_when_the_server_stops() {
    let mut setup = Setup::memory();
    setup.settings.request_timeout = Duration::from_secs(1);
    let app = setup.start();
    app.follow().await;
    let key = app.api_key(&[ApiScope::Revocations]).await;
    let mut events = open(&app, &key).await;
    for _ in 0..20 {
        assert!(events.next().await.is_some());
    }
    let TestApp { news, router, .. } = app;
    drop(news);
    assert!(events.next().await.is_none());
    drop(router);
}

#[tokio::test(start_paused = true)]
async fn the_stream_ends_when_its_key_is_revoked() {
    let app = Setup::memory().start();
    app.follow().await;
    let key = app.api_key(&[ApiScope::Revocations]).await;
    let mut events = open(&app, &key).await;
    assert!(events.next().await.is_some());
    let id = app.auth.api_keys.list().await.unwrap()[0].id;
    app.auth.api_keys.revoke(id).await.unwrap();
    let started = Instant::now();
    while events.next().await.is_some() {}
    assert!(started.elapsed() <= Duration::from_secs(10));
}
