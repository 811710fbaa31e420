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
        ".body.device_token" => "[device token]",
        ".body.refresh_token" => "[refresh token]",
        ".body.session_id" => "[id]",
    }, @r#"
    {
      "status": 200,
      "body": {
        "access_token": "[access token]",
        "device_token": "[device token]",
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
    let answer = app.login_with("alice@example.com", json!({})).await;
    insta::assert_json_snapshot!(answer.shown(), {".body.sessions[].id" => "[id]"}, @r#"
    {
      "status": 409,
      "body": {
        "code": "session_limit_reached",
        "detail": "the account is signed in on as many devices as it may be; choose one of them to be signed out",
        "sessions": [
          {
            "browser": null,
            "created_at": "2026-01-01T00:00:00Z",
            "device_class": "cli",
            "device_name": null,
            "id": "[id]",
            "ip": null,
            "last_used_at": "2026-01-01T00:00:00Z",
            "system": null
          }
        ],
        "status": 409,
        "title": "Session limit reached",
        "type": "urn:jeton:problem:session_limit_reached"
      }
    }
    "#);
    assert_eq!(answer.json()["sessions"][0]["id"], first.session.as_str());
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
async fn a_device_or_a_transport_that_is_none_is_refused() {
    let app = Setup::memory().start();
    app.register("alice@example.com").await;
    for (field, value) in
        [("device_name", "\u{7}"), ("transport", "pigeon"), ("device_class", "fridge"), ("end_session", "the phone")]
    {
        let body = json!({"email": "alice@example.com", "password": PASSWORD, field: value});
        let answer = app.post("/v1/login").json(body).send().await;
        assert_eq!(answer.problem(), (422, "invalid_request".to_owned()), "{field}");
        assert!(answer.json()["detail"].as_str().unwrap().contains(field));
    }
}

#[tokio::test]
async fn at_the_limit_the_owner_chooses_a_device_to_end_and_goes_on() {
    let app = Setup::memory().with_limit(2, OnLimit::Deny).start();
    let (phone, laptop) = (app.signed_in("alice@example.com").await, app.login("alice@example.com").await);
    let refused = app.login_with("alice@example.com", json!({})).await;
    assert_eq!(refused.problem(), (409, "session_limit_reached".to_owned()));
    assert_eq!(refused.json()["sessions"].as_array().unwrap().len(), 2);
    let tablet = Tokens::of(&app.login_with("alice@example.com", json!({"end_session": phone.session})).await);
    assert_eq!(app.me(&phone.access).await.problem(), (401, "invalid_token".to_owned()));
    assert_eq!(app.refresh(&phone.refresh).await.problem(), (401, "session_evicted".to_owned()));
    for tokens in [&laptop, &tablet] {
        assert_eq!(app.me(&tokens.access).await.status, 200);
    }
}

#[tokio::test]
async fn nobody_ends_the_device_of_another_account_by_a_login() {
    let app = Setup::memory().with_limit(1, OnLimit::Deny).start();
    let (alice, bob) = (app.signed_in("alice@example.com").await, app.signed_in("bob@example.com").await);
    let answer = app.login_with("bob@example.com", json!({"end_session": alice.session})).await;
    assert_eq!(answer.problem(), (409, "session_limit_reached".to_owned()));
    assert_eq!([app.me(&alice.access).await.status, app.me(&bob.access).await.status], [200, 200]);
}

#[tokio::test]
async fn the_class_of_a_device_is_what_its_client_says_or_else_its_user_agent() {
    const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                          Version/18.0 Mobile/15E148 Safari/604.1";
    let app = Setup::memory().start();
    app.register("alice@example.com").await;
    let credentials = json!({"email": "alice@example.com", "password": PASSWORD});
    let by_agent = app.post("/v1/login").header("user-agent", IPHONE).json(credentials).send().await;
    let claimed = app.login_with("alice@example.com", json!({"device_class": "desktop"})).await;
    let listed = app.get("/v1/sessions").bearer(&Tokens::of(&by_agent).access).send().await.json();
    for (session, class) in [(Tokens::of(&by_agent).session, "mobile"), (Tokens::of(&claimed).session, "desktop")] {
        let found = listed["sessions"].as_array().unwrap().iter().find(|shown| shown["id"] == session.as_str());
        assert_eq!(found.unwrap()["device_class"], class);
    }
}
