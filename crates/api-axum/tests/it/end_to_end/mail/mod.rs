//! Mail through a real SMTP server: taken, refused, down, slow; in plain words and in Korean; and the links in it work.

pub(in crate::end_to_end) mod server;

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use self::server::{Kind, Mailroom, subject, token};
use super::client::{Client, PASSWORD, send};
use super::home::{Home, Server};
use super::on_both_engines;

on_both_engines!(
    links_in_mails_verify_an_address_and_set_a_new_password,
    a_mail_server_that_is_down_delays_mail_and_loses_none,
);

const ALICE: &str = "alice@example.com";
const NEW_PASSWORD: &str = "incorrect pony battery staple";

/// A home whose mail goes to a server on this port.
fn with_mail(home: Home, port: u16) -> Home {
    home.with("JETON_MAIL__HOST", "127.0.0.1")
        .with("JETON_MAIL__PORT", &port.to_string())
        .with("JETON_MAIL__ENCRYPTION", "none")
        .with("JETON_MAIL__FROM", "Example <no-reply@example.com>")
}

async fn post(client: &Client, path: &str, body: serde_json::Value) -> super::client::Answer {
    send(client.request(Method::POST, path).json(&body)).await.unwrap()
}

async fn links_in_mails_verify_an_address_and_set_a_new_password(home: Home) {
    let room = Mailroom::new();
    let smtp = room.start(Kind::Plain, 0);
    let home = with_mail(home, smtp.port).with("JETON_REGISTRATION__REQUIRE_VERIFIED_EMAIL", "true");
    let server = home.serve();
    let client = server.client();

    assert_eq!(client.register(ALICE).await.status, 202);
    assert_eq!(client.try_login(ALICE).await.unwrap().code(), "email_not_verified");
    let mail = room.expect(ALICE, "Confirm your mail address").await;
    assert_eq!(mail["from"], "no-reply@example.com");
    assert_eq!(mail["headers"]["from"], "Example <no-reply@example.com>");
    assert_eq!(mail["headers"]["auto-submitted"], "auto-generated");
    assert!(mail["headers"]["message-id"].as_str().unwrap().ends_with("@example.com>"), "{mail}");
    assert!(mail["headers"]["date"].is_string(), "{mail}");
    let verify = token(&mail);
    assert_eq!(post(&client, "/v1/email/verify", json!({ "token": verify })).await.status, 204);
    assert_eq!(post(&client, "/v1/email/verify", json!({ "token": verify })).await.status, 410, "it is good once");
    let tokens = client.login(ALICE).await;
    assert_eq!(client.me(&tokens.access).await.unwrap().body["email_verified"], true);

    assert_eq!(post(&client, "/v1/password/forgot", json!({ "email": ALICE })).await.status, 202);
    assert_eq!(post(&client, "/v1/password/forgot", json!({ "email": "nobody@example.com" })).await.status, 202);
    let reset = token(&room.expect(ALICE, "Set a new password").await);
    let body = json!({ "token": reset, "new_password": NEW_PASSWORD });
    assert_eq!(post(&client, "/v1/password/reset", body.clone()).await.status, 204);
    assert_eq!(post(&client, "/v1/password/reset", body).await.status, 410, "it is good once");
    assert_eq!(client.me(&tokens.access).await.unwrap().status, 401, "every session has ended");
    assert_eq!(client.try_login(ALICE).await.unwrap().code(), "invalid_credentials");
    let login = post(&client, "/v1/login", json!({ "email": ALICE, "password": NEW_PASSWORD })).await;
    assert_eq!(login.status, 200, "{login:?}");

    let notice = room.expect(ALICE, "A new device signed in").await;
    assert!(notice["plain"].as_str().unwrap().contains("127.0.0.1"), "{notice}");
    room.expect(ALICE, "Your password was set anew").await;
    assert!(room.mails().iter().all(|mail| mail["to"][0] == ALICE), "nobody else gets any");
    let log = server.stop();
    for secret in [&verify, &reset] {
        assert!(!log.contains(secret.as_str()), "no token is logged");
    }
}

