//! The commands beside `serve`.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use super::client::PASSWORD;
use super::home::{Home, Ran};
use super::on_both_engines;

on_both_engines!(an_account_that_the_command_line_made_can_sign_in, migrations_go_down_and_up_again,);

/// Runs a command with a text as its standard input.
pub(super) fn fed(mut command: Command, input: &str) -> Ran {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

#[test]
fn every_command_teaches_how_to_use_it() {
    let home = Home::on_sqlite();
    for command in [
        &["--help"][..],
        &["serve", "--help"],
        &["migrate", "--help"],
        &["after-restore", "--help"],
        &["inspect", "--help"],
        &["verify", "--help"],
        &["config", "--help"],
        &["users", "create", "--help"],
        &["users", "list", "--help"],
        &["users", "disable", "--help"],
        &["users", "enable", "--help"],
        &["users", "role", "--help"],
        &["users", "delete", "--help"],
        &["users", "invite", "--help"],
        &["users", "import", "--help"],
        &["users", "remove-factors", "--help"],
        &["sessions", "list", "--help"],
        &["sessions", "revoke", "--help"],
        &["events", "list", "--help"],
        &["events", "tail", "--help"],
        &["apikeys", "create", "--help"],
        &["apikeys", "list", "--help"],
        &["apikeys", "revoke", "--help"],
        &["keys", "list", "--help"],
        &["keys", "rotate", "--help"],
        &["keys", "revoke", "--help"],
        &["keys", "delete", "--help"],
        &["keys", "import", "--help"],
        &["keys", "export-public", "--help"],
        &["keys", "rewrap", "--help"],
        &["keys", "forget-master", "--help"],
        &["healthcheck", "--help"],
    ] {
        let help = home.run(command).success();
        assert!(help.contains("Example"), "{command:?}\n{help}");
    }
}

#[test]
fn an_unknown_key_is_named_with_where_it_stands() {
    let home = Home::on_sqlite();
    fs::write(home.folder().join("jeton.toml"), "lisen = \"127.0.0.1:1\"\n").unwrap();
    let mut command = home.jeton(&["serve"]);
    command.env("JETON_TOKENS__ACESS_TTL", "5m");
    let ran = Ran::of(command);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("unknown key `lisen` in jeton.toml; did you mean `listen`?"), "{}", ran.err);
    assert!(
        ran.err
            .contains("unknown environment variable JETON_TOKENS__ACESS_TTL; did you mean JETON_TOKENS__ACCESS_TTL?"),
        "{}",
        ran.err
    );
}

