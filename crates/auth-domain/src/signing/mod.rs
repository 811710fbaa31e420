//! The server's signing keys: made, published, rotated, retired and revoked by it, the same on every node.
//!
//! What may happen when is decided by pure rules ([`Life`]), applied in one step of the store, so that of several nodes one
//! does it. Each node follows what the others did ([`Keys::tend`]), and signs with what its [`KeyRing`] holds.

mod life;
mod ring;

use std::sync::{Arc, Mutex, PoisonError};

pub use life::{Life, REVOKED_FOR};
pub use ring::{KeyRing, StaleKeys};
use token_core::{Audience, Issuer, KeyError, KeySet, RevocationSet, SigningKey};

use crate::model::{
    KeyChange, KeyChanged, KeyPolicy, KeyRefused, KeyState, RetiredMasterKey, Revocation, StoredKey, Timestamp,
};
use crate::ports::{Clock, KeyJudge, KeyStore, StoreError};
use crate::refresh::{InvalidMasterKeys, RotationKeys, RotationSecrets};
use crate::sealing::{Seal, SealError, Sealer};

const SIGNING_KEY: &str = "jeton/signing-key/seal/v1";
const ROTATION_KEY: &str = "jeton/rotation-key/seal/v1";

/// What an issuer of tokens is, whichever key it signs with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerName {
    /// `iss`.
    pub issuer: String,
    /// `aud`.
    pub audience: Audience,
}

/// Keeps the signing keys.
pub struct Keys {
    store: Arc<dyn KeyStore>,
    clock: Arc<dyn Clock>,
    sealer: Sealer,
    policy: KeyPolicy,
    name: IssuerName,
    revocations: Arc<RevocationSet>,
    ring: KeyRing,
    /// The rows that the ring was made of.
    seen: Mutex<Vec<StoredKey>>,
}

/// Why keys could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The store could not do its work.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The change would break something.
    #[error(transparent)]
    Refused(#[from] KeyRefused),
    /// A key could not be made or read.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A stored key does not open.
    #[error("the key {name} cannot be used: {source}")]
    Sealed {
        /// The signing key's `kid`, or the id of a retired master key.
        name: String,
        /// Why.
        source: SealError,
    },
    /// The master keys cannot be used.
    #[error(transparent)]
    MasterKeys(#[from] InvalidMasterKeys),
    /// No key signs.
    #[error("no key signs; a server that starts makes one")]
    NoneActive,
}

/// What [`Keys::rewrap`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewrapped {
    /// How many signing keys were sealed anew.
    pub signing_keys: usize,
    /// The master keys that sessions were made under and that need not be configured any more.
    pub masters: Vec<u8>,
}

impl Keys {
    /// Reads the keys, and makes what is missing.
    ///
    /// # Errors
    /// When the store fails, or a key does not open under the master keys given.
    pub async fn start(
        store: Arc<dyn KeyStore>,
        clock: Arc<dyn Clock>,
        sealer: Sealer,
        policy: KeyPolicy,
        name: IssuerName,
        revocations: Arc<RevocationSet>,
    ) -> Result<Self, KeysError> {
        tended(&*store, &sealer, &policy, clock.now()).await?;
        Self::open(store, clock, sealer, policy, name, revocations).await
    }

    /// Reads the keys, and makes nothing: for a tool beside the servers, whose settings may be others.
    ///
    /// # Errors
    /// As [`start`](Self::start), and [`KeysError::NoneActive`] where no server has made a key yet.
    pub async fn open(
        store: Arc<dyn KeyStore>,
        clock: Arc<dyn Clock>,
        sealer: Sealer,
        policy: KeyPolicy,
        name: IssuerName,
        revocations: Arc<RevocationSet>,
    ) -> Result<Self, KeysError> {
        let now = clock.now();
        let rows = store.list().await?;
        let (issuer, trusted) = opened(&rows, &sealer, &policy, &name)?;
        let ring = KeyRing::new(issuer, trusted, now.plus(policy.margin));
        Ok(Self { store, clock, sealer, policy, name, revocations, ring, seen: Mutex::new(rows) })
    }

