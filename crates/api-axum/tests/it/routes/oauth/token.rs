//! `POST /oauth/token`.

use crate::support::{Answer, Broken, PASSWORD, Setup, TestApp, Tokens, Trouble};

async fn token(app: &TestApp, parameters: &[(&str, &str)]) -> Answer {
    app.post("/oauth/token").form(parameters).send().await
}

fn refresh(token: &str) -> [(&str, &str); 2] {
    [("grant_type", "refresh_token"), ("refresh_token", token)]
}

#[tokio::test]
async fn o1_a_refresh_token_gives_its_successor_and_the_answer_is_kept_by_nobody() {
    let app = Setup::memory().start();
    let first = app.signed_in("alice@example.com").await;
    let answer = token(&app, &refresh(&first.refresh)).await;
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
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("pragma"), Some("no-cache"));
    let second = Tokens::of(&answer);
    assert_eq!(app.me(&second.access).await.status, 200);
    assert_eq!(app.refresh(&second.refresh).await.status, 200, "both faces move the same session");
}

#[tokio::test]
async fn o6_a_used_refresh_token_ends_the_grant() {
    let app = Setup::memory().start();
    let first = app.signed_in("alice@example.com").await;
    let second = Tokens::of(&token(&app, &refresh(&first.refresh)).await);
    let third = Tokens::of(&token(&app, &refresh(&second.refresh)).await);
    assert_eq!(token(&app, &refresh(&first.refresh)).await.oauth_error(), (400, "invalid_grant".to_owned()));
    assert_eq!(token(&app, &refresh(&third.refresh)).await.oauth_error(), (400, "invalid_grant".to_owned()));
    assert_eq!(app.me(&third.access).await.status, 401);
}

#[tokio::test]
async fn the_end_of_a_session_is_told_in_words() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    app.post("/v1/logout").bearer(&tokens.access).send().await;
    let answer = token(&app, &refresh(&tokens.refresh)).await;
    insta::assert_json_snapshot!(answer.shown(), @r#"
    {
      "status": 400,
      "body": {
        "error": "invalid_grant",
        "error_description": "This device was signed out. Sign in again."
      }
    }
    "#);
}

#[tokio::test]
async fn the_idempotency_key_counts_here_too() {
    let app = Setup::memory().start();
    let first = app.signed_in("alice@example.com").await;
    let keyed = async |key: &str| {
        app.post("/oauth/token").header("idempotency-key", key).form(&refresh(&first.refresh)).send().await
    };
    let second = Tokens::of(&keyed("5f2c7d90-first-attempt").await);
    app.clock.advance(std::time::Duration::from_secs(3600));
    assert_eq!(Tokens::of(&keyed("5f2c7d90-first-attempt").await).refresh, second.refresh);
    assert_eq!(keyed("short").await.oauth_error(), (400, "invalid_request".to_owned()));
    assert_eq!(keyed("5f2c7d90-other-attempt").await.oauth_error(), (400, "invalid_grant".to_owned()));
}

#[tokio::test]
async fn o9_there_is_no_password_grant_and_no_other() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    app.hasher.take();
    for grant in ["password", "client_credentials", "authorization_code", "implicit", "Refresh_Token"] {
        let parameters = [
            ("grant_type", grant),
            ("username", "alice@example.com"),
            ("password", PASSWORD),
            ("refresh_token", &tokens.refresh),
        ];
        assert_eq!(token(&app, &parameters).await.oauth_error(), (400, "unsupported_grant_type".to_owned()), "{grant}");
    }
    assert_eq!(app.hasher.take(), 0);
}

#[tokio::test]
async fn o2_a_malformed_request_is_invalid_and_moves_nothing() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    let good = refresh(&tokens.refresh);
    let cases: [&[(&str, &str)]; 7] = [
        &[],
        &[good[0]],
        &[good[1]],
        &[good[0], ("refresh_token", "")],
        &[good[0], good[1], good[1]],
        &[good[0], good[0], good[1]],
        &[good[0], good[1], ("client_id", "jeton"), ("client_id", "jeton")],
    ];
    for parameters in cases {
        assert_eq!(token(&app, parameters).await.oauth_error(), (400, "invalid_request".to_owned()), "{parameters:?}");
    }
    let json = format!(r#"{{"grant_type":"refresh_token","refresh_token":"{}"}}"#, tokens.refresh);
    for media_type in ["application/json", "text/plain", "multipart/form-data", ""] {
        let answer = app.post("/oauth/token").body(media_type, json.clone()).send().await;
        assert_eq!(answer.oauth_error(), (400, "invalid_request".to_owned()), "{media_type}");
    }
    let long = "x".repeat(16 * 1024);
    let answer = token(&app, &[good[0], good[1], ("x", &long)]).await;
    assert_eq!(answer.oauth_error(), (413, "invalid_request".to_owned()));
    let unknown = token(&app, &[good[0], good[1], ("resource", "x"), ("scope", "account")]).await;
    assert_eq!(unknown.status, 200, "what is not known is passed over (RFC 6749 §3.2)");
}

#[tokio::test]
async fn the_client_may_name_itself_and_then_must_be_the_one_that_there_is() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    let good = refresh(&tokens.refresh);
    let refused = [
        token(&app, &[good[0], good[1], ("client_id", "other")]).await,
        token(&app, &[good[0], good[1], ("client_id", "jeton"), ("client_secret", "s3cret")]).await,
        app.post("/oauth/token").basic("other", "").form(&good).send().await,
        app.post("/oauth/token").basic("jeton", "s3cret").form(&good).send().await,
        app.post("/oauth/token").header("authorization", "Basic !!!").form(&good).send().await,
    ];
    for answer in refused {
        assert_eq!(answer.oauth_error(), (401, "invalid_client".to_owned()));
        assert_eq!(answer.header("www-authenticate"), Some(r#"Basic realm="jeton""#));
    }
    let two =
        app.post("/oauth/token").basic("jeton", "").form(&[good[0], good[1], ("client_id", "other")]).send().await;
    assert_eq!(two.oauth_error(), (400, "invalid_request".to_owned()));
    let second = Tokens::of(&token(&app, &[good[0], good[1], ("client_id", "jeton")]).await);
    let by_basic = app.post("/oauth/token").basic("jeton", "").form(&refresh(&second.refresh)).send().await;
    assert_eq!(by_basic.status, 200, "{}", by_basic.text());
}

#[tokio::test]
async fn a_server_in_trouble_says_when_to_come_back() {
    let stores = Broken::new();
    let app = Setup::over(stores.stores()).start();
    let tokens = app.signed_in("alice@example.com").await;
    stores.set(Some(Trouble::Unavailable));
    let answer = token(&app, &refresh(&tokens.refresh)).await;
    assert_eq!(answer.oauth_error(), (503, "temporarily_unavailable".to_owned()));
    assert_eq!(answer.header("retry-after"), Some("2"));
    stores.set(Some(Trouble::Corrupt));
    assert_eq!(token(&app, &refresh(&tokens.refresh)).await.oauth_error(), (500, "server_error".to_owned()));
    stores.set(None);
    assert_eq!(token(&app, &refresh(&tokens.refresh)).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn o2_an_answer_that_takes_too_long_is_an_oauth_error_too() {
    let stores = Broken::new();
    let app = Setup::over(stores.stores()).start();
    let tokens = app.signed_in("alice@example.com").await;
    stores.slow_down(std::time::Duration::from_secs(60));
    let answer = token(&app, &refresh(&tokens.refresh)).await;
    assert_eq!(answer.oauth_error(), (503, "temporarily_unavailable".to_owned()));
}
