//! Accounts on the wire.

use auth_domain::model::Account;
use serde::Serialize;

/// An account as its owner sees it.
#[derive(Serialize)]
pub(crate) struct AccountBody {
    id: String,
    email: String,
    display_name: Option<String>,
    roles: Vec<String>,
    email_verified: bool,
    locale: &'static str,
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
#[derive(Serialize)]
pub(crate) struct UserBody {
    #[serde(flatten)]
    account: AccountBody,
    disabled_at: Option<String>,
}

impl From<Account> for UserBody {
    fn from(account: Account) -> Self {
        Self { disabled_at: account.disabled_at.map(|at| at.to_string()), account: account.into() }
    }
}
