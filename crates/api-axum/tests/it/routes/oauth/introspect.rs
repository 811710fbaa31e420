//! `POST /oauth/introspect`.

use std::time::Duration;

use auth_domain::model::ApiScope;
use serde_json::json;

use crate::support::{Answer, Broken, Setup, TestApp, Tokens, Trouble};

async fn introspect(app: &TestApp, key: &str, token: &str) -> Answer {
    app.post("/oauth/introspect").bearer(key).form(&[("token", token)]).send().await
}

#[tokio::test]
async fn o13_an_access_token_is_told_with_what_it_says() {
    let app = Setup::memory().start();
    let key = app.api_key(&[ApiScope::Introspect]).await;
    let tokens = app.signed_in("alice@example.com").await;
    let answer = introspect(&app, &key, &tokens.access).await;
    insta::assert_json_snapshot!(answer.shown(), {
        ".body.sub" => "[id]", ".body.sid" => "[id]", ".body.jti" => "[id]",
    }, @r#"
    {
      "status": 200,
      "body": {
        "active": true,
        "aud": "notes",
        "client_id": "jeton",
        "exp": 1767226500,
        "iat": 1767225600,
        "iss": "https://login.example",
        "jti": "[id]",
        "scope": "account",
        "sid": "[id]",
        "sub": "[id]",
        "token_type": "Bearer"
      }
    }
    "#);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.json()["sid"], tokens.session.as_str());
}

#[tokio::test]
async fn o13_a_refresh_token_is_told_as_one_and_asking_changes_nothing() {
    let app = Setup::memory().start();
    let key = app.api_key(&[ApiScope::Introspect]).await;
    let tokens = app.signed_in("alice@example.com").await;
    let parameters = [("token", tokens.refresh.as_str()), ("token_type_hint", "access_token")];
    let answer = app.post("/oauth/introspect").bearer(&key).form(&parameters).send().await;
    insta::assert_json_snapshot!(answer.shown(), {".body.sub" => "[id]", ".body.sid" => "[id]"}, @r#"
    {
      "status": 200,
      "body": {
        "active": true,
        "client_id": "jeton",
        "exp": 1768435200,
        "iat": 1767225600,
        "iss": "https://login.example",
        "scope": "account",
        "sid": "[id]",
        "sub": "[id]",
        "token_type": "refresh_token"
      }
    }
    "#);
    assert_eq!(app.refresh(&tokens.refresh).await.status, 200);
}

#[tokio::test]
async fn o13_what_is_not_active_is_exactly_that_and_no_more() {
    let app = Setup::memory().start();
    let key = app.api_key(&[ApiScope::Introspect]).await;
    let elsewhere = Setup::memory().start().signed_in("alice@example.com").await;
    let expired = app.signed_in("alice@example.com").await;
    app.clock.advance(Duration::from_secs(900));
    let over = app.login("alice@example.com").await;
    app.post("/v1/logout").bearer(&over.access).send().await;
    let first = app.login("alice@example.com").await;
    let second = Tokens::of(&app.refresh(&first.refresh).await);
    let dead: [&str; 8] = [
        &expired.access,
        &over.access,
        &over.refresh,
        &elsewhere.access,
        &elsewhere.refresh,
        &first.refresh,
        &key,
        "rubbish",
    ];
    for token in dead {
        let answer = introspect(&app, &key, token).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, r#"{"active":false}"#), "{token}");
    }
    for token in [&second.refresh, &second.access] {
        assert_eq!(introspect(&app, &key, token).await.json()["active"], json!(true));
    }
}

#[tokio::test]
async fn o13_the_key_may_be_the_password_of_http_basic() {
    let app = Setup::memory().start();
    let key = app.api_key(&[ApiScope::Introspect]).await;
    let tokens = app.signed_in("alice@example.com").await;
    // RFC 6749 §2.3.1 has both parts form-encoded; some clients encode even what need not be.
    let encoded = key.replace('_', "%5F").replace('-', "%2D");
    for password in [&key, &encoded] {
        let sending = app.post("/oauth/introspect").basic("notes-api", password);
        let answer = sending.form(&[("token", &tokens.access)]).send().await;
        assert_eq!(answer.json()["active"], json!(true), "{}", answer.text());
    }
}

#[tokio::test]
async fn o13_whoever_shows_no_good_key_learns_nothing() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    let form = [("token", tokens.access.as_str())];
    let bare = app.post("/oauth/introspect").form(&form).send().await;
    assert_eq!(bare.oauth_error(), (401, "invalid_client".to_owned()));
    let challenges: Vec<_> = bare.headers.get_all("www-authenticate").iter().collect();
    assert_eq!(challenges, [r#"Basic realm="jeton""#, "Bearer"]);

    let revoked = app.api_key(&[ApiScope::Introspect]).await;
    for key in app.auth.api_keys.list().await.unwrap() {
        app.auth.api_keys.revoke(key.id).await.unwrap();
    }
    for bad in [&revoked, &tokens.access, &tokens.refresh, "", "jak_"] {
        let by_bearer = app.post("/oauth/introspect").bearer(bad).form(&form).send().await;
        assert_eq!(by_bearer.oauth_error(), (401, "invalid_token".to_owned()), "{bad}");
        assert_eq!(by_bearer.header("www-authenticate"), Some(r#"Bearer error="invalid_token""#));
        let by_basic = app.post("/oauth/introspect").basic("notes-api", bad).form(&form).send().await;
        assert_eq!(by_basic.oauth_error(), (401, "invalid_client".to_owned()), "{bad}");
        assert_eq!(by_basic.header("www-authenticate"), Some(r#"Basic realm="jeton""#));
    }
}

#[tokio::test]
async fn o4_a_key_without_the_scope_is_forbidden() {
    let app = Setup::memory().start();
    let key = app.api_key(&[ApiScope::Revocations]).await;
    let answer = introspect(&app, &key, "x").await;
    assert_eq!(answer.oauth_error(), (403, "insufficient_scope".to_owned()));
    let challenge = r#"Bearer error="insufficient_scope", scope="introspect""#;
    assert_eq!(answer.header("www-authenticate"), Some(challenge));
}

#[tokio::test]
async fn o4_two_keys_at_once_are_refused() {
    let app = Setup::memory().start();
    let key = app.api_key(&[ApiScope::Introspect]).await;
    let twice = app.post("/oauth/introspect").bearer(&key).bearer(&key).form(&[("token", "x")]).send().await;
    let both = app.post("/oauth/introspect").basic("x", &key).bearer(&key).form(&[("token", "x")]).send().await;
    let query = app.post("/oauth/introspect?access_token=x").bearer(&key).form(&[("token", "x")]).send().await;
    for answer in [twice, both, query] {
        assert_eq!(answer.oauth_error(), (400, "invalid_request".to_owned()));
    }
}

#[tokio::test]
async fn o2_a_malformed_request_is_invalid() {
    let app = Setup::memory().start();
    let key = app.api_key(&[ApiScope::Introspect]).await;
    let cases: [&[(&str, &str)]; 3] = [&[], &[("token", "")], &[("token", "a"), ("token", "b")]];
    for parameters in cases {
        let answer = app.post("/oauth/introspect").bearer(&key).form(parameters).send().await;
        assert_eq!(answer.oauth_error(), (400, "invalid_request".to_owned()), "{parameters:?}");
    }
}

#[tokio::test]
async fn a_server_in_trouble_does_not_call_a_token_inactive() {
    let stores = Broken::new();
    let app = Setup::over(stores.stores()).start();
    let key = app.api_key(&[ApiScope::Introspect]).await;
    let tokens = app.signed_in("alice@example.com").await;
    stores.set(Some(Trouble::Unavailable));
    let answer = introspect(&app, &key, &tokens.refresh).await;
    assert_eq!(answer.oauth_error(), (503, "temporarily_unavailable".to_owned()));
}
