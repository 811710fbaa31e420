//! Adding an account on SQLite, with what goes with it: its invitation, the token that its mail carries, its event.

use auth_domain::model::{DisplayName, NewAccount, PasswordHash, Role};
use auth_domain::ports::Created;
use diesel::dsl::exists;
use diesel::prelude::*;

use super::pool::Step;
use super::schema::{ACCOUNT, users};
use super::{bytes, events, one_time};
use crate::column::words;
use crate::error::Failure;
use crate::row::AccountRow;

/// Looks before it writes anything: nobody comes between.
pub(super) struct Create(pub(super) NewAccount);

impl Step for Create {
    type Answer = Created;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Created, Failure> {
        let new = &self.0;
        let now = new.created_at.as_micros();
        let same = users::table.filter(users::email_canonical.eq(new.email.canonical()));
        if diesel::select(exists(same)).get_result(connection)? {
            return Ok(Created::EmailTaken);
        }
        if let Some(invite) = &new.invite
            && one_time::take(connection, invite)?.is_none()
        {
            return Ok(Created::NotInvited);
        }
        let added: AccountRow<Vec<u8>> = diesel::insert_into(users::table)
            .values((
                users::id.eq(bytes(new.id.as_uuid())),
                users::email.eq(new.email.address()),
                users::email_canonical.eq(new.email.canonical()),
                users::display_name.eq(new.display_name.as_ref().map(DisplayName::as_str)),
                users::roles.eq(words(new.roles.iter().map(Role::as_str))),
                users::password_hash.eq(new.password_hash.as_ref().map(PasswordHash::expose)),
                users::locale.eq(new.locale.as_str()),
                users::email_verified_at.eq(new.email_verified.then_some(now)),
                users::created_at.eq(now),
            ))
            .returning(ACCOUNT)
            .get_result(connection)?;
        if let Some(token) = &new.verification {
            one_time::insert(connection, token)?;
        }
        events::record(connection, &new.event)?;
        Ok(Created::Created(added.account()?))
    }
}
