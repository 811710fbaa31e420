//! The two ports beside it that touch sessions: accounts, which end them, and housekeeping, which removes them.

use async_trait::async_trait;
use auth_domain::model::{
    Account, AccountId, AccountQuery, Credentials, DisplayName, EmailAddress, EndReason, EndSessions, EndTarget,
    Ending, NewAccount, PasswordHash, Redeem, Role, SecurityEvent, SessionRecord,
};
use auth_domain::ports::{
    AccountStore, CloseAccount, Created, EmailChange, Housekeeping, Retention, SetPassword, StoreError,
};

use super::store::FileSessions;

/// Where sessions end, the account changes first, in one turn with its sessions: a login that comes between finds either the
/// account as it is now, or waits and is ended. Everything else is passed on.
#[async_trait]
impl AccountStore for FileSessions {
    async fn set_password(&self, set: SetPassword) -> Result<Option<Ending>, StoreError> {
        let _turn = self.turn().await;
        let SetPassword { end: target, by, now, tokens_until, .. } = set;
        let reason = EndReason::PasswordChanged;
        let end = EndSessions { target, by, reason, now, tokens_until, event: None };
        match self.others.set_password(set).await? {
            Some(_) => self.end_in_turn(&end).map(Some),
            None => Ok(None),
        }
    }

    async fn disable(&self, close: CloseAccount) -> Result<Option<Ending>, StoreError> {
        let _turn = self.turn().await;
        let end = end_all(&close, EndReason::AccountDisabled);
        let Some(mut ending) = self.others.disable(close).await? else { return Ok(None) };
        ending.revocations.extend(self.end_in_turn(&end)?.revocations);
        Ok(Some(ending))
    }

    async fn delete(&self, close: CloseAccount) -> Result<Option<Ending>, StoreError> {
        let _turn = self.turn().await;
        let end = end_all(&close, EndReason::AccountDisabled);
        let account = close.event.account;
        if self.others.delete(close).await?.is_none() {
            return Ok(None);
        }
        let ending = self.end_in_turn(&end)?;
        self.file.remove(&self.file.of_account(account)?)?;
        Ok(Some(ending))
    }

    async fn create(&self, new: NewAccount) -> Result<Created, StoreError> {
        self.others.create(new).await
    }

    async fn credentials(&self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError> {
        self.others.credentials(email).await
    }

    async fn by_id(&self, account: AccountId) -> Result<Option<Credentials>, StoreError> {
        self.others.by_id(account).await
    }

    async fn search(&self, query: AccountQuery) -> Result<Vec<Account>, StoreError> {
        self.others.search(query).await
    }

    async fn rename(&self, account: AccountId, name: Option<DisplayName>) -> Result<Option<Account>, StoreError> {
        AccountStore::rename(&*self.others, account, name).await
    }

    async fn set_roles(&self, roles: Vec<Role>, event: SecurityEvent) -> Result<Option<Account>, StoreError> {
        self.others.set_roles(roles, event).await
    }

    async fn verify_email(&self, redeem: Redeem, event: SecurityEvent) -> Result<bool, StoreError> {
        self.others.verify_email(redeem, event).await
    }

    async fn change_email(&self, redeem: Redeem, event: SecurityEvent) -> Result<EmailChange, StoreError> {
        self.others.change_email(redeem, event).await
    }

    async fn rehash(&self, account: AccountId, old: PasswordHash, new: PasswordHash) -> Result<bool, StoreError> {
        self.others.rehash(account, old, new).await
    }

    async fn enable(&self, event: SecurityEvent) -> Result<bool, StoreError> {
        self.others.enable(event).await
    }
}

fn end_all(close: &CloseAccount, reason: EndReason) -> EndSessions {
    let CloseAccount { by, now, tokens_until, event } = close;
    let target = EndTarget::All(event.account);
    EndSessions { target, by: *by, reason, now: *now, tokens_until: *tokens_until, event: None }
}

#[async_trait]
impl Housekeeping for FileSessions {
    async fn sweep(&self, retention: Retention, batch: u32) -> Result<u64, StoreError> {
        let _turn = self.turn().await;
        let over = |row: &SessionRecord| {
            let expired = row.facts.refresh_expires_at();
            row.ended.map_or(expired, |ended| ended.at.min(expired)) <= retention.sessions
        };
        let rows: Vec<_> = self.file.all()?.into_iter().filter(over).take(batch as usize).collect();
        if !rows.is_empty() {
            self.file.remove(&rows)?;
        }
        Ok(rows.len() as u64 + self.others.sweep(retention, batch).await?)
    }
}
