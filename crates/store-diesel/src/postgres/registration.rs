//! Adding an account on PostgreSQL, with what goes with it: its invitation, the token that its mail carries, its event.

use auth_domain::model::{DisplayName, NewAccount, PasswordHash, Role};
use auth_domain::ports::Created;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::pool::Step;
use super::schema::{ACCOUNT, users};
use super::{events, one_time};
use crate::column::words;
use crate::error::Failure;
use crate::row::AccountRow;

/// Adds the account first: who comes second with the same address waits, and uses no invitation up.
pub(super) struct Create(pub(super) NewAccount);

impl Step for Create {
    type Answer = Created;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Created, Failure> {
        let new = &self.0;
        let now = new.created_at.as_micros();
        let added: Option<AccountRow<Uuid>> = diesel::insert_into(users::table)
            .values((
                users::id.eq(new.id.as_uuid()),
                users::email.eq(new.email.address()),
                users::email_canonical.eq(new.email.canonical()),
                users::display_name.eq(new.display_name.as_ref().map(DisplayName::as_str)),
                users::roles.eq(words(new.roles.iter().map(Role::as_str))),
                users::password_hash.eq(new.password_hash.as_ref().map(PasswordHash::expose)),
                users::locale.eq(new.locale.as_str()),
                users::email_verified_at.eq(new.email_verified.then_some(now)),
                users::created_at.eq(now),
            ))
            .on_conflict(users::email_canonical)
            .do_nothing()
            .returning(ACCOUNT)
            .get_result(connection)
            .await
            .optional()?;
        let Some(added) = added else { return Ok(Created::EmailTaken) };
        if let Some(invite) = &new.invite
            && one_time::take(connection, invite).await?.is_none()
        {
            return Ok(Created::NotInvited);
        }
        if let Some(token) = &new.verification {
            one_time::insert(connection, token).await?;
        }
        events::record(connection, &new.event).await?;
        Ok(Created::Created(added.account()?))
    }

    fn is_undone(created: &Created) -> bool {
        matches!(created, Created::NotInvited)
    }
}
