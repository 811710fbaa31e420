//! Reads claims from a payload: in one pass, strictly, and the embedder's own only when they are asked for.

use crate::{
    Audience, Claims, REGISTERED_CLAIMS, UnixTime, VerifyError,
    strict::{self, Shallow},
    verify_error::Part,
};
use serde::de::{DeserializeOwned, Deserializer, Error as _, Visitor};
use serde_json::Value;
use std::borrow::Cow;
use uuid::Uuid;

impl<X: DeserializeOwned> Claims<X> {
    /// Reads the claims from a payload. Whatever is present must have its type: nothing of a wrong type counts as absent.
    pub(crate) fn read(payload: &[u8]) -> Result<Self, VerifyError> {
        let mut registered = Registered::read(payload)?;
        Ok(Self {
            iss: registered.string("iss")?,
            sub: registered.uuid("sub")?,
            aud: registered.audience()?,
            exp: registered.time("exp")?,
            iat: registered.time("iat")?,
            nbf: optional(registered.time("nbf"))?,
            jti: registered.uuid("jti")?,
            client_id: registered.string("client_id")?,
            scope: optional(registered.string("scope"))?.unwrap_or_default(),
            sid: registered.uuid("sid")?,
            auth_time: registered.time("auth_time")?,
            amr: optional(registered.strings("amr"))?.unwrap_or_default(),
            roles: optional(registered.strings("roles"))?.unwrap_or_default(),
            extra: X::deserialize(Rest(payload))
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
    pub(crate) fn read(payload: &[u8]) -> Result<Self, VerifyError> {
        let mut registered = Registered::read(payload)?;
        Ok(Self {
            iss: registered.string("iss")?,
            aud: registered.audience()?,
            exp: registered.time("exp")?,
            nbf: optional(registered.time("nbf"))?,
            iat: optional(registered.time("iat"))?,
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

/// The registered claims of a payload, each in the place of its name, taken out one by one.
struct Registered<'de>([Option<Shallow<'de>>; REGISTERED_CLAIMS.len()]);

impl<'de> Registered<'de> {
    #[inline]
    fn read(payload: &'de [u8]) -> Result<Self, VerifyError> {
        let mut found = [const { None }; REGISTERED_CLAIMS.len()];
        strict::members(payload, |name, value| {
            if let Some((_, place)) =
                REGISTERED_CLAIMS.iter().zip(&mut found).find(|(registered, _)| **registered == name)
            {
                *place = Some(value);
            }
        })
        .map_err(|reason| VerifyError::json(Part::Payload, reason))?;
        Ok(Self(found))
    }

    #[inline]
    fn take(&mut self, name: &'static str) -> Result<Shallow<'de>, VerifyError> {
        let place = REGISTERED_CLAIMS.iter().zip(&mut self.0).find(|(registered, _)| **registered == name);
        place.and_then(|(_, value)| value.take()).ok_or(VerifyError::MissingClaim(name))
    }

    #[inline]
    fn text(&mut self, name: &'static str) -> Result<Cow<'de, str>, VerifyError> {
        match self.take(name)? {
            Shallow::Text(text) => Ok(text),
            _ => Err(VerifyError::ClaimType(name)),
        }
    }

    #[inline]
    fn string(&mut self, name: &'static str) -> Result<String, VerifyError> {
        self.text(name).map(Cow::into_owned)
    }

    /// Lower case with hyphens, the form that RFC 9562 §4 says to write: one id has one text.
    #[inline]
    fn uuid(&mut self, name: &'static str) -> Result<Uuid, VerifyError> {
        let text = self.text(name)?;
        let id = Uuid::try_parse(&text).map_err(|_| VerifyError::ClaimType(name))?;
        if *id.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == *text {
            Ok(id)
        } else {
            Err(VerifyError::ClaimType(name))
        }
    }

    #[inline]
    fn time(&mut self, name: &'static str) -> Result<UnixTime, VerifyError> {
        let Shallow::Natural(secs) = self.take(name)? else { return Err(VerifyError::ClaimType(name)) };
        UnixTime::try_from(secs).map_err(|_| VerifyError::ClaimType(name))
    }

    #[inline]
    fn strings(&mut self, name: &'static str) -> Result<Vec<String>, VerifyError> {
        match self.take(name)? {
            Shallow::Texts(items) => Ok(items.into_iter().map(Cow::into_owned).collect()),
            _ => Err(VerifyError::ClaimType(name)),
        }
    }

    #[inline]
    fn audience(&mut self) -> Result<Audience, VerifyError> {
        match self.take("aud")? {
            Shallow::Text(name) => Ok(Audience::from(name.into_owned())),
            Shallow::Texts(names) => {
                let names: Vec<String> = names.into_iter().map(Cow::into_owned).collect();
                Audience::try_from(names).map_err(|_| VerifyError::ClaimType("aud"))
            }
            _ => Err(VerifyError::ClaimType("aud")),
        }
    }
}

/// What a payload holds beside the registered claims. A type that ignores it, as [`NoClaims`](crate::NoClaims) does,
/// costs nothing; for any other the members are collected.
struct Rest<'de>(&'de [u8]);

impl Rest<'_> {
    fn collect(self) -> Result<Value, serde_json::Error> {
        let mut members = strict::object(self.0).map_err(serde_json::Error::custom)?;
        for name in REGISTERED_CLAIMS {
            members.remove(name);
        }
        Ok(Value::Object(members))
    }
}

/// Methods without arguments beside the visitor, handed on to the collected members.
macro_rules! collected {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
            self.collect()?.$method(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for Rest<'_> {
    type Error = serde_json::Error;

    collected! {
        deserialize_any deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_i128 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64 deserialize_char deserialize_str deserialize_string deserialize_bytes
        deserialize_byte_buf deserialize_option deserialize_unit deserialize_seq deserialize_map
        deserialize_identifier
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Self::Error> {
        self.collect()?.deserialize_unit_struct(name, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.collect()?.deserialize_newtype_struct(name, visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Self::Error> {
        self.collect()?.deserialize_tuple(len, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.collect()?.deserialize_tuple_struct(name, len, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.collect()?.deserialize_struct(name, fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.collect()?.deserialize_enum(name, variants, visitor)
    }
}
