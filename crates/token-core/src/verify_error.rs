//! Why a token is refused.

use crate::{UnixTime, strict::JsonError};
use std::{borrow::Cow, fmt};

/// A part of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The first part: algorithm, type, key.
    Header,
    /// The second part: the claims.
    Payload,
    /// The third part.
    Signature,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Payload => "payload",
            Self::Signature => "signature",
        })
    }
}

/// Why a token is refused: one variant a reason. To a client all of them are RFC 6750's `invalid_token`.
///
/// Messages hold no part of the token but names of members and times, escaped, so that they may be logged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// Longer than [`MAX_TOKEN_LEN`](crate::MAX_TOKEN_LEN); nothing of it was read.
    #[error("the token has {length} bytes, and no more than 8192 are read")]
    TooLong {
        /// Bytes in the token.
        length: usize,
    },
    /// Not three parts of `[A-Za-z0-9_-]` parted by two dots, such as JSON serialisation or an encrypted token.
    #[error("not a JWT: expected three base64url parts parted by two dots (RFC 7515 §7.1)")]
    NotAJwt,
    /// A part is empty. A payload that travels apart from the token is not supported.
    #[error("the {0} is empty")]
    EmptyPart(Part),
    /// A part is not canonical base64url (RFC 7515 §2).
    #[error("the {0} is not canonical base64url")]
    Base64(Part),
    /// A part is not acceptable JSON.
    #[error("the {part} is refused: {reason}")]
    Json {
        /// Which part.
        part: Part,
        /// What is wrong with it.
        reason: JsonError,
    },
    /// A member occurs twice, so that two readers may see two different tokens (RFC 8725 §2.4).
    #[error("the member {name:?} occurs twice in the {part}")]
    DuplicateMember {
        /// Which part.
        part: Part,
        /// The member's name, cut to 64 characters.
        name: String,
    },
    /// `alg`, `typ` or `kid` is missing or not a string.
    #[error("the header's `{0}` is missing or not a string")]
    HeaderMember(&'static str),
    /// `crit` is present (RFC 7515 §4.1.11): no critical extension is understood.
    #[error("the header lists critical extensions (`crit`), and none is supported")]
    CriticalHeader,
    /// `b64` is present (RFC 7797).
    #[error("the header speaks of an unencoded payload (`b64`), which is not supported")]
    UnencodedPayload,
    /// `zip` is present (RFC 7516 §4.1.3).
    #[error("the header speaks of compression (`zip`), which is not supported")]
    Compressed,
    /// `jku`, `jwk`, `x5u` or `x5c` is present: the token brings its own key.
    #[error("the header brings its own key (`{0}`): keys come from the verifier's set only")]
    EmbeddedKey(&'static str),
    /// `typ` is not the expected kind of token (RFC 9068 §4).
    #[error("the header's `typ` is not `{}`: this is another kind of token", expected.escape_debug())]
    WrongType {
        /// What was expected.
        expected: Cow<'static, str>,
    },
    /// No key of that `kid` is known.
    #[error("the header's `kid` names no known key")]
    UnknownKey,
    /// `alg` is not the key's algorithm.
    #[error("the header's `alg` is not the algorithm of its key")]
    AlgorithmMismatch,
    /// The signature does not verify.
    #[error("the signature does not verify")]
    Signature,
    /// A required claim is missing.
    #[error("the claim `{0}` is missing")]
    MissingClaim(&'static str),
    /// A claim has the wrong type or is out of range.
    #[error("the claim `{0}` has the wrong type or is out of range")]
    ClaimType(&'static str),
    /// The embedder's own claims do not fit their type.
    #[error("the application's own claims do not fit their type: {0}")]
    Extra(String),
    /// `iss` is somebody else.
    #[error("the claim `iss` names another issuer")]
    Issuer,
    /// `aud` does not contain us.
    #[error("the claim `aud` does not contain this audience")]
    Audience,
    /// `exp` has passed.
    #[error("the token expired at {at}, and now is {now}")]
    Expired {
        /// `exp`.
        at: UnixTime,
        /// The time it was compared with.
        now: UnixTime,
    },
    /// `nbf` has not come.
    #[error("the token is not valid before {from}, and now is {now}")]
    NotYetValid {
        /// `nbf`.
        from: UnixTime,
        /// The time it was compared with.
        now: UnixTime,
    },
    /// `iat` lies in the future.
    #[error("the token was issued at {at}, and now is only {now}: check both clocks")]
    IssuedInFuture {
        /// `iat`.
        at: UnixTime,
        /// The time it was compared with.
        now: UnixTime,
    },
    /// The token is good, but its session, its account or its key has been revoked.
    #[error("the token has been revoked")]
    Revoked,
}

impl VerifyError {
    /// A stable name of the reason, for logs, metrics and scripts.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "token_too_long",
            Self::NotAJwt => "not_a_jwt",
            Self::EmptyPart(_) => "empty_part",
            Self::Base64(_) => "bad_base64url",
            Self::Json { .. } => "bad_json",
            Self::DuplicateMember { .. } => "duplicate_member",
            Self::HeaderMember(_) => "bad_header",
            Self::CriticalHeader => "critical_header",
            Self::UnencodedPayload => "unencoded_payload",
            Self::Compressed => "compressed",
            Self::EmbeddedKey(_) => "embedded_key",
            Self::WrongType { .. } => "wrong_type",
            Self::UnknownKey => "unknown_key",
            Self::AlgorithmMismatch => "algorithm_mismatch",
            Self::Signature => "bad_signature",
            Self::MissingClaim(_) => "missing_claim",
            Self::ClaimType(_) => "bad_claim",
            Self::Extra(_) => "bad_extra_claims",
            Self::Issuer => "wrong_issuer",
            Self::Audience => "wrong_audience",
            Self::Expired { .. } => "expired",
            Self::NotYetValid { .. } => "not_yet_valid",
            Self::IssuedInFuture { .. } => "issued_in_future",
            Self::Revoked => "revoked",
        }
    }

    pub(crate) fn json(part: Part, reason: JsonError) -> Self {
        match reason {
            JsonError::DuplicateMember(name) => Self::DuplicateMember { part, name: name.chars().take(64).collect() },
            reason => Self::Json { part, reason },
        }
    }
}
