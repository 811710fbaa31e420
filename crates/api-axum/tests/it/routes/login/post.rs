//! `POST /v1/login` with the refresh token in the body.

use auth_domain::model::OnLimit;
use serde_json::json;

use crate::support::{PASSWORD, Setup, Tokens};

#[tokio::test]
async fn a_login_gives_tokens() {
    let app = Setup::memory().start();
    app.register("alice@example.com").await;
    let body = json!({"email": "ALICE@example.com", "password": PASSWORD});
    let answer = app.post("/v1/login").json(body).send().await;
    insta::assert_json_snapshot!(answer.shown(), {
        ".body.access_token" => "[access token]",
        ".body.refresh_token" => "[refresh token]",
        ".body.session_id" => "[id]",
    }, @r#"
    {
      "status": 200,
      "body": {
        "access_token": "[access token]",
        "expires_in": 900,
        "refresh_expires_in": 1209600,
        "refresh_token": "[refresh token]",
        "scope": "account",
        "session_id": "[id]",
        "token_type": "Bearer"
      }
    }
    "#);
    let tokens = Tokens::of(&answer);
    assert!(tokens.refresh.starts_with("jrt_"));
    assert_eq!(app.me(&tokens.access).await.status, 200);
}

#[tokio::test]
async fn o1_a_token_response_is_kept_by_nobody() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    let login = json!({"email": "alice@example.com", "password": PASSWORD});
    let answers = [app.post("/v1/login").json(login).send().await, app.refresh(&tokens.refresh).await];
    for answer in answers {
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("pragma"), Some("no-cache"));
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("set-cookie"), None);
    }
}

#[tokio::test]
async fn a_wrong_password_is_refused() {
    let app = Setup::memory().start();
    app.register("alice@example.com").await;
    let body = json!({"email": "alice@example.com", "password": "not the right password"});
    let answer = app.post("/v1/login").json(body).send().await;
    insta::assert_json_snapshot!(answer.shown(), @r#"
    {
      "status": 401,
      "body": {
        "code": "invalid_credentials",
        "detail": "the mail address or the password is wrong",
        "status": 401,
        "title": "Invalid credentials",
        "type": "urn:jeton:problem:invalid_credentials"
      }
    }
    "#);
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "RFC 9110 §15.5.2 asks for one in every 401");
}

#[tokio::test]
async fn a_login_beyond_the_limit_is_refused_where_the_operator_says_so() {
    let app = Setup::memory().with_limit(1, OnLimit::Deny).start();
    let first = app.signed_in("alice@example.com").await;
    let body = json!({"email": "alice@example.com", "password": PASSWORD});
    let answer = app.post("/v1/login").json(body).send().await;
    insta::assert_json_snapshot!(answer.shown(), @r#"
    {
      "status": 409,
      "body": {
        "code": "session_limit_reached",
        "detail": "the account is signed in on 1 devices, as many as it may be; sign out on one of them first",
        "status": 409,
        "title": "Session limit reached",
        "type": "urn:jeton:problem:session_limit_reached"
      }
    }
    "#);
    assert_eq!(app.me(&first.access).await.status, 200);
}

#[tokio::test]
async fn a_wrong_password_does_not_tell_that_the_limit_is_reached() {
    let app = Setup::memory().with_limit(1, OnLimit::Deny).start();
    app.signed_in("alice@example.com").await;
    let body = json!({"email": "alice@example.com", "password": "not the right password"});
    let answer = app.post("/v1/login").json(body).send().await;
    assert_eq!(answer.problem(), (401, "invalid_credentials".to_owned()));
}

#[tokio::test]
async fn a_device_name_or_a_transport_that_is_none_is_refused() {
    let app = Setup::memory().start();
    app.register("alice@example.com").await;
    for (field, value) in [("device_name", "\u{7}"), ("transport", "pigeon")] {
        let body = json!({"email": "alice@example.com", "password": PASSWORD, field: value});
        let answer = app.post("/v1/login").json(body).send().await;
        assert_eq!(answer.problem(), (422, "invalid_request".to_owned()), "{field}");
        assert!(answer.json()["detail"].as_str().unwrap().contains(field));
    }
}
