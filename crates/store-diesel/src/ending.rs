//! How sessions end, on either engine.

use auth_domain::model::{Actor, EndReason, EndSessions, Timestamp};
use auth_domain::ports::CloseAccount;

/// By whom, why and when sessions end, and until when their access tokens live.
#[derive(Clone, Copy)]
pub(crate) struct Cause {
    pub(crate) by: Actor,
    pub(crate) reason: EndReason,
    pub(crate) now: Timestamp,
    pub(crate) tokens_until: Timestamp,
}

impl From<&EndSessions> for Cause {
    fn from(end: &EndSessions) -> Self {
        Self { by: end.by, reason: end.reason, now: end.now, tokens_until: end.tokens_until }
    }
}

/// That the account is disabled.
impl From<&CloseAccount> for Cause {
    fn from(close: &CloseAccount) -> Self {
        let CloseAccount { by, now, tokens_until, .. } = *close;
        Self { by, reason: EndReason::AccountDisabled, now, tokens_until }
    }
}
