//! What an access token says (RFC 9068 §2.2), typed, and the strict reading of it.

use crate::{UnixTime, VerifyError};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, IgnoredAny},
    ser::SerializeMap,
};
use serde_json::{Map, Value};
use uuid::Uuid;

/// The claim names that belong to the token itself. The embedder's own claims may not use them.
pub const REGISTERED_CLAIMS: [&str; 13] =
    ["iss", "sub", "aud", "exp", "iat", "nbf", "jti", "client_id", "scope", "sid", "auth_time", "amr", "roles"];

/// The claims of an access token, with the embedder's own claims `X` beside them in the same object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Claims<X = NoClaims> {
    /// Who issued the token (RFC 7519 §4.1.1).
    pub iss: String,
    /// The account that it speaks of (§4.1.2).
    pub sub: Uuid,
    /// For whom it is meant (§4.1.3).
    pub aud: Audience,
    /// From then on it is refused (§4.1.4).
    pub exp: UnixTime,
    /// When it was issued (§4.1.6).
    pub iat: UnixTime,
    /// Before then it is refused (§4.1.5).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nbf: Option<UnixTime>,
    /// The token's own id (§4.1.7).
    pub jti: Uuid,
    /// The client that it was issued to (RFC 8693 §4.3).
    pub client_id: String,
    /// What it allows, parted by spaces (RFC 8693 §4.2). Empty when the token has none.
    pub scope: String,
    /// The session that it belongs to (OpenID Connect Front-Channel Logout §3).
    pub sid: Uuid,
    /// When the user last proved who he is (OpenID Connect Core §2).
    pub auth_time: UnixTime,
    /// How he proved it (RFC 8176). Empty when the token does not say.
    pub amr: Vec<String>,
    /// The account's roles (RFC 9068 §2.2.3.1). Empty when the token has none.
    pub roles: Vec<String>,
    /// The embedder's own claims.
    #[serde(flatten)]
    pub extra: X,
}

impl<X> Claims<X> {
    /// Whether `scope` contains exactly this scope token.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        !scope.is_empty() && self.scope.split(' ').any(|token| token == scope)
    }

    /// Whether the account has exactly this role.
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|held| held == role)
    }
}

impl<X: DeserializeOwned> Claims<X> {
    /// Reads the claims from a payload. Whatever is present must have its type: nothing of a wrong type counts as absent.
    pub(crate) fn read(payload: Map<String, Value>) -> Result<Self, VerifyError> {
        let mut members = Members(payload);
        Ok(Self {
            iss: members.string("iss")?,
            sub: members.uuid("sub")?,
            aud: members.audience()?,
            exp: members.time("exp")?,
            iat: members.time("iat")?,
            nbf: optional(members.time("nbf"))?,
            jti: members.uuid("jti")?,
            client_id: members.string("client_id")?,
            scope: optional(members.string("scope"))?.unwrap_or_default(),
            sid: members.uuid("sid")?,
            auth_time: members.time("auth_time")?,
            amr: optional(members.strings("amr"))?.unwrap_or_default(),
            roles: optional(members.strings("roles"))?.unwrap_or_default(),
            extra: X::deserialize(Value::Object(members.0))
                .map_err(|error| VerifyError::Extra(error.to_string().escape_debug().to_string()))?,
        })
    }
}

/// The claims that bound any JWT (RFC 7519 §4.1), read as strictly as those of an access token.
pub(crate) struct Bounds {
    pub(crate) iss: String,
    pub(crate) aud: Audience,
    pub(crate) exp: UnixTime,
    pub(crate) nbf: Option<UnixTime>,
    pub(crate) iat: Option<UnixTime>,
}

