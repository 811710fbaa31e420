//! Claims of your own in the access token, from your records to a handler: what a plan allows, without a look-up a request.
//!
//! ```text
//! cargo run --package api-axum --example custom_claims
//! ```

use std::collections::HashMap;
use std::error::Error;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use api_axum::{Authenticated, Guard};
use async_trait::async_trait;
use auth_domain::account::{RegisterRequest, RegisteredBy};
use auth_domain::login::{Device, LoginRequest};
use auth_domain::model::{AccountId, AddedClaims, Locale, Presenter, SessionId, Timestamp};
use auth_domain::ports::{ClaimSource, ClaimsUnavailable};
use auth_domain::refresh::{MasterKey, RefreshError, RefreshRequest, RotationKeys};
use auth_domain::sealing::Sealer;
use auth_domain::session::IssuedTokens;
use auth_domain::testing::{ManualClock, MemoryStores, PlainHasher, RecordingMailer, SeededEntropy};
use auth_domain::throttle::MemoryThrottle;
use auth_domain::{Auth, AuthKeys, Policies, Ports};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::routing::get;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use token_core::{Algorithm, Audience, Issuer, RevocationSet, Rules, SigningKey};
use tower::ServiceExt as _;

type Failure = Box<dyn Error + Send + Sync>;

// ANCHOR: claims
/// What our tokens say beside the registered claims.
#[derive(Clone, Serialize, Deserialize)]
struct Subscription {
    plan: String,
    seats: u32,
}

/// Our own records; a real one asks a database.
#[derive(Default)]
struct Billing {
    subscriptions: Mutex<HashMap<AccountId, Subscription>>,
    down: Mutex<bool>,
}

#[async_trait]
impl ClaimSource for Billing {
    async fn claims(&self, account: AccountId, _: SessionId) -> Result<AddedClaims, ClaimsUnavailable> {
        if *self.down.lock().unwrap_or_else(PoisonError::into_inner) {
            return Err(ClaimsUnavailable("billing does not answer".to_owned()));
        }
        let subscriptions = self.subscriptions.lock().unwrap_or_else(PoisonError::into_inner);
        let free = Subscription { plan: "free".to_owned(), seats: 1 };
        let subscription = subscriptions.get(&account).cloned().unwrap_or(free);
        AddedClaims::new(&subscription).map_err(|error| ClaimsUnavailable(error.to_string()))
    }
}
// ANCHOR_END: claims

impl Billing {
    fn subscribe(&self, account: AccountId, plan: &str, seats: u32) {
        let subscription = Subscription { plan: plan.to_owned(), seats };
        self.subscriptions.lock().unwrap_or_else(PoisonError::into_inner).insert(account, subscription);
    }

    fn set_down(&self, down: bool) {
        *self.down.lock().unwrap_or_else(PoisonError::into_inner) = down;
    }
}

// ANCHOR: handler
/// A handler names the type, and has the claims. A token without them is refused before it comes here.
async fn export(Authenticated(claims): Authenticated<Subscription>) -> Result<String, (StatusCode, String)> {
    match claims.extra.plan.as_str() {
        "team" => Ok(format!("an export for {} seats", claims.extra.seats)),
        plan => Err((StatusCode::FORBIDDEN, format!("not in the plan {plan}"))),
    }
}
// ANCHOR_END: handler

/// The use cases with `billing` beside them, and a guard for our routes. A real program takes a database, the system's clock and
/// randomness, and hashes with `Argon2id`.
fn wire(billing: Arc<Billing>) -> Result<(Auth, Guard), Failure> {
    let ports = Ports {
        stores: MemoryStores::new().stores(),
        clock: Arc::new(ManualClock::at(Timestamp::from_secs(1_700_000_000))),
        entropy: Arc::new(SeededEntropy::new(1)),
        hasher: Arc::new(PlainHasher),
        mailer: Arc::new(RecordingMailer::default()),
        throttle: Arc::new(MemoryThrottle::default()),
        webauthn: None,
        breaches: None,
        claims: Some(billing),
    };
    let signing = SigningKey::generate(Algorithm::EdDsa)?;
    let issuer = Issuer::new(signing, "https://login.example".to_owned(), Audience::new("reports"), 900);
    let master = MasterKey::new(1, [7; 32]);
    let keys = AuthKeys {
        rotation: RotationKeys::new(1, [master.clone()])?,
        sealer: Sealer::new(1, [master])?,
        signing: issuer.into(),
    };
    let revoked = Arc::new(RevocationSet::new());
    let auth = Auth::new(&ports, &Policies::default(), keys, Arc::clone(&revoked));
    let rules = Rules::access_token("https://login.example", "reports");
    let guard = Guard::of_issuer(auth.key_ring.clone(), rules, revoked, ports.clock);
    Ok((auth, guard))
}

async fn sign_up(auth: &Auth, email: &str) -> Result<IssuedTokens, Failure> {
    let password = SecretString::from("correct horse battery staple");
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
    let request = LoginRequest { email, password: &password, device: Device::default() };
    Ok(auth.login.login(request).await?.tokens)
}

async fn refresh(auth: &Auth, tokens: &IssuedTokens) -> Result<IssuedTokens, RefreshError> {
    let token = tokens.refresh_token.expose();
    auth.refresh.refresh(RefreshRequest { token, idempotency_key: None, presenter: Presenter::default() }).await
}

/// `GET /export` with the access token.
async fn get_export(app: &Router, tokens: &IssuedTokens) -> Result<String, Failure> {
    let bearer = format!("Bearer {}", tokens.access_token.expose());
    let request = Request::get("/export").header(header::AUTHORIZATION, bearer).body(Body::empty())?;
    let answer = app.clone().oneshot(request).await?;
    let status = answer.status().as_u16();
    let body = axum::body::to_bytes(answer.into_body(), 65_536).await?;
    Ok(format!("{status} {}", String::from_utf8_lossy(&body)))
}

/// A subscription from the record to the handler, with a change of plan, and with billing out of reach.
pub(crate) async fn run(out: &mut (impl Write + Send)) -> Result<(), Failure> {
    let billing = Arc::new(Billing::default());
    let (auth, guard) = wire(Arc::clone(&billing))?;
    let app = Router::new().route("/export", get(export)).with_state(guard);

    let free = sign_up(&auth, "alice@example.com").await?;
    writeln!(out, "after the login: {}", get_export(&app, &free).await?)?;
    billing.subscribe(free.facts.account, "team", 3);
    writeln!(out, "subscribed, with the same token: {}", get_export(&app, &free).await?)?;

    billing.set_down(true);
    let refused = refresh(&auth, &free).await.err().map_or("tokens".to_owned(), |error| error.to_string());
    writeln!(out, "a refresh while billing is down: {refused}")?;
    billing.set_down(false);
    let team = refresh(&auth, &free).await?;
    writeln!(out, "the same refresh again: {}", get_export(&app, &team).await?)?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    run(&mut std::io::stdout()).await
}
