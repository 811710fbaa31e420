//! `POST /v1/accounts` where the operator does not let everybody register.

use auth_domain::model::{Locale, RegistrationMode, TokenMailKind};
use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, Setup, TestApp};

fn setup(mode: RegistrationMode) -> Setup {
    let mut setup = Setup::memory();
    setup.policies.registration.mode = mode;
    setup
}

async fn register(app: &TestApp, email: &str, more: Value) -> Answer {
    let mut body = json!({"email": email, "password": PASSWORD});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    app.post("/v1/accounts").json(body).send().await
}

/// The text of an invitation to this address.
async fn invited(app: &TestApp, email: &str) -> String {
    let root = app.admin("root@example.com").await;
    let answer = app.post("/v1/admin/invites").bearer(&root.access).json(json!({"email": email})).send().await;
    assert_eq!(answer.status, 202);
    app.mailed(TokenMailKind::Invite).await.unwrap()
}

#[tokio::test]
async fn where_registration_is_closed_nobody_registers() {
    let app = setup(RegistrationMode::Closed).start();
    let invite = invited(&app, "alice@example.com").await;
    for more in [json!({}), json!({"invite": invite})] {
        let answer = register(&app, "alice@example.com", more).await;
        assert_eq!(answer.problem(), (403, "registration_closed".to_owned()));
    }
}

#[tokio::test]
async fn an_invitation_registers_its_address_once_and_verified() {
    let app = setup(RegistrationMode::Invite).start();
    assert_eq!(register(&app, "alice@example.com", json!({})).await.problem(), (403, "not_invited".to_owned()));
    let invite = invited(&app, "Alice@Example.com").await;
    let other = register(&app, "bob@example.com", json!({"invite": invite})).await;
    assert_eq!(other.problem(), (403, "not_invited".to_owned()));
    let answer = register(&app, "alice@example.com", json!({"invite": invite})).await;
    assert_eq!((answer.status, &answer.json()["email_verified"]), (201, &json!(true)));
    let again = register(&app, "alice@example.com", json!({"invite": invite})).await;
    assert_eq!(again.problem(), (403, "not_invited".to_owned()));
}

#[tokio::test]
async fn an_address_of_another_domain_is_refused() {
    let mut setup = Setup::memory();
    setup.policies.registration.domains = vec!["example.com".to_owned()];
    let app = setup.start();
    let answer = register(&app, "alice@example.org", json!({})).await;
    assert_eq!(answer.problem(), (403, "domain_not_allowed".to_owned()));
    assert_eq!(register(&app, "alice@example.com", json!({})).await.status, 201);
}

#[tokio::test]
async fn p11_where_addresses_are_verified_registration_tells_nobody_who_has_an_account() {
    let app = Setup::memory().verified_only().start();
    app.hasher.take();
    let first = register(&app, "alice@example.com", json!({})).await;
    let hashes = app.hasher.take();
    insta::assert_json_snapshot!(first.shown(), @r#"
    {
      "status": 202,
      "body": {
        "status": "mail_sent"
      }
    }
    "#);
    let again = register(&app, "ALICE@example.com", json!({})).await;
    assert_eq!(again.comparable(), first.comparable());
    assert_eq!((hashes, app.hasher.take()), (1, 1), "the same work");
    assert!(app.mailed(TokenMailKind::VerifyEmail).await.is_some());
    assert!(app.mailed(TokenMailKind::AlreadyRegistered).await.is_some(), "the owner is told by mail");
}

#[tokio::test]
async fn mails_are_in_the_language_of_the_body_or_else_of_the_reader() {
    let app = Setup::memory().start();
    for (email, header, named, expected) in [
        ("a@example.com", "ko-KR, en;q=0.5", None, Locale::Ko),
        ("b@example.com", "ko-KR", Some("en"), Locale::En),
        ("c@example.com", "en", Some("ko-KR"), Locale::Ko),
        ("d@example.com", "ko", Some("tlh"), Locale::Ko),
        ("e@example.com", "tlh", None, Locale::En),
    ] {
        let body = json!({"email": email, "password": PASSWORD, "locale": named});
        let answer = app.post("/v1/accounts").header("accept-language", header).json(body).send().await;
        assert_eq!(answer.json()["locale"], expected.as_str(), "{header} {named:?}");
        app.mailed(TokenMailKind::VerifyEmail).await;
        assert_eq!(app.mailer.sent().last().map(|mail| mail.locale), Some(expected), "{header} {named:?}");
    }
}

#[tokio::test]
async fn p10_registrations_from_one_network_are_throttled() {
    let mut setup = Setup::memory().throttled();
    setup.policies.throttle.network_free = 2;
    let app = setup.start();
    let mut statuses = Vec::new();
    for n in 0..3 {
        let body = json!({"email": format!("a{n}@example.com"), "password": PASSWORD});
        let sending = app.post("/v1/accounts").from("203.0.113.9:1".parse().unwrap()).json(body);
        statuses.push(sending.send().await.status);
    }
    assert_eq!(statuses, [201, 201, 429]);
    let body = json!({"email": "b@example.com", "password": PASSWORD});
    let elsewhere = app.post("/v1/accounts").from("203.0.113.10:1".parse().unwrap()).json(body).send().await;
    assert_eq!(elsewhere.status, 201);
}
