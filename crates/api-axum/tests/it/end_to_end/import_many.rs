//! Ten thousand users of other software, imported with their hashes.

use std::fs;

use auth_domain::model::EmailAddress;
use futures_util::stream::{self, StreamExt as _};
use reqwest::Method;
use serde_json::json;

use super::client::{Client, send};
use super::home::Home;
use super::python::{python, run};
use super::{on_both_engines, rounds};

on_both_engines!(ten_thousand_users_with_five_kinds_of_hashes_are_imported_and_sign_in);

const REQUIREMENTS: &str =
    "# What makes the hashes.\nasgiref==3.13.0\nbcrypt==4.0.1\nDjango==5.2.19\npasslib==1.7.4\nsqlparse==0.6.1\n";
const SCRIPT: &str = include_str!("import_many.py");
const USERS: usize = 10_000;
/// So many of them have hashes of their own; after that they repeat.
const DISTINCT: usize = 500;
/// What the hashes begin with, in the order of their users.
const KINDS: [&str; 5] =
    ["$2b$04$", "$pbkdf2-sha512$500$", "$scrypt$ln=8,", "pbkdf2_sha256$500$", "bcrypt_sha256$$2b$04$"];

fn email(number: usize) -> String {
    format!("user-{number:05}@example.com")
}

async fn login(client: &Client, number: usize) -> u16 {
    let password = format!("the old password of {:05}", number % DISTINCT);
    let body = json!({ "email": email(number), "password": password });
    send(client.request(Method::POST, "/v1/login").json(&body)).await.unwrap().status
}

async fn ten_thousand_users_with_five_kinds_of_hashes_are_imported_and_sign_in(home: Home) {
    let home = home.with("JETON_THROTTLE__ENABLED", "false").with("JETON_LOG__LEVEL", "warn");
    let made = run(&python("hashes", REQUIREMENTS), SCRIPT, &[&USERS.to_string(), &DISTINCT.to_string()]);
    let mut lines: Vec<_> = made.lines().collect();
    for (line, kind) in lines[1..].iter().zip(KINDS.iter().cycle()) {
        assert!(line.split_once(',').unwrap().1.trim_start_matches('"').starts_with(kind), "{line}");
    }
    // Lines 5001 and 10003: the first stands in the middle of the good ones.
    lines.insert(5_000, "bad-hash@example.com,{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=");
    lines.push("nobody,");
    fs::write(home.folder().join("users.csv"), lines.join("\n") + "\n").unwrap();

    let ran = home.run(&["users", "import", "users.csv"]);
    print!("{}{}", ran.err, ran.out);
    assert_eq!(ran.code, Some(1), "two rows are bad");
    assert!(ran.out.starts_with("Imported 10000 of 10002 rows"), "{}", ran.out);
    for told in ["line 5001: password_hash: ", "line 10003: email: ", "10002 of 10002 rows ("] {
        assert!(ran.err.contains(told), "{told}: {}", ran.err);
    }

    // In the long form every one of them; else one in thirty-three, over all kinds.
    let step = rounds(33, 1);
    let signing_in: Vec<_> = (0..USERS).step_by(step).collect();
    let server = home.serve();
    let client = server.client();
    let statuses: Vec<_> =
        stream::iter(&signing_in).map(|number| login(&client, *number)).buffer_unordered(16).collect().await;
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    assert_eq!(login(&client, 5).await, 200);

    let database = home.database().await;
    let accounts = &database.stores().accounts;
    for number in &signing_in {
        let found = accounts.credentials(&EmailAddress::parse(&email(*number)).unwrap()).await.unwrap().unwrap();
        let hash = found.password_hash.unwrap();
        assert!(hash.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{number}: {}", hash.expose());
    }
    database.close().await;
    for number in signing_in.iter().take(KINDS.len()) {
        assert_eq!(login(&client, *number).await, 200, "by the new hash");
    }
    println!("{} of {USERS} signed in and have a new hash", signing_in.len());
}
