//! Revocations: what makes an access token worthless before it expires.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::{AccountId, SessionId, Timestamp};

/// One entry of the revocation feed. It is kept only as long as an access token that it kills can live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Its place in the feed; a store gives later entries higher numbers.
    pub seq: i64,
    /// What it kills.
    pub kind: RevocationKind,
    /// Tokens issued at or before this moment are refused.
    pub not_before: Timestamp,
    /// From here on no token that it kills can be alive.
    pub expires_at: Timestamp,
}

/// What a revocation kills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RevocationKind {
    /// Every access token of one session, whenever issued.
    Session(SessionId),
    /// Every access token of an account that was issued up to `not_before`.
    Account(AccountId),
    /// Every token that one key signed, by the key's RFC 7638 thumbprint.
    Key([u8; 32]),
}

impl RevocationKind {
    /// The stable name of the kind: `session`, `user` or `key`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Session(_) => "session",
            Self::Account(_) => "user",
            Self::Key(_) => "key",
        }
    }

    /// What it is about, as text: a UUID, or a `kid`.
    #[must_use]
    pub fn subject(self) -> String {
        match self {
            Self::Session(id) => id.to_string(),
            Self::Account(id) => id.to_string(),
            Self::Key(thumbprint) => URL_SAFE_NO_PAD.encode(thumbprint),
        }
    }

    /// The kind of this name with this subject, if there can be one.
    #[must_use]
    pub fn from_parts(kind: &str, subject: &str) -> Option<Self> {
        match kind {
            "session" => subject.parse().ok().map(Self::Session),
            "user" => subject.parse().ok().map(Self::Account),
            "key" => URL_SAFE_NO_PAD.decode(subject).ok()?.try_into().ok().map(Self::Key),
            _ => None,
        }
    }

    /// What it is about, as stores keep it: 16 bytes of a UUID, or 32 of a thumbprint.
    #[must_use]
    pub fn subject_bytes(self) -> Vec<u8> {
        match self {
            Self::Session(id) => id.as_uuid().as_bytes().to_vec(),
            Self::Account(id) => id.as_uuid().as_bytes().to_vec(),
            Self::Key(thumbprint) => thumbprint.to_vec(),
        }
    }

    /// The kind of this name with this subject, as stores keep it.
    #[must_use]
    pub fn from_bytes(kind: &str, subject: &[u8]) -> Option<Self> {
        let uuid = || Uuid::from_slice(subject).ok();
        match kind {
            "session" => uuid().map(SessionId::from_uuid).map(Self::Session),
            "user" => uuid().map(AccountId::from_uuid).map(Self::Account),
            "key" => subject.try_into().ok().map(Self::Key),
            _ => None,
        }
    }
}
