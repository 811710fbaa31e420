//! Reads claims from a payload: in one pass, strictly, and the embedder's own only when they are asked for.

use crate::{
    Audience, Claims, UnixTime, VerifyError,
    strict::{self, Places, Shallow},
    verify_error::Part,
};
use serde::de::{self, DeserializeOwned, Deserializer, Visitor};
use serde_json::{Map, Value};
use std::{borrow::Cow, cell::Cell, fmt};
use uuid::Uuid;

impl<X: DeserializeOwned> Claims<X> {
    /// Reads the claims from a payload. Whatever is present must have its type: nothing of a wrong type counts as absent.
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Result<Self, VerifyError> {
        // A type that ignores what it is given, as `NoClaims` does, is made of nothing: only for another the rest is kept.
        let made_of_nothing = Nothing::make();
        let mut rest = made_of_nothing.is_none().then(Map::new);
        let mut registered = Registered::default();
        registered.fill(payload, rest.as_mut())?;
        Ok(Self {
            iss: string(registered.iss, "iss")?,
            sub: uuid(registered.sub, "sub")?,
            aud: audience(registered.aud)?,
            exp: time(&registered.exp, "exp")?,
            iat: time(&registered.iat, "iat")?,
            nbf: optional(time(&registered.nbf, "nbf"))?,
            jti: uuid(registered.jti, "jti")?,
            client_id: string(registered.client_id, "client_id")?,
            scope: optional(string(registered.scope, "scope"))?.unwrap_or_default(),
            sid: uuid(registered.sid, "sid")?,
            auth_time: time(&registered.auth_time, "auth_time")?,
            amr: optional(strings(registered.amr, "amr"))?.unwrap_or_default(),
            roles: optional(strings(registered.roles, "roles"))?.unwrap_or_default(),
            extra: match made_of_nothing {
                Some(extra) => extra,
                None => X::deserialize(Value::Object(rest.unwrap_or_default()))
                    .map_err(|error| VerifyError::Extra(error.to_string().escape_debug().to_string()))?,
            },
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
    pub(crate) fn read(payload: &[u8]) -> Result<Self, VerifyError> {
        let mut registered = Registered::default();
        registered.fill(payload, None)?;
        Ok(Self {
            iss: string(registered.iss, "iss")?,
            aud: audience(registered.aud)?,
            exp: time(&registered.exp, "exp")?,
            nbf: optional(time(&registered.nbf, "nbf"))?,
            iat: optional(time(&registered.iat, "iat"))?,
        })
    }
}

/// The registered claims of a payload, each in the place of its name.
#[derive(Default)]
struct Registered<'de> {
    iss: Claim<'de>,
    sub: Claim<'de>,
    aud: Claim<'de>,
    exp: Claim<'de>,
    iat: Claim<'de>,
    nbf: Claim<'de>,
    jti: Claim<'de>,
    client_id: Claim<'de>,
    scope: Claim<'de>,
    sid: Claim<'de>,
    auth_time: Claim<'de>,
    amr: Claim<'de>,
    roles: Claim<'de>,
}

type Claim<'de> = Option<Shallow<'de>>;

impl<'de> Registered<'de> {
    #[inline]
    fn fill(&mut self, payload: &'de [u8], rest: Option<&mut Map<String, Value>>) -> Result<(), VerifyError> {
        strict::members(payload, self, rest).map_err(|reason| VerifyError::json(Part::Payload, reason))
    }
}

impl<'de> Places<'de> for Registered<'de> {
    /// One for each of [`REGISTERED_CLAIMS`](crate::REGISTERED_CLAIMS).
    #[inline]
    fn place(&mut self, name: &str) -> Option<&mut Claim<'de>> {
        Some(match name {
            "iss" => &mut self.iss,
            "sub" => &mut self.sub,
            "aud" => &mut self.aud,
            "exp" => &mut self.exp,
            "iat" => &mut self.iat,
            "nbf" => &mut self.nbf,
            "jti" => &mut self.jti,
            "client_id" => &mut self.client_id,
            "scope" => &mut self.scope,
            "sid" => &mut self.sid,
            "auth_time" => &mut self.auth_time,
            "amr" => &mut self.amr,
            "roles" => &mut self.roles,
            _ => return None,
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

fn text<'de>(claim: Claim<'de>, name: &'static str) -> Result<Cow<'de, str>, VerifyError> {
    match claim {
        Some(Shallow::Text(text)) => Ok(text),
        Some(_) => Err(VerifyError::ClaimType(name)),
        None => Err(VerifyError::MissingClaim(name)),
    }
}

fn string(claim: Claim<'_>, name: &'static str) -> Result<String, VerifyError> {
    text(claim, name).map(Cow::into_owned)
}

/// Lower case with hyphens, the form that RFC 9562 §4 says to write: one id has one text.
fn uuid(claim: Claim<'_>, name: &'static str) -> Result<Uuid, VerifyError> {
    let text = text(claim, name)?;
    // Of the forms that are read, only the one with hyphens has 36 characters.
    if text.len() != HYPHENATED_LEN || text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(VerifyError::ClaimType(name));
    }
    Uuid::try_parse(&text).map_err(|_| VerifyError::ClaimType(name))
}

const HYPHENATED_LEN: usize = uuid::fmt::Hyphenated::LENGTH;

fn time(claim: &Claim<'_>, name: &'static str) -> Result<UnixTime, VerifyError> {
    match claim {
        Some(Shallow::Natural(secs)) => UnixTime::try_from(*secs).map_err(|_| VerifyError::ClaimType(name)),
        Some(_) => Err(VerifyError::ClaimType(name)),
        None => Err(VerifyError::MissingClaim(name)),
    }
}

fn strings(claim: Claim<'_>, name: &'static str) -> Result<Vec<String>, VerifyError> {
    match claim {
        Some(Shallow::Texts(items)) => Ok(items.into_iter().map(Cow::into_owned).collect()),
        Some(_) => Err(VerifyError::ClaimType(name)),
        None => Err(VerifyError::MissingClaim(name)),
    }
}

fn audience(claim: Claim<'_>) -> Result<Audience, VerifyError> {
    match claim {
        Some(Shallow::Text(name)) => Ok(Audience::from(name.into_owned())),
        Some(Shallow::Texts(names)) => {
            let names: Vec<String> = names.into_iter().map(Cow::into_owned).collect();
            Audience::try_from(names).map_err(|_| VerifyError::ClaimType("aud"))
        }
        Some(_) => Err(VerifyError::ClaimType("aud")),
        None => Err(VerifyError::MissingClaim("aud")),
    }
}

/// Gives a type that ignores what it is given its nothing, and notes when it does not.
struct Nothing<'a> {
    wanted: &'a Cell<bool>,
}

/// The type looks at what it is given.
#[derive(Debug)]
struct Wanted;

impl Nothing<'_> {
    /// The value of a type that ignores what it is given. One that wanted to look has none, even if it makes do without.
    fn make<X: DeserializeOwned>() -> Option<X> {
        let wanted = Cell::new(false);
        X::deserialize(Nothing { wanted: &wanted }).ok().filter(|_| !wanted.get())
    }
}

impl<'de> Deserializer<'de> for Nothing<'_> {
    type Error = Wanted;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Wanted> {
        self.wanted.set(true);
        Err(Wanted)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wanted> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier
    }
}

impl de::Error for Wanted {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl std::error::Error for Wanted {}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the type looks at what it is given")
    }
}
