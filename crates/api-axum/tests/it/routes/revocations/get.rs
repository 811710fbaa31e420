//! `GET /v1/revocations`.

use std::time::Duration;

use auth_domain::model::ApiScope;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{Answer, Setup, TestApp, Tokens};

const KEY: [ApiScope; 1] = [ApiScope::Revocations];

async fn ask(app: &TestApp, key: &str, query: &str) -> Value {
    let answer = app.get(&format!("/v1/revocations{query}")).bearer(key).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn logout(app: &TestApp, tokens: &Tokens) {
    assert_eq!(app.post("/v1/logout").bearer(&tokens.access).send().await.status, 204);
}

fn cursor(body: &Value) -> &str {
    body["cursor"].as_str().unwrap()
}

fn subjects(body: &Value) -> Vec<&str> {
    body["entries"].as_array().unwrap().iter().map(|entry| entry["subject"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_first_answer_is_a_snapshot_and_the_next_ones_tell_what_is_new() {
    let app = Setup::memory().start();
    let key = app.api_key(&KEY).await;
    let (first, second) = (app.signed_in("alice@example.com").await, app.login("alice@example.com").await);
    app.follow().await;
    let nothing = ask(&app, &key, "").await;
    assert_eq!(nothing, json!({"entries": [], "cursor": "0", "age_ms": 0}));
    app.clock.advance(Duration::from_millis(1_500));
    logout(&app, &first).await;
    app.follow().await;
    app.clock.advance(Duration::from_millis(40));
    let snapshot = app.get("/v1/revocations").bearer(&key).send().await;
    insta::assert_json_snapshot!(snapshot.shown(), {".body.entries[].subject" => "[id]"}, @r#"
    {
      "status": 200,
      "body": {
        "age_ms": 40,
        "cursor": "1",
        "entries": [
          {
            "expires_at": 1767226562,
            "kind": "session",
            "not_before": 1767225601,
            "seq": 1,
            "subject": "[id]"
          }
        ]
      }
    }
    "#);
    assert_eq!(subjects(&snapshot.json()), [&*first.session]);
    logout(&app, &second).await;
    app.follow().await;
    let new = ask(&app, &key, &format!("?after={}", cursor(&snapshot.json()))).await;
    assert_eq!((subjects(&new), cursor(&new)), (vec![&*second.session], "2"));
    let done = ask(&app, &key, &format!("?after={}", cursor(&new))).await;
    assert_eq!((subjects(&done), cursor(&done)), (vec![], "2"));
    let all = ask(&app, &key, "").await;
    assert_eq!(subjects(&all), [&*first.session, &*second.session]);
}

#[tokio::test]
async fn a_disabled_account_is_told_as_a_user() {
    let app = Setup::memory().start();
    let key = app.api_key(&KEY).await;
    let id = app.register("alice@example.com").await["id"].as_str().unwrap().to_owned();
    app.disable(id.parse().unwrap()).await;
    app.follow().await;
    let snapshot = ask(&app, &key, "").await;
    assert_eq!(subjects(&snapshot), [id.as_str()]);
    assert_eq!(snapshot["entries"][0]["kind"], "user");
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_told_as_soon_as_there_is_something() {
    let app = Setup::memory().start();
    let key = app.api_key(&KEY).await;
    let tokens = app.signed_in("alice@example.com").await;
    app.follow().await;
    let waiting = tokio::spawn(app.get("/v1/revocations?after=0&wait=30").bearer(&key).send());
    let started = Instant::now();
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert!(!waiting.is_finished());
    logout(&app, &tokens).await;
    app.follow().await;
    let body = waiting.await.unwrap().json();
    assert_eq!(started.elapsed().as_secs(), 7);
    assert_eq!(subjects(&body), [&*tokens.session]);
}

#[tokio::test(start_paused = true)]
async fn who_waits_in_vain_gets_an_empty_answer_after_the_wait_and_no_timeout() {
    let mut setup = Setup::memory();
    setup.settings.request_timeout = Duration::from_secs(5);
    let app = setup.start();
    let key = app.api_key(&KEY).await;
    app.follow().await;
    for wait in [0, 1, 30] {
        let started = Instant::now();
        let body = ask(&app, &key, &format!("?after=0&wait={wait}")).await;
        assert_eq!((started.elapsed().as_secs(), subjects(&body).len(), cursor(&body)), (wait, 0, "0"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_is_never_waited_for() {
    let app = Setup::memory().start();
    let key = app.api_key(&KEY).await;
    app.follow().await;
    let started = Instant::now();
    ask(&app, &key, "?wait=30").await;
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_when_the_server_stops() {
    let app = Setup::memory().start();
    let key = app.api_key(&KEY).await;
    app.follow().await;
    let waiting = tokio::spawn(app.get("/v1/revocations?after=0&wait=30").bearer(&key).send());
    let started = Instant::now();
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(app);
    assert_eq!(waiting.await.unwrap().status, 200);
    assert_eq!(started.elapsed().as_secs(), 1);
}

#[tokio::test]
async fn a_node_that_does_not_know_yet_what_was_revoked_says_so() {
    let app = Setup::memory().start();
    let key = app.api_key(&KEY).await;
    for path in ["/v1/revocations", "/v1/revocations/stream"] {
        let answer = app.get(path).bearer(&key).send().await;
        assert_eq!(answer.problem(), (503, "unavailable".to_owned()));
        assert_eq!(answer.header("retry-after"), Some("2"));
    }
}

async fn refused(app: &TestApp, key: Option<&str>) -> [Answer; 2] {
    let get = async |path: &str| match key {
        Some(key) => app.get(path).bearer(key).send().await,
        None => app.get(path).send().await,
    };
    [get("/v1/revocations").await, get("/v1/revocations/stream").await]
}

#[tokio::test]
async fn o4_only_a_live_key_with_the_scope_is_let_in() {
    let app = Setup::memory().start();
    app.follow().await;
    let root = app.admin("root@example.com").await;
    for answer in refused(&app, None).await {
        assert_eq!(answer.problem(), (401, "authentication_required".to_owned()));
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    for key in ["", "jak_", &root.access, &root.refresh, &format!("jak_{}", "A".repeat(64))] {
        for answer in refused(&app, Some(key)).await {
            assert_eq!(answer.problem(), (401, "invalid_api_key".to_owned()), "{key}");
            assert_eq!(answer.header("www-authenticate"), Some(r#"Bearer error="invalid_token""#));
        }
    }
    let other = app.api_key(&[ApiScope::Introspect]).await;
    for answer in refused(&app, Some(&other)).await {
        assert_eq!(answer.problem(), (403, "insufficient_scope".to_owned()));
        let challenge = r#"Bearer error="insufficient_scope", scope="revocations""#;
        assert_eq!(answer.header("www-authenticate"), Some(challenge));
    }
}

#[tokio::test]
async fn a_cursor_or_a_query_that_is_none_is_refused() {
    let app = Setup::memory().start();
    app.follow().await;
    let key = app.api_key(&KEY).await;
    let code = async |path: &str| app.get(path).bearer(&key).send().await.problem();
    for cursor in ["", "x", "-1", "5~9", "1~", "9~1-2-3"] {
        for path in ["/v1/revocations", "/v1/revocations/stream"] {
            let answer = code(&format!("{path}?after={cursor}")).await;
            assert_eq!(answer, (400, "invalid_cursor".to_owned()), "{path} {cursor}");
        }
    }
    for query in ["wait=31", "wait=-1", "wait=x", "before=1", "wait=1&wait=2"] {
        assert_eq!(code(&format!("/v1/revocations?{query}")).await, (400, "invalid_query".to_owned()), "{query}");
    }
    let header = app.get("/v1/revocations/stream").header("last-event-id", "x").bearer(&key).send().await;
    assert_eq!(header.problem(), (400, "invalid_cursor".to_owned()));
}
