//! The look-up of passwords among stolen ones.

use async_trait::async_trait;

use crate::model::PasswordDigest;

/// Knows which passwords were stolen somewhere: a file of the operator's, or a service that he chose.
#[async_trait]
pub trait BreachCheck: Send + Sync + 'static {
    /// Looks a password up by its digest. Answers within a time of its own and never fails: what it cannot find out is
    /// [`Breach::Unavailable`], and hinders nobody. It keeps and tells no more of the digest than its
    /// [`prefix`](PasswordDigest::prefix).
    async fn look_up(&self, password: &PasswordDigest) -> Breach;
}

/// What is known of a password.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Breach {
    /// It was stolen.
    Breached {
        /// How often it was seen.
        times: u64,
    },
    /// It is not among those known.
    NotFound,
    /// It could not be looked up, and why.
    Unavailable(String),
}
