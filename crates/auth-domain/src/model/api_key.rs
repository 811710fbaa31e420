//! API keys: what resource servers and other machines show instead of an account's token.

use std::fmt;
use std::str::FromStr;

use super::{ApiKeyId, Timestamp, TokenHash};

/// What an API key may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ApiScope {
    /// To follow the revocation feed.
    Revocations,
    /// To ask about tokens (RFC 7662).
    Introspect,
}

/// The name is not that of a scope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a scope of API keys; use revocations or introspect")]
pub struct UnknownApiScope(pub String);

impl ApiScope {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Revocations, Self::Introspect];

    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Revocations => "revocations",
            Self::Introspect => "introspect",
        }
    }
}

impl fmt::Display for ApiScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ApiScope {
    type Err = UnknownApiScope;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|scope| scope.as_str() == name);
        found.ok_or_else(|| UnknownApiScope(name.to_owned()))
    }
}

/// An API key as the store keeps it: without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its identifier, which the key itself carries.
    pub id: ApiKeyId,
    /// What its operator calls it.
    pub name: String,
    /// SHA-256 of its secret.
    pub secret_hash: TokenHash,
    /// What it may be used for.
    pub scopes: Vec<ApiScope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}
