//! SECURITY P11: no answer, and no work, tells why a login failed.

use auth_domain::model::AccountId;
use serde_json::{Value, json};

use crate::support::{Broken, PASSWORD, Setup, TestApp};

async fn attempt(app: &TestApp, email: &str, password: &str) -> (u16, Vec<(String, String)>, String) {
    app.hasher.take();
    let answer = app.post("/v1/login").json(json!({"email": email, "password": password})).send().await;
    assert_eq!(app.hasher.take(), 1, "one hash for {email:?}, whatever is wrong");
    assert_eq!(answer.problem(), (401, "invalid_credentials".to_owned()));
    answer.comparable()
}

fn id(account: &Value) -> AccountId {
    account["id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn p11_every_failed_login_gets_the_same_answer_after_the_same_work() {
    let stores = Broken::new();
    let app = Setup::over(stores.stores()).start();
    app.register("alice@example.com").await;
    let disabled = app.register("disabled@example.com").await;
    app.disable(id(&disabled)).await;

    let expected = attempt(&app, "alice@example.com", "not the right password").await;
    let long = "a".repeat(1025);
    for (what, email, password) in [
        ("an account that nobody has", "nobody@example.com", PASSWORD),
        ("what is no mail address", "alice", PASSWORD),
        ("an empty mail address", "", PASSWORD),
        ("an empty password", "alice@example.com", ""),
        ("an empty password of nobody", "nobody@example.com", ""),
        ("a password that is too short to be one", "alice@example.com", "short"),
        ("a password that is too long to be hashed", "alice@example.com", &long),
        ("one that is too long, of nobody", "nobody@example.com", &long),
        ("a disabled account and its right password", "disabled@example.com", PASSWORD),
        ("a disabled account and a wrong password", "disabled@example.com", "not the right password"),
        ("a mail address with a NUL", "alice@example.com\0", PASSWORD),
    ] {
        assert_eq!(attempt(&app, email, password).await, expected, "{what}");
    }
    stores.forget_passwords();
    assert_eq!(attempt(&app, "alice@example.com", PASSWORD).await, expected, "an account without a password");
}
