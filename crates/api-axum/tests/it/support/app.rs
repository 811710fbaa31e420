//! An application in this process: the real router over stores of the test's choice, on a clock that is set by hand.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use api_axum::{ApiParts, ApiState, Guard, HttpSettings, Operations, router};
use auth_domain::account::{RegisterRequest, RegisteredBy};
use auth_domain::admin::Operator;
use auth_domain::model::{
    AccountId, Actor, ApiScope, ClassLimits, DisplayName, EventKind, KeyPolicy, Locale, OnLimit, Presenter, Role,
    Timestamp, TokenMailKind,
};
use auth_domain::ports::Clock as _;
use auth_domain::ports::{StoreHealth, Stores, WebAuthn};
use auth_domain::refresh::{MasterKey, RotationKeys};
use auth_domain::sealing::Sealer;
use auth_domain::signing::{IssuerName, KeyRing, Keys};
use auth_domain::testing::{ManualClock, MemoryStores, RecordingMailer, SeededEntropy};
use auth_domain::{Auth, AuthKeys, Policies, Ports};
use axum::Router;
use axum::http::Method;
use serde_json::{Value, json};
use token_core::{Algorithm, Audience, Issuer, RevocationSet, Rules, SigningKey};
use tokio::sync::watch;

use super::{Answer, CountingHasher, FakeWebAuthn, ORIGIN, PASSWORD, Sending, code_of};

/// What an application is made of.
pub(crate) struct Setup {
    pub(crate) stores: Stores,
    pub(crate) policies: Policies,
    pub(crate) settings: HttpSettings,
    pub(crate) health: Arc<dyn StoreHealth>,
    pub(crate) issuer: String,
    pub(crate) webauthn: Option<Arc<dyn WebAuthn>>,
}

/// Nothing is throttled unless the test is about that.
impl Setup {
    pub(crate) fn over(stores: Stores) -> Self {
        let settings = HttpSettings { origin: ORIGIN.to_owned(), ..HttpSettings::default() };
        let health = Arc::clone(&stores.health);
        let mut policies = Policies::default();
        policies.throttle.enabled = false;
        let webauthn = Some(Arc::new(FakeWebAuthn) as _);
        Self { stores, policies, settings, health, issuer: ORIGIN.to_owned(), webauthn }
    }

    /// Attempts are throttled, as they are by default.
    pub(crate) fn throttled(mut self) -> Self {
        self.policies.throttle.enabled = true;
        self
    }

    /// An account signs in only after its mail address was verified.
    pub(crate) fn verified_only(mut self) -> Self {
        self.policies.registration.require_verified_email = true;
        self
    }

    pub(crate) fn memory() -> Self {
        Self::over(MemoryStores::new().stores())
    }

    pub(crate) fn with_limit(mut self, max: u32, on_limit: OnLimit) -> Self {
        self.policies.sessions.max_per_account = NonZeroU32::new(max);
        self.policies.sessions.on_limit = on_limit;
        self
    }

    pub(crate) fn with_class_limits(mut self, max_per_class: ClassLimits) -> Self {
        self.policies.sessions.max_per_class = max_per_class;
        self
    }

    /// Starts with one fixed key.
    pub(crate) fn start(self) -> TestApp {
        self.start_with(SigningKey::generate(Algorithm::EdDsa).unwrap())
    }

    /// Starts with this key, and no other.
    pub(crate) fn start_with(self, key: SigningKey) -> TestApp {
        let issuer = Issuer::new(key, self.issuer.clone(), Audience::new(AUDIENCE), 900);
        self.wire(Arc::new(ManualClock::at(START)), Arc::default(), issuer.into(), None)
    }

    /// Starts with keys that rotate.
    pub(crate) async fn start_with_keys(mut self, policy: KeyPolicy) -> TestApp {
        let (clock, revoked) = (Arc::new(ManualClock::at(START)), Arc::new(RevocationSet::new()));
        let name = IssuerName { issuer: self.issuer.clone(), audience: Audience::new(AUDIENCE) };
        let sealer = Sealer::new(1, [master_key()]).unwrap();
        let (store, time) = (Arc::clone(&self.stores.keys), Arc::clone(&clock) as _);
        let keys = Keys::start(store, time, sealer, policy, name, Arc::clone(&revoked)).await.unwrap();
        self.settings.jwks_max_age = policy.max_age;
        self.wire(clock, revoked, keys.ring().clone(), Some(Arc::new(keys)))
    }