impl Bounds {
    pub(crate) fn read(payload: &Map<String, Value>) -> Result<Self, VerifyError> {
        let named = ["iss", "aud", "exp", "nbf", "iat"].into_iter();
        let mut members =
            Members(named.filter_map(|name| Some((name.to_owned(), payload.get(name)?.clone()))).collect());
        Ok(Self {
            iss: members.string("iss")?,
            aud: members.audience()?,
            exp: members.time("exp")?,
            nbf: optional(members.time("nbf"))?,
            iat: optional(members.time("iat"))?,
        })
    }
}

/// Turns "missing" into `None`; everything else stays an error.
fn optional<T>(read: Result<T, VerifyError>) -> Result<Option<T>, VerifyError> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(VerifyError::MissingClaim(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A payload's members, taken out one by one; what is left at the end is the embedder's.
struct Members(Map<String, Value>);

impl Members {
    fn take(&mut self, name: &'static str) -> Result<Value, VerifyError> {
        self.0.remove(name).ok_or(VerifyError::MissingClaim(name))
    }

    fn string(&mut self, name: &'static str) -> Result<String, VerifyError> {
        match self.take(name)? {
            Value::String(text) => Ok(text),
            _ => Err(VerifyError::ClaimType(name)),
        }
    }

    /// Lower case with hyphens, the form that RFC 9562 §4 says to write: one id has one text.
    fn uuid(&mut self, name: &'static str) -> Result<Uuid, VerifyError> {
        let text = self.string(name)?;
        let id = Uuid::try_parse(&text).map_err(|_| VerifyError::ClaimType(name))?;
        if *id.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == *text {
            Ok(id)
        } else {
            Err(VerifyError::ClaimType(name))
        }
    }

    fn time(&mut self, name: &'static str) -> Result<UnixTime, VerifyError> {
        let secs = self.take(name)?.as_u64().ok_or(VerifyError::ClaimType(name))?;
        UnixTime::try_from(secs).map_err(|_| VerifyError::ClaimType(name))
    }

    fn strings(&mut self, name: &'static str) -> Result<Vec<String>, VerifyError> {
        let Value::Array(items) = self.take(name)? else { return Err(VerifyError::ClaimType(name)) };
        let text = |item| match item {
            Value::String(text) => Ok(text),
            _ => Err(VerifyError::ClaimType(name)),
        };
        items.into_iter().map(text).collect()
    }

    fn audience(&mut self) -> Result<Audience, VerifyError> {
        if let Some(Value::String(_)) = self.0.get("aud") {
            return self.string("aud").map(Audience::from);
        }
        Audience::try_from(self.strings("aud")?).map_err(|_| VerifyError::ClaimType("aud"))
    }
}

/// For whom a token is meant: one or more names (RFC 7519 §4.1.3). One is written as a string, several as an array.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Audience {
    first: String,
    others: Vec<String>,
}

/// An audience must name at least one party.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an audience must name at least one party")]
pub struct EmptyAudience;

impl Audience {
    /// The audience of this one name.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { first: name.into(), others: Vec::new() }
    }

    /// The same with one more name.
    #[must_use]
    pub fn and(mut self, name: impl Into<String>) -> Self {
        self.others.push(name.into());
        self
    }

    /// Whether exactly this name is among them.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.iter().any(|held| held == name)
    }

    /// The names, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.first).chain(&self.others).map(String::as_str)
    }
}

impl From<String> for Audience {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

impl From<&str> for Audience {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl TryFrom<Vec<String>> for Audience {
    type Error = EmptyAudience;

    fn try_from(names: Vec<String>) -> Result<Self, EmptyAudience> {
        let mut names = names.into_iter();
        let first = names.next().ok_or(EmptyAudience)?;
        Ok(Self { first, others: names.collect() })
    }
}

impl Serialize for Audience {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.others.is_empty() { self.first.serialize(serializer) } else { serializer.collect_seq(self.iter()) }
    }
}

/// No claims beyond the registered ones. Reading it ignores whatever else a token says, as RFC 7519 §4 asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoClaims;

impl Serialize for NoClaims {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_map(Some(0))?.end()
    }
}

impl<'de> Deserialize<'de> for NoClaims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}
