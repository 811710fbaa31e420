//! The use cases, wired to their ports.

use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex};

use token_core::RevocationSet;

use crate::account::Accounts;
use crate::admin::Admin;
use crate::api_key::ApiKeys;
use crate::feed::Feed;
use crate::housekeeping::{RetentionPolicy, Sweeper};
use crate::introspect::Introspection;
use crate::login::{Client, Login};
use crate::model::{PasswordPolicy, RefreshPolicy, SessionLimit};
use crate::ports::{Clock, Entropy, Mailer, PasswordHasher, Stores};
use crate::refresh::{Refresh, RotationKeys};
use crate::session::{AfterCommit, SessionTokens, Sessions};
use crate::signing::KeyRing;
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
}

/// What the operator decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policies {
    /// How long sessions live and how forgiving rotation is.
    pub refresh: RefreshPolicy,
    /// How many devices an account may have.
    pub sessions: SessionLimit,
    /// What a new password must satisfy.
    pub password: PasswordPolicy,
    /// The client that sessions are opened for.
    pub client: Client,
    /// How long rows are kept after they have served.
    pub retention: RetentionPolicy,
}

/// The use cases. Cheap to share behind an `Arc`.
pub struct Auth {
    /// Registration, and an owner's own account.
    pub accounts: Accounts,
    /// Login.
    pub login: Login,
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
    pub webhooks: Webhooks,
    /// What is needed no more.
    pub sweeper: Sweeper,
    /// The keys that sign and verify access tokens.
    pub key_ring: KeyRing,
}

impl Auth {
    /// Wires the use cases. `signing` is one fixed [`Issuer`](token_core::Issuer), or the ring of
    /// [`Keys`](crate::signing::Keys), which rotates. `revocations` is the set that this node's verifiers ask; sessions that end here are in it
    /// before the answer leaves.
    #[must_use]
    pub fn new(
        ports: &Ports,
        policies: &Policies,
        keys: RotationKeys,
        signing: impl Into<KeyRing>,
        revocations: Arc<RevocationSet>,
    ) -> Self {
        let Ports { stores, clock, entropy, hasher, mailer } = ports;
        let keys = Arc::new(keys);
        let key_ring = signing.into();
        let tokens = Arc::new(SessionTokens::new(key_ring.clone(), Arc::clone(&keys), Arc::clone(entropy)));
        let after_commit =
            Arc::new(AfterCommit { revocations, accounts: Arc::clone(&stores.accounts), mailer: Arc::clone(mailer) });
        Self {
            accounts: Accounts {
                accounts: Arc::clone(&stores.accounts),
                hasher: Arc::clone(hasher),
                clock: Arc::clone(clock),
                entropy: Arc::clone(entropy),
                policy: policies.password,
                tokens: Arc::clone(&tokens),
                after_commit: Arc::clone(&after_commit),
            },
            login: Login {
                accounts: Arc::clone(&stores.accounts),
                sessions: Arc::clone(&stores.sessions),
                hasher: Arc::clone(hasher),
                clock: Arc::clone(clock),
                entropy: Arc::clone(entropy),
                keys: Arc::clone(&keys),
                policy: policies.refresh,
                limit: policies.sessions,
                client: policies.client.clone(),
                tokens: Arc::clone(&tokens),
                after_commit: Arc::clone(&after_commit),
            },
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
            feed: Feed {
                store: Arc::clone(&stores.revocations),
                clock: Arc::clone(clock),
                after_commit,
                log: Mutex::default(),
                followed_at: AtomicI64::new(0),
            },
            webhooks: Webhooks { store: Arc::clone(&stores.webhooks), clock: Arc::clone(clock) },
            sweeper: Sweeper {
                store: Arc::clone(&stores.housekeeping),
                clock: Arc::clone(clock),
                policy: policies.retention,
            },
            key_ring,
        }
    }
}
