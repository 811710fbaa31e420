//! A world for use cases: in-memory stores, a clock set by hand, and one account.

use std::sync::Arc;
use std::time::Duration;

use auth_domain::account::RegisterRequest;
use auth_domain::admin::Operator;
use auth_domain::login::{LoginError, LoginRequest};
use auth_domain::model::{
    Account, AccountId, Actor, EventQuery, IdempotencyKey, Presenter, SecurityEvent, SessionRecord, Timestamp,
};
use auth_domain::ports::{Clock, Entropy, Mailer, PasswordHasher, Stores};
use auth_domain::refresh::{MasterKey, RefreshError, RefreshRequest, RotationKeys};
use auth_domain::session::{IssuedTokens, Owner};
use auth_domain::testing::{ManualClock, MemoryStores, PlainHasher, RecordingMailer, SeededEntropy};
use auth_domain::{Auth, Policies, Ports};
use secrecy::SecretString;
use token_core::{Algorithm, Audience, Claims, Issuer, KeySet, RevocationSet, Rules, SigningKey, Verifier};

pub(crate) const PASSWORD: &str = "correct horse battery staple";

pub(crate) struct World {
    pub(crate) auth: Auth,
    pub(crate) stores: Stores,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) mailer: Arc<RecordingMailer>,
    pub(crate) revocations: Arc<RevocationSet>,
    pub(crate) verifier: Verifier,
}

pub(crate) struct Setup {
    pub(crate) stores: Stores,
    pub(crate) policies: Policies,
    pub(crate) masters: Vec<MasterKey>,
    pub(crate) hasher: Arc<dyn PasswordHasher>,
    pub(crate) mailer: Option<Arc<dyn Mailer>>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            stores: MemoryStores::new().stores(),
            policies: Policies::default(),
            masters: vec![MasterKey::new(1, [7; 32])],
            hasher: Arc::new(PlainHasher),
            mailer: None,
            entropy: Arc::new(SeededEntropy::new(1)),
        }
    }
}

impl Setup {
    /// The first master key is the active one.
    pub(crate) fn build(self) -> World {
        let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_700_000_000)));
        let mailer = Arc::new(RecordingMailer::default());
        let revocations = Arc::new(RevocationSet::new());
        let signing = SigningKey::generate(Algorithm::EdDsa).unwrap();
        let keys = Arc::new(KeySet::new([signing.verification_key()]));
        let verifier = Verifier::new(keys, Rules::access_token("https://id.example", "jeton"));
        let issuer = Issuer::new(signing, "https://id.example".to_owned(), Audience::from("jeton"), 900);
        let ports = Ports {
            stores: self.stores.clone(),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            entropy: self.entropy,
            hasher: self.hasher,
            mailer: self.mailer.unwrap_or_else(|| Arc::clone(&mailer) as Arc<dyn Mailer>),
        };
        let rotation = RotationKeys::new(self.masters.first().unwrap().id(), self.masters).unwrap();
        let auth = Auth::new(&ports, &self.policies, rotation, issuer, Arc::clone(&revocations));
        World { auth, stores: self.stores, clock, mailer, revocations, verifier }
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Setup::default().build()
    }

    pub(crate) async fn register(&self, email: &str) -> Account {
        let password = SecretString::from(PASSWORD);
        let request = RegisterRequest { email, password: &password, display_name: None, roles: Vec::new() };
        self.auth.accounts.register(request).await.unwrap()
    }

    pub(crate) async fn try_login(&self, email: &str, password: &str) -> Result<IssuedTokens, LoginError> {
        let password = SecretString::from(password);
        let presenter = Presenter::new("192.0.2.1".parse().ok(), Some("victim/1.0"));
        let request = LoginRequest {
            email,
            password: &password,
            device_name: None,
            device_class: None,
            end_session: None,
            presenter,
        };
        self.auth.login.login(request).await
    }

    /// Registers Alice and logs her in.
    pub(crate) async fn signed_in(&self) -> IssuedTokens {
        self.register("alice@example.com").await;
        self.try_login("alice@example.com", PASSWORD).await.unwrap()
    }

    pub(crate) async fn refresh(&self, token: &str) -> Result<IssuedTokens, RefreshError> {
        self.refresh_with(token, None).await
    }

    pub(crate) async fn refresh_with(&self, token: &str, key: Option<&str>) -> Result<IssuedTokens, RefreshError> {
        let idempotency_key = key.map(|key| IdempotencyKey::new(key).unwrap());
        let presenter = Presenter::new("203.0.113.9".parse().ok(), Some("somebody/1.0"));
        self.auth.refresh.refresh(RefreshRequest { token, idempotency_key, presenter }).await
    }

    /// Whether a guard of this node would let the access token in.
    pub(crate) fn lets_in(&self, tokens: &IssuedTokens) -> bool {
        let now = self.clock.now().unix();
        let verified: Result<Claims, _> = self.verifier.verify(tokens.access_token.expose(), now);
        verified.is_ok_and(|claims| !self.revocations.is_revoked(claims.sid, claims.sub, claims.iat))
    }

    pub(crate) async fn sessions(&self, tokens: &IssuedTokens) -> Vec<SessionRecord> {
        self.auth.sessions.list(tokens.facts.account).await.unwrap()
    }

    pub(crate) async fn disable(&self, account: AccountId) {
        let operator = Operator { actor: Actor::Operator, presenter: Presenter::default() };
        self.auth.admin.disable(&operator, account).await.unwrap();
    }

    /// The account's events, newest first.
    pub(crate) async fn events(&self, account: AccountId) -> Vec<SecurityEvent> {
        self.stores.events.page(EventQuery { account: Some(account), before: None, limit: 100 }).await.unwrap()
    }

    pub(crate) fn wait(&self, secs: u64) {
        self.clock.advance(Duration::from_secs(secs));
    }
}

/// The owner of a session, at work on his account.
pub(crate) fn owner(tokens: &IssuedTokens) -> Owner {
    let presenter = Presenter::new("192.0.2.1".parse().ok(), Some("victim/1.0"));
    Owner { account: tokens.facts.account, session: tokens.facts.session, presenter }
}
