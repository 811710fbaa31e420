//! The keys that a verifier trusts, by name, and their public form (JWK set, RFC 7517 §5).

use crate::{KeyError, TokenType, VerificationKey, jws::Header, key::KeyIdentity, strict};
use serde_json::Value;
use std::collections::{BTreeMap, btree_map::Entry};

/// An immutable set of keys by `kid`. A token's `kid` is looked up here and nowhere else.
///
/// To replace keys, build another set and another [`Verifier`](crate::Verifier); both are cheap.
#[derive(Clone, Debug, Default)]
pub struct KeySet {
    keys: BTreeMap<String, VerificationKey>,
    /// By the encoded header of the access tokens that the key's own issuer writes, so that it need not be read.
    headers: BTreeMap<String, VerificationKey>,
}

impl KeySet {
    /// A set of these keys. Of two with one `kid` the first is kept.
    #[must_use]
    pub fn new(keys: impl IntoIterator<Item = VerificationKey>) -> Self {
        let mut set = BTreeMap::new();
        for key in keys {
            set.entry(key.kid().to_owned()).or_insert(key);
        }
        Self::of(set)
    }

    fn of(keys: BTreeMap<String, VerificationKey>) -> Self {
        let header = |key: &VerificationKey| Header::encoded(&TokenType::AccessToken, key.algorithm(), key.kid());
        let headers = keys.values().map(|key| (header(key), key.clone())).collect();
        Self { keys, headers }
    }

    /// Reads a JWK set (RFC 7517 §5).
    ///
    /// Keys of an unsupported type, or for another purpose than verifying signatures, are left out, as the RFC asks;
    /// a token that names one is refused like one that names an unknown key.
    ///
    /// # Errors
    /// [`KeyError`] when the text is not strict JSON with an array `keys`, a key is malformed, weak or private, or two
    /// keys share a `kid`.
    pub fn from_jwks(jwks: &str) -> Result<Self, KeyError> {
        let members = strict::object(jwks.as_bytes())?;
        let listed = match members.get("keys") {
            None => return Err(KeyError::Missing("keys")),
            Some(Value::Array(listed)) => listed,
            Some(_) => return Err(KeyError::Member("keys")),
        };
        let mut keys = BTreeMap::new();
        for jwk in listed {
            let Value::Object(jwk) = jwk else { return Err(KeyError::Member("keys")) };
            match VerificationKey::from_members(jwk) {
                Ok(key) => match keys.entry(key.kid().to_owned()) {
                    Entry::Vacant(entry) => entry.insert(key),
                    Entry::Occupied(_) => return Err(KeyError::DuplicateKeyId),
                },
                Err(error) if error.is_foreign() => continue,
                Err(error) => return Err(error),
            };
        }
        Ok(Self::of(keys))
    }

    /// The public keys as a JWK set in JSON, ordered by `kid`: equal sets give equal text. Secrets are left out.
    #[must_use]
    pub fn to_jwks(&self) -> String {
        let keys = self.keys.values().filter_map(VerificationKey::to_jwk).map(|jwk| jwk.to_value()).collect();
        Value::Object([("keys".to_owned(), Value::Array(keys))].into_iter().collect()).to_string()
    }

    /// The key of that name.
    #[must_use]
    pub fn get(&self, kid: &str) -> Option<&VerificationKey> {
        self.keys.get(kid)
    }

    /// The key whose access tokens have exactly this encoded header.
    #[inline]
    pub(crate) fn by_header(&self, encoded: &str) -> Option<&VerificationKey> {
        self.headers.get(encoded)
    }

    /// This very key, if it is still among them; another one of the same `kid` is not it.
    #[inline]
    pub(crate) fn find(&self, identity: &KeyIdentity) -> Option<&VerificationKey> {
        self.keys.values().find(|key| identity.is_of(key))
    }

    /// The keys, ordered by `kid`.
    pub fn iter(&self) -> impl Iterator<Item = &VerificationKey> {
        self.keys.values()
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

impl FromIterator<VerificationKey> for KeySet {
    fn from_iter<I: IntoIterator<Item = VerificationKey>>(keys: I) -> Self {
        Self::new(keys)
    }
}
