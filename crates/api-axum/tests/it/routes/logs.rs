//! SECURITY S10: what is in the log, and what never is.

use std::io::Write;
use std::sync::{Arc, Mutex};

use auth_domain::model::{ApiScope, KeyPolicy, TokenMailKind};
use serde_json::{Value, json};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{Broken, ORIGIN, PASSWORD, Setup, Tokens, Trouble};

/// A log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    fn lines(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Everything that is logged in this thread from here on, at every level.
fn capture() -> (Log, tracing::subscriber::DefaultGuard) {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().json().with_max_level(LevelFilter::TRACE).with_writer(log.clone());
    (log, tracing::subscriber::set_default(subscriber.finish()))
}

#[tokio::test]
async fn s10_no_secret_is_in_the_log_at_any_level() {
    let (log, _guard) = capture();
    let stores = Broken::new();
    let app = Setup::over(stores.stores()).start();
    let key = "5f2c7d90-first-attempt";
    let first = app.signed_in("alice@example.com").await;
    let body = json!({"refresh_token": first.refresh});
    let second = app.post("/v1/refresh").header("idempotency-key", key).json(body).send().await.json();
    let cookie = app.cookie_login("alice@example.com").await;
    let page = app.post("/v1/refresh").header("origin", ORIGIN).refresh_cookie(&cookie).json(json!({})).send().await;
    app.get(&format!("/v1/me?access_token={}", first.access)).bearer(&first.access).send().await;
    app.me(&first.refresh).await;
    app.me(&format!("{}A", first.access)).await;
    app.post("/v1/login").json(json!({"email": "alice@example.com", "password": "wrong hunter2 hunter2"})).send().await;
    app.post("/v1/accounts").json(json!({"email": "alice@example.com", "password": [PASSWORD]})).send().await;
    app.refresh(&first.refresh[..90]).await;
    app.delete(&format!("/v1/sessions/{}", first.refresh)).bearer(&first.access).send().await;
    let api_key = app.api_key(&ApiScope::ALL).await;
    app.follow().await;
    app.get("/v1/revocations?after=x").bearer(&api_key).send().await;
    app.get("/v1/revocations").bearer(&format!("{api_key}A")).send().await;
    app.post("/oauth/introspect").basic("notes", &api_key).form(&[("token", &first.access)]).send().await;
    app.post("/oauth/token").form(&[("grant_type", "refresh_token"), ("refresh_token", &first.refresh)]).send().await;
    app.post("/oauth/token").form(&[("grant_type", "password"), ("password", PASSWORD)]).send().await;
    app.post("/oauth/revoke").form(&[("token", &first.refresh[..90])]).send().await;
    stores.set(Some(Trouble::Unavailable));
    app.get("/v1/revocations").bearer(&api_key).send().await;
    app.refresh(second["refresh_token"].as_str().unwrap()).await;
    app.me(&first.access).await;

    let text = log.text();
    assert!(text.lines().count() >= 14, "the log was captured:\n{text}");
    let (page_access, page_refresh) = (page.json()["access_token"].clone(), page.refresh_cookie().unwrap());
    let secrets = [
        PASSWORD,
        "hunter2",
        key,
        &api_key,
        &first.access,
        &first.refresh,
        &cookie,
        &page_refresh,
        page_access.as_str().unwrap(),
        second["access_token"].as_str().unwrap(),
        second["refresh_token"].as_str().unwrap(),
    ];
    for secret in secrets {
        assert!(!text.contains(secret), "a secret is in the log: {secret}");
    }
    assert!(
        !text.contains("jrt_") && !text.contains("jak_") && !text.contains("eyJ"),
        "a part of a token is in the log"
    );
}

