//! Tenants: one issuer, a service for each tenant, and tokens that open only the services of their owner's tenants.
//!
//! ```text
//! cargo run --package api-axum --example tenants
//! ```

use std::collections::HashMap;
use std::error::Error;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use api_axum::{Authenticated, Guard};
use async_trait::async_trait;
use auth_domain::account::{RegisterRequest, RegisteredBy};
use auth_domain::login::{Device, LoginRequest};
use auth_domain::model::{AccountId, AddedClaims, EmailAddress, Locale, Presenter, SessionId, Timestamp};
use auth_domain::ports::{AccountStore, ClaimSource, ClaimsUnavailable, Clock};
use auth_domain::refresh::{MasterKey, RefreshRequest, RotationKeys};
use auth_domain::sealing::Sealer;
use auth_domain::session::IssuedTokens;
use auth_domain::testing::{ManualClock, MemoryStores, PlainHasher, RecordingMailer, SeededEntropy};
use auth_domain::throttle::MemoryThrottle;
use auth_domain::{Auth, AuthKeys, Policies, Ports};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use axum::routing::get;
use secrecy::SecretString;
use token_core::{Algorithm, Audience, Issuer, RevocationSet, Rules, SigningKey};
use tower::ServiceExt as _;

type Failure = Box<dyn Error + Send + Sync>;

const ISSUER: &str = "https://login.example";
const ACME: &str = "https://acme.example";
const GLOBEX: &str = "https://globex.example";
const PASSWORD: &str = "correct horse battery staple";

// ANCHOR: source
/// Who belongs to which tenants; a real one asks a database, as this one asks the accounts for the address.
struct Directory {
    accounts: Arc<dyn AccountStore>,
    tenants: Mutex<HashMap<String, Vec<String>>>,
}

#[async_trait]
impl ClaimSource for Directory {
    async fn claims(&self, account: AccountId, _: SessionId) -> Result<AddedClaims, ClaimsUnavailable> {
        let found = self.accounts.by_id(account).await.map_err(|error| ClaimsUnavailable(error.to_string()))?;
        let email = found.map(|found| found.account.email.canonical().to_owned()).unwrap_or_default();
        let tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        let names = tenants.get(&email).cloned().unwrap_or_default();
        // Who belongs nowhere gets a token for the issuer alone.
        Ok(match Audience::try_from(names) {
            Ok(audience) => AddedClaims::default().for_audience(audience),
            Err(_) => AddedClaims::default(),
        })
    }
}
// ANCHOR_END: source

impl Directory {
    fn set(&self, email: &str, tenants: &[&str]) -> Result<(), Failure> {
        let email = EmailAddress::parse(email)?.canonical().to_owned();
        let tenants = tenants.iter().map(|name| (*name).to_owned()).collect();
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner).insert(email, tenants);
        Ok(())
    }
}

/// The issuer: one signing key and one set of revocations for all tenants.
struct Login {
    auth: Auth,
    directory: Arc<Directory>,
    revoked: Arc<RevocationSet>,
    clock: Arc<dyn Clock>,
}

impl Login {
    /// A real program takes a database, the system's clock and randomness, and hashes with `Argon2id`.
    fn start() -> Result<Self, Failure> {
        let stores = MemoryStores::new().stores();
        let directory = Arc::new(Directory { accounts: Arc::clone(&stores.accounts), tenants: Mutex::default() });
        let ports = Ports {
            stores,
            clock: Arc::new(ManualClock::at(Timestamp::from_secs(1_700_000_000))),
            entropy: Arc::new(SeededEntropy::new(1)),
            hasher: Arc::new(PlainHasher),
            mailer: Arc::new(RecordingMailer::default()),
            throttle: Arc::new(MemoryThrottle::default()),
            webauthn: None,
            breaches: None,
            claims: Some(Arc::clone(&directory) as _),
        };
        let issuer = Issuer::new(SigningKey::generate(Algorithm::EdDsa)?, ISSUER.to_owned(), ISSUER.into(), 900);
        let master = MasterKey::new(1, [7; 32]);
        let keys = AuthKeys {
            rotation: RotationKeys::new(1, [master.clone()])?,
            sealer: Sealer::new(1, [master])?,
            signing: issuer.into(),
        };
        let revoked = Arc::new(RevocationSet::new());
        let auth = Auth::new(&ports, &Policies::default(), keys, Arc::clone(&revoked));
        Ok(Self { auth, directory, revoked, clock: ports.clock })
    }

    async fn sign_up(&self, email: &str, tenants: &[&str]) -> Result<IssuedTokens, Failure> {
        self.directory.set(email, tenants)?;
        let password = SecretString::from(PASSWORD);
        let registration = RegisterRequest {
            email,
            password: Some(&password),
            display_name: None,
            roles: vec![],
            locale: Locale::En,
            by: RegisteredBy::Owner { invite: None },
            presenter: Presenter::default(),
        };
        self.auth.accounts.register(registration).await?;
        let request = LoginRequest { email, password: &password, device: Device::default() };
        Ok(self.auth.login.login(request).await?.tokens)
    }

    // ANCHOR: guard
    /// The service of one tenant: its guard accepts what is meant for it, and nothing else. Where it is a process of its own,
    /// `Guard::builder` takes the same name.
    fn service_of(&self, tenant: &str) -> Router {
        let rules = Rules::access_token(ISSUER, tenant);
        let (ring, revoked) = (self.auth.key_ring.clone(), Arc::clone(&self.revoked));
        let guard = Guard::of_issuer(ring, rules, revoked, Arc::clone(&self.clock));
        Router::new().route("/", get(async |_: Authenticated| "welcome")).with_state(guard)
    }
    // ANCHOR_END: guard
}

/// What the service of each tenant answers to this token.
async fn visit(services: &[(&str, Router)], tokens: &IssuedTokens) -> Result<String, Failure> {
    let mut answers = Vec::new();
    for (name, service) in services {
        let bearer = format!("Bearer {}", tokens.access_token.expose());
        let request = Request::get("/").header(header::AUTHORIZATION, bearer).body(Body::empty())?;
        answers.push(format!("{name} {}", service.clone().oneshot(request).await?.status().as_u16()));
    }
    Ok(answers.join(", "))
}

/// An employee of each tenant, one who works for both, and one who moves.
pub(crate) async fn run(out: &mut (impl Write + Send)) -> Result<(), Failure> {
    let login = Login::start()?;
    let services = [("acme", login.service_of(ACME)), ("globex", login.service_of(GLOBEX))];

    let alice = login.sign_up("alice@example.com", &[ACME]).await?;
    let bob = login.sign_up("bob@example.com", &[GLOBEX]).await?;
    let carol = login.sign_up("carol@example.com", &[ACME, GLOBEX]).await?;
    let dave = login.sign_up("dave@example.com", &[]).await?;
    for (name, tokens) in [("alice", &alice), ("bob", &bob), ("carol", &carol), ("dave", &dave)] {
        writeln!(out, "{name}: {}", visit(&services, tokens).await?)?;
    }

    login.directory.set("alice@example.com", &[GLOBEX])?;
    let token = alice.refresh_token.expose();
    let request = RefreshRequest { token, idempotency_key: None, presenter: Presenter::default() };
    let moved = login.auth.refresh.refresh(request).await?;
    writeln!(out, "alice has moved, after her next refresh: {}", visit(&services, &moved).await?)?;
    login.auth.sessions.logout(moved.facts.session).await?;
    writeln!(out, "alice has signed out: {}", visit(&services, &moved).await?)?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    run(&mut std::io::stdout()).await
}
