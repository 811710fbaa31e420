//! One-time passwords of an app that somebody else wrote: pyotp.

use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Client, Tokens, send};
use super::home::Home;
use super::on_both_engines;
use super::python::{python, run};

on_both_engines!(
    an_app_of_other_software_is_set_up_by_the_address_alone_and_signs_in,
    a_code_is_good_once_and_for_a_step_before_and_after,
);

const REQUIREMENTS: &str = "# The app of the tests.\nPyOTP==2.12.1\n";
const APP: &str = "import pyotp, sys; print(pyotp.parse_uri(sys.argv[1]).at(int(sys.argv[2])))";
const DESCRIBE: &str = "import pyotp, sys; app = pyotp.parse_uri(sys.argv[1]); \
                        print(app.issuer, app.name, app.digits, app.interval, app.digest().name, sep='|')";
const ALICE: &str = "alice@example.com";
const STEP: u64 = 30;

#[expect(clippy::disallowed_methods, reason = "an app shows the codes of the time that it is")]
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// What the app of this address shows at this time.
pub(super) fn code_at(url: &str, time: u64) -> String {
    run(&python("pyotp", REQUIREMENTS), APP, &[url, &time.to_string()]).trim().to_owned()
}

/// Sets an app up: its address, and the recovery codes.
pub(super) async fn set_up(client: &Client, tokens: &Tokens) -> (String, Vec<String>) {
    let begun = client.post("/v1/me/totp", &tokens.access).await;
    let url = begun.body["url"].as_str().unwrap().to_owned();
    let confirmed = confirm(client, tokens, &code_at(&url, now())).await;
    assert_eq!(confirmed.status, 200, "{confirmed:?}");
    let codes = confirmed.body["recovery_codes"].as_array().unwrap();
    (url, codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect())
}

async fn confirm(client: &Client, tokens: &Tokens, code: &str) -> Answer {
    let request = client.request(Method::POST, "/v1/me/totp/confirm").bearer_auth(&tokens.access);
    send(request.json(&json!({ "code": code }))).await.unwrap()
}

async fn login(client: &Client, code: &str) -> Answer {
    let first = client.try_login(ALICE).await.unwrap();
    assert_eq!(first.code(), "mfa_required", "{first:?}");
    let body = json!({ "mfa_token": first.body["mfa_token"], "code": code });
    send(client.request(Method::POST, "/v1/login/mfa").json(&body)).await.unwrap()
}

async fn an_app_of_other_software_is_set_up_by_the_address_alone_and_signs_in(home: Home) {
    let home = home.with("JETON_PRODUCT", "Example: Notes");
    let server = home.serve();
    let client = server.client();
    let tokens = client.join(ALICE).await;
    let (url, codes) = set_up(&client, &tokens).await;
    assert_eq!(codes.len(), 10);
    let described = run(&python("pyotp", REQUIREMENTS), DESCRIBE, &[&url]);
    assert_eq!(described.trim(), "Example  Notes|alice@example.com|6|30|sha1");
    let answer = login(&client, &code_at(&url, now() + STEP)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let claims = answer.tokens().unwrap().access;
    let claims = token_core::strict::base64url(claims.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["amr"], json!(["pwd", "otp", "mfa"]));
}

async fn a_code_is_good_once_and_for_a_step_before_and_after(home: Home) {
    let server = home.serve();
    let client = server.client();
    let tokens = client.join(ALICE).await;
    let begun = client.post("/v1/me/totp", &tokens.access).await;
    let url = begun.body["url"].as_str().unwrap().to_owned();
    // Far enough from the end of the step that the server sees the same one.
    while now() % STEP > STEP / 2 {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let at = now();
    let (before, current, after) = (code_at(&url, at - STEP), code_at(&url, at), code_at(&url, at + STEP));
    for other in [code_at(&url, at - 10 * STEP), code_at(&url, at + 10 * STEP)] {
        assert_eq!(confirm(&client, &tokens, &other).await.code(), "wrong_code", "five minutes off");
    }
    assert_eq!(confirm(&client, &tokens, &before).await.status, 200);
    for (code, status, why) in [
        (&before, 401, "used to set it up"),
        (&current, 200, "the step that it is"),
        (&current, 401, "used"),
        (&before, 401, "older than the one that was used"),
        (&after, 200, "a clock that is ahead"),
        (&after, 401, "used"),
    ] {
        let answer = login(&client, code).await;
        assert_eq!(answer.status, status, "{why}: {answer:?}");
    }
}
