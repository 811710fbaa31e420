//! An application in this process: the real router over stores of the test's choice, on a clock that is set by hand.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use api_axum::{ApiParts, ApiState, Guard, HttpSettings, router};
use auth_domain::account::RegisterRequest;
use auth_domain::admin::Operator;
use auth_domain::model::{
    AccountId, Actor, ApiScope, ClassLimits, DisplayName, KeyPolicy, OnLimit, Presenter, Role, Timestamp,
};
use auth_domain::ports::{StoreHealth, Stores};
use auth_domain::refresh::{MasterKey, RotationKeys};
use auth_domain::sealing::Sealer;
use auth_domain::signing::{IssuerName, KeyRing, Keys};
use auth_domain::testing::{ManualClock, MemoryStores, RecordingMailer, SeededEntropy};
use auth_domain::{Auth, Policies, Ports};
use axum::Router;
use axum::http::Method;
use serde_json::{Value, json};
use token_core::{Algorithm, Audience, Issuer, RevocationSet, Rules, SigningKey};
use tokio::sync::watch;

use super::{Answer, CountingHasher, ORIGIN, PASSWORD, Sending};

/// What an application is made of.
pub(crate) struct Setup {
    pub(crate) stores: Stores,
    pub(crate) policies: Policies,
    pub(crate) settings: HttpSettings,
    pub(crate) health: Arc<dyn StoreHealth>,
    pub(crate) issuer: String,
}

impl Setup {
    pub(crate) fn over(stores: Stores) -> Self {
        let settings = HttpSettings { origin: ORIGIN.to_owned(), ..HttpSettings::default() };
        let health = Arc::clone(&stores.health);
        Self { stores, policies: Policies::default(), settings, health, issuer: ORIGIN.to_owned() }
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
            entropy: Arc::new(SeededEntropy::new(1)),
            hasher: Arc::clone(&hasher) as _,
            mailer: Arc::clone(&mailer) as _,
        };
        let rotation = RotationKeys::new(1, [master_key()]).unwrap();
        let auth = Arc::new(Auth::new(&ports, &self.policies, rotation, ring.clone(), Arc::clone(&revoked)));
        let guard = Guard::of_issuer(ring, Rules::access_token(&*self.issuer, AUDIENCE), revoked, ports.clock);
        let (news, feed_news) = watch::channel(0);
        let state = ApiState::new(ApiParts {
            auth: Arc::clone(&auth),
            guard,
            keys: keys.clone(),
            issuer: self.issuer,
            client_id: self.policies.client.id,
            health: self.health,
            feed_news,
            settings: self.settings,
        });
        TestApp { router: router(state), stores: self.stores, auth, keys, news, clock, mailer, hasher }
    }
}

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
    pub(crate) fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{}", answer.text());
        let body = answer.json();
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        Self { access: text("access_token"), refresh: text("refresh_token"), session: text("session_id") }
    }
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
        let (password, roles) = (PASSWORD.into(), vec![Role::new(Role::ADMIN).unwrap()]);
        let request = RegisterRequest { email, password: &password, display_name: None, roles };
        self.auth.accounts.register(request).await.unwrap();
        self.login(email).await
    }

    /// Disables an account, on the command line.
    pub(crate) async fn disable(&self, account: AccountId) {
        let operator = Operator { actor: Actor::Operator, presenter: Presenter::default() };
        self.auth.admin.disable(&operator, account).await.unwrap();
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
