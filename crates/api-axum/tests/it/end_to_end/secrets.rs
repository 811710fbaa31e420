//! A whole run leaves none of its secrets in logs, mails or the database. SECURITY S10.

use std::fs;
use std::path::Path;
use std::time::Duration;

use auth_domain::refresh::MasterKey;
use auth_domain::sealing::{Seal, Sealer};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Client, PASSWORD, send};
use super::home::{Home, ISSUER, Server};
use super::on_both_engines;

on_both_engines!(s10_no_secret_of_a_whole_run_is_in_logs_mails_or_the_database);

const MASTER: [u8; 32] = *b"the master key of the whole run!";
const WRONG: &str = "incorrect horse battery staple";
const WEBHOOK: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const KEY: &str = "idempotency-key-of-the-whole-run";

/// Everything that must not be found, with a name for each.
#[derive(Default)]
pub(super) struct Secrets(Vec<(String, Vec<u8>)>);

impl Secrets {
    /// A secret text, and its bytes as databases print them.
    pub(super) fn add(&mut self, name: &str, secret: &[u8]) {
        assert!(secret.len() >= 8, "{name} is too short to be told from chance");
        let hex = secret.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        let forms = [secret.to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes()];
        let encoded = [BASE64_STANDARD.encode(secret), BASE64_URL_SAFE_NO_PAD.encode(secret)].map(String::into_bytes);
        self.0.extend(forms.into_iter().chain(encoded).map(|form| (name.to_owned(), form)));
    }

    /// A refresh token: its text, and the secret in it.
    fn add_refresh(&mut self, name: &str, token: &str) {
        self.add(name, token.as_bytes());
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token.trim_start_matches("jrt_")).unwrap();
        self.add(&format!("the secret of {name}"), bytes.get(22..54).unwrap());
    }

    /// Both tokens of an answer.
    pub(super) fn add_tokens(&mut self, name: &str, answer: &Answer) {
        let access = answer.body["access_token"].as_str().unwrap();
        self.add(&format!("the access token of {name}"), access.as_bytes());
        // The signature alone makes a token of what a log may hold.
        self.add(&format!("the signature of {name}"), access.rsplit('.').next().unwrap().as_bytes());
        if let Some(refresh) = answer.body["refresh_token"].as_str() {
            self.add_refresh(&format!("the refresh token of {name}"), refresh);
        }
    }

    /// How many forms of secrets there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn none_in(&self, place: &str, content: &[u8]) {
        assert!(!content.is_empty(), "{place} is empty");
        for (name, secret) in &self.0 {
            let found = content.windows(secret.len()).position(|window| window == secret);
            assert!(found.is_none(), "{name} is in {place}");
        }
    }
}

async fn s10_no_secret_of_a_whole_run_is_in_logs_mails_or_the_database(home: Home) {
    let home = home.with("JETON_MASTER_KEY", &BASE64_STANDARD.encode(MASTER)).with("JETON_LOG__LEVEL", "trace");
    let mut secrets = Secrets::default();
    secrets.add("the master key", &MASTER);
    secrets.add("the password", PASSWORD.as_bytes());
    secrets.add("the wrong password", WRONG.as_bytes());
    secrets.add("the idempotency key", KEY.as_bytes());

    secrets.add("the webhook's secret", WEBHOOK.as_bytes());
    secrets.add("the path of the webhook's address", b"path-with-a-secret");
    // Nobody listens there: each delivery fails, and is told of.
    let webhook = format!(
        "[[webhooks]]\nname = \"ops\"\nurl = \"http://127.0.0.1:1/path-with-a-secret\"\nsecret = \"{WEBHOOK}\"\n\
         events = [\"session_opened\"]\n"
    );
    fs::write(home.folder().join("jeton.toml"), webhook).unwrap();
    let scopes = ["--scope", "revocations", "--scope", "introspect"];
    let key = home.run(&[&["apikeys", "create", "--name", "notes"][..], &scopes].concat()).success();
    let key = key.trim();
    secrets.add("the API key", key.as_bytes());
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(key.trim_start_matches("jak_")).unwrap();
    secrets.add("the secret of the API key", bytes.get(16..).unwrap());

    let mut logs = Vec::new();
    for format in ["json", "pretty"] {
        let server = home.serve_with(&[("JETON_LOG__FORMAT", format)]);
        use_everything(&server.client(), &format!("alice+{format}@example.com"), &mut secrets).await;
        use_the_key(&server.client(), key).await;
        wait_for(&server, "a webhook was not taken").await;
        wait_for_replay_told(&home, logs.len() + 1).await;
        logs.push((format, server.log()));
        // Killed, so that the write-ahead log stays and is searched too.
        server.kill();
    }
    let database = database(&home).await;
    add_signing_keys(&home, &mut secrets).await;

    for (format, log) in &logs {
        assert!(log.contains("/v1/refresh"), "the {format} log tells what happened: {log}");
        secrets.none_in(&format!("the {format} log"), log.as_bytes());
    }
    let mails: Vec<_> = fs::read_dir(home.data().join("outbox")).unwrap().map(|mail| mail.unwrap().path()).collect();
    assert!(mails.len() >= 6, "in each run: an address to verify, a new device, a replay");
    for mail in mails {
        secrets.none_in("a mail", &fs::read(mail).unwrap());
    }
    for (place, content) in &database {
        secrets.none_in(place, content);
    }
}

