//! One-time tokens, and the mails that carry them.

use async_trait::async_trait;

use super::StoreError;
use crate::model::{DeliveryAttempt, OneTimeId, OneTimeToken, Redeem, Timestamp};

/// Keeps one-time tokens, without their secrets; sealed ones until they are mailed.
#[async_trait]
pub trait OneTimeTokens: Send + Sync + 'static {
    /// Adds a token. Those of the same account and purpose go, so that the last mail is the one that counts; a token without an
    /// account replaces none.
    async fn add(&self, token: OneTimeToken) -> Result<(), StoreError>;

    /// The token, if it fits ([`Redeem::fits`]); with an account that is gone or disabled none does. Writes nothing.
    async fn peek(&self, redeem: &Redeem) -> Result<Option<OneTimeToken>, StoreError>;

    /// As [`peek`](Self::peek), and removes it in the same step: of many at once exactly one gets it.
    async fn take(&self, redeem: Redeem) -> Result<Option<OneTimeToken>, StoreError>;

    /// Takes tokens whose mail is due at `now` and which have not expired, oldest first, and hides them until `hidden_until`
    /// from everybody who asks: of many servers one makes each attempt, and one that dies leaves it to another.
    async fn claim_mail(
        &self,
        now: Timestamp,
        hidden_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<OneTimeToken>, StoreError>;

    /// Notes what became of an attempt. When it is the last one, of either kind, what was sealed is wiped.
    async fn note_mail(&self, token: OneTimeId, attempt: DeliveryAttempt, now: Timestamp) -> Result<(), StoreError>;
}
