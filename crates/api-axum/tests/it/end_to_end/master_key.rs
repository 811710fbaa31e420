//! From one master key to another, in the order that the documentation gives: no session ends.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::client::{Client, Tokens};
use super::home::{Home, Ran, Server};

const OLD: &str = "1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const NEW: &str = "2:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";
const ALICE: &str = "alice@example.com";

/// The master key that a refresh token was made under.
fn master_of(refresh: &str) -> u8 {
    token_core::strict::base64url(refresh.trim_start_matches("jrt_")).unwrap()[1]
}

/// `jeton` with these master keys.
fn with(home: &Home, arguments: &[&str], masters: &str) -> Command {
    let mut command = home.jeton(arguments);
    command.env("JETON_MASTER_KEY", masters);
    command
}

fn node(home: &Home, folder: &str, masters: &str) -> Server {
    Server::start(with(home, &["serve", "--data-dir", folder], masters), &home.next_log())
}

/// Refreshes on one node, and uses what comes on the other: access token and refresh token.
async fn across(here: &Server, there: &Server, tokens: &Tokens) -> Tokens {
    let tokens = refreshed(&here.client(), tokens).await;
    assert_eq!(there.client().me(&tokens.access).await.unwrap().status, 200);
    refreshed(&there.client(), &tokens).await
}

async fn refreshed(client: &Client, tokens: &Tokens) -> Tokens {
    let answer = client.refresh(&tokens.refresh, None).await.unwrap();
    answer.tokens().unwrap_or_else(|| panic!("{answer:?}"))
}

fn masters_of_keys(home: &Home) -> Vec<u64> {
    let listed: Value = serde_json::from_str(&home.run(&["keys", "list", "--json"]).success()).unwrap();
    listed["keys"].as_array().unwrap().iter().map(|key| key["sealed_under"].as_u64().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_move_to_another_master_key_one_after_the_other_and_no_session_ends() {
    let home = Home::on_postgres().await;
    let (mut one, mut other) = (node(&home, "one", OLD), node(&home, "other", OLD));
    one.client().register(ALICE).await;
    let mut busy = one.client().login(ALICE).await;
    // These do not come back before everything has moved.
    let (away, asleep) = (one.client().login(ALICE).await, other.client().login(ALICE).await);

    let last = with(&home, &["serve", "--data-dir", "third"], NEW);
    let log = Server::try_start(last, &home.next_log()).err().unwrap();
    assert!(log.contains("sealed under the master key 1, which is not configured"), "the last step comes last: {log}");

    for masters in [format!("{OLD},{NEW}"), format!("{NEW},{OLD}")] {
        one.stop();
        busy = refreshed(&other.client(), &busy).await;
        one = node(&home, "one", &masters);
        busy = across(&one, &other, &busy).await;
        busy = across(&other, &one, &busy).await;
        other.stop();
        busy = refreshed(&one.client(), &busy).await;
        other = node(&home, "other", &masters);
        busy = across(&one, &other, &busy).await;
    }
    assert_eq!((master_of(&away.refresh), master_of(&busy.refresh)), (1, 2));
    assert_eq!(masters_of_keys(&home), [1, 1]);

    let both = format!("{NEW},{OLD}");
    interrupted(&home, &both);
    let done = Ran::of(with(&home, &["keys", "rewrap"], &both));
    assert!(done.err.contains("It is safe to run this again"), "{}", done.err);
    assert!(done.success().contains("Not needed in the settings any more: 1."));
    assert_eq!(masters_of_keys(&home), [2, 2]);
    let again = Ran::of(with(&home, &["keys", "rewrap"], &both)).success();
    assert!(again.contains("Every signing key is sealed under the master key 2 already."), "{again}");
    busy = across(&one, &other, &busy).await;

    one.stop();
    one = node(&home, "one", NEW);
    busy = across(&one, &other, &busy).await;
    other.stop();
    other = node(&home, "other", NEW);
    across(&one, &other, &busy).await;
    let woken = refreshed(&other.client(), &away).await;
    let repeated = refreshed(&one.client(), &away).await;
    assert_eq!(woken.refresh, repeated.refresh, "a repeated request has the same successor still");
    assert_eq!(master_of(&woken.refresh), 2);

    forget(&home, &one, &other, &woken, &asleep).await;
}

/// Kills the command at one moment after the other.
fn interrupted(home: &Home, masters: &str) {
    for milliseconds in (20..=200).step_by(20) {
        let mut child = with(home, &["keys", "rewrap"], masters).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(milliseconds));
        // It may have ended by itself.
        let _ = child.kill();
        child.wait().unwrap();
    }
}

/// What rests on the old one alone ends when the servers that forget it start again, and nothing else.
async fn forget(home: &Home, one: &Server, other: &Server, moved: &Tokens, asleep: &Tokens) {
    let unsure = Ran::of(with(home, &["keys", "forget-master", "1"], NEW));
    assert_eq!(unsure.code, Some(2));
    assert!(unsure.err.contains("--yes"), "{}", unsure.err);
    Ran::of(with(home, &["keys", "forget-master", "1", "--yes"], NEW)).success();
    let nothing = Ran::of(with(home, &["keys", "forget-master", "1", "--yes"], NEW));
    assert!(nothing.err.contains("there is nothing to forget (there is none)"), "{}", nothing.err);

    one.terminate();
    other.terminate();
    let server = node(home, "one", NEW);
    let client = server.client();
    assert_eq!(client.refresh(&asleep.refresh, None).await.unwrap().code(), "invalid_grant");
    refreshed(&client, moved).await;
}
