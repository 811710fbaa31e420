//! Password hashing.

use async_trait::async_trait;

use crate::model::{Password, PasswordHash};

/// Hashes and verifies passwords, slowly on purpose, never more at once than it has room for.
///
/// The permit that bounds it belongs to the hashing itself and not to the request: a caller that goes away frees nothing.
#[async_trait]
pub trait PasswordHasher: Send + Sync + 'static {
    /// Hashes a password with a fresh salt under the current parameters.
    async fn hash(&self, password: Password) -> Result<PasswordHash, HashError>;

    /// Verifies a password against a hash of its own or of any foreign scheme that it knows. With `None` it does the same work against a hash that nothing matches, so that time does not
    /// tell whether there is a hash.
    async fn verify(&self, password: Password, hash: Option<PasswordHash>) -> Result<Verdict, HashError>;

    /// How much it has to do right now: a glance at counters, never a wait. One that does not count says that it is idle.
    fn load(&self) -> HashingLoad {
        HashingLoad::default()
    }
}

/// How much a hasher has to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HashingLoad {
    /// The hashes that are made at this moment.
    pub running: usize,
    /// The most at once.
    pub threads: usize,
    /// The jobs that wait.
    pub waiting: usize,
    /// The most that may wait; 0 where nothing ever waits.
    pub queue: usize,
}

impl HashingLoad {
    /// Whether one job more would be [`HashError::Busy`].
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.queue > 0 && self.waiting >= self.queue
    }
}

/// Whether a password matches.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It does.
    Matches {
        /// The stored hash is of another scheme or weaker than a new one would be: replace it, now that the password is at
        /// hand.
        rehash: bool,
    },
    /// It does not.
    Differs,
}

/// Why no hash came back.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// As many hashes wait as there is room for.
    #[error("too many passwords wait to be hashed; try again")]
    Busy,
    /// The stored hash is not one, or asks for more than this server allows.
    #[error("the stored password hash cannot be used: {0}")]
    Unusable(String),
    /// Hashing itself failed.
    #[error("hashing failed: {0}")]
    Failed(String),
}
