//! One-time tokens in memory.

use async_trait::async_trait;

use super::{MemoryStores, State};
use crate::model::{DeliveryAttempt, OneTimeId, OneTimeToken, Redeem, Timestamp};
use crate::ports::{OneTimeTokens, StoreError};

/// A token, and when its mail is due.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) token: OneTimeToken,
    due: Option<Timestamp>,
}

impl State {
    pub(super) fn add_token(&mut self, token: OneTimeToken) {
        if let Some(account) = token.account {
            let same = |kept: &Kept| kept.token.account == Some(account) && kept.token.purpose == token.purpose;
            self.one_time.retain(|_, kept| !same(kept));
        }
        let due = token.mail.map(|_| token.created_at);
        self.one_time.insert(token.id, Kept { token, due });
    }

    pub(super) fn peek(&self, redeem: &Redeem) -> Option<OneTimeToken> {
        let token = &self.one_time.get(&redeem.id)?.token;
        let changed_at = match token.account {
            None => None,
            Some(account) => {
                let found = self.accounts.get(&account).filter(|found| found.account.disabled_at.is_none())?;
                found.password_changed_at
            }
        };
        redeem.fits(token, changed_at).then(|| token.clone())
    }

    pub(super) fn take(&mut self, redeem: &Redeem) -> Option<OneTimeToken> {
        let token = self.peek(redeem)?;
        self.one_time.remove(&redeem.id);
        Some(token)
    }
}

#[async_trait]
impl OneTimeTokens for MemoryStores {
    async fn add(&self, token: OneTimeToken) -> Result<(), StoreError> {
        self.state().add_token(token);
        Ok(())
    }

    async fn peek(&self, redeem: &Redeem) -> Result<Option<OneTimeToken>, StoreError> {
        Ok(self.state().peek(redeem))
    }

    async fn take(&self, redeem: Redeem) -> Result<Option<OneTimeToken>, StoreError> {
        Ok(self.state().take(&redeem))
    }

    async fn claim_mail(
        &self,
        now: Timestamp,
        hidden_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<OneTimeToken>, StoreError> {
        let mut state = self.state();
        let due = |kept: &&mut Kept| kept.due.is_some_and(|due| due <= now) && now < kept.token.expires_at;
        let mut claimed: Vec<_> = state.one_time.values_mut().filter(due).collect();
        claimed.sort_by_key(|kept| (kept.due, kept.token.id));
        let claimed = claimed.into_iter().take(limit as usize).map(|kept| {
            kept.due = Some(hidden_until);
            kept.token.clone()
        });
        Ok(claimed.collect())
    }

    async fn note_mail(&self, token: OneTimeId, attempt: DeliveryAttempt, _now: Timestamp) -> Result<(), StoreError> {
        if let Some(kept) = self.state().one_time.get_mut(&token) {
            if let Some(mail) = &mut kept.token.mail {
                mail.attempts += 1;
            }
            if let DeliveryAttempt::Failed { next, .. } = attempt {
                kept.due = Some(next);
            } else {
                kept.due = None;
                kept.token.sealed = None;
            }
        }
        Ok(())
    }
}