#[tokio::test]
async fn s10_no_secret_of_recovery_or_of_a_second_factor_is_in_the_log_at_any_level() {
    let (log, _guard) = capture();
    let app = Setup::memory().start();
    let alice = app.signed_in("alice@example.com").await;
    let device = app.login_with("alice@example.com", json!({})).await.json()["device_token"].clone();
    app.post("/v1/password/forgot").json(json!({"email": "alice@example.com"})).send().await;
    let reset = app.mailed(TokenMailKind::ResetPassword).await.unwrap();
    let verify = app.mailed(TokenMailKind::VerifyEmail).await.unwrap();
    for token in [&reset, &verify] {
        app.post("/v1/email/verify").json(json!({"token": token})).send().await;
        let body = json!({"token": token, "new_password": "hunter2 hunter2 hunter2"});
        app.post("/v1/password/reset").json(body).send().await;
    }
    app.post("/v1/password/strength").json(json!({"password": "hunter2"})).send().await;
    let login = json!({"email": "alice@example.com", "password": "hunter2 hunter2 hunter2", "device_token": device});
    let alice = Tokens { access: Tokens::of(&app.post("/v1/login").json(login.clone()).send().await).access, ..alice };
    let (secret, codes) = app.add_totp(&alice).await;
    let mfa = app.post("/v1/login").json(login).send().await.json()["mfa_token"].as_str().unwrap().to_owned();
    let ceremony = app.ceremony().await;
    let marked = json!({"id": "key-hunter2", "response": {"signature": "hunter2"}});
    let passkey = json!({"ceremony": ceremony, "credential": marked});
    for body in [
        json!({"mfa_token": mfa, "code": codes[0][1..]}),
        json!({"mfa_token": mfa, "passkey": passkey}),
        json!({"mfa_token": mfa, "code": codes[1]}),
    ] {
        app.post("/v1/login/mfa").json(body).send().await;
    }
    let proof = json!({"code": app.code(&secret)});
    let proved = app.post("/v1/me/reauthenticate").bearer(&alice.access).json(proof).send().await.json();
    let alice = Tokens { access: proved["access_token"].as_str().unwrap().to_owned(), ..alice };
    app.add_passkey(&alice, "hunter2").await;
    app.notices().await;

    let text = log.text();
    assert!(text.lines().count() >= 18, "the log was captured:\n{text}");
    let device = device.as_str().unwrap();
    let secrets = [PASSWORD, "hunter2", &reset, &verify, device, &secret, &codes[0], &codes[1], &mfa, &ceremony];
    for secret in secrets {
        assert!(!text.contains(secret), "a secret is in the log: {secret}");
    }
    assert!(!text.contains("jot_") && !text.contains("jdt_"), "a part of a token is in the log");
}

#[tokio::test]
async fn a_request_has_one_line_with_its_route_and_never_its_path() {
    let (log, _guard) = capture();
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    let answer = app.delete(&format!("/v1/sessions/{}?x=1", tokens.session)).bearer(&tokens.access).send().await;
    let last = log.lines().pop().unwrap();
    assert_eq!(last["level"], "INFO");
    assert_eq!(last["fields"]["message"], "a request was answered");
    assert_eq!(last["fields"]["status"], 204);
    assert!(last["fields"]["latency_ms"].is_u64());
    assert_eq!(last["span"]["method"], "DELETE");
    assert_eq!(last["span"]["route"], "/v1/sessions/{id}");
    assert_eq!(last["span"]["request_id"], answer.header("x-request-id").unwrap());
    assert!(!log.text().contains(&tokens.session));
}

#[tokio::test]
async fn the_cause_of_a_server_failure_is_logged_once_with_its_request() {
    let (log, _guard) = capture();
    let stores = Broken::new();
    let app = Setup::over(stores.stores()).start();
    let tokens = app.signed_in("alice@example.com").await;
    stores.set(Some(Trouble::Unavailable));
    let answer = app.me(&tokens.access).await;
    let errors: Vec<_> = log.lines().into_iter().filter(|line| line["level"] == "ERROR").collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(errors[0]["fields"]["code"], "unavailable");
    assert!(errors[0]["fields"]["cause"].as_str().unwrap().contains("db.internal"));
    assert_eq!(errors[0]["span"]["request_id"], answer.header("x-request-id").unwrap());
}

#[tokio::test]
async fn why_an_access_token_was_refused_is_for_the_operator_alone() {
    let (log, _guard) = capture();
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    app.post("/v1/logout").bearer(&tokens.access).send().await;
    for (token, reason) in [(tokens.access.as_str(), "revoked"), ("a.b", "not_a_jwt")] {
        let answer = app.me(token).await;
        assert!(!answer.text().contains(reason));
        assert!(log.lines().iter().any(|line| line["fields"]["reason"] == reason), "{reason}");
    }
}

#[tokio::test]
async fn what_happens_to_a_signing_key_is_logged_with_its_kid_and_who_did_it() {
    let (log, _guard) = capture();
    let app = Setup::memory().start_with_keys(KeyPolicy::default()).await;
    let root = app.admin("root@example.com").await;
    let id = app.me(&root.access).await.json()["id"].as_str().unwrap().to_owned();
    let stolen = app.keys().ring().kid();
    let rotate = app.post("/v1/admin/keys/rotate").bearer(&root.access).json(json!({"force": true})).send().await;
    assert_eq!(rotate.status, 200);
    assert_eq!(app.post(&format!("/v1/admin/keys/{stolen}/revoke")).bearer(&root.access).send().await.status, 200);
    let lines: Vec<_> = log.lines().into_iter().filter(|line| line["fields"].get("by").is_some()).collect();
    assert!(lines.iter().all(|line| line["fields"]["by"].as_str().unwrap().contains(&id)));
    let level = |kid: &str, text: &str| {
        let mut found = lines.iter().filter(|line| line["fields"]["kid"] == kid);
        found.find(|line| line["fields"]["message"].as_str().unwrap().contains(text)).map(|line| line["level"].clone())
    };
    assert_eq!(level(&app.keys().ring().kid(), "another state"), Some("INFO".into()));
    assert_eq!(level(&stolen, "revoked"), Some("WARN".into()));
    assert!(lines.iter().any(|line| line["fields"].get("overruled").is_some()));
}