    fn wire(
        self,
        clock: Arc<ManualClock>,
        revoked: Arc<RevocationSet>,
        ring: KeyRing,
        keys: Option<Arc<Keys>>,
    ) -> TestApp {
        let mailer = Arc::new(RecordingMailer::default());
        let hasher = Arc::new(CountingHasher::default());
        let ports = Ports {
            stores: self.stores.clone(),
            clock: Arc::clone(&clock) as _,
            entropy: Arc::new(SeededEntropy::new(STARTED.fetch_add(1, Ordering::Relaxed))),
            hasher: Arc::clone(&hasher) as _,
            mailer: Arc::clone(&mailer) as _,
            throttle: Arc::clone(&self.stores.throttle),
            webauthn: self.webauthn,
            breaches: None,
            claims: None,
        };
        let secrets = AuthKeys {
            rotation: RotationKeys::new(1, [master_key()]).unwrap(),
            sealer: Sealer::new(1, [master_key()]).unwrap(),
            signing: ring.clone(),
        };
        let auth = Arc::new(Auth::new(&ports, &self.policies, secrets, Arc::clone(&revoked)));
        let guard = Guard::of_issuer(ring, Rules::access_token(&*self.issuer, AUDIENCE), revoked, ports.clock);
        let (news, feed_news) = watch::channel(0);
        let state = ApiState::new(ApiParts {
            auth: Arc::clone(&auth),
            guard,
            keys: keys.clone(),
            issuer: self.issuer,
            client_id: self.policies.client.id,
            password_policy: self.policies.password,
            health: self.health,
            feed_news,
            settings: self.settings,
            operations: Operations::default(),
        });
        TestApp { router: router(state), stores: self.stores, auth, keys, news, clock, mailer, hasher }
    }
}

/// How many applications this process has started: no two of them have the same randomness.
static STARTED: AtomicU64 = AtomicU64::new(0);

/// The moment at which every application starts.
const START: Timestamp = Timestamp::from_secs(1_767_225_600);

/// The name that its access tokens are meant for.
pub(crate) const AUDIENCE: &str = "notes";

fn master_key() -> MasterKey {
    MasterKey::new(1, [7; 32])
}

/// A running application.
pub(crate) struct TestApp {
    pub(crate) router: Router,
    pub(crate) stores: Stores,
    pub(crate) auth: Arc<Auth>,
    keys: Option<Arc<Keys>>,
    pub(crate) news: watch::Sender<u64>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) mailer: Arc<RecordingMailer>,
    pub(crate) hasher: Arc<CountingHasher>,
}

/// What a signed-in device holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) session: String,
}

impl Tokens {
    /// The refresh token with a tag that is not its own.
    pub(crate) fn forged(&self) -> String {
        let (start, rest) = self.refresh.split_at(90);
        let other = if rest.starts_with('A') { "B" } else { "A" };
        format!("{start}{other}{}", &rest[1..])
    }

    pub(crate) fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{}", answer.text());
        let body = answer.json();
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        Self { access: text("access_token"), refresh: text("refresh_token"), session: text("session_id") }
    }
}

/// The recovery codes in an answer.
pub(crate) fn recovery_codes(answer: &Answer) -> Vec<String> {
    let codes = answer.json()["recovery_codes"].as_array().unwrap().clone();
    codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect()
}

impl TestApp {
    pub(crate) fn request(&self, method: Method, path: &str) -> Sending {
        Sending::new(self.router.clone(), method, path)
    }