async fn a_mail_server_that_is_down_delays_mail_and_loses_none(home: Home) {
    let room = Mailroom::new();
    let port = room.start(Kind::Plain, 0).port;
    let home = with_mail(home, port);
    let server = home.serve();
    for name in ["alice", "bob", "carol"] {
        let started = Instant::now();
        assert_eq!(server.client().register(&format!("{name}@example.com")).await.status, 201);
        assert!(started.elapsed() < Duration::from_secs(10), "nobody waits for mail");
    }
    // Long enough for attempts that fail, and over the end of a server.
    tokio::time::sleep(Duration::from_secs(1)).await;
    server.kill();
    let server = home.serve();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(room.mails().is_empty());

    let _smtp = room.start(Kind::Plain, port);
    for name in ["alice", "bob", "carol"] {
        let to = format!("{name}@example.com");
        let mail = room.expect(&to, "Confirm your mail address").await;
        let verified = post(&server.client(), "/v1/email/verify", json!({ "token": token(&mail) })).await;
        assert_eq!(verified.status, 204, "{name}");
    }
    assert_eq!(room.mails().len(), 3, "each came once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_is_refused_for_good_is_given_up_and_holds_nothing_up() {
    let room = Mailroom::new();
    let smtp = room.start(Kind::Plain, 0);
    let home = with_mail(Home::on_sqlite(), smtp.port);
    let server = home.serve();
    let client = server.client();
    assert_eq!(client.register("refused@example.com").await.status, 201);
    assert_eq!(client.register(ALICE).await.status, 201);
    room.expect(ALICE, "Confirm your mail address").await;
    let log = logged(&server, "a mail was given up").await;
    assert!(log.contains("no such mailbox here"), "the server's own words: {log}");
    assert!(!log.contains("refused@example.com"), "addresses are personal data: {log}");
    assert!(room.mails().iter().all(|mail| mail["to"][0] == ALICE));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_mail_server_holds_no_request_up_and_gets_the_mail_again() {
    let room = Mailroom::new();
    let smtp = room.start(Kind::Plain, 0);
    room.be_slow(true);
    let home = with_mail(Home::on_sqlite(), smtp.port).with("JETON_MAIL__TIMEOUT", "1s");
    let server = home.serve();
    let client = server.client();
    assert_eq!(client.register(ALICE).await.status, 201);
    let started = Instant::now();
    for _ in 0..5 {
        assert_eq!(post(&client, "/v1/password/forgot", json!({ "email": "nobody@example.com" })).await.status, 202);
    }
    assert!(started.elapsed() < Duration::from_secs(5), "five requests took {:?}", started.elapsed());
    // The first attempt has run into its time limit.
    tokio::time::sleep(Duration::from_secs(3)).await;
    room.be_slow(false);
    let mail = room.expect(ALICE, "Confirm your mail address").await;
    assert_eq!(post(&client, "/v1/email/verify", json!({ "token": token(&mail) })).await.status, 204);
    // Whether the slow attempts were taken is not known to the sender: a reader's program knows a copy by its id.
    let ids: std::collections::BTreeSet<_> =
        room.mails().iter().map(|mail| mail["headers"]["message-id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_is_encrypted_and_a_wrong_password_loses_none() {
    let room = Mailroom::new();
    let smtp = room.start(Kind::StartTls, 0);
    let home = Home::on_sqlite()
        .with("JETON_MAIL__HOST", "localhost")
        .with("JETON_MAIL__PORT", &smtp.port.to_string())
        .with("JETON_MAIL__FROM", "no-reply@example.com")
        .with("JETON_MAIL__USER", "jeton")
        .with("SSL_CERT_FILE", room.authority().to_str().unwrap());
    let server = home.serve_with(&[("JETON_MAIL__PASSWORD", "another password")]);
    assert_eq!(server.client().register(ALICE).await.status, 201);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let log = server.stop();
    assert!(room.mails().is_empty() && !log.contains("given up"), "{log}");

    let server = home.serve_with(&[("JETON_MAIL__PASSWORD", "the mail server's password")]);
    let mail = room.expect(ALICE, "Confirm your mail address").await;
    assert_eq!((&mail["tls"], &mail["user"]), (&json!(true), &json!("jeton")));
    assert!(!server.stop().contains("the mail server's password"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_certificate_gets_no_mail() {
    let room = Mailroom::new();
    let smtp = room.start(Kind::StartTls, 0);
    let home = Home::on_sqlite()
        .with("JETON_MAIL__HOST", "localhost")
        .with("JETON_MAIL__PORT", &smtp.port.to_string())
        .with("JETON_MAIL__FROM", "no-reply@example.com");
    let server = home.serve();
    assert_eq!(server.client().register(ALICE).await.status, 201);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(room.mails().is_empty());
    assert!(!server.stop().contains("given up"));
}

#[tokio::test(flavor = "multi_thread")]
async fn korean_readers_get_korean_mail_and_the_operators_own_words() {
    let room = Mailroom::new();
    let smtp = room.start(Kind::Plain, 0);
    let home = with_mail(Home::on_sqlite(), smtp.port).with("JETON_PRODUCT", "예제");
    let templates = home.folder().join("words");
    std::fs::create_dir_all(templates.join("ko")).unwrap();
    std::fs::write(templates.join("ko/invite.txt"), "Subject: {{ product }} 초대장\n\n환영합니다: {{ link }}\n")
        .unwrap();
    let home = home
        .with("JETON_MAIL__TEMPLATES", templates.to_str().unwrap())
        .with("JETON_MAIL__LINKS__INVITE", "https://app.example.com/join/{token}")
        .with("JETON_REGISTRATION__MODE", "invite");
    let server = home.serve();
    let client = server.client();
    assert_eq!(client.register(ALICE).await.code(), "not_invited");

    home.run(&["users", "invite", ALICE, "--locale", "ko"]).success();
    let invitation = room.expect(ALICE, "예제 초대장").await;
    let text = invitation["plain"].as_str().unwrap();
    assert!(text.starts_with("환영합니다: https://app.example.com/join/jot_"), "{text}");
    let invite = token(&invitation);
    let register = |email: &str| json!({ "email": email, "password": PASSWORD, "invite": invite, "locale": "ko" });
    let other = post(&client, "/v1/accounts", register("bob@example.com")).await;
    assert_eq!(other.code(), "not_invited", "it is Alice's");
    assert_eq!(post(&client, "/v1/accounts", register(ALICE)).await.status, 201);

    assert_eq!(post(&client, "/v1/password/forgot", json!({ "email": ALICE })).await.status, 202);
    let mail = room.expect(ALICE, "비밀번호를 새로 정해 주세요").await;
    assert!(subject(&mail).starts_with("예제 "), "{mail}");
    assert!(mail["plain"].as_str().unwrap().contains("30분 동안 한 번만"), "{mail}");
    assert!(mail["html"].as_str().unwrap().contains("<html lang=\"ko\">"), "{mail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_mail_server_mails_are_files_and_the_log_has_a_link_to_each_and_no_token() {
    let home = Home::on_sqlite();
    let server = home.serve();
    assert_eq!(server.client().register(ALICE).await.status, 201);
    let log = logged(&server, "verify_email-").await;
    let at = log.find("file://").unwrap() + "file://".len();
    let path: String = log[at..].chars().take_while(|c| !c.is_whitespace() && *c != '"').collect();
    let mail = std::fs::read_to_string(&path).unwrap();
    let at = mail.find("/#/verify-email?token=jot_").unwrap() + "/#/verify-email?token=".len();
    let token: String = mail[at..].chars().take_while(|c| !c.is_whitespace()).collect();
    assert!(!log.contains(&token));
    assert_eq!(post(&server.client(), "/v1/email/verify", json!({ "token": token })).await.status, 204);
}

/// Waits until the server has logged these words, and gives its log.
async fn logged(server: &Server, words: &str) -> String {
    let wait = async {
        while !server.log().contains(words) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.unwrap_or_else(|_| panic!("{}", server.log()));
    server.log()
}
