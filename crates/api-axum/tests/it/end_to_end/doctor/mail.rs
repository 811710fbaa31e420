//! Mail: a server that answers, one that refuses, one that is silent, and the outbox.

use std::fs;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::super::home::{Home, Ran};
use super::super::mail::server::{Kind, Mailroom};
use super::{doctor, doctor_with};

#[test]
fn a_public_server_without_a_mail_server_is_worth_a_word() {
    let home = Home::on_sqlite();
    doctor(&home, &[]).expect("mail.transport", "ok", "outbox");
    doctor(&home, &["--issuer", "https://login.example.com"]).expect("mail.transport", "advice", "outbox");
}

#[test]
fn an_outbox_that_cannot_be_used_is_a_problem_and_what_waits_in_it_is_counted() {
    let home = Home::on_sqlite();
    doctor(&home, &[]).expect("mail.outbox", "ok", "no outbox yet");
    let ran = home.run(&["doctor", "--send-test-mail", "alice@example.com"]);
    assert!(
        ran.code == Some(0) && ran.out.contains("a test mail to alice@example.com is in the outbox"),
        "{}",
        ran.out
    );
    doctor(&home, &[]).expect("mail.outbox", "ok", "1 files are in it");
    let outbox = home.data().join("outbox");
    let mail = fs::read_dir(&outbox).unwrap().next().unwrap().unwrap().path();
    assert!(fs::read_to_string(mail).unwrap().contains("Jeton (http://127.0.0.1:1) arrives."));
    fs::remove_dir_all(&outbox).unwrap();
    fs::write(&outbox, "").unwrap();
    doctor(&home, &[]).expect("mail.outbox", "problem", "cannot be read");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_is_tried_with_its_login_and_a_test_mail_arrives() {
    let room = Mailroom::new();
    let smtp = room.start(Kind::StartTls, 0);
    let home = Home::on_sqlite()
        .with("JETON_MAIL__HOST", "localhost")
        .with("JETON_MAIL__PORT", &smtp.port.to_string())
        .with("JETON_MAIL__FROM", "no-reply@example.com")
        .with("JETON_MAIL__USER", "jeton");
    let authority = room.authority();
    let trusting = ("SSL_CERT_FILE", authority.to_str().unwrap());
    let right = [("JETON_MAIL__PASSWORD", "the mail server's password"), trusting];
    let seen = doctor_with(&home, &right);
    seen.expect("mail.transport", "ok", "encryption starttls, with a login");
    seen.expect("mail.server", "ok", "takes our connection");
    assert!(room.mails().is_empty(), "a handshake sends nothing");
    let wrong = doctor_with(&home, &[("JETON_MAIL__PASSWORD", "another"), trusting]);
    wrong.expect("mail.server", "problem", "does not take our connection: ");
    doctor_with(&home, &right[..1]).expect("mail.server", "problem", "does not take our connection: ");

    let mut command = home.jeton(&["doctor", "--send-test-mail", "alice@example.com"]);
    command.envs(right);
    let ran = Ran::of(command);
    assert!(ran.code == Some(0) && ran.out.contains("took a test mail to alice@example.com"), "{}", ran.out);
    room.expect("alice@example.com", "Jeton: a test mail").await;
    let mut command = home.jeton(&["doctor", "--send-test-mail", "refused@example.com"]);
    command.envs(right);
    let ran = Ran::of(command);
    assert!(ran.code == Some(1) && ran.out.contains("no such mailbox here"), "{}", ran.out);
}

#[test]
fn a_mail_server_that_is_silent_is_not_waited_for_and_the_wait_is_told() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let home = Home::on_sqlite()
        .with("JETON_MAIL__HOST", "127.0.0.1")
        .with("JETON_MAIL__PORT", &silent.local_addr().unwrap().port().to_string())
        .with("JETON_MAIL__ENCRYPTION", "none")
        .with("JETON_MAIL__FROM", "no-reply@example.com")
        .with("JETON_MAIL__TIMEOUT", "2s");
    let began = Instant::now();
    let seen = doctor(&home, &[]);
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    seen.expect("mail.server", "problem", "127.0.0.1:");
    assert!(seen.err.contains("waiting for the mail server 127.0.0.1:"), "{}", seen.err);
}
