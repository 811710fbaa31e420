//! The use cases, wired to their ports.

use std::sync::Arc;

use token_core::{Issuer, RevocationSet};

use crate::account::Accounts;
use crate::login::{Client, Login};
use crate::model::{PasswordPolicy, RefreshPolicy, SessionLimit};
use crate::ports::{Clock, Entropy, Mailer, PasswordHasher, Stores};
use crate::refresh::{Refresh, RotationKeys};
use crate::session::{AfterCommit, SessionTokens, Sessions};

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
}

impl Auth {
    /// Wires the use cases. `revocations` is the set that this node's verifiers ask; sessions that end here are in it
    /// before the answer leaves.
    #[must_use]
    pub fn new(
        ports: &Ports,
        policies: &Policies,
        keys: RotationKeys,
        issuer: Issuer,
        revocations: Arc<RevocationSet>,
    ) -> Self {
        let Ports { stores, clock, entropy, hasher, mailer } = ports;
        let keys = Arc::new(keys);
        let tokens = Arc::new(SessionTokens::new(issuer, Arc::clone(&keys), Arc::clone(entropy)));
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
                revocations: Arc::clone(&stores.revocations),
                clock: Arc::clone(clock),
                keys,
                tokens,
                after_commit,
            },
        }
    }
}
