//! `POST /v1/admin/invites`.

use auth_domain::model::{Locale, TokenMailKind};
use serde_json::json;

use crate::support::Setup;

#[tokio::test]
async fn an_invitation_is_mailed_in_the_language_that_the_operator_names() {
    let app = Setup::memory().start();
    let root = app.admin("root@example.com").await;
    let body = json!({"email": "alice@example.com", "locale": "ko"});
    let answer = app.post("/v1/admin/invites").bearer(&root.access).json(body).send().await;
    assert_eq!((answer.status, answer.json()), (202, json!({"status": "mail_sent"})));
    assert!(app.mailed(TokenMailKind::Invite).await.unwrap().starts_with("jot_"));
    let mail = app.mailer.sent().pop().unwrap();
    assert_eq!((mail.to.address(), mail.locale), ("alice@example.com", Locale::Ko));
}

#[tokio::test]
async fn what_is_no_mail_address_is_not_invited() {
    let app = Setup::memory().start();
    let root = app.admin("root@example.com").await;
    let answer = app.post("/v1/admin/invites").bearer(&root.access).json(json!({"email": "alice"})).send().await;
    assert_eq!(answer.problem(), (422, "invalid_email".to_owned()));
}
