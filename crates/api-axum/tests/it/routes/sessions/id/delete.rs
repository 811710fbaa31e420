//! `DELETE /v1/sessions/{id}`.

use crate::support::{Setup, TestApp};

async fn end(app: &TestApp, access: &str, id: &str) -> (u16, String) {
    let answer = app.delete(&format!("/v1/sessions/{id}")).bearer(access).send().await;
    if answer.status == 204 { (204, answer.text()) } else { answer.problem() }
}

#[tokio::test]
async fn s4_a_device_ends_another_one_and_its_tokens_are_refused_at_once() {
    let app = Setup::memory().start();
    let (here, there) = (app.signed_in("alice@example.com").await, app.login("alice@example.com").await);
    assert_eq!(end(&app, &here.access, &there.session).await, (204, String::new()));
    assert_eq!(app.me(&there.access).await.problem(), (401, "invalid_token".to_owned()));
    assert_eq!(app.refresh(&there.refresh).await.problem(), (401, "session_signed_out".to_owned()));
    assert_eq!(app.me(&here.access).await.status, 200);
}

#[tokio::test]
async fn a_device_can_end_itself() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    assert_eq!(end(&app, &tokens.access, &tokens.session).await.0, 204);
    assert_eq!(app.me(&tokens.access).await.status, 401);
}

#[tokio::test]
async fn a_session_of_another_account_is_not_found_and_lives_on() {
    let app = Setup::memory().start();
    let alice = app.signed_in("alice@example.com").await;
    let bob = app.signed_in("bob@example.com").await;
    assert_eq!(end(&app, &bob.access, &alice.session).await, (404, "session_not_found".to_owned()));
    assert_eq!(app.me(&alice.access).await.status, 200);
}

#[tokio::test]
async fn an_id_that_names_no_session_is_not_found() {
    let app = Setup::memory().start();
    let (here, there) = (app.signed_in("alice@example.com").await, app.login("alice@example.com").await);
    assert_eq!(end(&app, &here.access, &there.session).await.0, 204);
    let unknown = "01890000-0000-7000-8000-000000000000";
    for id in [&there.session, unknown, "x", "..", "%00", "%ff", "%2e%2e%2f", &"0".repeat(2000)] {
        assert_eq!(end(&app, &here.access, id).await, (404, "session_not_found".to_owned()), "{id}");
    }
}
