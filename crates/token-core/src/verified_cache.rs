//! Tokens whose signature was found good, so that it need not be found again at each request.

use crate::{Claims, MAX_TOKEN_LEN, key::KeyIdentity};
use highway::{HighwayHash, HighwayHasher, Key};
use quick_cache::{
    UnitWeighter,
    sync::{Cache, DefaultLifecycle},
};
use std::{
    any::{Any, TypeId},
    fmt,
    hash::{BuildHasher, Hash, Hasher},
    sync::Arc,
};

/// Remembers which tokens have verified, and their claims: at most as many as it was told to.
///
/// [`Verifier::verify_cached`](crate::Verifier::verify_cached) asks it. It can only say yes, and only to what the verifier
/// would let in without it: key, claims, times and revocations are checked at each use. Refused tokens leave no trace, so
/// nobody fills it with what he made up; when it is full, what was used least goes.
///
/// A token is known by 128 bits of a keyed hash (`HighwayHash`) over all of it. Whoever does not know the key can only guess
/// a text that collides with somebody's token, with a chance of 2^-128 a guess for each token that is held; his own tokens
/// give him nothing to collide with but his own claims. No token is kept, nor anything that one could be made of.
///
/// One cache may serve several verifiers of one issuer, such as those before and after a change of keys. Verifiers of
/// *different* issuers may share one too: a held token counts only where its own key is trusted.
pub struct VerifiedCache {
    key: Key,
    /// Nothing where it is off.
    held: Option<Held>,
}

type Held = Cache<Name, Entry, UnitWeighter, ByDigest>;

/// A token, and the type that its claims were read as.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Name {
    digest: [u64; 2],
    claims: TypeId,
}

#[derive(Clone)]
struct Entry {
    /// `Claims<X>`, of the `X` in the name.
    claims: Arc<dyn Any + Send + Sync>,
    signed_by: KeyIdentity,
}

impl VerifiedCache {
    /// A cache of at most so many tokens; none switches it off. An ordinary token takes about a kilobyte.
    ///
    /// `key` must come fresh from a good random generator at each start of the process, and be told to nobody.
    #[must_use]
    pub fn new(tokens: usize, key: [u8; 32]) -> Self {
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(key.as_chunks().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        let room = u64::try_from(tokens).unwrap_or(u64::MAX);
        let held = (tokens > 0).then(|| Cache::with(tokens, room, UnitWeighter, ByDigest, DefaultLifecycle::default()));
        Self { key: Key(words), held }
    }

    /// A cache that holds nothing.
    #[must_use]
    pub fn off() -> Self {
        Self { key: Key::default(), held: None }
    }

    /// Whether it holds nothing, ever.
    #[must_use]
    pub const fn is_off(&self) -> bool {
        self.held.is_none()
    }

    /// How many tokens it holds, among them some that have expired since.
    #[must_use]
    pub fn len(&self) -> usize {
        self.held.as_ref().map_or(0, Cache::len)
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets everything.
    pub fn clear(&self) {
        if let Some(held) = &self.held {
            held.clear();
        }
    }

    /// The place of a token's claims, unless it is off or nobody reads a token that long.
    #[inline]
    pub(crate) fn place_of<X: 'static>(&self, token: &str) -> Option<Place<'_>> {
        let held = self.held.as_ref().filter(|_| token.len() <= MAX_TOKEN_LEN)?;
        let digest = HighwayHasher::new(self.key).hash128(token.as_bytes());
        Some(Place { held, name: Name { digest, claims: TypeId::of::<X>() } })
    }
}

impl fmt::Debug for VerifiedCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedCache").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// Where a token's claims are, or would be.
pub(crate) struct Place<'a> {
    held: &'a Held,
    name: Name,
}

impl Place<'_> {
    /// The claims, and the key that signed them.
    #[inline]
    pub(crate) fn get<X: Send + Sync + 'static>(&self) -> Option<(Arc<Claims<X>>, KeyIdentity)> {
        let Entry { claims, signed_by } = self.held.get(&self.name)?;
        Some((claims.downcast().ok()?, signed_by))
    }

    pub(crate) fn keep<X: Send + Sync + 'static>(&self, claims: Arc<Claims<X>>, signed_by: KeyIdentity) {
        self.held.insert(self.name, Entry { claims, signed_by });
    }

    pub(crate) fn forget(&self) {
        self.held.remove(&self.name);
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [first, _] = self.digest;
        state.write_u64(first);
    }
}

/// A digest under a secret key is as good a hash as any.
#[derive(Clone, Copy, Default)]
struct ByDigest;

#[derive(Default)]
struct First(u64);

impl BuildHasher for ByDigest {
    type Hasher = First;

    fn build_hasher(&self) -> First {
        First(0)
    }
}

impl Hasher for First {
    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, first: u64) {
        self.0 = first;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
