//! A world for use cases: in-memory stores, a clock set by hand, and one account.

use std::sync::Arc;
use std::time::Duration;

use auth_domain::account::{RegisterError, RegisterRequest, Registered, RegisteredBy};
use auth_domain::admin::Operator;
use auth_domain::login::{Device, LoginError, LoginRequest, SignedIn};
use auth_domain::model::{
    Account, AccountId, Actor, EmailAddress, EventKind, EventQuery, IdempotencyKey, Locale, Presenter, SecurityEvent,
    SessionRecord, Timestamp, TokenMailKind,
};
use auth_domain::ports::{BreachCheck, ClaimSource, Clock, Entropy, Mailer, PasswordHasher, Stores, WebAuthn};
use auth_domain::refresh::{MasterKey, RefreshError, RefreshRequest, RotationKeys, RotationSecrets};
use auth_domain::sealing::Sealer;
use auth_domain::session::{IssuedTokens, Owner};
use auth_domain::testing::{ManualClock, MemoryStores, PlainHasher, RecordingMailer, SeededEntropy, SentMail};
use auth_domain::throttle::MemoryThrottle;
use auth_domain::{Auth, AuthKeys, Policies, Ports};
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
    /// Master keys that everything was moved away from.
    pub(crate) retired: Vec<MasterKey>,
    pub(crate) hasher: Arc<dyn PasswordHasher>,
    pub(crate) mailer: Option<Arc<dyn Mailer>>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) webauthn: Option<Arc<dyn WebAuthn>>,
    pub(crate) breaches: Option<Arc<dyn BreachCheck>>,
    pub(crate) claims: Option<Arc<dyn ClaimSource>>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            stores: MemoryStores::new().stores(),
            policies: Policies::default(),
            masters: vec![MasterKey::new(1, [7; 32])],
            retired: Vec::new(),
            hasher: Arc::new(PlainHasher),
            mailer: None,
            entropy: Arc::new(SeededEntropy::new(1)),
            webauthn: None,
            breaches: None,
            claims: None,
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
        let throttle = Arc::new(MemoryThrottle::default());
        let ports = Ports {
            stores: self.stores.clone(),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            entropy: self.entropy,
            hasher: self.hasher,
            mailer: self.mailer.unwrap_or_else(|| Arc::clone(&mailer) as Arc<dyn Mailer>),
            throttle,
            webauthn: self.webauthn,
            breaches: self.breaches,
            claims: self.claims,
        };
        let active = self.masters.first().unwrap().id();
        let sealer = Sealer::new(active, self.masters.clone()).unwrap();
        let retired = self.retired.iter().map(|master| RotationSecrets::of(master).unwrap());
        let rotation = RotationKeys::new(active, self.masters).unwrap().with_retired(retired);
        let keys = AuthKeys { rotation, sealer, signing: issuer.into() };
        let auth = Auth::new(&ports, &self.policies, keys, Arc::clone(&revocations));
        World { auth, stores: self.stores, clock, mailer, revocations, verifier }
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Setup::default().build()
    }

    pub(crate) async fn register(&self, email: &str) -> Account {
        match self.register_as(email, PASSWORD, RegisteredBy::Owner { invite: None }).await.unwrap() {
            Registered::Created(account) => account,
            Registered::MailSent => {
                let email = EmailAddress::parse(email).unwrap();
                self.stores.accounts.credentials(&email).await.unwrap().unwrap().account
            }
        }
    }

    pub(crate) async fn register_as(
        &self,
        email: &str,
        password: &str,
        by: RegisteredBy<'_>,
    ) -> Result<Registered, RegisterError> {
        let password = SecretString::from(password);
        let request = RegisterRequest {
            email,
            password: Some(&password),
            display_name: None,
            roles: Vec::new(),
            locale: Locale::Ko,
            by,
            presenter: Presenter::new("192.0.2.1".parse().ok(), None),
        };
        self.auth.accounts.register(request).await
    }

    /// Sends the mails that are due.
    pub(crate) async fn mail(&self) -> Vec<SentMail> {
        let before = self.mailer.sent().len();
        self.auth.mails.send_tokens().await.unwrap();
        self.auth.webhooks.spread(&[]).await.unwrap();
        self.auth.mails.send_notices().await.unwrap();
        self.mailer.sent().split_off(before)
    }

    /// Sends the mails that are due, and takes the token of the last one of this kind.
    pub(crate) async fn mailed(&self, kind: TokenMailKind) -> String {
        self.mail().await;
        self.mailer.token(kind).unwrap()
    }

    pub(crate) async fn try_login(&self, email: &str, password: &str) -> Result<IssuedTokens, LoginError> {
        self.login_on(email, password, device("192.0.2.1", None)).await.map(|signed_in| signed_in.tokens)
    }

    pub(crate) async fn login_on(
        &self,
        email: &str,
        password: &str,
        device: Device<'_>,
    ) -> Result<SignedIn, LoginError> {
        let password = SecretString::from(password);
        self.auth.login.login(LoginRequest { email, password: &password, device }).await
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

    /// The account's events but its registration, newest first.
    pub(crate) async fn events(&self, account: AccountId) -> Vec<SecurityEvent> {
        let query = EventQuery { account: Some(account), before: None, limit: 100 };
        let mut events = self.stores.events.page(query).await.unwrap();
        events.retain(|event| event.kind != EventKind::AccountRegistered);
        events
    }

    pub(crate) fn wait(&self, secs: u64) {
        self.clock.advance(Duration::from_secs(secs));
    }
}

/// A device at an address, with what it kept of its last login.
pub(crate) fn device<'a>(ip: &str, token: Option<&'a str>) -> Device<'a> {
    let presenter = Presenter::new(ip.parse().ok(), Some("victim/1.0"));
    Device { presenter, token, ..Device::default() }
}

/// The owner of a session, at work on his account.
pub(crate) fn owner(tokens: &IssuedTokens) -> Owner {
    let presenter = Presenter::new("192.0.2.1".parse().ok(), Some("victim/1.0"));
    let facts = &tokens.facts;
    Owner {
        account: facts.account,
        session: facts.session,
        auth_time: facts.auth_time,
        amr: facts.amr.clone(),
        presenter,
    }
}
