//! The rules of a key's life, as pure functions of every key, the time and the operator's policy.
//!
//! next (published, signs nothing) -> active -> retired (verifies until the last token it signed has expired) -> gone. A key
//! never signs before every verifier has seen it, and never goes while a token needs it.

use std::time::Duration;

use token_core::strict;

use crate::model::{KeyChange, KeyPolicy, KeyRefused, KeyRevocation, KeyState, StoredKey, Timestamp};

/// How long the feed says that a key was revoked, and its row is kept. A stolen key can sign tokens of any lifetime, so this is
/// longer than any verifier keeps a JWK set.
pub const REVOKED_FOR: Duration = Duration::from_secs(7 * 86_400);

/// Every key, and what they are judged by.
#[derive(Clone, Copy, Debug)]
pub struct Life<'a> {
    /// Every key, oldest first.
    pub keys: &'a [StoredKey],
    /// The operator's policy.
    pub policy: &'a KeyPolicy,
    /// The time.
    pub now: Timestamp,
    /// A key that was made for this change and is in no store yet.
    pub spare: Option<&'a StoredKey>,
}

impl Life<'_> {
    /// What is due by itself. Without a spare the change may lack a key: see [`wants_key`](Self::wants_key).
    #[must_use]
    pub fn tend(&self) -> KeyChange {
        let mut change = KeyChange { remove: self.over(), ..KeyChange::default() };
        let due = self.active().is_none_or(|active| self.is_due(active));
        let successor = if due { self.successor() } else { None };
        if let Some(successor) = successor {
            self.activate(successor, &mut change);
        } else {
            self.retire_all_but(self.active(), &mut change);
        }
        self.publish_next(&mut change);
        change
    }

    /// Whether [`tend`](Self::tend) would do more if it had a spare.
    #[must_use]
    pub fn wants_key(&self) -> bool {
        let change = self.tend();
        let is_next = |key: &StoredKey| key.state == KeyState::Next && self.fits(key);
        let has_active = self.keys.iter().chain(&change.put).any(|key| matches!(key.state, KeyState::Active { .. }));
        let stays = |key: &&StoredKey| !change.put.iter().any(|put| put.kid == key.kid);
        let has_next = self.keys.iter().filter(stays).chain(&change.put).any(is_next);
        !has_active || !has_next
    }

    /// The key `to`, or the one that waits, signs from now on.
    ///
    /// # Errors
    /// When there is none, it signs already or was revoked; unless `force` is given, when verifiers may not have seen it.
    pub fn rotate(&self, to: Option<&str>, force: bool) -> Result<KeyChange, KeyRefused> {
        let key = if let Some(kid) = to {
            self.find(kid)?
        } else {
            let waiting = self.keys.iter().find(|key| key.state == KeyState::Next && self.fits(key));
            let made = if force { self.spare } else { None };
            waiting.or(made).ok_or(KeyRefused::NoNext(self.policy.algorithm))?
        };
        match key.state {
            KeyState::Active { .. } => return Err(KeyRefused::AlreadyActive(key.kid.clone())),
            KeyState::Revoked { .. } => return Err(KeyRefused::Revoked(key.kid.clone())),
            KeyState::Next | KeyState::Retired { .. } => {}
        }
        let ready_at = self.policy.ready_at(key);
        let refusal = (self.now < ready_at).then(|| KeyRefused::NotYetSeen { kid: key.kid.clone(), ready_at });
        let mut change = KeyChange { overruled: overrule(refusal, force)?, ..KeyChange::default() };
        self.activate(key, &mut change);
        self.publish_next(&mut change);
        Ok(change)
    }

    /// Nothing that the key signed is accepted any more. If it signs now, the next one takes over at once, seen or not.
    ///
    /// # Errors
    /// When there is no such key, or nothing could sign afterwards.
    pub fn revoke(&self, kid: &str) -> Result<KeyChange, KeyRefused> {
        let key = self.find(kid)?;
        if let KeyState::Revoked { .. } = key.state {
            return Err(KeyRefused::Revoked(key.kid.clone()));
        }
        let mut change = KeyChange::default();
        if let KeyState::Active { .. } = key.state {
            let others = || self.keys.iter().filter(|other| other.kid != key.kid && other.state == KeyState::Next);
            let ready = others().find(|other| self.fits(other) && self.now >= self.policy.ready_at(other));
            let heir = ready.or_else(|| others().find(|other| self.fits(other))).or(self.spare);
            self.activate(heir.ok_or(KeyRefused::NoNext(self.policy.algorithm))?, &mut change);
            change.put.retain(|put| put.kid != key.kid);
        }
        let until = self.now.plus(REVOKED_FOR);
        let state = KeyState::Revoked { since: self.now, until };
        change.put.push(StoredKey { sealed: Vec::new(), state, ..key.clone() });
        // A kid that is no thumbprint was made by no version of this program.
        let thumbprint = strict::base64url(kid).ok().and_then(|bytes| bytes.try_into().ok());
        change.revoke = thumbprint.map(|thumbprint| KeyRevocation { thumbprint, now: self.now, until });
        self.publish_next(&mut change);
        Ok(change)
    }

    /// The key goes.
    ///
    /// # Errors
    /// When there is no such key or it signs; unless `force` is given, when tokens need it or it was revoked.
    pub fn delete(&self, kid: &str, force: bool) -> Result<KeyChange, KeyRefused> {
        let key = self.find(kid)?;
        let kid = key.kid.clone();
        let refusal = match key.state {
            KeyState::Active { .. } => return Err(KeyRefused::Signs(kid)),
            KeyState::Revoked { until, .. } if self.now < until => Some(KeyRefused::Revoked(kid.clone())),
            KeyState::Retired { until, .. } if self.now < until => Some(KeyRefused::Needed { kid: kid.clone(), until }),
            KeyState::Next | KeyState::Retired { .. } | KeyState::Revoked { .. } => None,
        };
        Ok(KeyChange { remove: vec![kid], overruled: overrule(refusal, force)?, ..KeyChange::default() })
    }

    /// A key from elsewhere waits from now on.
    ///
    /// # Errors
    /// When it is there already, or was revoked.
    pub fn import(&self, key: &StoredKey) -> Result<KeyChange, KeyRefused> {
        match self.keys.iter().find(|known| known.kid == key.kid).map(|known| known.state) {
            None => Ok(KeyChange { put: vec![key.clone()], ..KeyChange::default() }),
            Some(KeyState::Revoked { .. }) => Err(KeyRefused::Revoked(key.kid.clone())),
            Some(_) => Err(KeyRefused::Exists(key.kid.clone())),
        }
    }

    fn find(&self, kid: &str) -> Result<&StoredKey, KeyRefused> {
        self.keys.iter().find(|key| key.kid == kid).ok_or_else(|| KeyRefused::NoSuchKey(kid.to_owned()))
    }

    fn fits(&self, key: &StoredKey) -> bool {
        key.algorithm == self.policy.algorithm.name()
    }

    /// The key that signs: of several, as an older version may have left them, the newest of the policy's algorithm.
    fn active(&self) -> Option<&StoredKey> {
        let active = || self.keys.iter().rev().filter(|key| matches!(key.state, KeyState::Active { .. }));
        active().find(|key| self.fits(key)).or_else(|| active().next())
    }

    fn is_due(&self, active: &StoredKey) -> bool {
        let since = active.state.since().unwrap_or(active.created_at);
        !self.fits(active) || self.now >= since.plus(self.policy.rotate_every)
    }

    /// The key that may take over now. Where nothing signs yet there is no verifier that could not have seen it.
    fn successor(&self) -> Option<&StoredKey> {
        let mut waiting = self.keys.iter().filter(|key| key.state == KeyState::Next && self.fits(key));
        if self.active().is_none() {
            return waiting.next().or(self.spare);
        }
        waiting.find(|key| self.now >= self.policy.ready_at(key))
    }

    fn activate(&self, key: &StoredKey, change: &mut KeyChange) {
        self.retire_all_but(Some(key), change);
        change.put.push(StoredKey { state: KeyState::Active { since: self.now }, ..key.clone() });
    }

    fn retire_all_but(&self, kept: Option<&StoredKey>, change: &mut KeyChange) {
        let until = self.policy.verifies_until(self.now);
        let others = self.keys.iter().filter(|key| matches!(key.state, KeyState::Active { .. }));
        for key in others.filter(|key| kept.is_none_or(|kept| kept.kid != key.kid)) {
            change.put.push(StoredKey { state: KeyState::Retired { since: self.now, until }, ..key.clone() });
        }
    }

    /// The spare waits, where it is not used and nothing else waits.
    fn publish_next(&self, change: &mut KeyChange) {
        let Some(spare) = self.spare else { return };
        let put = |kid: &str| change.put.iter().any(|put| put.kid == kid);
        let waits = self.keys.iter().any(|key| key.state == KeyState::Next && self.fits(key) && !put(&key.kid));
        if !waits && !put(&spare.kid) {
            change.put.push(spare.clone());
        }
    }

    /// What is needed no more: retired keys whose tokens have expired, revocations that have served, and keys of another
    /// algorithm that have waited for a whole period without being asked for.
    fn over(&self) -> Vec<String> {
        let gone = |key: &&StoredKey| match key.state {
            KeyState::Active { .. } => false,
            KeyState::Next => !self.fits(key) && self.now >= key.created_at.plus(self.policy.rotate_every),
            KeyState::Retired { until, .. } | KeyState::Revoked { until, .. } => self.now >= until,
        };
        self.keys.iter().filter(gone).map(|key| key.kid.clone()).collect()
    }
}

fn overrule(refusal: Option<KeyRefused>, force: bool) -> Result<Option<KeyRefused>, KeyRefused> {
    match refusal {
        Some(refusal) if !force => Err(refusal),
        overruled => Ok(overruled),
    }
}
