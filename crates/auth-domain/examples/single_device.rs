//! One device an account: a newer login takes the place of the older one, or is refused until its owner gives that one up.
//!
//! ```text
//! cargo run --package auth-domain --example single_device
//! ```

use std::error::Error;
use std::io::Write;
use std::num::NonZeroU32;
use std::sync::Arc;

use auth_domain::account::{RegisterRequest, RegisteredBy};
use auth_domain::login::{Device, LoginError, LoginRequest};
use auth_domain::model::{AccountId, DisplayName, Locale, OnLimit, Presenter, SessionId, SessionLimit, Timestamp};
use auth_domain::ports::{Clock as _, StoreError};
use auth_domain::refresh::{MasterKey, RefreshRequest, RotationKeys};
use auth_domain::sealing::Sealer;
use auth_domain::session::IssuedTokens;
use auth_domain::testing::{ManualClock, MemoryStores, PlainHasher, RecordingMailer, SeededEntropy};
use auth_domain::throttle::MemoryThrottle;
use auth_domain::{Auth, AuthKeys, Policies, Ports};
use secrecy::SecretString;
use token_core::{Algorithm, Audience, Issuer, NoClaims, RevocationSet, Rules, SigningKey, Verifier, VerifyError};

type Failure = Box<dyn Error + Send + Sync>;

const ISSUER: &str = "https://login.example";
const EMAIL: &str = "alice@example.com";

/// A login service with its guard. A real one takes a database, the system's clock and randomness, and `Argon2id`.
struct Service {
    auth: Auth,
    clock: Arc<ManualClock>,
    revoked: Arc<RevocationSet>,
    verifier: Verifier,
}

impl Service {
    fn start(limit: SessionLimit) -> Result<Self, Failure> {
        let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_700_000_000)));
        let ports = Ports {
            stores: MemoryStores::new().stores(),
            clock: Arc::clone(&clock) as _,
            entropy: Arc::new(SeededEntropy::new(1)),
            hasher: Arc::new(PlainHasher),
            mailer: Arc::new(RecordingMailer::default()),
            throttle: Arc::new(MemoryThrottle::default()),
            webauthn: None,
            breaches: None,
            claims: None,
        };
        let signing = SigningKey::generate(Algorithm::EdDsa)?;
        let issuer = Issuer::new(signing, ISSUER.to_owned(), Audience::new("notes"), 900);
        let master = MasterKey::new(1, [7; 32]);
        let keys = AuthKeys {
            rotation: RotationKeys::new(1, [master.clone()])?,
            sealer: Sealer::new(1, [master])?,
            signing: issuer.into(),
        };
        let policies = Policies { sessions: limit, ..Policies::default() };
        let revoked = Arc::new(RevocationSet::new());
        let auth = Auth::new(&ports, &policies, keys, Arc::clone(&revoked));
        let verifier = Verifier::new(auth.key_ring.trusted(), Rules::access_token(ISSUER, "notes"));
        Ok(Self { auth, clock, revoked, verifier })
    }

    async fn register(&self) -> Result<(), Failure> {
        let registration = RegisterRequest {
            email: EMAIL,
            password: Some(&password()),
            display_name: None,
            roles: vec![],
            locale: Locale::En,
            by: RegisteredBy::Owner { invite: None },
            presenter: Presenter::default(),
        };
        self.auth.accounts.register(registration).await?;
        Ok(())
    }

    /// Signs a device in; `end` is the one that its owner gives up for it.
    async fn sign_in(&self, device: &str, end: Option<SessionId>) -> Result<IssuedTokens, LoginError> {
        let device = Device { name: DisplayName::new(device).ok(), end_session: end, ..Device::default() };
        let request = LoginRequest { email: EMAIL, password: &password(), device };
        Ok(self.auth.login.login(request).await?.tokens)
    }

    /// What a guard decides: a signature, the claims, and a set in memory.
    fn verify(&self, tokens: &IssuedTokens) -> Result<(), VerifyError> {
        let (token, now) = (tokens.access_token.expose(), self.clock.now().unix());
        self.verifier.verify_unrevoked::<NoClaims>(token, now, &self.revoked).map(drop)
    }

    async fn devices(&self, account: AccountId) -> Result<String, StoreError> {
        let live = self.auth.sessions.list(account).await?;
        Ok(live.iter().filter_map(|session| session.device_name.as_deref()).collect::<Vec<_>>().join(", "))
    }
}

fn password() -> SecretString {
    SecretString::from("correct horse battery staple")
}

// ANCHOR: limit
/// At most one live session an account.
const fn one(on_limit: OnLimit) -> SessionLimit {
    let none = auth_domain::model::ClassLimits { web: None, mobile: None, desktop: None, cli: None };
    SessionLimit { max_per_account: Some(NonZeroU32::MIN), max_per_class: none, on_limit }
}
// ANCHOR_END: limit

// ANCHOR: newest
/// A newer login ends the older session at once: its access token is refused before it expires.
async fn newest_wins(out: &mut (impl Write + Send)) -> Result<(), Failure> {
    let service = Service::start(one(OnLimit::EvictOldest))?;
    service.register().await?;
    let phone = service.sign_in("phone", None).await?;
    service.verify(&phone)?;
    let laptop = service.sign_in("laptop", None).await?;
    writeln!(out, "  phone is signed in; laptop signs in")?;

    let access = match service.verify(&phone) {
        Err(VerifyError::Revoked) => "refused, revoked".to_owned(),
        other => format!("{other:?}"),
    };
    writeln!(out, "  the phone's access token: {access}")?;
    let token = phone.refresh_token.expose();
    let request = RefreshRequest { token, idempotency_key: None, presenter: Presenter::default() };
    let refresh = service.auth.refresh.refresh(request).await;
    writeln!(out, "  the phone's refresh token: {}", refresh.err().map_or("good".into(), |error| error.to_string()))?;
    service.verify(&laptop)?;
    writeln!(out, "  signed in: {}", service.devices(laptop.facts.account).await?)?;
    Ok(())
}
// ANCHOR_END: newest

// ANCHOR: first
/// A login beyond the limit is refused, with the devices to choose from; the owner gives one up, and is in.
async fn first_stays(out: &mut (impl Write + Send)) -> Result<(), Failure> {
    let service = Service::start(one(OnLimit::Deny))?;
    service.register().await?;
    let phone = service.sign_in("phone", None).await?;
    let Err(refused) = service.sign_in("laptop", None).await else { return Err("the limit did not hold".into()) };
    writeln!(out, "  phone is signed in; laptop is refused: {refused}")?;
    writeln!(out, "  signed in: {}", service.devices(phone.facts.account).await?)?;

    let LoginError::SessionLimitReached { live } = refused else { return Err(refused.into()) };
    let chosen = live.first().map(|session| session.facts.session);
    writeln!(out, "  the owner gives the phone up")?;
    let laptop = service.sign_in("laptop", chosen).await?;
    writeln!(out, "  signed in: {}", service.devices(laptop.facts.account).await?)?;
    Ok(())
}
// ANCHOR_END: first

/// Both policies, one after the other.
pub(crate) async fn run(out: &mut (impl Write + Send)) -> Result<(), Failure> {
    writeln!(out, "The newest login wins:")?;
    newest_wins(out).await?;
    writeln!(out, "The first login stays:")?;
    first_stays(out).await
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    run(&mut std::io::stdout()).await
}
