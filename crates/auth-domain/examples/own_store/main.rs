//! A session store of your own: sessions in a file that an embedded database keeps (`redb`), everything else as it was.
//!
//! ```text
//! cargo run --package auth-domain --example own_store
//! ```
//!
//! `store.rs` is the port; the contract suite of `auth-domain` proves it in `tests/it/own_store.rs`.

mod beside;
mod file;
mod row;
mod store;

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use auth_domain::account::{RegisterRequest, RegisteredBy};
use auth_domain::login::{Device, LoginRequest};
use auth_domain::model::{Locale, Presenter, Timestamp};
use auth_domain::ports::Stores;
use auth_domain::refresh::{MasterKey, RefreshError, RefreshRequest, RotationKeys};
use auth_domain::sealing::Sealer;
use auth_domain::session::IssuedTokens;
use auth_domain::testing::{ManualClock, MemoryStores, PlainHasher, RecordingMailer, SeededEntropy};
use auth_domain::throttle::MemoryThrottle;
use auth_domain::{Auth, AuthKeys, Policies, Ports};
use secrecy::SecretString;
pub(crate) use store::FileSessions;
use token_core::{Algorithm, Audience, Issuer, RevocationSet, SigningKey};

type Failure = Box<dyn Error + Send + Sync>;

/// The use cases on these stores. A real program takes the system's clock and randomness, and hashes with `Argon2id`.
fn auth(stores: Stores) -> Result<Auth, Failure> {
    let ports = Ports {
        stores,
        clock: Arc::new(ManualClock::at(Timestamp::from_secs(1_700_000_000))),
        entropy: Arc::new(SeededEntropy::new(1)),
        hasher: Arc::new(PlainHasher),
        mailer: Arc::new(RecordingMailer::default()),
        throttle: Arc::new(MemoryThrottle::default()),
        webauthn: None,
        breaches: None,
        claims: None,
    };
    let signing = SigningKey::generate(Algorithm::EdDsa)?;
    let issuer = Issuer::new(signing, "https://login.example".to_owned(), Audience::new("notes"), 900);
    let master = MasterKey::new(1, [7; 32]);
    let keys = AuthKeys {
        rotation: RotationKeys::new(1, [master.clone()])?,
        sealer: Sealer::new(1, [master])?,
        signing: issuer.into(),
    };
    Ok(Auth::new(&ports, &Policies::default(), keys, Arc::new(RevocationSet::new())))
}

async fn refresh(auth: &Auth, token: &str) -> Result<IssuedTokens, RefreshError> {
    let presenter = Presenter::default();
    auth.refresh.refresh(RefreshRequest { token, idempotency_key: None, presenter }).await
}

/// Signs in, loses the process, goes on from the file, and catches a thief.
pub(crate) async fn run(path: &Path, out: &mut (impl Write + Send)) -> Result<(), Failure> {
    let others = MemoryStores::new();
    let password = SecretString::from("correct horse battery staple");
    let email = "alice@example.com";

    let first = {
        let auth = auth(FileSessions::open(path, Arc::clone(&others))?.stores())?;
        let registration = RegisterRequest {
            email,
            password: Some(&password),
            display_name: None,
            roles: vec![],
            locale: Locale::En,
            by: RegisteredBy::Owner { invite: None },
            presenter: Presenter::default(),
        };
        auth.accounts.register(registration).await?;
        auth.login.login(LoginRequest { email, password: &password, device: Device::default() }).await?.tokens
    };
    writeln!(out, "signed in: generation {}", first.facts.generation)?;

    // The store is gone, and its file is opened anew.
    let auth = auth(FileSessions::open(path, others)?.stores())?;
    let second = refresh(&auth, first.refresh_token.expose()).await?;
    writeln!(out, "refreshed from the file: generation {}", second.facts.generation)?;
    let again = refresh(&auth, first.refresh_token.expose()).await?;
    let same = again.refresh_token.expose() == second.refresh_token.expose();
    writeln!(out, "the answer was lost, the request repeated: the same successor: {same}")?;

    let third = refresh(&auth, second.refresh_token.expose()).await?;
    let thief = refresh(&auth, first.refresh_token.expose()).await;
    writeln!(out, "a thief comes with the first token: {}", thief.err().map_or("let in".into(), |e| e.to_string()))?;
    let left = auth.sessions.list(third.facts.account).await?.len();
    writeln!(out, "live sessions: {left}")?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let path = std::env::temp_dir().join(format!("own-store-{}.redb", std::process::id()));
    let outcome = run(&path, &mut std::io::stdout()).await;
    std::fs::remove_file(&path)?;
    outcome
}
