//! The time of an answer does not tell what the answer does not say. SECURITY P11.
//!
//! docs/explanation/security-tests.md says how it is measured.

mod line;
mod rank;

use std::fs;
use std::time::Duration;

use api_axum::SystemClock;
use auth_domain::model::{EmailAddress, ThrottleKey, ThrottlePolicy};
use auth_domain::ports::Clock as _;
use serde_json::json;

use self::line::{Difference, Plan, Question, compare};
use super::client::PASSWORD;
use super::home::{Home, Server};
use super::{on_both_engines, rounds};

on_both_engines!(
    p11_a_login_that_fails_takes_as_long_whatever_is_wrong,
    p11_a_login_that_must_wait_is_told_so_as_fast_whether_there_is_an_account,
    p11_asking_for_a_mail_takes_as_long_whether_there_is_an_account,
    p11_a_registration_takes_as_long_whether_the_address_is_taken,
);

/// For answers that leave at a beat.
const RESTING: Plan = Plan { samples: 300, lines: 15 };
/// The same where a password is hashed: no more at once than are done well before the beat.
const HASHED: Plan = Plan { lines: 3, ..RESTING };
/// An imported hash, which takes a fifth of the time of the others. Its password is another one than is tried.
const BCRYPT: &str = "$2b$05$ezRB5eqYHiFJHrtqHVzoeeagyqVM4rYd5J2CgufjwyEHwWbaFK/O6";
const WRONG: &str = "wrong horse battery staple";
const LOGIN: (&str, u16) = ("/v1/login", 401);
/// So often a difference must show before it is one: by chance it does once in a thousand comparisons.
const RUNS: usize = 3;

/// Fails when two of the questions differ, in the same sense, in every run.
fn assert_alike(server: &Server, questions: &[Question], plan: Plan) {
    let mut left: Option<Vec<Difference>> = None;
    for run in 0..RUNS {
        println!("run {}", run + 1);
        let found = compare(server, questions, plan, run);
        let again = |one: &Difference| {
            left.as_ref().is_none_or(|left| {
                left.iter()
                    .any(|other| one.between == other.between && one.z.is_sign_positive() == other.z.is_sign_positive())
            })
        };
        let stays: Vec<_> = found.into_iter().filter(again).collect();
        if stays.is_empty() {
            return;
        }
        left = Some(stays);
    }
    panic!("the time tells them apart: {left:#?}");
}

/// Whether every run tells these two apart.
fn are_told_apart(server: &Server, questions: &[Question], plan: Plan) -> bool {
    (0..RUNS).all(|run| !compare(server, questions, plan, run).is_empty())
}

fn unthrottled(home: Home) -> Home {
    home.with("JETON_THROTTLE__ENABLED", "false").with("JETON_LOG__LEVEL", "warn")
}

/// Accounts of every kind: `alice` as they are, `disabled`, `nopassword` of an operator's making, and `imported`.
async fn accounts(home: &Home, server: &Server) {
    let client = server.client();
    for name in ["alice", "disabled"] {
        assert!([201, 202].contains(&client.register(&format!("{name}@example.com")).await.status));
    }
    fs::write(
        home.folder().join("more.csv"),
        format!("email,password_hash\nnopassword@example.com,\nimported@example.com,{BCRYPT}\n"),
    )
    .unwrap();
    home.run(&["users", "import", "more.csv"]).success();
    home.run(&["users", "disable", "disabled@example.com"]).success();
}

fn login(name: &'static str, email: &'static str, password: &str) -> Question {
    let body = json!({ "email": email, "password": password });
    Question::new(name, LOGIN, move |_| body.clone())
}

