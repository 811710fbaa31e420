//! Passkeys on SQLite.

use auth_domain::model::{AccountId, Passkey, PasskeyId, SecurityEvent, Timestamp, TokenHash};
use diesel::prelude::*;

use super::pool::Step;
use super::schema::passkeys;
use super::{accounts, bytes, events, recovery_codes};
use crate::error::Failure;
use crate::row::PasskeyRow;

pub(super) struct Add {
    pub(super) passkey: Passkey,
    pub(super) codes: Option<Vec<TokenHash>>,
    pub(super) event: SecurityEvent,
}

impl Step for Add {
    type Answer = bool;

    fn run(&self, connection: &mut SqliteConnection) -> Result<bool, Failure> {
        let (new, account) = (&self.passkey, self.event.account);
        if accounts::find(connection, account.as_uuid())?.is_none() {
            return Ok(false);
        }
        let added = diesel::insert_into(passkeys::table)
            .values((
                passkeys::id.eq(bytes(new.id.as_uuid())),
                passkeys::user_id.eq(bytes(account.as_uuid())),
                passkeys::credential_id.eq(&new.credential_id),
                passkeys::name.eq(&new.name),
                passkeys::data.eq(&new.data),
                passkeys::created_at.eq(new.created_at.as_micros()),
                passkeys::last_used_at.eq(new.last_used_at.map(Timestamp::as_micros)),
            ))
            .on_conflict(passkeys::credential_id)
            .do_nothing()
            .execute(connection)?;
        if added == 0 {
            return Ok(false);
        }
        if let Some(codes) = &self.codes {
            recovery_codes::replace(connection, account, codes)?;
        }
        events::record(connection, &self.event)?;
        Ok(true)
    }
}

pub(super) struct Find(pub(super) Vec<u8>);

impl Step for Find {
    type Answer = Option<Passkey>;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Self::Answer, Failure> {
        let found = passkeys::table.filter(passkeys::credential_id.eq(&self.0));
        let row: Option<PasskeyRow<Vec<u8>>> = found.get_result(connection).optional()?;
        Ok(row.map(PasskeyRow::passkey).transpose()?)
    }
}

pub(super) struct Used {
    pub(super) passkey: PasskeyId,
    pub(super) data: String,
    pub(super) now: Timestamp,
}

impl Step for Used {
    type Answer = bool;

    fn run(&self, connection: &mut SqliteConnection) -> Result<bool, Failure> {
        let noted = diesel::update(passkeys::table.find(bytes(self.passkey.as_uuid())))
            .set((passkeys::data.eq(&self.data), passkeys::last_used_at.eq(self.now.as_micros())))
            .execute(connection)?;
        Ok(noted > 0)
    }
}

pub(super) struct Rename {
    pub(super) account: AccountId,
    pub(super) passkey: PasskeyId,
    pub(super) name: String,
}

impl Step for Rename {
    type Answer = bool;

    fn run(&self, connection: &mut SqliteConnection) -> Result<bool, Failure> {
        let own = passkeys::table
            .filter(passkeys::id.eq(bytes(self.passkey.as_uuid())))
            .filter(passkeys::user_id.eq(bytes(self.account.as_uuid())));
        Ok(diesel::update(own).set(passkeys::name.eq(&self.name)).execute(connection)? > 0)
    }
}

pub(super) struct Remove {
    pub(super) passkey: PasskeyId,
    pub(super) event: SecurityEvent,
}

impl Step for Remove {
    type Answer = bool;

    fn run(&self, connection: &mut SqliteConnection) -> Result<bool, Failure> {
        let account = self.event.account;
        let own = passkeys::table
            .filter(passkeys::id.eq(bytes(self.passkey.as_uuid())))
            .filter(passkeys::user_id.eq(bytes(account.as_uuid())));
        if diesel::delete(own).execute(connection)? == 0 {
            return Ok(false);
        }
        recovery_codes::remove_with_last_factor(connection, account)?;
        events::record(connection, &self.event)?;
        Ok(true)
    }
}
