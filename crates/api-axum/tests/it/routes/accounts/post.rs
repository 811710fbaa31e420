//! `POST /v1/accounts`.

use serde_json::{Value, json};

use crate::support::{PASSWORD, Setup};

#[tokio::test]
async fn an_account_is_registered() {
    let app = Setup::memory().start();
    let body = json!({"email": " Alice@Example.com ", "password": PASSWORD, "display_name": " Alice "});
    let answer = app.post("/v1/accounts").json(body).send().await;
    insta::assert_json_snapshot!(answer.shown(), {".body.id" => "[id]"}, @r#"
    {
      "status": 201,
      "body": {
        "created_at": "2026-01-01T00:00:00Z",
        "display_name": "Alice",
        "email": "Alice@Example.com",
        "email_verified": false,
        "id": "[id]",
        "locale": "en",
        "roles": []
      }
    }
    "#);
}

#[tokio::test]
async fn a_display_name_may_be_left_out() {
    let app = Setup::memory().start();
    assert_eq!(app.register("alice@example.com").await["display_name"], Value::Null);
}

#[tokio::test]
async fn an_address_that_is_taken_in_another_spelling_is_refused() {
    let app = Setup::memory().start();
    app.register("alice@example.com").await;
    let body = json!({"email": "ALICE@EXAMPLE.COM", "password": PASSWORD});
    let answer = app.post("/v1/accounts").json(body).send().await;
    insta::assert_json_snapshot!(answer.shown(), @r#"
    {
      "status": 409,
      "body": {
        "code": "email_taken",
        "detail": "an account with this mail address exists already; sign in instead",
        "status": 409,
        "title": "Mail address taken",
        "type": "urn:jeton:problem:email_taken"
      }
    }
    "#);
}

#[tokio::test]
async fn p1_a_password_of_14_characters_is_too_short_and_one_of_15_is_enough() {
    let app = Setup::memory().start();
    let short = json!({"email": "alice@example.com", "password": "é".repeat(14)});
    let answer = app.post("/v1/accounts").json(short).send().await;
    insta::assert_json_snapshot!(answer.shown(), @r#"
    {
      "status": 422,
      "body": {
        "code": "password_too_short",
        "detail": "the password has 14 characters; at least 15 are needed, and a few words make a good one",
        "status": 422,
        "title": "Password too short",
        "type": "urn:jeton:problem:password_too_short"
      }
    }
    "#);
    let enough = json!({"email": "alice@example.com", "password": "éàüïôêâûçøñãõåí"});
    assert_eq!(app.post("/v1/accounts").json(enough).send().await.status, 201);
}

#[tokio::test]
async fn p2_a_password_of_more_than_1024_bytes_is_refused_before_it_is_hashed() {
    let app = Setup::memory().start();
    let long = json!({"email": "alice@example.com", "password": "a".repeat(1025)});
    let answer = app.post("/v1/accounts").json(long).send().await;
    assert_eq!(answer.problem(), (422, "password_too_long".to_owned()));
    assert_eq!(app.hasher.take(), 0);
    let numbers: Vec<String> = (0..400).map(|n: u32| n.to_string()).collect();
    let longest = json!({"email": "alice@example.com", "password": numbers.join(" ").get(..1024)});
    assert_eq!(app.post("/v1/accounts").json(longest).send().await.status, 201);
}

#[tokio::test]
async fn what_is_no_mail_address_is_refused() {
    let app = Setup::memory().start();
    for email in ["", "alice", "alice@", "a b@example.com", "Alice <alice@example.com>", "a\0@example.com"] {
        let body = json!({"email": email, "password": PASSWORD});
        let answer = app.post("/v1/accounts").json(body).send().await;
        assert_eq!(answer.problem(), (422, "invalid_email".to_owned()), "{email:?}");
    }
}

#[tokio::test]
async fn a_display_name_that_could_break_a_line_is_refused_by_name() {
    let app = Setup::memory().start();
    for name in ["", "Ali\nce", "\0", &"a".repeat(101)] {
        let body = json!({"email": "alice@example.com", "password": PASSWORD, "display_name": name});
        let answer = app.post("/v1/accounts").json(body).send().await;
        assert_eq!(answer.problem(), (422, "invalid_request".to_owned()), "{name:?}");
        assert!(answer.json()["detail"].as_str().unwrap().contains("display_name"));
    }
}

#[tokio::test]
async fn nobody_gives_himself_a_role() {
    let app = Setup::memory().start();
    let body = json!({"email": "alice@example.com", "password": PASSWORD, "roles": ["admin"]});
    let answer = app.post("/v1/accounts").json(body).send().await;
    assert_eq!(answer.problem(), (422, "invalid_request".to_owned()));
}
