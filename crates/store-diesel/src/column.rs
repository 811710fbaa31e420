//! What one column means to the model, and back. A value that no version of this program writes is `Corrupt`.

use std::net::IpAddr;

use auth_domain::model::{Actor, Locale, Presenter, Role, RotationEvidence, SealedBytes, Timestamp};
use auth_domain::ports::StoreError;
use uuid::Uuid;

/// Where a value stands.
#[derive(Clone, Copy)]
pub(crate) struct At(pub(crate) &'static str, pub(crate) &'static str);

impl At {
    pub(crate) const fn corrupt(self) -> StoreError {
        StoreError::Corrupt { table: self.0, column: self.1 }
    }
}

/// An identifier as an engine keeps it: a `uuid` on PostgreSQL, 16 bytes on SQLite.
pub(crate) trait StoredId {
    fn read(&self, at: At) -> Result<Uuid, StoreError>;
}

impl StoredId for Uuid {
    fn read(&self, _at: At) -> Result<Uuid, StoreError> {
        Ok(*self)
    }
}

impl StoredId for Vec<u8> {
    fn read(&self, at: At) -> Result<Uuid, StoreError> {
        Uuid::from_slice(self).map_err(|_| at.corrupt())
    }
}

pub(crate) fn bytes32(stored: &[u8], at: At) -> Result<[u8; 32], StoreError> {
    stored.try_into().map_err(|_| at.corrupt())
}

pub(crate) fn unsigned(stored: i64, at: At) -> Result<u32, StoreError> {
    u32::try_from(stored).map_err(|_| at.corrupt())
}

pub(crate) fn key_id(stored: i16, at: At) -> Result<u8, StoreError> {
    u8::try_from(stored).map_err(|_| at.corrupt())
}

/// A language by the name that it is written with, and not by one that would be taken for it.
pub(crate) fn locale(stored: &str, at: At) -> Result<Locale, StoreError> {
    Locale::from_tag(stored).filter(|locale| locale.as_str() == stored).ok_or_else(|| at.corrupt())
}

pub(crate) fn sealed(key_id: i16, bytes: Vec<u8>, at: At) -> Result<SealedBytes, StoreError> {
    Ok(SealedBytes { key_id: self::key_id(key_id, at)?, bytes })
}

pub(crate) fn time(stored: Option<i64>) -> Option<Timestamp> {
    stored.map(Timestamp::from_micros)
}

/// Reads what [`words`] wrote: names in one line, one space between them.
pub(crate) fn split(stored: &str) -> impl Iterator<Item = &str> {
    stored.split(' ').filter(|word| !word.is_empty())
}

/// Names in one line, one space between them.
pub(crate) fn words<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().collect::<Vec<_>>().join(" ")
}

pub(crate) fn roles(stored: &str) -> Result<Vec<Role>, StoreError> {
    split(stored).map(Role::new).collect::<Result<_, _>>().map_err(|_| At("users", "roles").corrupt())
}

/// Who did something, from the name of his kind and his identifier.
pub(crate) fn actor<I: StoredId>(kind: &str, id: Option<I>, at: At) -> Result<Actor, StoreError> {
    let id = id.map(|id| id.read(at)).transpose()?;
    Actor::from_parts(kind, id).ok_or_else(|| at.corrupt())
}

/// The least text that comes after every text with this prefix, byte by byte; `None` where there is no such text.
pub(crate) fn after_prefix(prefix: &str) -> Option<String> {
    // The order of UTF-8's bytes is that of the characters.
    let mut characters: Vec<char> = prefix.chars().collect();
    while let Some(last) = characters.pop() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            characters.push(next);
            return Some(characters.into_iter().collect());
        }
    }
    None
}

pub(crate) fn presenter(ip: Option<&str>, user_agent: Option<String>, at: At) -> Result<Presenter, StoreError> {
    let ip = ip.map(str::parse::<IpAddr>).transpose().map_err(|_| at.corrupt())?;
    Ok(Presenter { ip, user_agent })
}

pub(crate) fn ip(presenter: &Presenter) -> Option<String> {
    presenter.ip.map(|ip| ip.to_string())
}

pub(crate) fn evidence(stored: Option<&str>, at: At) -> Result<Option<RotationEvidence>, StoreError> {
    stored.map(serde_json::from_str).transpose().map_err(|_| at.corrupt())
}

pub(crate) fn evidence_text(evidence: Option<&RotationEvidence>) -> Result<Option<String>, StoreError> {
    evidence
        .map(serde_json::to_string)
        .transpose()
        .map_err(|error| StoreError::Unavailable(format!("evidence cannot be written as JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_after_a_prefix_comes_after_all_that_begin_with_it() {
        for (prefix, after) in [
            ("", None),
            ("al", Some("am")),
            ("a\u{7f}", Some("a\u{80}")),
            ("a\u{d7ff}", Some("a\u{e000}")),
            ("a\u{10ffff}", Some("b")),
            ("\u{10ffff}", None),
        ] {
            assert_eq!(after_prefix(prefix).as_deref(), after, "{prefix:?}");
        }
    }
}
