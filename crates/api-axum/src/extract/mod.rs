//! How a request is read: its body, its query, and who sent it.

mod api_key;
mod body;
mod form;
mod json;
mod locale;
mod owner;
mod presenter;
mod proof;
mod query;

pub(crate) use api_key::ShownKey;
pub(crate) use form::Form;
pub(crate) use json::{Json, OptionalJson, WireBody, declares_json};
pub(crate) use locale::locale;
pub(crate) use owner::ByOwner;
pub(crate) use presenter::{PresentedBy, presented_by};
pub(crate) use proof::{Credential, PasskeyAnswer, one_of, second_factor};
pub(crate) use query::{PageLimit, Queried, WireQuery};

use std::str::FromStr;

use auth_domain::model::{DisplayName, IdempotencyKey};
use axum::http::HeaderMap;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use crate::problem::{Problem, ProblemCode};

/// The request's `Idempotency-Key`.
///
/// The draft of that header writes the key as a quoted string (RFC 9651 §3.3.3); most clients send it bare. Both are taken
/// as they stand, so that a client gets the same answer as long as it sends the same bytes.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Problem> {
    let refused = |detail: String| Problem::new(ProblemCode::InvalidIdempotencyKey, detail);
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(refused("send one Idempotency-Key header, not several".to_owned()));
    }
    let key = IdempotencyKey::new(value.to_str().unwrap_or_default()).map_err(|error| refused(error.to_string()))?;
    Ok(Some(key))
}

/// A name to call somebody or something by.
pub(crate) fn name(field: &str, typed: &str) -> Result<DisplayName, Problem> {
    DisplayName::new(typed).map_err(|error| {
        Problem::new(ProblemCode::InvalidRequest, format!("The field `{field}` has a wrong value: {error}."))
    })
}

/// The same where it may be left out.
pub(crate) fn display_name(field: &str, typed: Option<&str>) -> Result<Option<DisplayName>, Problem> {
    typed.map(|typed| name(field, typed)).transpose()
}

/// A value that is text on the wire, such as an identifier.
#[derive(Clone, Copy)]
pub(crate) struct Text<T>(pub(crate) T);

/// By way of text: where another type stands, the JSON parser must say that the type is wrong, not that the JSON is.
impl<'de, T: FromStr> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|_| serde::de::Error::custom("a wrong value"))
    }
}

/// A field that may be `null` and must be there.
pub(crate) fn present<'de, T: DeserializeOwned, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}