    /// The keys as this node's requests use them.
    #[must_use]
    pub fn ring(&self) -> &KeyRing {
        &self.ring
    }

    /// The operator's policy.
    #[must_use]
    pub const fn policy(&self) -> &KeyPolicy {
        &self.policy
    }

    /// Does what is due: makes, activates, retires and removes keys, and takes over what other nodes did. Answers whether
    /// this node's keys have changed. Called every few seconds, more often than the policy's margin.
    ///
    /// Making an RSA key takes up to seconds of one thread.
    ///
    /// # Errors
    /// As [`start`](Self::start); the node goes on with the keys that it has, for a while.
    pub async fn tend(&self) -> Result<bool, KeysError> {
        let now = self.clock.now();
        let rows = tended(&*self.store, &self.sealer, &self.policy, now).await?;
        self.absorb(rows, now)
    }

    /// Whether this node signs with a key that has been revoked elsewhere: [`tend`](Self::tend) at once.
    #[must_use]
    pub fn signs_in_vain(&self) -> bool {
        self.revocations.is_key_revoked(&self.ring.kid())
    }

    /// Every key, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self) -> Result<Vec<StoredKey>, KeysError> {
        Ok(self.store.list().await?)
    }

    /// The key `to`, or the one that waits, signs from now on; another one begins to wait.
    ///
    /// # Errors
    /// [`KeysError::Refused`] when that would break something; with `force` it is done, and the answer says what it broke.
    pub async fn rotate(&self, to: Option<&str>, force: bool) -> Result<KeyChanged, KeysError> {
        let to = to.map(str::to_owned);
        self.change(true, move |life| life.rotate(to.as_deref(), force)).await
    }

    /// Nothing that the key signed is accepted any more, here before this answers, and everywhere within a second. If it
    /// signs now, the next one takes over at once.
    ///
    /// # Errors
    /// [`KeysError::Refused`] when there is no such key.
    pub async fn revoke(&self, kid: &str) -> Result<KeyChanged, KeysError> {
        let kid = kid.to_owned();
        self.change(true, move |life| life.revoke(&kid)).await
    }

    /// Removes a key.
    ///
    /// # Errors
    /// [`KeysError::Refused`] when tokens need it; with `force` it is done, and the answer says what it broke.
    pub async fn delete(&self, kid: &str, force: bool) -> Result<KeyChanged, KeysError> {
        let kid = kid.to_owned();
        self.change(false, move |life| life.delete(&kid, force)).await
    }

    /// Publishes a key from elsewhere. It signs when it is its turn, or after [`rotate`](Self::rotate) to it.
    ///
    /// # Errors
    /// [`KeysError::Refused`] when it is there already, or was revoked.
    pub async fn import(&self, key: &SigningKey) -> Result<KeyChanged, KeysError> {
        let row = seal_key(&self.sealer, key, self.clock.now())?;
        self.change(false, move |life| life.import(&row)).await
    }

    /// Seals everything under the active master key: the signing keys, and what rotation needs of the other master keys.
    /// Afterwards these need not be configured any more, and no session has ended.
    ///
    /// # Errors
    /// When something does not open.
    pub async fn rewrap(&self) -> Result<Rewrapped, KeysError> {
        let now = self.clock.now();
        let active = self.sealer.active();
        let mut keep = Vec::new();
        for master in self.sealer.masters().iter().filter(|master| master.id() != active) {
            keep.push(self.seal_master(&RotationSecrets::of(master)?, now)?);
        }
        let configured = |id: u8| self.sealer.masters().iter().any(|master| master.id() == id);
        for row in self.store.retired_masters().await? {
            if row.key_id != active && !configured(row.id) {
                let secrets = self.open_master(&row)?;
                keep.push(RetiredMasterKey { retired_at: row.retired_at, ..self.seal_master(&secrets, now)? });
            }
        }
        let listed = self.store.list().await?;
        let old = listed.iter().filter(|row| row.key_id != active && row.state.is_trusted());
        let fresh = old.map(|row| {
            let key = open_key(&self.sealer, row)?;
            let sealed = seal_key(&self.sealer, &key, row.created_at)?;
            Ok((row.clone(), StoredKey { state: row.state, ..sealed }))
        });
        let fresh = fresh.collect::<Result<Vec<_>, KeysError>>()?;
        let masters = keep.iter().map(|master| master.id).collect();
        let judge = move |keys: &[StoredKey]| {
            // A row that has changed since is sealed by the next call; its state is taken as it is now.
            let current = |(row, sealed): &(StoredKey, StoredKey)| {
                let now = keys.iter().find(|key| key.kid == row.kid && key.sealed == row.sealed)?;
                Some(StoredKey { state: now.state, ..sealed.clone() })
            };
            Ok(KeyChange {
                put: fresh.iter().filter_map(current).collect(),
                keep: keep.clone(),
                ..KeyChange::default()
            })
        };
        let changed = self.store.change(Arc::new(judge)).await??;
        Ok(Rewrapped { signing_keys: changed.change.put.len(), masters })
    }

    /// Forgets what rotation needs of a retired master key. Sessions that were made under it and not refreshed since must
    /// sign in again.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn forget_master(&self, id: u8) -> Result<(), KeysError> {
        let judge: KeyJudge = Arc::new(move |_| Ok(KeyChange { forget: vec![id], ..KeyChange::default() }));
        self.store.change(judge).await??;
        Ok(())
    }

    /// The keys that rotation needs: those of the master keys, and of those that were retired.
    ///
    /// # Errors
    /// When the store fails, or a retired master key does not open.
    pub async fn rotation_keys(&self) -> Result<RotationKeys, KeysError> {
        let masters = self.sealer.masters();
        let keys = RotationKeys::new(self.sealer.active(), masters.iter().cloned())?;
        let retired = self.store.retired_masters().await?;
        let unknown = retired.iter().filter(|row| !masters.iter().any(|master| master.id() == row.id));
        let secrets = unknown.map(|row| self.open_master(row)).collect::<Result<Vec<_>, _>>()?;
        Ok(keys.with_retired(secrets))
    }

    async fn change(
        &self,
        with_spare: bool,
        rule: impl Fn(&Life<'_>) -> Result<KeyChange, KeyRefused> + Send + Sync + 'static,
    ) -> Result<KeyChanged, KeysError> {
        let now = self.clock.now();
        let spare = if with_spare { Some(fresh(&self.sealer, &self.policy, now)?) } else { None };
        let policy = self.policy;
        let judge = move |keys: &[StoredKey]| rule(&Life { keys, policy: &policy, now, spare: spare.as_ref() });
        let changed = self.store.change(Arc::new(judge)).await??;
        for Revocation { kind, expires_at, .. } in &changed.revocations {
            self.revocations.revoke_key(&kind.subject(), expires_at.unix());
        }
        self.absorb(changed.keys.clone(), now)?;
        Ok(changed)
    }

    /// Takes the keys as they are now, and answers whether they have changed.
    fn absorb(&self, rows: Vec<StoredKey>, now: Timestamp) -> Result<bool, KeysError> {
        let good_until = now.plus(self.policy.margin);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == rows {
            self.ring.confirm(good_until);
            return Ok(false);
        }
        let (issuer, trusted) = opened(&rows, &self.sealer, &self.policy, &self.name)?;
        self.ring.replace(issuer, trusted, good_until);
        *seen = rows;
        Ok(true)
    }

    fn seal_master(&self, secrets: &RotationSecrets, now: Timestamp) -> Result<RetiredMasterKey, KeysError> {
        let (id, name) = (secrets.id(), secrets.id().to_string());
        let sealed = self.sealer.seal(Seal { purpose: ROTATION_KEY, identity: &[&name] }, &*secrets.to_bytes());
        let sealed = sealed.map_err(|source| KeysError::Sealed { name, source })?;
        Ok(RetiredMasterKey { id, key_id: self.sealer.active(), sealed, retired_at: now })
    }

    fn open_master(&self, row: &RetiredMasterKey) -> Result<RotationSecrets, KeysError> {
        let name = row.id.to_string();
        let seal = Seal { purpose: ROTATION_KEY, identity: &[&name] };
        let opened = self
            .sealer
            .open(seal, row.key_id, &row.sealed)
            .and_then(|bytes| RotationSecrets::from_bytes(row.id, &bytes).ok_or(SealError::DoesNotOpen(row.key_id)));
        opened.map_err(|source| KeysError::Sealed { name: format!("of the retired master key {name}"), source })
    }
}