/// The main job with all that can go wrong in it.
pub(super) async fn use_everything(client: &Client, email: &str, secrets: &mut Secrets) {
    let post = |path: &str, body: Value| client.request(Method::POST, path).json(&body);
    let login = json!({ "email": email, "password": PASSWORD, "device_name": "laptop" });
    assert_eq!(client.register(email).await.status, 201);
    let wrong = send(post("/v1/login", json!({ "email": email, "password": WRONG }))).await.unwrap();
    assert_eq!(wrong.code(), "invalid_credentials");

    let first = send(post("/v1/login", login.clone())).await.unwrap();
    secrets.add_tokens("the login", &first);
    let tokens = first.tokens().unwrap();
    client.me(&tokens.access).await.unwrap();
    let second = client.refresh(&tokens.refresh, Some(KEY)).await.unwrap();
    secrets.add_tokens("the refresh", &second);
    let third = client.refresh(&second.tokens().unwrap().refresh, None).await.unwrap();
    secrets.add_tokens("the second refresh", &third);
    assert_eq!(client.refresh(&tokens.refresh, None).await.unwrap().code(), "invalid_grant", "a replay");
    assert_eq!(client.me(&third.tokens().unwrap().access).await.unwrap().code(), "invalid_token");

    let mut by_cookie = login;
    by_cookie["transport"] = "cookie".into();
    let cookie = send(post("/v1/login", by_cookie).header("origin", ISSUER)).await.unwrap();
    secrets.add_tokens("the cookie login", &cookie);
    let set = cookie.headers["set-cookie"].to_str().unwrap();
    let pair = set.split(';').next().unwrap();
    secrets.add_refresh("the cookie", pair.split_once('=').unwrap().1);
    let request = client.request(Method::POST, "/v1/refresh").header("cookie", pair);
    let refreshed = send(request.header("origin", ISSUER).header("x-requested-with", "test")).await.unwrap();
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
    secrets.add_tokens("the cookie refresh", &refreshed);
    let access = refreshed.body["access_token"].as_str().unwrap();

    // Bad input that carries secrets in the wrong places.
    let bad = [
        client.request(Method::GET, &format!("/v1/me?access_token={access}")),
        client.request(Method::GET, &format!("/{access}")).bearer_auth(access),
        client.request(Method::DELETE, &format!("/v1/sessions/{access}")).bearer_auth(access),
        client
            .request(Method::POST, "/v1/login")
            .header("content-type", "application/json")
            .body(format!("{{{PASSWORD}")),
        post("/v1/refresh", json!({ "refresh_token": tokens.refresh, "unknown": PASSWORD })),
        post("/v1/refresh", json!({ "refresh_token": [tokens.refresh] })),
        post("/v1/refresh", json!({ "refresh_token": format!("{}x", tokens.refresh) })),
        post("/v1/accounts", json!({ "email": PASSWORD, "password": PASSWORD })),
        client.request(Method::POST, "/v1/refresh").header("idempotency-key", format!("{KEY} ")).header("cookie", pair),
    ];
    for request in bad {
        let answer = send(request).await.unwrap();
        assert!((400..500).contains(&answer.status), "{answer:?}");
    }
    assert_eq!(client.logout(access).await.unwrap().status, 204);
}

