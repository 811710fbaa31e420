//! Accounts on the wire.

use auth_domain::model::Account;
use serde::Serialize;
use utoipa::ToSchema;

/// An account as its owner sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = Account)]
pub(crate) struct AccountBody {
    #[schema(format = "uuid", examples("0198f3a2-6c1d-7b3e-9f00-3a5d2c7e8b41"))]
    id: String,
    /// As it was typed at registration.
    #[schema(examples("alice@example.com"))]
    email: String,
    #[schema(required, examples("Alice"))]
    display_name: Option<String>,
    /// In the access token too.
    #[schema(examples("editor"))]
    roles: Vec<String>,
    #[schema(examples(true))]
    email_verified: bool,
    /// The language of its mails: `en` or `ko`.
    #[schema(value_type = String, examples("en"))]
    locale: &'static str,
    #[schema(format = DateTime, examples("2026-11-28T09:30:00Z"))]
    created_at: String,
}

impl From<Account> for AccountBody {
    fn from(account: Account) -> Self {
        Self {
            id: account.id.to_string(),
            email: account.email.address().to_owned(),
            display_name: account.display_name.map(|name| name.as_str().to_owned()),
            roles: account.roles.iter().map(ToString::to_string).collect(),
            email_verified: account.email_verified_at.is_some(),
            locale: account.locale.as_str(),
            created_at: account.created_at.to_string(),
        }
    }
}

/// An account as an operator sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserBody {
    #[serde(flatten)]
    account: AccountBody,
    /// When an operator disabled it; `null` while it may sign in.
    #[schema(required, format = DateTime)]
    disabled_at: Option<String>,
}

impl From<Account> for UserBody {
    fn from(account: Account) -> Self {
        Self { disabled_at: account.disabled_at.map(|at| at.to_string()), account: account.into() }
    }
}
