//! Who steals the database has nothing: no key, no token, no password, and no server that starts with it.

use std::fs;
use std::sync::Arc;

use auth_domain::model::{KeyChange, StoredKey};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::json;
use token_core::{Algorithm, SigningKey};

use super::cli::fed;
use super::client::PASSWORD;
use super::home::{Home, Server};
use super::on_both_engines;
use super::secrets::{Secrets, database};

on_both_engines!(
    a_stolen_database_holds_nothing_that_can_be_used,
    a_server_without_its_master_key_or_with_a_swapped_key_does_not_start,
);

/// A private key as other tools write it.
fn written(key: &SigningKey) -> String {
    let bytes = key.to_bytes();
    if key.algorithm().is_symmetric() {
        let secret = BASE64_URL_SAFE_NO_PAD.encode(&*bytes);
        return json!({ "kty": "oct", "alg": key.algorithm().name(), "k": secret }).to_string();
    }
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", BASE64_STANDARD.encode(&*bytes))
}

async fn a_stolen_database_holds_nothing_that_can_be_used(home: Home) {
    let mut secrets = Secrets::default();
    secrets.add("the password", PASSWORD.as_bytes());
    let create = ["apikeys", "create", "--name", "notes", "--scope", "revocations"];
    let api_key = home.run(&create).success();
    secrets.add("the API key", api_key.trim().as_bytes());
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(api_key.trim().trim_start_matches("jak_")).unwrap();
    secrets.add("the secret of the API key", bytes.get(16..).unwrap());

    let server = home.serve();
    let client = server.client();
    for name in ["alice", "bob"] {
        let email = format!("{name}@example.com");
        assert_eq!(client.register(&email).await.status, 201);
        let login = client.try_login(&email).await.unwrap();
        secrets.add_tokens(name, &login);
        let refreshed = client.refresh(&login.tokens().unwrap().refresh, None).await.unwrap();
        secrets.add_tokens(&format!("{name}'s refresh"), &refreshed);
    }
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Es384, Algorithm::Ps256, Algorithm::Hs256] {
        let key = SigningKey::generate(algorithm).unwrap();
        fed(home.jeton(&["keys", "import", "-", "--algorithm", algorithm.name()]), &written(&key)).success();
        // Any piece of a private key: the seed, d, p or q are longer. An RSA key's first 300 bytes hold its public half.
        let bytes = key.to_bytes();
        let private = bytes.get(if algorithm == Algorithm::Ps256 { 420 } else { 0 }..).unwrap();
        for (number, piece) in private.chunks_exact(24).enumerate() {
            secrets.add(&format!("piece {number} of the {algorithm} key"), piece);
        }
    }
    home.run(&["keys", "rotate", "--force"]).success();
    // Killed, so that the write-ahead log stays and is searched too.
    server.kill();
    let master = fs::read_to_string(home.data().join("master.key")).unwrap();
    secrets.add("the master key", &BASE64_STANDARD.decode(master.trim()).unwrap());

    let stolen = database(&home).await;
    let searched: usize = stolen.iter().map(|(_, content)| content.len()).sum();
    for (place, content) in &stolen {
        secrets.none_in(place, content);
    }
    println!("{searched} bytes searched for {} forms of secrets", secrets.len());
}

async fn a_server_without_its_master_key_or_with_a_swapped_key_does_not_start(home: Home) {
    home.serve().stop();
    let (path, kept) = (home.data().join("master.key"), home.folder().join("kept.key"));
    let refused = |home: &Home| Server::try_start(home.jeton(&["serve"]), &home.next_log()).err().unwrap();

    fs::rename(&path, &kept).unwrap();
    let log = refused(&home);
    assert!(log.contains("there is no master key, but the database") && log.contains("master.key back"), "{log}");
    assert!(!path.exists(), "no other one is made in its place");
    let ran = home.run(&["keys", "export-public"]);
    assert!(ran.err.contains("there is no master key"), "{}", ran.err);

    let other = format!("JETON_MASTER_KEY={}", BASE64_STANDARD.encode([9; 32]));
    let (name, value) = other.split_once('=').unwrap();
    let mut command = home.jeton(&["serve"]);
    command.env(name, value);
    let log = Server::try_start(command, &home.next_log()).err().unwrap();
    assert!(log.contains("does not open with the master key 1; is this the master key of this database?"), "{log}");
    let mut command = home.jeton(&["serve"]);
    command.env(name, format!("2:{value}"));
    let log = Server::try_start(command, &home.next_log()).err().unwrap();
    assert!(log.contains("sealed under the master key 1, which is not configured; configure it again"), "{log}");

    fs::rename(&kept, &path).unwrap();
    home.serve().stop();
    swap(&home).await;
    let log = refused(&home);
    assert!(log.contains("does not open with the master key 1"), "{log}");
    swap(&home).await;
    home.serve().stop();
}

/// Gives each of the two keys what the other has sealed.
async fn swap(home: &Home) {
    let database = home.database().await;
    let swapped = |keys: &[StoredKey]| {
        let [one, other] = <[StoredKey; 2]>::try_from(keys.to_vec()).unwrap();
        let put =
            vec![StoredKey { sealed: other.sealed.clone(), ..one.clone() }, StoredKey { sealed: one.sealed, ..other }];
        Ok(KeyChange { put, ..KeyChange::default() })
    };
    database.stores().keys.change(Arc::new(swapped)).await.unwrap().unwrap();
    database.close().await;
}