    pub(crate) fn get(&self, path: &str) -> Sending {
        self.request(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str) -> Sending {
        self.request(Method::POST, path)
    }

    pub(crate) fn put(&self, path: &str) -> Sending {
        self.request(Method::PUT, path)
    }

    pub(crate) fn patch(&self, path: &str) -> Sending {
        self.request(Method::PATCH, path)
    }

    pub(crate) fn delete(&self, path: &str) -> Sending {
        self.request(Method::DELETE, path)
    }

    /// Registers an account, and gives its JSON.
    pub(crate) async fn register(&self, email: &str) -> Value {
        let answer = self.post("/v1/accounts").json(json!({"email": email, "password": PASSWORD})).send().await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    }

    /// Signs in on one more device.
    pub(crate) async fn login(&self, email: &str) -> Tokens {
        Tokens::of(&self.login_with(email, json!({})).await)
    }

    /// Tries to sign in on one more device, with more fields.
    pub(crate) async fn login_with(&self, email: &str, more: Value) -> Answer {
        let mut body = json!({"email": email, "password": PASSWORD});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.post("/v1/login").json(body).send().await
    }

    /// Registers an account and signs in.
    pub(crate) async fn signed_in(&self, email: &str) -> Tokens {
        self.register(email).await;
        self.login(email).await
    }

    /// Makes an account with the role `admin` and signs in.
    pub(crate) async fn admin(&self, email: &str) -> Tokens {
        let request = RegisterRequest {
            email,
            password: Some(&PASSWORD.into()),
            display_name: None,
            roles: vec![Role::new(Role::ADMIN).unwrap()],
            locale: Locale::En,
            by: RegisteredBy::Operator,
            presenter: Presenter::default(),
        };
        self.auth.accounts.register(request).await.unwrap();
        self.login(email).await
    }

    /// Disables an account, on the command line.
    pub(crate) async fn disable(&self, account: AccountId) {
        let operator = Operator { actor: Actor::Operator, presenter: Presenter::default() };
        self.auth.admin.disable(&operator, account).await.unwrap();
    }

    /// Sends the mails that are due, and gives the token of the last one of this kind.
    pub(crate) async fn mailed(&self, kind: TokenMailKind) -> Option<String> {
        self.auth.mails.send_tokens().await.unwrap();
        self.mailer.token(kind)
    }

    /// Sends the mails that tell owners what has happened, and gives what all of them so far were about.
    pub(crate) async fn notices(&self) -> Vec<EventKind> {
        self.auth.webhooks.spread(&[]).await.unwrap();
        self.auth.mails.send_notices().await.unwrap();
        self.mailer.sent().into_iter().filter_map(|mail| mail.event).map(|event| event.kind).collect()
    }

    /// What an app shows now.
    pub(crate) fn code(&self, secret: &str) -> String {
        code_of(secret, self.clock.now())
    }

    /// Adds an app to the account, and gives its secret and the recovery codes. Some time later, so that its next password is a
    /// new one.
    pub(crate) async fn add_totp(&self, tokens: &Tokens) -> (String, Vec<String>) {
        let setup = self.post("/v1/me/totp").bearer(&tokens.access).send().await;
        assert_eq!(setup.status, 200, "{}", setup.text());
        let secret = setup.json()["secret"].as_str().unwrap().to_owned();
        let confirm = self.post("/v1/me/totp/confirm").bearer(&tokens.access);
        let answer = confirm.json(json!({"code": self.code(&secret)})).send().await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        self.clock.advance(Duration::from_secs(30));
        let is_first = answer.json().get("recovery_codes").is_some();
        (secret, if is_first { recovery_codes(&answer) } else { Vec::new() })
    }

    /// Adds a passkey to the account, and gives what came of it.
    pub(crate) async fn add_passkey(&self, tokens: &Tokens, credential: &str) -> Answer {
        let begun = self.post("/v1/me/passkeys/begin").bearer(&tokens.access).send().await;
        assert_eq!(begun.status, 200, "{}", begun.text());
        let body = json!({
            "ceremony": begun.json()["ceremony"],
            "credential": FakeWebAuthn::answer(credential),
            "name": "Key",
        });
        self.post("/v1/me/passkeys").bearer(&tokens.access).json(body).send().await
    }

    /// Signs in with the password, and gives what a second factor is presented with.
    pub(crate) async fn mfa_token(&self, email: &str) -> String {
        let answer = self.login_with(email, json!({})).await;
        assert_eq!(answer.problem(), (401, "mfa_required".to_owned()));
        answer.json()["mfa_token"].as_str().unwrap().to_owned()
    }

    /// Begins a ceremony with whichever passkey the browser holds, and gives its token.
    pub(crate) async fn ceremony(&self) -> String {
        let begun = self.post("/v1/login/passkey/begin").json(json!({})).send().await;
        assert_eq!(begun.status, 200, "{}", begun.text());
        begun.json()["ceremony"].as_str().unwrap().to_owned()
    }

    /// Makes an API key, and gives its text.
    pub(crate) async fn api_key(&self, scopes: &[ApiScope]) -> String {
        let name = DisplayName::new("notes API").unwrap();
        self.auth.api_keys.create(&name, scopes.to_vec()).await.unwrap().1.expose().to_owned()
    }

    /// Follows the feed once, as the server does again and again.
    pub(crate) async fn follow(&self) {
        if self.auth.feed.follow().await.unwrap() > 0 {
            self.news.send_modify(|count| *count += 1);
        }
    }

    /// Signs in the way a page does, and gives the refresh cookie's value.
    pub(crate) async fn cookie_login(&self, email: &str) -> String {
        let body = json!({"email": email, "password": PASSWORD, "transport": "cookie"});
        let answer = self.post("/v1/login").header("origin", ORIGIN).json(body).send().await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.refresh_cookie().unwrap()
    }

    /// The keys that rotate.
    pub(crate) fn keys(&self) -> &Keys {
        self.keys.as_ref().unwrap()
    }

    /// Lets time pass, and does what is due with the keys.
    pub(crate) async fn wait(&self, secs: u64) {
        self.clock.advance(Duration::from_secs(secs));
        self.keys().tend().await.unwrap();
    }

    pub(crate) async fn refresh(&self, token: &str) -> Answer {
        self.post("/v1/refresh").json(json!({"refresh_token": token})).send().await
    }

    pub(crate) async fn me(&self, access: &str) -> Answer {
        self.get("/v1/me").bearer(access).send().await
    }
}
