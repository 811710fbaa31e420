//! The use cases, wired to their ports.

use std::sync::Arc;
use std::time::Duration;

use token_core::RevocationSet;

use crate::account::Accounts;
use crate::admin::Admin;
use crate::api_key::ApiKeys;
use crate::factor::SecondFactors;
use crate::feed::Feed;
use crate::housekeeping::{RetentionPolicy, Sweeper};
use crate::introspect::Introspection;
use crate::login::{Client, Login};
use crate::mail::Mails;
use crate::model::{PasswordPolicy, RefreshPolicy, RegistrationPolicy, SessionLimit, ThrottlePolicy};
use crate::one_time::OneTime;
use crate::ports::{BreachCheck, ClaimSource, Clock, Entropy, Mailer, PasswordHasher, Stores, Throttle, WebAuthn};
use crate::refresh::{Refresh, RotationKeys};
use crate::sealing::Sealer;
use crate::session::{AfterCommit, SessionTokens, Sessions};
use crate::signing::{KeyRing, StaleKeys};
use crate::throttle::Gate;
use crate::webhook::Webhooks;

/// Everything outside the domain.
#[derive(Clone)]
pub struct Ports {
    /// Storage.
    pub stores: Stores,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Password hashing.
    pub hasher: Arc<dyn PasswordHasher>,
    /// Mail.
    pub mailer: Arc<dyn Mailer>,
    /// Attempts that may fail, counted: [`MemoryThrottle`](crate::throttle::MemoryThrottle), or a store that several nodes
    /// share.
    pub throttle: Arc<dyn Throttle>,
    /// Passkeys, where they are wanted.
    pub webauthn: Option<Arc<dyn WebAuthn>>,
    /// Breached passwords, where they are looked up.
    pub breaches: Option<Arc<dyn BreachCheck>>,
    /// What access tokens say beside what the domain knows, where that is wanted.
    pub claims: Option<Arc<dyn ClaimSource>>,
}

/// What the operator decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policies {
    /// How long sessions live and how forgiving rotation is.
    pub refresh: RefreshPolicy,
    /// How many devices an account may have.
    pub sessions: SessionLimit,
    /// What a new password must satisfy.
    pub password: PasswordPolicy,
    /// Who may register.
    pub registration: RegistrationPolicy,
    /// How attempts are throttled.
    pub throttle: ThrottlePolicy,
    /// How recently an owner must have proved who he is to change what protects his account.
    pub recent_login: Duration,
    /// What the service is called, in apps for one-time passwords.
    pub product: String,
    /// The client that sessions are opened for.
    pub client: Client,
    /// How long rows are kept after they have served.
    pub retention: RetentionPolicy,
}

/// Each part's own default; a recent login is one of the last 15 minutes; `Jeton`.
impl Default for Policies {
    fn default() -> Self {
        Self {
            refresh: RefreshPolicy::default(),
            sessions: SessionLimit::default(),
            password: PasswordPolicy::default(),
            registration: RegistrationPolicy::default(),
            throttle: ThrottlePolicy::default(),
            recent_login: Duration::from_secs(15 * 60),
            product: "Jeton".to_owned(),
            client: Client::default(),
            retention: RetentionPolicy::default(),
        }
    }
}

/// The secrets of the server.
pub struct AuthKeys {
    /// The keys of refresh tokens.
    pub rotation: RotationKeys,
    /// What seals secrets in the store: the same master keys.
    pub sealer: Sealer,
    /// What signs access tokens: one fixed [`Issuer`](token_core::Issuer) (`issuer.into()`), or the ring of
    /// [`Keys`](crate::signing::Keys), which rotates.
    pub signing: KeyRing,
}

/// The use cases. Cheap to share behind an `Arc`.
pub struct Auth {
    /// Registration, and an owner's own account.
    pub accounts: Accounts,
    /// Login.
    pub login: Login,
    /// Second factors.
    pub factors: SecondFactors,
    /// Mail.
    pub mails: Arc<Mails>,
    /// Refresh.
    pub refresh: Refresh,
    /// Sessions.
    pub sessions: Sessions,
    /// What operators do.
    pub admin: Admin,
    /// API keys.
    pub api_keys: ApiKeys,
    /// What tokens are worth.
    pub introspection: Introspection,
    /// The revocation feed.
    pub feed: Feed,
    /// Webhooks.
    pub webhooks: Arc<Webhooks>,
    /// What is needed no more.
    pub sweeper: Sweeper,
    /// The keys that sign and verify access tokens.
    pub key_ring: KeyRing,
}

