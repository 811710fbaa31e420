//! Accounts on SQLite.

use async_trait::async_trait;
use auth_domain::model::{
    Account, AccountId, AccountQuery, Credentials, DisplayName, EmailAddress, Ending, NewAccount, PasswordHash, Redeem,
    Role, SecurityEvent,
};
use auth_domain::ports::{AccountStore, CloseAccount, Created, EmailChange, SetPassword, StoreError};
use diesel::dsl::exists;
use diesel::prelude::*;
use uuid::Uuid;

use super::close::{Delete, Disable, Enable};
use super::email::{ChangeEmail, VerifyEmail};
use super::password::{Rehash, Set};
use super::pool::Step;
use super::registration::Create;
use super::schema::{ACCOUNT, passkeys, totp, users};
use super::{Sqlite, bytes, events};
use crate::column::{self, words};
use crate::error::Failure;
use crate::row::{AccountRow, CredentialsRow};

#[async_trait]
impl AccountStore for Sqlite {
    async fn create(&self, new: NewAccount) -> Result<Created, StoreError> {
        self.pool.write(Create(new)).await
    }

    async fn credentials(&self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError> {
        self.pool.read(Find::Email(email.clone())).await
    }

    async fn by_id(&self, account: AccountId) -> Result<Option<Credentials>, StoreError> {
        self.pool.read(Find::Id(account)).await
    }

    async fn rename(&self, account: AccountId, name: Option<DisplayName>) -> Result<Option<Account>, StoreError> {
        self.pool.write(Rename { account, name }).await
    }

    async fn search(&self, query: AccountQuery) -> Result<Vec<Account>, StoreError> {
        self.pool.read(Search(query)).await
    }

    async fn set_roles(&self, roles: Vec<Role>, event: SecurityEvent) -> Result<Option<Account>, StoreError> {
        self.pool.write(SetRoles { roles, event }).await
    }

    async fn verify_email(&self, redeem: Redeem, event: SecurityEvent) -> Result<bool, StoreError> {
        self.pool.write(VerifyEmail { redeem, event }).await
    }

    async fn change_email(&self, redeem: Redeem, event: SecurityEvent) -> Result<EmailChange, StoreError> {
        self.pool.write(ChangeEmail { redeem, event }).await
    }

    async fn set_password(&self, set: SetPassword) -> Result<Option<Ending>, StoreError> {
        self.pool.write(Set(set)).await
    }

    async fn rehash(&self, account: AccountId, old: PasswordHash, new: PasswordHash) -> Result<bool, StoreError> {
        self.pool.write(Rehash { account, old, new }).await
    }

    async fn disable(&self, close: CloseAccount) -> Result<Option<Ending>, StoreError> {
        self.pool.write(Disable(close)).await
    }

    async fn enable(&self, event: SecurityEvent) -> Result<bool, StoreError> {
        self.pool.write(Enable(event)).await
    }

    async fn delete(&self, close: CloseAccount) -> Result<Option<Ending>, StoreError> {
        self.pool.write(Delete(close)).await
    }
}

enum Find {
    Email(EmailAddress),
    Id(AccountId),
}

impl Step for Find {
    type Answer = Option<Credentials>;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Self::Answer, Failure> {
        let app = totp::table.filter(totp::user_id.eq(users::id)).filter(totp::confirmed_at.is_not_null());
        let passkey = passkeys::table.filter(passkeys::user_id.eq(users::id));
        let second_factor = exists(app).or(exists(passkey));
        let columns = users::table.select((ACCOUNT, users::password_hash, users::password_changed_at, second_factor));
        let row: Option<CredentialsRow<Vec<u8>>> = match self {
            Self::Email(email) => columns.filter(users::email_canonical.eq(email.canonical())).get_result(connection),
            Self::Id(account) => columns.filter(users::id.eq(bytes(account.as_uuid()))).get_result(connection),
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

    fn run(&self, connection: &mut SqliteConnection) -> Result<Self::Answer, Failure> {
        let row: Option<AccountRow<Vec<u8>>> = diesel::update(users::table.find(bytes(self.account.as_uuid())))
            .set(users::display_name.eq(self.name.as_ref().map(DisplayName::as_str)))
            .returning(ACCOUNT)
            .get_result(connection)
            .optional()?;
        Ok(row.map(AccountRow::account).transpose()?)
    }
}

struct Search(AccountQuery);

impl Step for Search {
    type Answer = Vec<Account>;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Self::Answer, Failure> {
        let query = &self.0;
        if query.prefix.contains('\0') {
            // No address has one, and nothing that holds one is looked for.
            return Ok(Vec::new());
        }
        let mut found = users::table
            .filter(users::email_canonical.ge(&query.prefix))
            .order(users::email_canonical)
            .limit(i64::from(query.limit))
            .select(ACCOUNT)
            .into_boxed();
        if let Some(end) = column::after_prefix(&query.prefix) {
            found = found.filter(users::email_canonical.lt(end));
        }
        if let Some(after) = &query.after {
            found = found.filter(users::email_canonical.gt(after));
        }
        let rows: Vec<AccountRow<Vec<u8>>> = found.load(connection)?;
        Ok(rows.into_iter().map(AccountRow::account).collect::<Result<_, _>>()?)
    }
}

struct SetRoles {
    roles: Vec<Role>,
    event: SecurityEvent,
}

impl Step for SetRoles {
    type Answer = Option<Account>;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Self::Answer, Failure> {
        let row: Option<AccountRow<Vec<u8>>> = diesel::update(users::table.find(bytes(self.event.account.as_uuid())))
            .set(users::roles.eq(words(self.roles.iter().map(Role::as_str))))
            .returning(ACCOUNT)
            .get_result(connection)
            .optional()?;
        if row.is_some() {
            events::record(connection, &self.event)?;
        }
        Ok(row.map(AccountRow::account).transpose()?)
    }
}

/// What a step that changes an account must know of it.
#[derive(Queryable)]
pub(super) struct Found {
    pub(super) email_canonical: String,
    pub(super) email_verified_at: Option<i64>,
    pub(super) password_changed_at: Option<i64>,
    pub(super) disabled_at: Option<i64>,
}

/// The account; `None` when it is gone.
pub(super) fn find(connection: &mut SqliteConnection, account: Uuid) -> Result<Option<Found>, Failure> {
    let found = users::table.find(bytes(account)).select((
        users::email_canonical,
        users::email_verified_at,
        users::password_changed_at,
        users::disabled_at,
    ));
    Ok(found.get_result(connection).optional()?)
}