/// Does what is due in the store, and answers every key.
async fn tended(
    store: &dyn KeyStore,
    sealer: &Sealer,
    policy: &KeyPolicy,
    now: Timestamp,
) -> Result<Vec<StoredKey>, KeysError> {
    let mut rows = store.list().await?;
    // A first start makes two keys: one that signs, and one that waits.
    for _ in 0..2 {
        let life = Life { keys: &rows, policy, now, spare: None };
        let wants_key = life.wants_key();
        if !wants_key && life.tend().is_empty() {
            break;
        }
        let spare = if wants_key { Some(fresh(sealer, policy, now)?) } else { None };
        let policy = *policy;
        let judge = move |keys: &[StoredKey]| Ok(Life { keys, policy: &policy, now, spare: spare.as_ref() }.tend());
        rows = store.change(Arc::new(judge)).await??.keys;
    }
    Ok(rows)
}

fn fresh(sealer: &Sealer, policy: &KeyPolicy, now: Timestamp) -> Result<StoredKey, KeysError> {
    seal_key(sealer, &SigningKey::generate(policy.algorithm)?, now)
}

/// Seals a key that waits. Its identity is authenticated with it, so that two rows cannot be swapped.
fn seal_key(keeper: &Sealer, key: &SigningKey, created_at: Timestamp) -> Result<StoredKey, KeysError> {
    let (kid, algorithm) = (key.kid().to_owned(), key.algorithm().to_string());
    let belongs_to = Seal { purpose: SIGNING_KEY, identity: &[&kid, &algorithm] };
    let outcome = keeper.seal(belongs_to, &key.to_bytes());
    let sealed = outcome.map_err(|source| KeysError::Sealed { name: kid.clone(), source })?;
    Ok(StoredKey { kid, algorithm, key_id: keeper.active(), sealed, created_at, state: KeyState::Next })
}

