//! Second factors in memory.

use async_trait::async_trait;

use super::{MemoryStores, State};
use crate::model::{
    AccountId, Credentials, Factors, Passkey, PasskeyId, SealedBytes, SecurityEvent, Timestamp, TokenHash, Totp,
};
use crate::ports::{FactorStore, StoreError};

/// What one account has.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    factors: Factors,
    codes: Vec<TokenHash>,
}

impl Kept {
    fn shown(&self) -> Factors {
        Factors { recovery_codes: u32::try_from(self.codes.len()).unwrap_or(u32::MAX), ..self.factors.clone() }
    }

    fn removed(&mut self) {
        if !self.factors.are_required() {
            self.codes.clear();
        }
    }
}

impl State {
    pub(super) fn with_factors(&self, found: &Credentials) -> Credentials {
        let kept = self.factors.get(&found.account.id);
        Credentials { second_factor: kept.is_some_and(|kept| kept.factors.are_required()), ..found.clone() }
    }

    /// What the account has, if there is such an account.
    fn kept(&mut self, account: AccountId) -> Option<&mut Kept> {
        self.accounts.contains_key(&account).then(|| self.factors.entry(account).or_default())
    }

    fn record(&mut self, done: bool, event: SecurityEvent) -> bool {
        if done {
            self.events.push(event);
        }
        done
    }
}

#[async_trait]
impl FactorStore for MemoryStores {
    async fn of(&self, account: AccountId) -> Result<Factors, StoreError> {
        Ok(self.state().factors.get(&account).map(Kept::shown).unwrap_or_default())
    }

    async fn begin_totp(&self, account: AccountId, secret: SealedBytes) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(kept) = state.kept(account) else { return Ok(false) };
        if kept.factors.totp.as_ref().is_some_and(|totp| totp.confirmed_at.is_some()) {
            return Ok(false);
        }
        kept.factors.totp = Some(Totp { secret, confirmed_at: None, last_step: 0 });
        Ok(true)
    }

    async fn confirm_totp(
        &self,
        secret: SealedBytes,
        step: u64,
        codes: Option<Vec<TokenHash>>,
        event: SecurityEvent,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(kept) = state.kept(event.account) else { return Ok(false) };
        let begun = kept.factors.totp.as_mut().filter(|totp| totp.confirmed_at.is_none() && totp.secret == secret);
        let Some(totp) = begun else { return Ok(false) };
        totp.confirmed_at = Some(event.at);
        totp.last_step = step;
        if let Some(codes) = codes {
            kept.codes = codes;
        }
        Ok(state.record(true, event))
    }

    async fn accept_totp(&self, account: AccountId, step: u64) -> Result<bool, StoreError> {
        let mut state = self.state();
        let totp = state.factors.get_mut(&account).and_then(|kept| kept.factors.totp.as_mut());
        let totp = totp.filter(|totp| totp.confirmed_at.is_some() && totp.last_step < step);
        Ok(totp.map(|totp| totp.last_step = step).is_some())
    }

    async fn remove_totp(&self, event: SecurityEvent) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(kept) = state.factors.get_mut(&event.account) else { return Ok(false) };
        let done = kept.factors.totp.take().is_some();
        kept.removed();
        Ok(state.record(done, event))
    }

    async fn replace_recovery_codes(&self, codes: Vec<TokenHash>, event: SecurityEvent) -> Result<bool, StoreError> {
        let mut state = self.state();
        let done = state.kept(event.account).map(|kept| kept.codes = codes).is_some();
        Ok(state.record(done, event))
    }

    async fn use_recovery_code(&self, code: TokenHash, event: SecurityEvent) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(kept) = state.factors.get_mut(&event.account) else { return Ok(false) };
        let before = kept.codes.len();
        kept.codes.retain(|kept| *kept != code);
        let done = kept.codes.len() < before;
        Ok(state.record(done, event))
    }

    async fn add_passkey(
        &self,
        passkey: Passkey,
        codes: Option<Vec<TokenHash>>,
        event: SecurityEvent,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let mut known = state.factors.values().flat_map(|kept| &kept.factors.passkeys);
        if known.any(|known| known.credential_id == passkey.credential_id) {
            return Ok(false);
        }
        let Some(kept) = state.kept(event.account) else { return Ok(false) };
        kept.factors.passkeys.push(passkey);
        kept.factors.passkeys.sort_by_key(|passkey| (passkey.created_at, passkey.id));
        if let Some(codes) = codes {
            kept.codes = codes;
        }
        Ok(state.record(true, event))
    }

    async fn passkey(&self, credential_id: &[u8]) -> Result<Option<Passkey>, StoreError> {
        let state = self.state();
        let mut known = state.factors.values().flat_map(|kept| &kept.factors.passkeys);
        Ok(known.find(|known| known.credential_id == credential_id).cloned())
    }

    async fn passkey_used(&self, passkey: PasskeyId, data: String, now: Timestamp) -> Result<bool, StoreError> {
        let mut state = self.state();
        let mut known = state.factors.values_mut().flat_map(|kept| &mut kept.factors.passkeys);
        let found = known.find(|known| known.id == passkey);
        Ok(found.map(|found| (found.data, found.last_used_at) = (data, Some(now))).is_some())
    }

    async fn rename_passkey(&self, account: AccountId, passkey: PasskeyId, name: String) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(kept) = state.factors.get_mut(&account) else { return Ok(false) };
        let found = kept.factors.passkeys.iter_mut().find(|known| known.id == passkey);
        Ok(found.map(|found| found.name = name).is_some())
    }

    async fn remove_passkey(&self, passkey: PasskeyId, event: SecurityEvent) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(kept) = state.factors.get_mut(&event.account) else { return Ok(false) };
        let before = kept.factors.passkeys.len();
        kept.factors.passkeys.retain(|known| known.id != passkey);
        let done = kept.factors.passkeys.len() < before;
        kept.removed();
        Ok(state.record(done, event))
    }

    async fn sealed_otherwise(&self, key_id: u8, limit: u32) -> Result<Vec<(AccountId, SealedBytes)>, StoreError> {
        let state = self.state();
        let secrets =
            state.factors.iter().filter_map(|(id, kept)| Some((*id, kept.factors.totp.as_ref()?.secret.clone())));
        Ok(secrets.filter(|(_, secret)| secret.key_id != key_id).take(limit as usize).collect())
    }

    async fn reseal(&self, account: AccountId, old: SealedBytes, new: SealedBytes) -> Result<bool, StoreError> {
        let mut state = self.state();
        let totp = state.factors.get_mut(&account).and_then(|kept| kept.factors.totp.as_mut());
        Ok(totp.filter(|totp| totp.secret == old).map(|totp| totp.secret = new).is_some())
    }
}
