//! `POST /oauth/revoke`.

use std::time::Duration;

use crate::support::{Answer, Broken, Setup, TestApp, Tokens, Trouble};

async fn revoke(app: &TestApp, parameters: &[(&str, &str)]) -> Answer {
    app.post("/oauth/revoke").form(parameters).send().await
}

async fn assert_over(app: &TestApp, tokens: &Tokens) {
    assert_eq!(app.me(&tokens.access).await.problem(), (401, "invalid_token".to_owned()));
    assert_eq!(app.refresh(&tokens.refresh).await.problem(), (401, "session_signed_out".to_owned()));
}

#[tokio::test]
async fn o11_revoking_a_refresh_token_kills_its_access_tokens_whatever_the_hint_says() {
    let app = Setup::memory().start();
    app.register("alice@example.com").await;
    for hint in [None, Some("refresh_token"), Some("access_token"), Some("pigeon"), Some("")] {
        let tokens = app.login("alice@example.com").await;
        let parameters = [("token", tokens.refresh.as_str())].into_iter();
        let parameters: Vec<_> = parameters.chain(hint.map(|hint| ("token_type_hint", hint))).collect();
        let answer = revoke(&app, &parameters).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, ""), "{hint:?}");
        assert_over(&app, &tokens).await;
    }
}

#[tokio::test]
async fn o11_revoking_an_access_token_ends_its_session_whatever_the_hint_says() {
    let app = Setup::memory().start();
    let other = app.signed_in("alice@example.com").await;
    for hint in ["access_token", "refresh_token"] {
        let tokens = app.login("alice@example.com").await;
        let answer = revoke(&app, &[("token", &tokens.access), ("token_type_hint", hint)]).await;
        assert_eq!(answer.status, 200);
        assert_over(&app, &tokens).await;
    }
    assert_eq!(app.me(&other.access).await.status, 200, "another device stays signed in");
}

#[tokio::test]
async fn o11_what_is_unknown_or_over_already_is_answered_alike() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    let over = app.login("alice@example.com").await;
    let expected = revoke(&app, &[("token", &over.refresh)]).await;
    assert_eq!(expected.status, 200);
    let elsewhere = Setup::memory().start().signed_in("alice@example.com").await;
    let expired = app.login("alice@example.com").await;
    app.clock.advance(Duration::from_secs(901));
    let forged = tokens.forged();
    let key = app.api_key(&auth_domain::model::ApiScope::ALL).await;
    let dead: [&str; 8] =
        [&over.refresh, &over.access, &elsewhere.access, &expired.access, &forged, &key, "rubbish", "\0\u{1F511}"];
    for token in dead {
        assert_eq!(revoke(&app, &[("token", token)]).await.comparable(), expected.comparable(), "{token}");
    }
    assert_eq!(app.refresh(&tokens.refresh).await.status, 200);
    assert_eq!(app.refresh(&expired.refresh).await.status, 200, "an access token that has expired ends nothing");
}

#[tokio::test]
async fn o12_a_revoke_that_could_not_commit_is_not_answered_with_success() {
    let stores = Broken::new();
    let app = Setup::over(stores.stores()).start();
    let tokens = app.signed_in("alice@example.com").await;
    for trouble in [Trouble::Unavailable, Trouble::Busy, Trouble::Conflict] {
        stores.set(Some(trouble));
        for token in [&tokens.refresh, &tokens.access] {
            let answer = revoke(&app, &[("token", token)]).await;
            assert_eq!(answer.oauth_error(), (503, "temporarily_unavailable".to_owned()));
            assert!(answer.header("retry-after").is_some());
        }
    }
    stores.set(None);
    assert_eq!(app.me(&tokens.access).await.status, 200, "nothing was ended");
    assert_eq!(revoke(&app, &[("token", &tokens.refresh)]).await.status, 200);
    assert_over(&app, &tokens).await;
}

#[tokio::test]
async fn o2_a_malformed_request_is_invalid_and_ends_nothing() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    let token = ("token", tokens.refresh.as_str());
    let hint = ("token_type_hint", "refresh_token");
    let cases: [&[(&str, &str)]; 4] = [&[], &[("token", "")], &[token, token], &[token, hint, hint]];
    for parameters in cases {
        assert_eq!(revoke(&app, parameters).await.oauth_error(), (400, "invalid_request".to_owned()), "{parameters:?}");
    }
    let other = revoke(&app, &[token, ("client_id", "other")]).await;
    assert_eq!(other.oauth_error(), (401, "invalid_client".to_owned()));
    assert_eq!(app.refresh(&tokens.refresh).await.status, 200);
}