async fn p11_a_login_that_fails_takes_as_long_whatever_is_wrong(home: Home) {
    let home = unthrottled(home);
    let server = home.serve();
    accounts(&home, &server).await;
    let too_long = "x".repeat(1_100);
    let questions = [
        login("a wrong password", "alice@example.com", WRONG),
        Question::new(
            "nobody's address",
            LOGIN,
            |n| json!({ "email": format!("n{n:08}@example.com"), "password": WRONG }),
        ),
        login("a disabled account's right password", "disabled@example.com", PASSWORD),
        login("an account without a password", "nopassword@example.com", WRONG),
        login("an account of other software", "imported@example.com", WRONG),
        login("an empty password", "alice@example.com", ""),
        login("a password that is too long", "alice@example.com", &too_long),
    ];
    assert_alike(&server, &questions, Plan { samples: rounds(300, 1_000), ..HASHED });
}

async fn p11_a_login_that_must_wait_is_told_so_as_fast_whether_there_is_an_account(home: Home) {
    let home = home.with("JETON_THROTTLE__STORE", "database").with("JETON_LOG__LEVEL", "warn");
    let server = home.serve();
    server.client().register("alice@example.com").await;
    // Each has to wait for a quarter of an hour.
    let database = home.database().await;
    for email in ["alice@example.com", "nobody@example.com"] {
        let key = ThrottlePolicy::default().account(&EmailAddress::parse(email).unwrap());
        let free = ThrottleKey { free: u32::MAX, ..key };
        for _ in 0..20 {
            assert_eq!(database.stores().throttle.charge(&[free], SystemClock.now()).await.unwrap(), None);
        }
    }
    database.close().await;
    let ask = |name, email| {
        let body = json!({ "email": email, "password": WRONG });
        Question::new(name, ("/v1/login", 429), move |_| body.clone())
    };
    let questions = [ask("an account", "alice@example.com"), ask("nobody's address", "nobody@example.com")];
    assert_alike(&server, &questions, RESTING);
}

async fn p11_asking_for_a_mail_takes_as_long_whether_there_is_an_account(home: Home) {
    let home = unthrottled(home);
    let server = home.serve();
    accounts(&home, &server).await;
    let ask = |name, path, email: &'static str| Question::new(name, (path, 202), move |_| json!({ "email": email }));
    let nobody = |name, path| Question::new(name, (path, 202), |n| json!({ "email": format!("n{n:08}@example.com") }));
    let (forgot, resend) = ("/v1/password/forgot", "/v1/email/verify/resend");
    let questions = [
        ask("forgot, an account", forgot, "alice@example.com"),
        nobody("forgot, nobody's address", forgot),
        ask("forgot, a disabled account", forgot, "disabled@example.com"),
        ask("resend, an account", resend, "alice@example.com"),
        nobody("resend, nobody's address", resend),
    ];
    assert_alike(&server, &questions, RESTING);
}

async fn p11_a_registration_takes_as_long_whether_the_address_is_taken(home: Home) {
    let home = unthrottled(home).with("JETON_REGISTRATION__REQUIRE_VERIFIED_EMAIL", "true");
    let server = home.serve();
    accounts(&home, &server).await;
    let register = |email: String| json!({ "email": email, "password": PASSWORD });
    let questions = [
        Question::new("a new address", ("/v1/accounts", 202), move |n| register(format!("n{n:08}@example.com"))),
        Question::new("a taken address", ("/v1/accounts", 202), move |_| register("alice@example.com".to_owned())),
        Question::new("a disabled account's address", ("/v1/accounts", 202), move |_| {
            register("disabled@example.com".to_owned())
        }),
    ];
    assert_alike(&server, &questions, HASHED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_millisecond_is_told_apart() {
    let home = unthrottled(Home::on_sqlite());
    let server = home.serve();
    server.client().register("alice@example.com").await;
    let mut late = login("the same, 1 ms later", "alice@example.com", WRONG);
    late.handicap = Duration::from_millis(1);
    let questions = [login("a wrong password", "alice@example.com", WRONG), late];
    assert!(are_told_apart(&server, &questions, HASHED));
}