impl Auth {
    /// Wires the use cases. `revocations` is the set that this node's verifiers ask; sessions that end here are in it before
    /// the answer leaves.
    #[must_use]
    pub fn new(ports: &Ports, policies: &Policies, keys: AuthKeys, revocations: Arc<RevocationSet>) -> Self {
        let Ports { stores, clock, entropy, hasher, mailer, throttle, webauthn, breaches, claims } = ports;
        let AuthKeys { rotation, sealer, signing: key_ring } = keys;
        let keys = Arc::new(rotation);
        let tokens = SessionTokens::new(key_ring.clone(), Arc::clone(&keys), Arc::clone(entropy), claims.clone());
        let tokens = Arc::new(tokens);
        let after_commit = Arc::new(AfterCommit { revocations });
        let gate = Gate { throttle: Arc::clone(throttle), policy: policies.throttle };
        let one_time = Arc::new(OneTime {
            store: Arc::clone(&stores.one_time),
            entropy: Arc::clone(entropy),
            sealer: sealer.clone(),
        });
        let webhooks = Arc::new(Webhooks { store: Arc::clone(&stores.webhooks), clock: Arc::clone(clock) });
        let mails = Arc::new(Mails {
            one_time: Arc::clone(&one_time),
            accounts: Arc::clone(&stores.accounts),
            mailer: Arc::clone(mailer),
            deliveries: Arc::clone(&webhooks),
            clock: Arc::clone(clock),
        });
        Self {
            accounts: Accounts {
                accounts: Arc::clone(&stores.accounts),
                one_time: Arc::clone(&one_time),
                hasher: Arc::clone(hasher),
                breaches: breaches.clone(),
                clock: Arc::clone(clock),
                entropy: Arc::clone(entropy),
                gate: gate.clone(),
                policy: policies.password.clone(),
                registration: policies.registration.clone(),
                recent_login: policies.recent_login,
                tokens: Arc::clone(&tokens),
                after_commit: Arc::clone(&after_commit),
            },
            login: Login {
                accounts: Arc::clone(&stores.accounts),
                sessions: Arc::clone(&stores.sessions),
                factors: Arc::clone(&stores.factors),
                one_time: Arc::clone(&one_time),
                hasher: Arc::clone(hasher),
                webauthn: webauthn.clone(),
                clock: Arc::clone(clock),
                entropy: Arc::clone(entropy),
                keys: Arc::clone(&keys),
                sealer: sealer.clone(),
                gate: gate.clone(),
                policy: policies.refresh,
                limit: policies.sessions,
                client: policies.client.clone(),
                require_verified_email: policies.registration.require_verified_email,
                tokens: Arc::clone(&tokens),
                after_commit: Arc::clone(&after_commit),
            },
            factors: second_factors(ports, policies, &one_time, sealer, gate),
            mails,
            refresh: Refresh {
                sessions: Arc::clone(&stores.sessions),
                clock: Arc::clone(clock),
                entropy: Arc::clone(entropy),
                keys: Arc::clone(&keys),
                policy: policies.refresh,
                tokens: Arc::clone(&tokens),
                after_commit: Arc::clone(&after_commit),
            },
            sessions: Sessions {
                sessions: Arc::clone(&stores.sessions),
                events: Arc::clone(&stores.events),
                clock: Arc::clone(clock),
                entropy: Arc::clone(entropy),
                keys: Arc::clone(&keys),
                tokens: Arc::clone(&tokens),
                after_commit: Arc::clone(&after_commit),
            },
            admin: Admin {
                accounts: Arc::clone(&stores.accounts),
                sessions: Arc::clone(&stores.sessions),
                events: Arc::clone(&stores.events),
                factors: Arc::clone(&stores.factors),
                one_time,
                clock: Arc::clone(clock),
                entropy: Arc::clone(entropy),
                tokens,
                after_commit: Arc::clone(&after_commit),
            },
            api_keys: ApiKeys {
                keys: Arc::clone(&stores.api_keys),
                clock: Arc::clone(clock),
                entropy: Arc::clone(entropy),
            },
            introspection: Introspection { sessions: Arc::clone(&stores.sessions), clock: Arc::clone(clock), keys },
            feed: Feed::new(Arc::clone(&stores.revocations), Arc::clone(clock), after_commit),
            webhooks,
            sweeper: Sweeper {
                store: Arc::clone(&stores.housekeeping),
                clock: Arc::clone(clock),
                policy: policies.retention,
            },
            key_ring,
        }
    }
}

impl Auth {
    /// Whether this node may sign right now.
    ///
    /// # Errors
    /// When it has not been able to read the signing keys for too long.
    pub fn can_sign(&self) -> Result<(), StaleKeys> {
        self.key_ring.issuer(self.login.clock.now()).map(drop)
    }
}

fn second_factors(
    ports: &Ports,
    policies: &Policies,
    one_time: &Arc<OneTime>,
    sealer: Sealer,
    gate: Gate,
) -> SecondFactors {
    SecondFactors {
        accounts: Arc::clone(&ports.stores.accounts),
        factors: Arc::clone(&ports.stores.factors),
        one_time: Arc::clone(one_time),
        webauthn: ports.webauthn.clone(),
        clock: Arc::clone(&ports.clock),
        entropy: Arc::clone(&ports.entropy),
        sealer,
        gate,
        recent_login: policies.recent_login,
        product: policies.product.clone(),
    }
}