#[test]
fn a_check_of_the_settings_answers_by_its_exit_code() {
    let home = Home::on_sqlite();
    assert_eq!(home.run(&["config", "check"]).code, Some(0));
    let ran = home.with("JETON_TOKENS__ACCESS_TTL", "1s").run(&["config", "check"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("must be a duration from 10s to 1d"), "{}", ran.err);
}

#[test]
fn the_settings_are_shown_with_their_source_and_without_secrets() {
    let home = Home::on_sqlite()
        .with("JETON_DATABASE_URL", "postgres://jeton:hunter2@db/jeton")
        .with("JETON_MASTER_KEY", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=");
    fs::write(home.folder().join("jeton.toml"), "[tokens]\naccess_ttl = \"5m\"\n").unwrap();
    let shown = home.run(&["config", "show", "--log-level", "debug"]).success();
    let line = |key: &str| shown.lines().find(|line| line.starts_with(key)).unwrap().to_owned();
    assert!(line("tokens.access_ttl = \"5m\"").ends_with("# jeton.toml"));
    assert!(line("log.level = \"debug\"").ends_with("# flag --log-level"));
    assert!(line("master_key = \"<hidden>\"").ends_with("# environment variable JETON_MASTER_KEY"));
    assert!(line("database_url = \"postgres://jeton@db").ends_with("# environment variable JETON_DATABASE_URL"));
    assert!(line("audience = \"jeton\"").ends_with("# default"));
    assert!(!shown.contains("hunter2") && !shown.contains("AQEB"), "{shown}");
}

#[test]
fn wrong_usage_has_an_exit_code_of_its_own() {
    let home = Home::on_sqlite();
    for arguments in [
        &["sreve"][..],
        &["users", "create"],
        &["users", "disable", "not an address"],
        &["sessions", "revoke"],
        &["apikeys", "create", "--name", "notes", "--scope", "everything"],
        &["migrate", "down"],
        &["keys", "revoke"],
        &["keys", "import", "key.pem", "--algorithm", "none"],
        &["serve", "--config", "nowhere.toml"],
    ] {
        assert_eq!(home.run(arguments).code, Some(2), "{arguments:?}");
    }
}

async fn an_account_that_the_command_line_made_can_sign_in(home: Home) {
    let create = ["users", "create", "--email", "alice@example.com", "--admin", "--password-stdin"];
    let ran = fed(home.jeton(&create), &format!("{PASSWORD}\n"));
    assert!(ran.success().contains("with the role admin"));

    let again = fed(home.jeton(&create), PASSWORD);
    assert_eq!(again.code, Some(1));
    assert!(again.err.contains("an account with this mail address exists already"), "{}", again.err);
    let weak = fed(home.jeton(&["users", "create", "--email", "bob@example.com", "--password-stdin"]), "hunter2\n");
    assert_eq!(weak.code, Some(1));
    assert!(weak.err.contains("at least 15 are needed") && !weak.err.contains("hunter2"), "{}", weak.err);

    let server = home.serve();
    let client = server.client();
    let tokens = client.login("alice@example.com").await;
    assert_eq!(client.me(&tokens.access).await.unwrap().body["roles"], serde_json::json!(["admin"]));
}

async fn migrations_go_down_and_up_again(home: Home) {
    let states = |home: &Home| {
        let list = home.run(&["migrate", "status"]).success();
        list.lines().map(|line| line.split_whitespace().next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(states(&home).iter().all(|state| state == "pending"));
    home.run(&["migrate"]).success();
    let after = states(&home);
    assert!(!after.is_empty() && after.iter().all(|state| state == "applied"));

    assert_eq!(home.run(&["migrate", "down"]).code, Some(2), "it asks for --yes");
    for _ in &after {
        home.run(&["migrate", "down", "--yes"]).success();
    }
    assert!(states(&home).iter().all(|state| state == "pending"));
    home.run(&["migrate", "up"]).success();
    assert_eq!(states(&home), after);
    home.serve().stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_shown_in_words_and_not_believed() {
    let home = Home::on_sqlite();
    let server = home.serve();
    let token = server.client().join("alice@example.com").await.access;

    let by_argument = home.run(&["inspect", &token]).success();
    let by_stdin = fed(home.jeton(&["inspect", "-"]), &format!("{token}\n")).success();
    for shown in [by_argument, by_stdin] {
        assert!(shown.starts_with("Nothing here was verified"), "{shown}");
        assert!(
            shown.contains("\"at+jwt\"")
                && (shown.contains(", expires in 14 min") || shown.contains(", expires in 15 min")),
            "{shown}"
        );
        assert!(shown.contains("Its form is sound"), "{shown}");
    }
    let json = home.run(&["inspect", "--json", &token]).success();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["verified"], false);
    assert_eq!(json["header"]["json"]["alg"], "EdDSA");

    let bad = home.run(&["inspect", "no.token"]);
    assert_eq!(bad.code, Some(1));
    assert!(bad.out.contains("Every verifier refuses it") && bad.err.is_empty(), "{} {}", bad.out, bad.err);
}

#[test]
fn a_health_check_answers_by_its_exit_code() {
    let home = Home::on_sqlite();
    let server = home.serve();
    let address = server.url.trim_start_matches("http://").to_owned();
    let check = ["healthcheck", "--listen", &address];
    assert_eq!(home.run(&check).code, Some(0));
    server.stop();
    let ran = home.run(&check);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains(&format!("cannot get an answer from http://{address}/readyz")), "{}", ran.err);
}
