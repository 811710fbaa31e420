//! JSON and base64url read without leniency: the one place where tokens, JWKs and JWK sets are parsed.
//!
//! Two readers that disagree about the same bytes are how tokens get bent. So a text has one reading here or none:
//! no member twice at any depth, no byte-order mark, no lone surrogate, nothing after the end, no padding, no stray bits.

use base64::{Engine, alphabet, engine::general_purpose as b64};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::{cell::RefCell, fmt};

mod members;

pub(crate) use members::{Places, Shallow, members};

/// Why a text is not acceptable JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// The bytes are not UTF-8 (RFC 8259 §8.1).
    #[error("the text is not UTF-8")]
    NotUtf8,
    /// A byte-order mark stands before the text.
    #[error("the text begins with a byte-order mark: remove it")]
    ByteOrderMark,
    /// A member's name occurs twice in one object.
    #[error("the member {0:?} occurs twice in one object")]
    DuplicateMember(String),
    /// The text is JSON, but not an object.
    #[error("the text is not a JSON object")]
    NotAnObject,
    /// Not JSON: bad syntax, a lone surrogate, a number out of range, too deep, or more after the end.
    #[error("the text is not JSON: {0}")]
    Syntax(String),
}

/// The bytes are not the one canonical base64url encoding (RFC 4648 §5, without padding) of anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not canonical base64url: no padding, white space, `+` or `/`, and no bits left over at the end")]
pub struct Base64Error;

/// Reads a JSON object (RFC 8259) of unique member names at every depth.
///
/// # Errors
/// [`JsonError`], saying what is wrong with the text.
pub fn object(bytes: &[u8]) -> Result<Map<String, Value>, JsonError> {
    match value(bytes)? {
        Value::Object(members) => Ok(members),
        _ => Err(JsonError::NotAnObject),
    }
}

/// Reads a JSON value (RFC 8259) of unique member names at every depth.
///
/// # Errors
/// [`JsonError`], saying what is wrong with the text.
pub fn value(bytes: &[u8]) -> Result<Value, JsonError> {
    read(bytes, |repeated, reader| Strict(repeated).deserialize(reader))
}

/// Where a reader leaves the name that occurs twice.
type Repeated = RefCell<Option<String>>;
type Reader<'de> = serde_json::Deserializer<serde_json::de::StrRead<'de>>;

#[inline]
fn read<'de, T>(
    bytes: &'de [u8],
    with: impl FnOnce(&Repeated, &mut Reader<'de>) -> Result<T, serde_json::Error>,
) -> Result<T, JsonError> {
    let text = std::str::from_utf8(bytes).map_err(|_| JsonError::NotUtf8)?;
    if text.starts_with('\u{feff}') {
        return Err(JsonError::ByteOrderMark);
    }
    let repeated = RefCell::new(None);
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = with(&repeated, &mut reader).and_then(|value| reader.end().map(|()| value));
    match (repeated.into_inner(), value) {
        (Some(name), _) => Err(JsonError::DuplicateMember(name)),
        (None, Ok(value)) => Ok(value),
        (None, Err(error)) => Err(JsonError::Syntax(error.to_string())),
    }
}

const BASE64URL: b64::GeneralPurpose = b64::GeneralPurpose::new(
    &alphabet::URL_SAFE,
    b64::GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(false),
);

/// Decodes canonical base64url without padding (RFC 7515 §2).
///
/// # Errors
/// [`Base64Error`] for everything that [`to_base64url`] would not have written.
pub fn base64url(text: &str) -> Result<Vec<u8>, Base64Error> {
    BASE64URL.decode(text).map_err(|_| Base64Error)
}

/// Room to decode into without asking the allocator: on the stack for what an ordinary token has, on the heap beyond.
pub(crate) struct Decoded<const N: usize> {
    stack: [u8; N],
    heap: Vec<u8>,
}

impl<const N: usize> Decoded<N> {
    pub(crate) const fn new() -> Self {
        Self { stack: [0; N], heap: Vec::new() }
    }

    /// As [`base64url`].
    #[inline]
    pub(crate) fn decode(&mut self, text: &str) -> Result<&[u8], Base64Error> {
        let most = text.len().div_ceil(4) * 3;
        let room = if let Some(room) = self.stack.get_mut(..most) {
            room
        } else {
            self.heap.resize(most, 0);
            self.heap.as_mut_slice()
        };
        let length = BASE64URL.decode_slice(text, room).map_err(|_| Base64Error)?;
        room.get(..length).ok_or(Base64Error)
    }
}

/// Appends the base64url of these bytes (RFC 7515 §2).
pub(crate) fn push_base64url(bytes: &[u8], text: &mut String) {
    BASE64URL.encode_string(bytes, text);
}

/// Encodes as base64url without padding (RFC 7515 §2).
#[must_use]
pub fn to_base64url(bytes: &[u8]) -> String {
    BASE64URL.encode(bytes)
}

/// Builds a [`Value`], and leaves the name of a repeated member in the cell.
#[derive(Clone, Copy)]
struct Strict<'a>(&'a Repeated);

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                self.0.replace(Some(name));
                return Err(A::Error::custom("a member occurs twice"));
            }
            let value = members.next_value_seed(self)?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}
