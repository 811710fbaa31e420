//! The process ends at every edge of a commit: before the first statement, before the commit, between commit and answer.
//! Afterwards the step is done as a whole or not at all, and whoever repeats his request gets what he is due.

use std::path::Path;
use std::time::{Duration, Instant};

use auth_domain::model::SessionId;
use reqwest::Method;
use serde_json::{Value, json};
use store_diesel::Database;

use super::client::{Answer, Client, PASSWORD, Tokens, send};
use super::home::{Home, Ran, Server, row};
use super::report::Report;
use super::{engine, on_both_engines};

on_both_engines!(a_step_is_done_as_a_whole_or_not_at_all);

const NEW_PASSWORD: &str = "a new password that is long enough";
const KEY: &str = "0123456789abcdef";
/// The places, and whether what the step wrote is there afterwards.
const EDGES: [(&str, bool); 3] = [("step-begins", false), ("step-before-commit", false), ("step-committed", true)];

/// A request whose step is stopped.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Request {
    Refresh,
    Replay,
    Logout,
    Login,
    Password,
    Registration,
    MailedToken,
    KeyRotation,
}

impl Request {
    const ALL: [Self; 8] = [
        Self::Refresh,
        Self::Replay,
        Self::Logout,
        Self::Login,
        Self::Password,
        Self::Registration,
        Self::MailedToken,
        Self::KeyRotation,
    ];

    /// The step that does it, on either engine.
    const fn step(self) -> &'static str {
        match self {
            Self::Refresh => "session::Advance",
            Self::Replay => "sessions::Settle",
            Self::Logout => "end::End",
            Self::Login => "open::Open",
            Self::Password => "password::Set",
            Self::Registration => "registration::Create",
            Self::MailedToken => "email::VerifyEmail",
            Self::KeyRotation => "keys::Change",
        }
    }
}

/// One request at one edge, with an account of its own.
struct Case {
    request: Request,
    edge: &'static str,
    done: bool,
    email: String,
    /// The session that is at stake, before and after two refreshes, and another one.
    old: Tokens,
    tokens: Tokens,
    other: Tokens,
    mailed: String,
}

impl Case {
    async fn new(home: &Home, client: &Client, request: Request, (edge, done): (&'static str, bool)) -> Self {
        let email = format!("{request:?}.{edge}@example.com").to_lowercase();
        let old = client.join(&email).await;
        let mut tokens = old.clone();
        if request == Request::Replay {
            for _ in 0..2 {
                tokens = client.refresh(&tokens.refresh, None).await.unwrap().tokens().unwrap();
            }
        }
        let mailed = if request == Request::MailedToken { mailed(home, &email).await } else { String::new() };
        let other = client.login(&email).await;
        Self { request, edge, done, email, old, tokens, other, mailed }
    }

    /// Sends the request; `None` when no answer came.
    async fn send(&self, client: &Client) -> Option<Answer> {
        match self.request {
            Request::Refresh => client.refresh(&self.tokens.refresh, Some(KEY)).await,
            Request::Replay => client.refresh(&self.old.refresh, None).await,
            Request::Logout => client.logout(&self.tokens.access).await,
            Request::Login => client.try_login(&self.email).await,
            Request::Password => {
                let body = json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD });
                let request = client.request(Method::POST, "/v1/me/password").bearer_auth(&self.tokens.access);
                send(request.json(&body)).await
            }
            Request::Registration => {
                let body = json!({ "email": self.newcomer(), "password": PASSWORD });
                send(client.request(Method::POST, "/v1/accounts").json(&body)).await
            }
            Request::MailedToken => post(client, "/v1/email/verify", json!({ "token": self.mailed })).await,
            Request::KeyRotation => unreachable!("this is a command"),
        }
    }

    fn newcomer(&self) -> String {
        format!("new.{}", self.email)
    }

    /// What is there after the crash, and what a repeated request gets.
    async fn check(&self, client: &Client, database: &Database) {
        let (done, what) = (self.done, format!("{:?} at {}", self.request, self.edge));
        let session: SessionId = self.tokens.session.parse().unwrap();
        let other: SessionId = self.other.session.parse().unwrap();
        match self.request {
            Request::Refresh => {
                assert_eq!(row(database, session).await, Some((u32::from(done), false)), "{what}");
                let first = self.send(client).await.unwrap().tokens().unwrap();
                let again = self.send(client).await.unwrap().tokens().unwrap();
                assert_eq!(first.refresh, again.refresh, "{what}");
                assert_eq!(row(database, session).await, Some((1, false)), "{what}");
                assert_eq!(client.refresh(&first.refresh, None).await.unwrap().status, 200, "{what}");
            }
            Request::Replay => {
                assert_eq!(row(database, session).await, Some((2, done)), "{what}");
                assert_eq!(self.send(client).await.unwrap().status, 401, "{what}");
                assert_eq!(row(database, session).await, Some((2, true)), "{what}");
                assert_eq!(client.refresh(&self.tokens.refresh, None).await.unwrap().status, 401, "{what}");
                assert_eq!(client.me(&self.tokens.access).await.unwrap().status, 401, "{what}");
                assert_eq!(row(database, other).await, Some((0, false)), "{what}");
            }
            Request::Logout => {
                assert_eq!(row(database, session).await, Some((0, done)), "{what}");
                assert_eq!(self.send(client).await.unwrap().status, 204, "{what}");
                assert_eq!(client.me(&self.tokens.access).await.unwrap().code(), "invalid_token", "{what}");
                let refused = client.refresh(&self.tokens.refresh, None).await.unwrap();
                assert_eq!(refused.code(), "session_signed_out", "{what}");
                assert_eq!(row(database, other).await, Some((0, false)), "{what}");
            }
            Request::Login => {
                let sessions = client.get("/v1/sessions", &self.tokens.access).await;
                let found = sessions.body["sessions"].as_array().unwrap().len();
                assert_eq!(found, 2 + usize::from(done), "{what}: {sessions:?}");
                assert_eq!(self.send(client).await.unwrap().status, 200, "{what}");
            }
            Request::Password => {
                assert_eq!(row(database, other).await, Some((0, done)), "{what}: the other session");
                let login = |password| post(client, "/v1/login", json!({ "email": self.email, "password": password }));
                assert_eq!(login(NEW_PASSWORD).await.unwrap().status == 200, done, "{what}");
                assert_eq!(login(PASSWORD).await.unwrap().status == 200, !done, "{what}");
                if !done {
                    assert_eq!(self.send(client).await.unwrap().status, 204, "{what}");
                    assert_eq!(login(NEW_PASSWORD).await.unwrap().status, 200, "{what}");
                    assert_eq!(row(database, other).await, Some((0, true)), "{what}");
                }
            }
            Request::Registration => {
                let login = client.try_login(&self.newcomer()).await.unwrap().status;
                assert_eq!(login == 200, done, "{what}");
                assert_eq!(self.send(client).await.unwrap().status, if done { 409 } else { 201 }, "{what}");
                assert_eq!(client.try_login(&self.newcomer()).await.unwrap().status, 200, "{what}");
            }
            Request::MailedToken => {
                let verified = async || client.me(&self.tokens.access).await.unwrap().body["email_verified"].clone();
                assert_eq!(verified().await, done, "{what}");
                assert_eq!(self.send(client).await.unwrap().status, if done { 410 } else { 204 }, "{what}");
                assert_eq!(verified().await, true, "{what}");
            }
            Request::KeyRotation => unreachable!("this is a command"),
        }
    }
}

