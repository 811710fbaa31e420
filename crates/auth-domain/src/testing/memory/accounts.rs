//! Accounts in memory.

use async_trait::async_trait;

use super::MemoryStores;
use crate::model::{
    Account, AccountId, AccountQuery, Credentials, DisplayName, EmailAddress, EndReason, EndSessions, Ending,
    NewAccount, PasswordHash, Purpose, Redeem, RevocationKind, Role, SecurityEvent,
};
use crate::ports::{AccountStore, CloseAccount, Created, EmailChange, PasswordAuthority, SetPassword, StoreError};

#[async_trait]
impl AccountStore for MemoryStores {
    async fn create(&self, new: NewAccount) -> Result<Created, StoreError> {
        let mut state = self.state();
        let mut accounts = state.accounts.values();
        if accounts.any(|found| found.account.email.canonical() == new.email.canonical()) {
            return Ok(Created::EmailTaken);
        }
        if let Some(invite) = &new.invite
            && state.take(invite).is_none()
        {
            return Ok(Created::NotInvited);
        }
        let account = Account {
            id: new.id,
            email: new.email,
            display_name: new.display_name,
            roles: new.roles,
            locale: new.locale,
            email_verified_at: new.email_verified.then_some(new.created_at),
            created_at: new.created_at,
            disabled_at: None,
        };
        let credentials = Credentials {
            account: account.clone(),
            password_hash: new.password_hash,
            password_changed_at: None,
            second_factor: false,
        };
        state.accounts.insert(new.id, credentials);
        state.events.push(new.event);
        if let Some(token) = new.verification {
            state.add_token(token);
        }
        Ok(Created::Created(account))
    }

    async fn credentials(&self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError> {
        let state = self.state();
        let found = state.accounts.values().find(|found| found.account.email.canonical() == email.canonical());
        Ok(found.map(|found| state.with_factors(found)))
    }

    async fn by_id(&self, account: AccountId) -> Result<Option<Credentials>, StoreError> {
        let state = self.state();
        Ok(state.accounts.get(&account).map(|found| state.with_factors(found)))
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

    async fn verify_email(&self, redeem: Redeem, event: SecurityEvent) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(token) = state.peek(&redeem).filter(|token| token.account == Some(event.account)) else {
            return Ok(false);
        };
        let Some(found) = state.accounts.get_mut(&event.account) else { return Ok(false) };
        // A token that was mailed to an address that is not the account's any more proves nothing.
        if token.email.is_some_and(|email| email.canonical() != found.account.email.canonical()) {
            return Ok(false);
        }
        found.account.email_verified_at = Some(event.at);
        state.one_time.remove(&redeem.id);
        state.events.push(event);
        Ok(true)
    }

    async fn change_email(&self, redeem: Redeem, event: SecurityEvent) -> Result<EmailChange, StoreError> {
        let mut state = self.state();
        let Some(token) = state.peek(&redeem) else { return Ok(EmailChange::NotRedeemed) };
        let Some(email) = token.email.filter(|_| token.account == Some(event.account)) else {
            return Ok(EmailChange::NotRedeemed);
        };
        let mut others = state.accounts.values().filter(|found| found.account.id != event.account);
        if others.any(|found| found.account.email.canonical() == email.canonical()) {
            return Ok(EmailChange::EmailTaken);
        }
        state.one_time.remove(&redeem.id);
        if let Some(found) = state.accounts.get_mut(&event.account) {
            found.account.email = email;
            found.account.email_verified_at = Some(event.at);
        }
        state.events.push(event);
        Ok(EmailChange::Changed)
    }

    async fn set_password(&self, set: SetPassword) -> Result<Option<Ending>, StoreError> {
        let mut state = self.state();
        let id = set.event.account;
        let Some(found) = state.accounts.get(&id).filter(|found| found.account.disabled_at.is_none()) else {
            return Ok(None);
        };
        let changed_at = found.password_changed_at;
        let newly_verified = match &set.authority {
            PasswordAuthority::Shown { changed_at: shown } if *shown != changed_at => return Ok(None),
            PasswordAuthority::Shown { .. } | PasswordAuthority::Operator => false,
            PasswordAuthority::Mailed(redeem) => {
                if state.peek(redeem).is_none_or(|token| token.account != Some(id)) {
                    return Ok(None);
                }
                found.account.email_verified_at.is_none()
            }
        };
        state.one_time.retain(|_, kept| kept.token.account != Some(id) || kept.token.purpose != Purpose::ResetPassword);
        if newly_verified {
            state.factors.remove(&id);
        }
        if let Some(found) = state.accounts.get_mut(&id) {
            found.password_hash = Some(set.hash);
            found.password_changed_at = Some(set.now);
            if newly_verified {
                found.account.email_verified_at = Some(set.now);
            }
        }
        let reason = EndReason::PasswordChanged;
        let SetPassword { end: target, by, now, tokens_until, event, .. } = set;
        let ending = state.end(&EndSessions { target, by, reason, now, tokens_until, event: None });
        state.events.push(event);
        Ok(Some(ending))
    }

    async fn rehash(&self, account: AccountId, old: PasswordHash, new: PasswordHash) -> Result<bool, StoreError> {
        let mut state = self.state();
        let is_old = |hash: &Option<PasswordHash>| hash.as_ref().is_some_and(|hash| hash.expose() == old.expose());
        let found = state.accounts.get_mut(&account).filter(|found| is_old(&found.password_hash));
        Ok(found.map(|found| found.password_hash = Some(new)).is_some())
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
        state.factors.remove(&event.account);
        state.one_time.retain(|_, kept| kept.token.account != Some(event.account));
        state.sessions.retain(|_, row| row.facts.account != event.account);
        let revocations = open.into_iter().map(|kind| state.revoke(kind, now, tokens_until)).collect();
        state.events.push(event);
        Ok(Some(Ending { revocations }))
    }
}