/// An API key where it belongs, and in the wrong places.
async fn use_the_key(client: &Client, key: &str) {
    assert_eq!(client.get("/v1/revocations", key).await.status, 200);
    let form = |request: reqwest::RequestBuilder| {
        request.header("content-type", "application/x-www-form-urlencoded").body(format!("token={key}"))
    };
    let introspect = || client.request(Method::POST, "/oauth/introspect");
    let answer = send(form(introspect().basic_auth("notes", Some(key)))).await.unwrap();
    assert_eq!(answer.body, json!({ "active": false }), "an API key is no token");
    for request in [
        client.request(Method::GET, &format!("/v1/revocations?key={key}")),
        client.request(Method::GET, &format!("/v1/revocations?after={key}")).bearer_auth(key),
        client.request(Method::GET, "/v1/me").bearer_auth(key),
        form(introspect().basic_auth("notes", Some(format!("{key}x")))),
        form(client.request(Method::POST, "/oauth/token")),
    ] {
        let answer = send(request).await.unwrap();
        assert!((400..500).contains(&answer.status), "{answer:?}");
    }
}

/// Waits until the server has logged these words.
async fn wait_for(server: &Server, words: &str) {
    let logged = async {
        while !server.log().contains(words) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), logged).await.unwrap();
}

/// Waits until that many mails tell of a replay: one in each run.
async fn wait_for_replay_told(home: &Home, number: usize) {
    let told = async {
        loop {
            let mails = fs::read_dir(home.data().join("outbox")).unwrap().map(|mail| mail.unwrap().path());
            let text = mails.map(|mail| fs::read_to_string(mail).unwrap_or_default());
            if text.filter(|text| text.contains("was used twice")).count() == number {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), told).await.unwrap();
}

/// The private halves of the keys that signed or wait, as the master key opens them.
async fn add_signing_keys(home: &Home, secrets: &mut Secrets) {
    let database = home.database().await;
    let rows = database.stores().keys.list().await.unwrap();
    database.close().await;
    assert_eq!(rows.len(), 2, "one that signs and one that waits");
    let sealer = Sealer::new(1, [MasterKey::new(1, MASTER)]).unwrap();
    for row in &rows {
        let seal = Seal { purpose: "jeton/signing-key/seal/v1", identity: &[&row.kid, &row.algorithm] };
        let private = sealer.open(seal, row.key_id, &row.sealed).unwrap();
        // PKCS#8 (RFC 8410 §7): the 32 bytes of the seed follow 16 bytes of header.
        secrets.add("a signing key", private.get(16..48).unwrap());
        secrets.add("the PKCS#8 of a signing key", &private);
    }
}

/// Every file of the database, or every row of every table as text.
pub(super) async fn database(home: &Home) -> Vec<(String, Vec<u8>)> {
    let url = home.database_url();
    if url.starts_with("sqlite:") {
        let files = fs::read_dir(home.data()).unwrap().map(|file| file.unwrap().path());
        let of_database = |path: &Path| path.file_name().unwrap().to_string_lossy().starts_with("jeton.db");
        let read = |path: &Path| (path.display().to_string(), fs::read(path).unwrap());
        let found: Vec<_> = files.filter(|path| of_database(path)).map(|path| read(&path)).collect();
        assert!(found.iter().any(|(place, content)| place.ends_with("-wal") && !content.is_empty()));
        return found;
    }
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'";
    let mut content = Vec::new();
    for table in client.query(tables, &[]).await.unwrap() {
        let name: String = table.get(0);
        let rows = client.query(&format!("SELECT t::text FROM \"{name}\" t"), &[]).await.unwrap();
        let text: String = rows.iter().map(|row| row.get::<_, String>(0) + "\n").collect();
        if !text.is_empty() {
            content.push((format!("the table {name}"), text.into_bytes()));
        }
    }
    assert!(content.len() >= 4, "accounts, sessions, revocations, keys");
    content
}