fn open_key(sealer: &Sealer, row: &StoredKey) -> Result<SigningKey, KeysError> {
    let refused = |source| KeysError::Sealed { name: row.kid.clone(), source };
    let seal = Seal { purpose: SIGNING_KEY, identity: &[&row.kid, &row.algorithm] };
    let bytes = sealer.open(seal, row.key_id, &row.sealed).map_err(refused)?;
    let algorithm = row.algorithm.parse().map_err(|_| refused(SealError::DoesNotOpen(row.key_id)))?;
    Ok(SigningKey::from_bytes(algorithm, &bytes)?)
}

/// What signs, and what verifies.
fn opened(
    rows: &[StoredKey],
    sealer: &Sealer,
    policy: &KeyPolicy,
    name: &IssuerName,
) -> Result<(Issuer, KeySet), KeysError> {
    let mut trusted = Vec::new();
    let mut active = None;
    for row in rows.iter().filter(|row| row.state.is_trusted()) {
        let key = open_key(sealer, row)?;
        trusted.push(key.verification_key());
        if let KeyState::Active { .. } = row.state {
            active = Some(key);
        }
    }
    let key = active.ok_or(KeysError::NoneActive)?;
    let IssuerName { issuer, audience } = name.clone();
    Ok((Issuer::new(key, issuer, audience, policy.access_ttl.as_secs()), KeySet::new(trusted)))
}
