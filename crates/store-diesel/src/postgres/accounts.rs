//! Accounts on PostgreSQL.

use async_trait::async_trait;
use auth_domain::model::{
    Account, AccountId, Credentials, DisplayName, EmailAddress, Ending, NewAccount, Role, Timestamp,
};
use auth_domain::ports::{AccountStore, Created, StoreError};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::pool::Step;
use super::schema::{ACCOUNT, sessions, users};
use super::{Postgres, revocations};
use crate::column::words;
use crate::error::Failure;
use crate::row::{AccountRow, CredentialsRow};

#[async_trait]
impl AccountStore for Postgres {
    async fn create(&self, new: NewAccount) -> Result<Created, StoreError> {
        self.pool.statement(Create(new)).await
    }

    async fn credentials(&self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError> {
        self.pool.statement(Find::Email(email.clone())).await
    }

    async fn by_id(&self, account: AccountId) -> Result<Option<Credentials>, StoreError> {
        self.pool.statement(Find::Id(account)).await
    }

    async fn rename(&self, account: AccountId, name: Option<DisplayName>) -> Result<Option<Account>, StoreError> {
        self.pool.statement(Rename { account, name }).await
    }

    async fn set_disabled(&self, account: AccountId, since: Option<Timestamp>) -> Result<bool, StoreError> {
        self.pool.statement(SetDisabled { account, since }).await
    }

    async fn delete(
        &self,
        account: AccountId,
        now: Timestamp,
        tokens_until: Timestamp,
    ) -> Result<Option<Ending>, StoreError> {
        self.pool.transact(Delete { account, now, tokens_until }).await
    }
}

struct Create(NewAccount);

impl Step for Create {
    type Answer = Created;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Created, Failure> {
        let new = &self.0;
        let added: Option<AccountRow<Uuid>> = diesel::insert_into(users::table)
            .values((
                users::id.eq(new.id.as_uuid()),
                users::email.eq(new.email.address()),
                users::email_canonical.eq(new.email.canonical()),
                users::display_name.eq(new.display_name.as_ref().map(DisplayName::as_str)),
                users::roles.eq(words(new.roles.iter().map(Role::as_str))),
                users::password_hash.eq(new.password_hash.expose()),
                users::created_at.eq(new.created_at.as_micros()),
            ))
            .on_conflict(users::email_canonical)
            .do_nothing()
            .returning(ACCOUNT)
            .get_result(connection)
            .await
            .optional()?;
        match added {
            Some(row) => Ok(Created::Created(row.account()?)),
            None => Ok(Created::EmailTaken),
        }
    }
}

enum Find {
    Email(EmailAddress),
    Id(AccountId),
}

impl Step for Find {
    type Answer = Option<Credentials>;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, Failure> {
        let columns = users::table.select((ACCOUNT, users::password_hash));
        let row: Option<CredentialsRow<Uuid>> = match self {
            Self::Email(email) => columns.filter(users::email_canonical.eq(email.canonical())).first(connection).await,
            Self::Id(account) => columns.filter(users::id.eq(account.as_uuid())).first(connection).await,
        }
        .optional()?;
        Ok(row.map(CredentialsRow::credentials).transpose()?)
    }
}

struct Rename {
    account: AccountId,
    name: Option<DisplayName>,
}

impl Step for Rename {
    type Answer = Option<Account>;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, Failure> {
        let row: Option<AccountRow<Uuid>> = diesel::update(users::table.find(self.account.as_uuid()))
            .set(users::display_name.eq(self.name.as_ref().map(DisplayName::as_str)))
            .returning(ACCOUNT)
            .get_result(connection)
            .await
            .optional()?;
        Ok(row.map(AccountRow::account).transpose()?)
    }
}

struct SetDisabled {
    account: AccountId,
    since: Option<Timestamp>,
}

impl Step for SetDisabled {
    type Answer = bool;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<bool, Failure> {
        let found = diesel::update(users::table.find(self.account.as_uuid()))
            .set(users::disabled_at.eq(self.since.map(Timestamp::as_micros)))
            .execute(connection)
            .await?;
        Ok(found > 0)
    }
}

struct Delete {
    account: AccountId,
    now: Timestamp,
    tokens_until: Timestamp,
}

impl Step for Delete {
    type Answer = Option<Ending>;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, Failure> {
        let (id, now) = (self.account.as_uuid(), self.now.as_micros());
        // The account first, then its sessions by id: no login adds one meanwhile.
        if users::table.find(id).select(users::id).for_update().execute(connection).await? == 0 {
            return Ok(None);
        }
        let live: Vec<Uuid> = sessions::table
            .filter(sessions::user_id.eq(id))
            .filter(sessions::revoked_at.is_null())
            .filter(sessions::idle_expires_at.gt(now))
            .filter(sessions::expires_at.gt(now))
            .order(sessions::id)
            .select(sessions::id)
            .for_update()
            .load(connection)
            .await?;
        let revocations = revocations::write(connection, &live, self.now, self.tokens_until).await?;
        // Its sessions go with it.
        diesel::delete(users::table.find(id)).execute(connection).await?;
        Ok(Some(Ending { revocations }))
    }
}
