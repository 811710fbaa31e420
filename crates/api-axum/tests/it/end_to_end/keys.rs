//! `jeton keys` beside a running server: what it refuses, what it says, and that the server follows.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use token_core::{Algorithm, SigningKey};

use super::cli::fed;
use super::client::{Client, send};
use super::home::{Home, Ran};
use super::on_both_engines;
use super::world::kid_of;

on_both_engines!(
    a_rotation_by_hand_waits_for_verifiers_unless_it_is_forced_and_the_server_follows,
    a_key_from_elsewhere_is_imported_published_and_exported,
);

/// Running servers look every five seconds at least.
const SECONDS: Duration = Duration::from_secs(15);

fn json_of(ran: Ran) -> Value {
    serde_json::from_str(&ran.success()).unwrap()
}

/// The one key in this state.
fn key_in(home: &Home, state: &str) -> Value {
    let listed = json_of(home.run(&["keys", "list", "--json"]));
    let mut found = listed["keys"].as_array().unwrap().iter().filter(|key| key["state"] == state);
    let key = found.next().unwrap_or_else(|| panic!("no key is {state}: {listed}")).clone();
    assert!(found.next().is_none(), "{listed}");
    key
}

fn kid_in(home: &Home, state: &str) -> String {
    key_in(home, state)["kid"].as_str().unwrap().to_owned()
}

async fn jwks(client: &Client) -> Value {
    send(client.request(Method::GET, "/.well-known/jwks.json")).await.unwrap().body
}

async fn published(client: &Client, kid: &str) -> bool {
    jwks(client).await["keys"].as_array().unwrap().iter().any(|key| key["kid"] == kid)
}

async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < SECONDS, "{what} takes too long");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn a_rotation_by_hand_waits_for_verifiers_unless_it_is_forced_and_the_server_follows(home: Home) {
    let server = home.serve();
    let client = server.client();
    let old = client.join("alice@example.com").await;
    let (first, second) = (kid_in(&home, "active"), kid_in(&home, "next"));
    assert_eq!(kid_of(&old.access), first);
    let table = home.run(&["keys", "list"]).success();
    assert!(table.contains("signs since") && table.contains("may sign from") && table.contains(&first), "{table}");

    let early = home.run(&["keys", "rotate"]);
    assert_eq!(early.code, Some(1));
    assert!(
        early.err.contains("has not been published for long enough") && early.err.contains("(--force)"),
        "{}",
        early.err
    );
    let unknown = home.run(&["keys", "rotate", "--kid", "nobody", "--force"]);
    assert!(unknown.err.contains("there is no key with the kid nobody; `jeton keys list`"), "{}", unknown.err);

    let forced = home.run(&["keys", "rotate", "--force", "--json"]);
    assert!(
        forced.err.contains(&format!("forced, although the key {second} has not been published")),
        "{}",
        forced.err
    );
    let answer = json_of(forced);
    assert!(answer["overruled"].as_str().unwrap().contains(&second), "{answer}");
    until("the server's rotation", async || {
        let tokens = client.login("alice@example.com").await;
        kid_of(&tokens.access) == second
    })
    .await;
    assert_eq!(client.me(&old.access).await.unwrap().status, 200, "what the first key signed is still good");
    let third = kid_in(&home, "next");
    assert!(published(&client, &third).await && published(&client, &first).await);

    let needed = home.run(&["keys", "delete", &first]);
    assert_eq!(needed.code, Some(1));
    assert!(needed.err.contains("are alive until") && needed.err.contains("(--force)"), "{}", needed.err);
    let signs = home.run(&["keys", "delete", &second, "--force"]);
    assert!(signs.err.contains("signs now: rotate first, or revoke it if it was stolen"), "{}", signs.err);
    let deleted = home.run(&["keys", "delete", &first, "--force"]);
    assert!(deleted.err.contains("forced, although tokens that the key"), "{}", deleted.err);
    assert_eq!(deleted.success(), format!("The key {first} is gone.\n"));
    until("the end of its tokens", async || client.me(&old.access).await.unwrap().status == 401).await;
    assert!(client.refresh(&old.refresh, None).await.unwrap().tokens().is_some(), "no session ended");
}

