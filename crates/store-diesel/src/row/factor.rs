//! What rows of `totp`, `recovery_codes` and `passkeys` mean to the model.

use auth_domain::model::{AccountId, Factors, Passkey, PasskeyId, SealedBytes, Timestamp, Totp};
use auth_domain::ports::StoreError;
use diesel::prelude::Queryable;

use crate::column::{self, At, StoredId};

/// A row of `totp` without its account.
#[derive(Queryable)]
pub(crate) struct TotpRow {
    key_id: i16,
    sealed: Vec<u8>,
    confirmed_at: Option<i64>,
    last_step: i64,
}

impl TotpRow {
    fn totp(self) -> Result<Totp, StoreError> {
        let at = |column| At("totp", column);
        Ok(Totp {
            secret: column::sealed(self.key_id, self.sealed, at("key_id"))?,
            confirmed_at: column::time(self.confirmed_at),
            last_step: u64::try_from(self.last_step).map_err(|_| at("last_step").corrupt())?,
        })
    }
}

/// Whose secret it is, and how it is sealed.
#[derive(Queryable)]
pub(crate) struct SealedTotpRow<I> {
    user_id: I,
    key_id: i16,
    sealed: Vec<u8>,
}

impl<I: StoredId> SealedTotpRow<I> {
    pub(crate) fn secret(self) -> Result<(AccountId, SealedBytes), StoreError> {
        let account = AccountId::from_uuid(self.user_id.read(At("totp", "user_id"))?);
        Ok((account, column::sealed(self.key_id, self.sealed, At("totp", "key_id"))?))
    }
}

/// A row of `passkeys`.
#[derive(Queryable)]
pub(crate) struct PasskeyRow<I> {
    id: I,
    user_id: I,
    credential_id: Vec<u8>,
    name: String,
    data: String,
    created_at: i64,
    last_used_at: Option<i64>,
}

impl<I: StoredId> PasskeyRow<I> {
    pub(crate) fn passkey(self) -> Result<Passkey, StoreError> {
        let at = |column| At("passkeys", column);
        if self.credential_id.is_empty() {
            return Err(at("credential_id").corrupt());
        }
        Ok(Passkey {
            id: PasskeyId::from_uuid(self.id.read(at("id"))?),
            account: AccountId::from_uuid(self.user_id.read(at("user_id"))?),
            credential_id: self.credential_id,
            name: self.name,
            data: self.data,
            created_at: Timestamp::from_micros(self.created_at),
            last_used_at: column::time(self.last_used_at),
        })
    }
}

/// What an account has, once for each passkey, or once without one.
#[derive(Queryable)]
pub(crate) struct FactorsRow<I> {
    totp: Option<TotpRow>,
    recovery_codes: Option<i64>,
    passkey: Option<PasskeyRow<I>>,
}

/// What an account has, from all its rows; nothing when there is none.
pub(crate) fn factors<I: StoredId>(rows: Vec<FactorsRow<I>>) -> Result<Factors, StoreError> {
    let mut factors = Factors::default();
    for row in rows {
        factors.totp = row.totp.map(TotpRow::totp).transpose()?;
        factors.recovery_codes = column::unsigned(row.recovery_codes.unwrap_or(0), At("recovery_codes", "user_id"))?;
        factors.passkeys.extend(row.passkey.map(PasskeyRow::passkey).transpose()?);
    }
    Ok(factors)
}
