//! What has been revoked while tokens for it still live.

mod table;

use crate::UnixTime;
use papaya::HashMap;
use table::Table;
use uuid::Uuid;

/// The sessions and accounts whose access tokens are refused although they verify.
///
/// Reading takes no lock and allocates nothing. An entry is needed only while a token that it refuses could still be
/// accepted, so `expires_at` is that token's latest `exp` plus the verifiers' leeway for expiry; then
/// [`RevocationSet::purge`] may drop it, and the set stays as small as the access tokens' life is short.
///
/// A session's entry takes 21 to 32 bytes, so that a million of them fit in 32 MiB.
///
/// Entries are keyed on `sid` and `sub`, never on a token's text, which an attacker could vary.
#[derive(Debug, Default)]
pub struct RevocationSet {
    sessions: Table,
    subjects: HashMap<Uuid, SubjectEntry>,
    /// By `kid`: when the entry may go.
    keys: HashMap<String, UnixTime>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct SubjectEntry {
    /// Tokens issued then or earlier are refused.
    not_before: UnixTime,
    expires_at: UnixTime,
}

impl RevocationSet {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Refuses every token of a session. Repeating it keeps the later `expires_at`.
    pub fn revoke_session(&self, sid: Uuid, expires_at: UnixTime) {
        self.sessions.insert(sid, expires_at);
    }

    /// Refuses every token of an account that was issued at `not_before` or earlier. Repeating it keeps the later of
    /// both bounds.
    ///
    /// `iat` has whole seconds: a token issued in the very second of `not_before` is refused too.
    pub fn revoke_subject(&self, sub: Uuid, not_before: UnixTime, expires_at: UnixTime) {
        let entry = SubjectEntry { not_before, expires_at };
        let later = |held: &SubjectEntry| SubjectEntry {
            not_before: held.not_before.max(not_before),
            expires_at: held.expires_at.max(expires_at),
        };
        self.subjects.pin().update_or_insert_with(sub, later, || entry);
    }

    /// Refuses every token that a key signed, by its `kid`. Repeating it keeps the later `expires_at`.
    pub fn revoke_key(&self, kid: &str, expires_at: UnixTime) {
        self.keys.pin().update_or_insert_with(kid.to_owned(), |held| (*held).max(expires_at), || expires_at);
    }

    /// Whether the tokens of a key are refused.
    #[must_use]
    pub fn is_key_revoked(&self, kid: &str) -> bool {
        !self.keys.is_empty() && self.keys.pin().contains_key(kid)
    }

    /// Whether a token with these claims is refused.
    #[must_use]
    pub fn is_revoked(&self, sid: Uuid, sub: Uuid, iat: UnixTime) -> bool {
        self.sessions.contains(sid) || self.subjects.pin().get(&sub).is_some_and(|entry| iat <= entry.not_before)
    }

    /// Drops the entries whose `expires_at` has come.
    ///
    /// An entry that is being renewed meanwhile stays.
    pub fn purge(&self, now: UnixTime) {
        self.sessions.purge(now);
        self.subjects.pin().retain(|_, entry| entry.expires_at > now);
        self.keys.pin().retain(|_, expires_at| *expires_at > now);
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sessions.len() + self.subjects.len() + self.keys.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The memory of the sessions' entries and of the room between them, in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.sessions.memory_bytes()
    }
}
