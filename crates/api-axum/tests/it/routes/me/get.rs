//! `GET /v1/me`, and with it what the guard does on every route that it protects.

use std::time::Duration;

use auth_domain::model::AccountId;

use crate::support::Setup;

#[tokio::test]
async fn the_account_of_the_token_is_shown() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    let answer = app.me(&tokens.access).await;
    insta::assert_json_snapshot!(answer.shown(), {".body.id" => "[id]"}, @r#"
    {
      "status": 200,
      "body": {
        "created_at": "2026-01-01T00:00:00Z",
        "display_name": null,
        "email": "alice@example.com",
        "email_verified": false,
        "id": "[id]",
        "locale": "en",
        "roles": []
      }
    }
    "#);
}

#[tokio::test]
async fn the_scheme_is_read_in_any_case() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    for scheme in ["bearer", "BEARER", "BeArEr"] {
        let answer = app.get("/v1/me").header("authorization", &format!("{scheme} {}", tokens.access)).send().await;
        assert_eq!(answer.status, 200, "{scheme}");
    }
}

#[tokio::test]
async fn o4_without_credentials_the_challenge_is_bare() {
    let app = Setup::memory().start();
    let answer = app.get("/v1/me").send().await;
    insta::assert_json_snapshot!(answer.shown(), @r#"
    {
      "status": 401,
      "body": {
        "code": "authentication_required",
        "detail": "send an access token in the header `Authorization: Bearer …`",
        "status": 401,
        "title": "Authentication required",
        "type": "urn:jeton:problem:authentication_required"
      }
    }
    "#);
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    let basic = app.get("/v1/me").header("authorization", "Basic YWxpY2U6eA==").send().await;
    assert_eq!(basic.comparable(), answer.comparable());
}

#[tokio::test]
async fn o5_an_access_token_in_the_query_is_no_credential() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    let answer = app.get(&format!("/v1/me?access_token={}", tokens.access)).send().await;
    assert_eq!(answer.problem(), (401, "authentication_required".to_owned()));
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
}

#[tokio::test]
async fn o4_two_methods_at_once_are_refused() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    let query = app.get(&format!("/v1/me?access_token={}", tokens.access)).bearer(&tokens.access).send().await;
    let headers = app.get("/v1/me").bearer(&tokens.access).bearer(&tokens.access).send().await;
    for answer in [query, headers] {
        assert_eq!(answer.problem(), (400, "ambiguous_credentials".to_owned()));
        assert_eq!(answer.header("www-authenticate"), Some(r#"Bearer error="invalid_request""#));
    }
}

#[tokio::test]
async fn a4_every_bad_token_gets_the_same_answer() {
    let app = Setup::memory().start();
    let elsewhere = Setup::memory().start().signed_in("alice@example.com").await;
    let expired = app.signed_in("alice@example.com").await;
    app.clock.advance(Duration::from_secs(900));
    let ended = app.login("alice@example.com").await;
    assert_eq!(app.post("/v1/logout").bearer(&ended.access).send().await.status, 204);
    let good = app.login("alice@example.com").await;
    let at = good.access.len() - 10;
    let other = if good.access[at..].starts_with('A') { "B" } else { "A" };
    let bent = format!("{}{other}{}", &good.access[..at], &good.access[at + 1..]);
    let (head, _) = good.access.rsplit_once('.').unwrap();

    let expected = app.me("rubbish").await;
    insta::assert_json_snapshot!(expected.shown(), @r#"
    {
      "status": 401,
      "body": {
        "code": "invalid_token",
        "detail": "The access token is not valid, or not any more. Refresh it, or sign in again.",
        "status": 401,
        "title": "Invalid access token",
        "type": "urn:jeton:problem:invalid_token"
      }
    }
    "#);
    assert_eq!(expected.header("www-authenticate"), Some(r#"Bearer error="invalid_token""#));
    let long = "a".repeat(9000);
    let many_dots = ".".repeat(5000);
    for (what, token) in [
        ("an empty one", ""),
        ("one that expires at this very second", expired.access.as_str()),
        ("one of a session that has ended", &ended.access),
        ("one that another server signed", &elsewhere.access),
        ("one with a bent signature", &bent),
        ("one without a signature", head),
        ("a refresh token", &good.refresh),
        ("one that is too long", &long),
        ("one made of dots", &many_dots),
        ("two in one header", &format!("{}, Bearer {}", good.access, good.access)),
    ] {
        assert_eq!(app.me(token).await.comparable(), expected.comparable(), "{what}");
    }
    assert_eq!(app.me(&good.access).await.status, 200);
}

#[tokio::test]
async fn a_good_token_of_an_account_that_was_disabled_since_is_refused() {
    let app = Setup::memory().start();
    let id: AccountId = app.register("alice@example.com").await["id"].as_str().unwrap().parse().unwrap();
    let tokens = app.login("alice@example.com").await;
    app.disable(id).await;
    assert_eq!(app.me(&tokens.access).await.comparable(), app.me("rubbish").await.comparable());
}
