//! Accounts in memory.

use async_trait::async_trait;

use super::MemoryStores;
use crate::model::{
    Account, AccountId, AccountQuery, Credentials, DisplayName, EmailAddress, EndReason, Ending, NewAccount,
    RevocationKind, Role, SecurityEvent,
};
use crate::ports::{AccountStore, CloseAccount, Created, StoreError};

#[async_trait]
impl AccountStore for MemoryStores {
    async fn create(&self, new: NewAccount) -> Result<Created, StoreError> {
        let mut state = self.state();
        let mut accounts = state.accounts.values();
        if accounts.any(|found| found.account.email.canonical() == new.email.canonical()) {
            return Ok(Created::EmailTaken);
        }
        let account = Account {
            id: new.id,
            email: new.email,
            display_name: new.display_name,
            roles: new.roles,
            created_at: new.created_at,
            disabled_at: None,
        };
        let credentials = Credentials { account: account.clone(), password_hash: Some(new.password_hash) };
        state.accounts.insert(new.id, credentials);
        Ok(Created::Created(account))
    }

    async fn credentials(&self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError> {
        let state = self.state();
        let found = state.accounts.values().find(|found| found.account.email.canonical() == email.canonical());
        Ok(found.cloned())
    }

    async fn by_id(&self, account: AccountId) -> Result<Option<Credentials>, StoreError> {
        Ok(self.state().accounts.get(&account).cloned())
    }

    async fn search(&self, query: AccountQuery) -> Result<Vec<Account>, StoreError> {
        let state = self.state();
        let wanted = |address: &str| {
            address.starts_with(&query.prefix) && query.after.as_deref().is_none_or(|after| address > after)
        };
        let mut found: Vec<_> = state.accounts.values().map(|found| found.account.clone()).collect();
        found.retain(|account| wanted(account.email.canonical()));
        found.sort_by(|a, b| a.email.canonical().cmp(b.email.canonical()));
        found.truncate(query.limit as usize);
        Ok(found)
    }

    async fn rename(&self, account: AccountId, name: Option<DisplayName>) -> Result<Option<Account>, StoreError> {
        Ok(self.state().accounts.get_mut(&account).map(|found| {
            found.account.display_name = name;
            found.account.clone()
        }))
    }

    async fn set_roles(&self, roles: Vec<Role>, event: SecurityEvent) -> Result<Option<Account>, StoreError> {
        let mut state = self.state();
        let Some(found) = state.accounts.get_mut(&event.account) else { return Ok(None) };
        found.account.roles = roles;
        let account = found.account.clone();
        state.events.push(event);
        Ok(Some(account))
    }

    async fn disable(&self, close: CloseAccount) -> Result<Option<Ending>, StoreError> {
        let mut state = self.state();
        let CloseAccount { by, now, tokens_until, event } = close;
        let Some(found) = state.accounts.get_mut(&event.account) else { return Ok(None) };
        if found.account.disabled_at.is_some() {
            return Ok(Some(Ending::default()));
        }
        found.account.disabled_at = Some(now);
        let reason = (by, EndReason::AccountDisabled);
        let sessions: Vec<_> = state.rows_of(event.account).iter().map(|row| row.facts.session).collect();
        let ended = sessions.into_iter().filter_map(|id| state.end_one(id, reason, now, tokens_until));
        let mut revocations: Vec<_> = ended.collect();
        revocations.push(state.revoke(RevocationKind::Account(event.account), now, tokens_until));
        state.events.push(event);
        Ok(Some(Ending { revocations }))
    }

    async fn enable(&self, event: SecurityEvent) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(found) = state.accounts.get_mut(&event.account) else { return Ok(false) };
        if found.account.disabled_at.take().is_some() {
            state.events.push(event);
        }
        Ok(true)
    }

    async fn delete(&self, close: CloseAccount) -> Result<Option<Ending>, StoreError> {
        let mut state = self.state();
        let CloseAccount { by: _, now, tokens_until, event } = close;
        if !state.accounts.contains_key(&event.account) {
            return Ok(None);
        }
        let open = state.rows_of(event.account).into_iter().filter(|row| row.ended.is_none());
        let open: Vec<_> = open.map(|row| RevocationKind::Session(row.facts.session)).collect();
        state.accounts.remove(&event.account);
        state.sessions.retain(|_, row| row.facts.account != event.account);
        let revocations = open.into_iter().map(|kind| state.revoke(kind, now, tokens_until)).collect();
        state.events.push(event);
        Ok(Some(Ending { revocations }))
    }
}