async fn a_step_is_done_as_a_whole_or_not_at_all(home: Home) {
    let home = home.with("JETON_THROTTLE__ENABLED", "false");
    let server = home.serve();
    let client = server.client();
    let mut cases = Vec::new();
    for request in Request::ALL {
        for edge in EDGES {
            // On PostgreSQL a rotation is one statement, which begins and commits itself.
            let one_statement = request == Request::Refresh && engine(&home) == "PostgreSQL";
            if request != Request::KeyRotation && !(one_statement && edge.0 == "step-before-commit") {
                cases.push(Case::new(&home, &client, request, edge).await);
            }
        }
    }
    server.stop();

    for case in &cases {
        let point = format!("{}:{}=return", case.edge, case.request.step());
        let mut server: Server = home.serve_with(&[("FAILPOINTS", &point)]);
        let answer = case.send(&server.client()).await;
        assert!(answer.is_none(), "{:?} at {} was answered: {answer:?}", case.request, case.edge);
        let status = server.wait();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(6), "{point}: {}", server.log());
    }
    for (edge, done) in EDGES {
        rotate_keys(&home, edge, done);
    }

    let server = home.serve();
    let client = server.client();
    let database = home.database().await;
    for case in &cases {
        case.check(&client, &database).await;
    }
    database.close().await;
    let log = server.stop();
    assert!(!log.contains("panicked"), "{log}");
    Report::of("failpoints", engine(&home))
        .figure("kinds of steps", Request::ALL.len())
        .figure("crashes, each at an edge of a commit", cases.len() + EDGES.len())
        .write();
}

/// The command that rotates the signing keys ends at this edge.
fn rotate_keys(home: &Home, edge: &str, done: bool) {
    let active = || {
        let keys: Value = serde_json::from_str(&home.run(&["keys", "list", "--json"]).success()).unwrap();
        let keys = keys["keys"].as_array().unwrap().clone();
        let mut active = keys.into_iter().filter(|key| key["state"] == "active");
        let only = active.next().unwrap()["kid"].clone();
        assert!(active.next().is_none(), "{edge}: two keys sign");
        only
    };
    let before = active();
    let mut command = home.jeton(&["keys", "rotate", "--force"]);
    command.env("FAILPOINTS", format!("{edge}:{}=return", Request::KeyRotation.step()));
    let ran = Ran::of(command);
    assert_eq!((ran.code, ran.out.as_str()), (None, ""), "{edge}: {}", ran.err);
    let after = active();
    assert_eq!(before != after, done, "{edge}");
    home.run(&["keys", "rotate", "--force"]).success();
    assert_ne!(active(), after, "{edge}");
}

async fn post(client: &Client, path: &str, body: Value) -> Option<Answer> {
    send(client.request(Method::POST, path).json(&body)).await
}

/// The token in the mail to this address, which a development server writes to its outbox.
async fn mailed(home: &Home, email: &str) -> String {
    let begun = Instant::now();
    loop {
        let files = std::fs::read_dir(home.data().join("outbox")).into_iter().flatten();
        let texts = files.map(|file| read(&file.unwrap().path()));
        let token = texts.filter(|text| text.contains(email)).find_map(|text| {
            let token = text.get(text.find("jot_")?..)?;
            let letters = token.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
            Some(letters.collect())
        });
        match token {
            Some(token) => return token,
            None => assert!(begun.elapsed() < Duration::from_secs(60), "no mail to {email}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A mail that is being written is read as far as it goes.
fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}
