//! Accounts of other software, imported with the hashes of their passwords.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use auth_domain::model::EmailAddress;

use super::client::PASSWORD;
use super::home::{Home, Ran};
use super::on_both_engines;

on_both_engines!(imported_accounts_sign_in_with_their_old_passwords_and_get_a_new_hash);

/// Hashes that other software made: label, password as JSON, hash.
const FOREIGN: &str = include_str!("../../../../auth-domain/tests/it/fixtures/foreign_hashes.tsv");
const ACCOUNTS: usize = 300;

/// One hash of each scheme, all of the same password.
fn schemes() -> BTreeMap<&'static str, &'static str> {
    let lines = FOREIGN.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    lines.filter(|cells| cells[1] == format!("\"{PASSWORD}\"")).map(|cells| (cells[0], cells[2])).collect()
}

async fn imported_accounts_sign_in_with_their_old_passwords_and_get_a_new_hash(home: Home) {
    let schemes = schemes();
    assert!(schemes.len() >= 25, "{}", schemes.len());
    let mut csv = "email,password_hash,display_name,email_verified\n".to_owned();
    for (number, hash) in (0..ACCOUNTS).zip(schemes.values().cycle()) {
        writeln!(csv, "user-{number}@example.com,\"{hash}\",\"User, {number}\",true").unwrap();
    }
    // Lines 302 to 305: three bad ones, and one that came before.
    csv += "nobody,,,\nbad-hash@example.com,$1$abc$def,,\nbad-flag@example.com,,,perhaps\nUSER-7@example.com,,,\n";
    fs::write(home.folder().join("users.csv"), &csv).unwrap();

    let dry = home.run(&["users", "import", "users.csv", "--dry-run"]);
    assert_eq!(dry.code, Some(1));
    assert!(
        dry.out.starts_with("Could import 300 of 304 rows; 1 have an account already; 3 were refused."),
        "{}",
        dry.out
    );
    assert_eq!(home.run(&["users", "list"]).success().lines().count(), 1, "nothing was written");

    let ran = home.run(&["users", "import", "users.csv", "--report", "refused.csv"]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.out.starts_with("Imported 300 of 304 rows"), "{}", ran.out);
    assert!(ran.err.contains("304 of 304 rows ("), "it tells how it goes: {}", ran.err);
    assert!(ran.err.ends_with("jeton: 4 of 304 rows were not imported\n"), "{}", ran.err);
    let report = fs::read_to_string(home.folder().join("refused.csv")).unwrap();
    let lines: Vec<_> = report.lines().collect();
    assert_eq!(lines.len(), 5, "{report}");
    assert!(lines[1].starts_with("302,nobody,\"email: "), "{report}");
    assert!(lines[2].starts_with("303,bad-hash@example.com,password_hash: MD5 is not supported"), "{report}");
    assert!(lines[3].starts_with("304,bad-flag@example.com,email_verified must be true or false"), "{report}");
    assert!(lines[4].starts_with("305,USER-7@example.com,an account with this mail address exists"), "{report}");
    for text in [&ran.out, &ran.err, &report] {
        assert!(schemes.values().all(|hash| !text.contains(hash)), "no hash is repeated");
    }

    let server = home.serve();
    let client = server.client();
    for number in 0..schemes.len() {
        let email = format!("user-{number}@example.com");
        let tokens = client.login(&email).await;
        let me = client.me(&tokens.access).await.unwrap().body;
        assert_eq!((&me["email_verified"], &me["display_name"]), (&true.into(), &format!("User, {number}").into()));
        assert_eq!(client.try_login(&email).await.unwrap().status, 200, "with the new hash too");
    }
    let database = home.database().await;
    for (number, old) in (0..ACCOUNTS).zip(schemes.values().cycle()) {
        let email = EmailAddress::parse(&format!("user-{number}@example.com")).unwrap();
        let found = database.stores().accounts.credentials(&email).await.unwrap().unwrap();
        let hash = found.password_hash.unwrap();
        // What is argon2id already, and costs more than the server's own, stays.
        let dearer = old.starts_with("$argon2id$v=19$m=65536,t=3,");
        let anew = hash.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$");
        assert_eq!(anew, number < schemes.len() && !dearer, "{number}: {}", hash.expose());
        assert_eq!(anew, hash.expose() != *old, "{number}");
    }
    database.close().await;

    let again = home.run(&["users", "import", "users.csv"]);
    assert_eq!(again.code, Some(1));
    assert!(
        again.out.starts_with("Imported 0 of 304 rows; 301 have an account already; 3 were refused."),
        "{}",
        again.out
    );
    assert_eq!(client.try_login("user-0@example.com").await.unwrap().status, 200, "it changed nothing");
}

#[test]
fn json_lines_are_imported_and_a_clean_file_succeeds() {
    let home = Home::on_sqlite();
    let lines = "{\"email\":\"a@example.com\",\"roles\":[\"admin\"],\"locale\":\"ko\",\"created_at\":\"2020-01-02T03:04:05Z\"}\n\n\
                 {\"email\":\"b@example.com\"}\n";
    fs::write(home.folder().join("users.jsonl"), lines).unwrap();
    let out = home.run(&["users", "import", "users.jsonl"]).success();
    assert_eq!(out, "Imported 2 of 2 rows; 2 of them without a password, which their owners set by mail.\n");
    let listed: serde_json::Value = serde_json::from_str(&home.run(&["users", "list", "--json"]).success()).unwrap();
    assert_eq!((&listed[0]["roles"][0], &listed[0]["locale"]), (&"admin".into(), &"ko".into()));
    assert_eq!(listed[0]["created_at"], "2020-01-02T03:04:05Z");
}

#[test]
fn a_file_that_is_no_list_of_accounts_is_refused_before_anything_is_written() {
    let home = Home::on_sqlite();
    fs::write(home.folder().join("users.csv"), "mail;hash\n").unwrap();
    for (file, expected) in [("users.csv", "its header has a column \"mail;hash\""), ("none.csv", "No such file")] {
        let Ran { code, err, .. } = home.run(&["users", "import", file]);
        assert_eq!(code, Some(1));
        assert!(err.contains(expected), "{err}");
    }
    assert!(!home.data().exists());
}