/// A file that its owner alone can read.
fn secret_file(home: &Home, name: &str, text: &str) -> PathBuf {
    let path = home.folder().join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

fn pem(key: &SigningKey) -> String {
    let lines = BASE64_STANDARD.encode(&*key.to_bytes());
    let lines: Vec<_> = lines.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
}

async fn a_key_from_elsewhere_is_imported_published_and_exported(home: Home) {
    let server = home.serve();
    let client = server.client();
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let path = secret_file(&home, "key.pem", &pem(&key));
    let file = path.to_str().unwrap();

    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let exposed = home.run(&["keys", "import", file]);
    assert!(
        exposed.err.contains("others may read it (mode 644)") && exposed.err.contains("chmod 600"),
        "{}",
        exposed.err
    );
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let imported = home.run(&["keys", "import", file]);
    assert!(imported.err.contains(&format!("jeton keys rotate --kid {}", key.kid())), "{}", imported.err);
    assert!(imported.err.contains("still holds the private key in the clear"), "{}", imported.err);
    assert!(imported.success().starts_with(&format!("The EdDSA key {} waits, and may sign from", key.kid())));
    let again = home.run(&["keys", "import", file]);
    assert_eq!(again.code, Some(1));
    assert!(again.err.contains("is there already"), "{}", again.err);

    let weak = json!({ "kty": "oct", "alg": "HS256", "k": "aHVudGVyMg" }).to_string();
    let weak = fed(home.jeton(&["keys", "import", "-"]), &weak);
    assert_eq!(weak.code, Some(1));
    assert!(weak.err.contains("needs at least 32 bytes and this one has 7: generate one with"), "{}", weak.err);
    assert!(!weak.err.contains("aHVudGVyMg"));

    let other = SigningKey::generate(Algorithm::Es256).unwrap();
    let ran = fed(home.jeton(&["keys", "import", "-"]), &pem(&other));
    assert!(ran.err.contains("set tokens.algorithm to ES256 on every server first"), "{}", ran.err);
    ran.success();

    until("their publication", async || published(&client, key.kid()).await && published(&client, other.kid()).await)
        .await;
    let exported: Value = serde_json::from_str(&home.run(&["keys", "export-jwks"]).success()).unwrap();
    assert_eq!(exported, jwks(&client).await, "the same as the server serves");
    let one = home.run(&["keys", "export-public", "--format", "pem", "--kid", other.kid()]).success();
    assert_eq!(one, other.verification_key().to_pem().unwrap());
    let unknown = home.run(&["keys", "export-public", "--kid", "nobody"]);
    assert!(unknown.err.contains("no key with the kid nobody verifies tokens"), "{}", unknown.err);

    let forced = home.run(&["keys", "rotate", "--force", "--kid", key.kid()]).success();
    assert!(forced.contains(&format!("The EdDSA key {} signs from now on.", key.kid())), "{forced}");
    until("the server's rotation", async || {
        let tokens = client.try_login("alice@example.com").await.unwrap().tokens();
        match tokens {
            Some(tokens) => kid_of(&tokens.access) == key.kid(),
            None => client.register("alice@example.com").await.status != 201,
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_with_shared_secrets_publishes_nothing_and_verifies_its_own_tokens() {
    let home = Home::on_sqlite().with("JETON_TOKENS__ALGORITHM", "HS512");
    let server = home.serve();
    let client = server.client();
    let tokens = client.join("alice@example.com").await;
    assert_eq!(client.me(&tokens.access).await.unwrap().status, 200);
    assert_eq!(client.status("/.well-known/jwks.json").await, 404);
    let exported = home.run(&["keys", "export-public"]);
    assert_eq!((exported.code, exported.out.as_str()), (Some(1), ""));
    assert!(exported.err.contains("whoever could verify with it could sign too"), "{}", exported.err);
}

#[test]
fn without_a_key_the_commands_say_who_makes_one() {
    let home = Home::on_sqlite();
    for command in [&["keys", "rotate"][..], &["keys", "rewrap"], &["keys", "export-public"], &["keys", "revoke", "x"]]
    {
        let ran = home.run(command);
        assert_eq!(ran.code, Some(1));
        assert!(ran.err.contains("`jeton serve` makes them when it first starts"), "{}", ran.err);
    }
    assert!(!home.data().join("master.key").exists(), "no master key is made for nothing");
    assert_eq!(json_of(home.run(&["keys", "list", "--json"])), json!({ "keys": [], "retired_master_keys": [] }));
}
