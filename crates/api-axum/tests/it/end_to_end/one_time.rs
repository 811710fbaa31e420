//! What is good once is good once, however many use it at the same moment. SECURITY S9.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Client, PASSWORD, send};
use super::home::Home;
use super::on_both_engines;
use super::totp::{code_at, now, set_up};

on_both_engines!(
    s9_of_a_hundred_uses_of_a_mailed_token_one_wins,
    s9_of_a_hundred_uses_of_a_begun_login_one_wins,
    s9_of_a_hundred_proofs_with_the_same_code_one_wins,
);

const ALICE: &str = "alice@example.com";
const AT_ONCE: usize = 100;

fn unthrottled(home: Home) -> Home {
    home.with("JETON_THROTTLE__ENABLED", "false")
}

async fn post(client: &Client, path: &str, body: Value) -> Answer {
    send(client.request(Method::POST, path).json(&body)).await.unwrap()
}

/// Sends all of these at once. Each on a connection of its own.
async fn all(client: &Client, path: &str, bodies: impl IntoIterator<Item = Value>) -> Vec<Answer> {
    join_all(bodies.into_iter().map(|body| post(client, path, body))).await
}

/// One was accepted, and all others were refused for this reason.
#[track_caller]
fn assert_one_won(answers: &[Answer], accepted: u16, refusal: (u16, &str)) {
    let won = answers.iter().filter(|answer| answer.status == accepted).count();
    let refused = answers.iter().filter(|answer| (answer.status, answer.code()) == refusal).count();
    assert_eq!((won, refused), (1, AT_ONCE - 1), "{:?}", answers.iter().find(|answer| answer.status >= 500));
}

/// The token in the mail of this name, which a development server writes to its outbox.
async fn mailed(home: &Home, name: &str) -> String {
    let started = Instant::now();
    loop {
        let files =
            std::fs::read_dir(home.data().join("outbox")).into_iter().flatten().map(|file| file.unwrap().path());
        let mut texts = files
            .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(name))
            .map(|path| std::fs::read_to_string(path).unwrap());
        if let Some(text) = texts.next() {
            let at = text.find("jot_").unwrap_or_else(|| panic!("no token in {text}"));
            return text[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).collect();
        }
        assert!(started.elapsed() < Duration::from_secs(60), "no mail {name}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn s9_of_a_hundred_uses_of_a_mailed_token_one_wins(home: Home) {
    let home = unthrottled(home);
    let server = home.serve();
    let client = server.client();
    assert_eq!(client.register(ALICE).await.status, 201);
    let token = mailed(&home, "verify_email").await;
    let uses = all(&client, "/v1/email/verify", (0..AT_ONCE).map(|_| json!({ "token": token }))).await;
    assert_one_won(&uses, 204, (410, "invalid_link"));

    assert_eq!(post(&client, "/v1/password/forgot", json!({ "email": ALICE })).await.status, 202);
    let token = mailed(&home, "reset_password").await;
    let password = |n| format!("a new password, number {n:03}");
    let uses = all(
        &client,
        "/v1/password/reset",
        (0..AT_ONCE).map(|n| json!({ "token": token, "new_password": password(n) })),
    )
    .await;
    assert_one_won(&uses, 204, (410, "invalid_link"));
    let winner = uses.iter().position(|answer| answer.status == 204).unwrap();
    let login = post(&client, "/v1/login", json!({ "email": ALICE, "password": password(winner) })).await;
    assert_eq!(login.status, 200, "the password is the winner's: {login:?}");
}

/// What a login is gone on with.
async fn begin(client: &Client) -> String {
    let answer = post(client, "/v1/login", json!({ "email": ALICE, "password": PASSWORD })).await;
    assert_eq!(answer.code(), "mfa_required", "{answer:?}");
    answer.body["mfa_token"].as_str().unwrap().to_owned()
}

async fn s9_of_a_hundred_uses_of_a_begun_login_one_wins(home: Home) {
    let home = unthrottled(home);
    let server = home.serve();
    let client = server.client();
    let (url, codes) = set_up(&client, &client.join(ALICE).await).await;
    for code in [code_at(&url, now() + 30), codes[0].clone()] {
        let mfa_token = begin(&client).await;
        let body = json!({ "mfa_token": mfa_token, "code": code });
        let uses = all(&client, "/v1/login/mfa", (0..AT_ONCE).map(|_| body.clone())).await;
        let won = uses.iter().filter(|answer| answer.status == 200).count();
        let refused = uses.iter().filter(|answer| answer.status == 401).count();
        assert_eq!((won, refused), (1, AT_ONCE - 1), "{:?}", uses.iter().find(|answer| answer.status >= 500));
    }
}

async fn s9_of_a_hundred_proofs_with_the_same_code_one_wins(home: Home) {
    let home = unthrottled(home);
    let server = home.serve();
    let client = server.client();
    let tokens = client.join(ALICE).await;
    let (url, codes) = set_up(&client, &tokens).await;
    for code in [code_at(&url, now() + 30), codes[0].clone()] {
        let uses = (0..AT_ONCE).map(|_| {
            let request = client.request(Method::POST, "/v1/me/reauthenticate").bearer_auth(&tokens.access);
            send(request.json(&json!({ "code": code })))
        });
        let uses: Vec<_> = join_all(uses).await.into_iter().map(Option::unwrap).collect();
        assert_one_won(&uses, 200, (422, "wrong_code"));
    }
}
