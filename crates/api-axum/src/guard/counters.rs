//! How many requests were let in, and how many were not and why.

use std::sync::atomic::{AtomicU64, Ordering};

use token_core::VerifyError;

use super::GuardError;

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) accepted: AtomicU64,
    pub(super) no_credentials: AtomicU64,
    pub(super) ambiguous: AtomicU64,
    pub(super) invalid: AtomicU64,
    pub(super) expired: AtomicU64,
    pub(super) unknown_key: AtomicU64,
    pub(super) revoked: AtomicU64,
    pub(super) stale: AtomicU64,
    pub(super) scope: AtomicU64,
    pub(super) role: AtomicU64,
    pub(super) proof: AtomicU64,
}

impl Counters {
    /// Counts one verdict: what refused it, or `None` where it was let in.
    pub(super) fn count(&self, refused: Option<&GuardError>) {
        let counter = match refused {
            None => &self.accepted,
            Some(GuardError::NoCredentials) => &self.no_credentials,
            Some(GuardError::Ambiguous) => &self.ambiguous,
            Some(GuardError::Refused(VerifyError::Expired { .. })) => &self.expired,
            Some(GuardError::Refused(VerifyError::UnknownKey)) => &self.unknown_key,
            Some(GuardError::Refused(_)) => &self.invalid,
            Some(GuardError::Revoked) => &self.revoked,
            Some(GuardError::Stale) => &self.stale,
            Some(GuardError::MissingScope(_)) => &self.scope,
            Some(GuardError::MissingRole(_)) => &self.role,
            Some(GuardError::StepUpRequired { .. }) => &self.proof,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}
