//! The codes: one status and one meaning each.

use axum::http::StatusCode;

/// Every code that an answer can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProblemCode {
    /// The body is not JSON.
    InvalidJson,
    /// The body broke off.
    IncompleteBody,
    /// The query has unknown names or values.
    InvalidQuery,
    /// The cursor of the revocation feed is not one.
    InvalidCursor,
    /// The `Idempotency-Key` could be guessed, is too long, or there are two.
    InvalidIdempotencyKey,
    /// Credentials came in two ways at once.
    AmbiguousCredentials,
    /// No credentials came.
    AuthenticationRequired,
    /// The access token is not good.
    InvalidToken,
    /// The API key is not good.
    InvalidApiKey,
    /// The mail address or the password is wrong.
    InvalidCredentials,
    /// The refresh token gives nothing.
    InvalidGrant,
    /// The session of the refresh token was signed out by its owner.
    SessionSignedOut,
    /// The session of the refresh token made room for a newer one.
    SessionEvicted,
    /// The session of the refresh token was ended to protect the account.
    SessionRevoked,
    /// The session of the refresh token has expired.
    SessionExpired,
    /// A cookie request did not come from the server's own origin.
    CrossSiteRequest,
    /// The password that was to confirm the request is wrong.
    WrongPassword,
    /// The token or key lacks a scope that the request needs.
    InsufficientScope,
    /// The account lacks a role that the request needs.
    InsufficientRole,
    /// There is nothing at this path.
    NotFound,
    /// The account has no such session.
    SessionNotFound,
    /// There is no such account.
    AccountNotFound,
    /// There is no signing key of that name.
    KeyNotFound,
    /// No key has a public half.
    KeysNotPublished,
    /// The path does not know this method.
    MethodNotAllowed,
    /// Another account has the mail address.
    EmailTaken,
    /// The account is signed in on as many devices as it may be.
    SessionLimitReached,
    /// An operator cannot do this to his own account.
    OwnAccount,
    /// Verifiers may not have seen the signing key.
    KeyNotSeen,
    /// The signing key signs, or tokens that it signed are alive.
    KeyInUse,
    /// The signing key has been revoked.
    KeyRevoked,
    /// The signing key signs already.
    KeyActive,
    /// The signing key is there already.
    KeyExists,
    /// No signing key waits to take over.
    NoNextKey,
    /// The body is larger than the route reads.
    BodyTooLarge,
    /// The body is not declared as JSON.
    UnsupportedMediaType,
    /// A field is missing, unknown, or has a wrong type or value.
    InvalidRequest,
    /// The mail address is not one.
    InvalidEmail,
    /// The new password is too short.
    PasswordTooShort,
    /// The new password is too long.
    PasswordTooLong,
    /// The server failed.
    Internal,
    /// The server has more to do than it can take.
    Busy,
    /// Something that the server depends on does not answer.
    Unavailable,
    /// The guard has not heard for too long what was revoked.
    RevocationsStale,
    /// The answer took too long.
    Timeout,
}

impl ProblemCode {
    /// All of them.
    pub const ALL: [Self; 45] = [
        Self::InvalidJson,
        Self::IncompleteBody,
        Self::InvalidQuery,
        Self::InvalidCursor,
        Self::InvalidIdempotencyKey,
        Self::AmbiguousCredentials,
        Self::AuthenticationRequired,
        Self::InvalidToken,
        Self::InvalidApiKey,
        Self::InvalidCredentials,
        Self::InvalidGrant,
        Self::SessionSignedOut,
        Self::SessionEvicted,
        Self::SessionRevoked,
        Self::SessionExpired,
        Self::CrossSiteRequest,
        Self::WrongPassword,
        Self::InsufficientScope,
        Self::InsufficientRole,
        Self::NotFound,
        Self::SessionNotFound,
        Self::AccountNotFound,
        Self::KeyNotFound,
        Self::KeysNotPublished,
        Self::MethodNotAllowed,
        Self::EmailTaken,
        Self::SessionLimitReached,
        Self::OwnAccount,
        Self::KeyNotSeen,
        Self::KeyInUse,
        Self::KeyRevoked,
        Self::KeyActive,
        Self::KeyExists,
        Self::NoNextKey,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::InvalidRequest,
        Self::InvalidEmail,
        Self::PasswordTooShort,
        Self::PasswordTooLong,
        Self::Internal,
        Self::Busy,
        Self::Unavailable,
        Self::RevocationsStale,
        Self::Timeout,
    ];

    /// The stable name, in the problem's `code`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidJson => "invalid_json",
            Self::IncompleteBody => "incomplete_body",
            Self::InvalidQuery => "invalid_query",
            Self::InvalidCursor => "invalid_cursor",
            Self::InvalidIdempotencyKey => "invalid_idempotency_key",
            Self::AmbiguousCredentials => "ambiguous_credentials",
            Self::AuthenticationRequired => "authentication_required",
            Self::InvalidToken => "invalid_token",
            Self::InvalidApiKey => "invalid_api_key",
            Self::InvalidCredentials => "invalid_credentials",
            Self::InvalidGrant => "invalid_grant",
            Self::SessionSignedOut => "session_signed_out",
            Self::SessionEvicted => "session_evicted",
            Self::SessionRevoked => "session_revoked",
            Self::SessionExpired => "session_expired",
            Self::CrossSiteRequest => "cross_site_request",
            Self::WrongPassword => "wrong_password",
            Self::InsufficientScope => "insufficient_scope",
            Self::InsufficientRole => "insufficient_role",
            Self::NotFound => "not_found",
            Self::SessionNotFound => "session_not_found",
            Self::AccountNotFound => "account_not_found",
            Self::KeyNotFound => "key_not_found",
            Self::KeysNotPublished => "keys_not_published",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::EmailTaken => "email_taken",
            Self::SessionLimitReached => "session_limit_reached",
            Self::OwnAccount => "own_account",
            Self::KeyNotSeen => "key_not_seen",
            Self::KeyInUse => "key_in_use",
            Self::KeyRevoked => "key_revoked",
            Self::KeyActive => "key_active",
            Self::KeyExists => "key_exists",
            Self::NoNextKey => "no_next_key",
            Self::BodyTooLarge => "body_too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidEmail => "invalid_email",
            Self::PasswordTooShort => "password_too_short",
            Self::PasswordTooLong => "password_too_long",
            Self::Internal => "internal",
            Self::Busy => "busy",
            Self::Unavailable => "unavailable",
            Self::RevocationsStale => "revocations_stale",
            Self::Timeout => "timeout",
        }
    }

    /// The one HTTP status that goes with it.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::InvalidJson
            | Self::IncompleteBody
            | Self::InvalidQuery
            | Self::InvalidCursor
            | Self::InvalidIdempotencyKey
            | Self::AmbiguousCredentials => StatusCode::BAD_REQUEST,
            Self::AuthenticationRequired
            | Self::InvalidToken
            | Self::InvalidApiKey
            | Self::InvalidCredentials
            | Self::InvalidGrant
            | Self::SessionSignedOut
            | Self::SessionEvicted
            | Self::SessionRevoked
            | Self::SessionExpired => StatusCode::UNAUTHORIZED,
            Self::CrossSiteRequest | Self::WrongPassword | Self::InsufficientScope | Self::InsufficientRole => {
                StatusCode::FORBIDDEN
            }
            Self::NotFound
            | Self::SessionNotFound
            | Self::AccountNotFound
            | Self::KeyNotFound
            | Self::KeysNotPublished => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::EmailTaken
            | Self::SessionLimitReached
            | Self::OwnAccount
            | Self::KeyNotSeen
            | Self::KeyInUse
            | Self::KeyRevoked
            | Self::KeyActive
            | Self::KeyExists
            | Self::NoNextKey => StatusCode::CONFLICT,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::InvalidRequest | Self::InvalidEmail | Self::PasswordTooShort | Self::PasswordTooLong => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Busy | Self::Unavailable | Self::RevocationsStale | Self::Timeout => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Its name for people, the same for every occurrence.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::InvalidJson => "Not JSON",
            Self::IncompleteBody => "Incomplete body",
            Self::InvalidQuery => "Invalid query",
            Self::InvalidCursor => "Invalid cursor",
            Self::InvalidIdempotencyKey => "Invalid Idempotency-Key",
            Self::AmbiguousCredentials => "Ambiguous credentials",
            Self::AuthenticationRequired => "Authentication required",
            Self::InvalidToken => "Invalid access token",
            Self::InvalidApiKey => "Invalid API key",
            Self::InvalidCredentials => "Invalid credentials",
            Self::InvalidGrant => "Invalid refresh token",
            Self::SessionSignedOut => "Signed out",
            Self::SessionEvicted => "Signed out for another device",
            Self::SessionRevoked => "Session revoked",
            Self::SessionExpired => "Session expired",
            Self::CrossSiteRequest => "Cross-site request",
            Self::WrongPassword => "Wrong password",
            Self::InsufficientScope => "Insufficient scope",
            Self::InsufficientRole => "Insufficient role",
            Self::NotFound => "Not found",
            Self::SessionNotFound => "No such session",
            Self::AccountNotFound => "No such account",
            Self::KeyNotFound => "No such key",
            Self::KeysNotPublished => "Keys not published",
            Self::MethodNotAllowed => "Method not allowed",
            Self::EmailTaken => "Mail address taken",
            Self::SessionLimitReached => "Session limit reached",
            Self::OwnAccount => "Own account",
            Self::KeyNotSeen => "Key not seen yet",
            Self::KeyInUse => "Key in use",
            Self::KeyRevoked => "Key revoked",
            Self::KeyActive => "Key signs already",
            Self::KeyExists => "Key exists",
            Self::NoNextKey => "No next key",
            Self::BodyTooLarge => "Body too large",
            Self::UnsupportedMediaType => "Unsupported media type",
            Self::InvalidRequest => "Invalid request",
            Self::InvalidEmail => "Invalid mail address",
            Self::PasswordTooShort => "Password too short",
            Self::PasswordTooLong => "Password too long",
            Self::Internal => "Internal error",
            Self::Busy => "Busy",
            Self::Unavailable => "Unavailable",
            Self::RevocationsStale => "Revocations unknown",
            Self::Timeout => "Timeout",
        }
    }

    /// The challenge: of a 401, since RFC 9110 §15.5.2 asks for one in each of them, and of what RFC 6750 §3.1 calls
    /// insufficient.
    pub(super) const fn challenge(self) -> Option<&'static str> {
        match self {
            Self::InvalidToken | Self::InvalidApiKey => Some(r#"Bearer error="invalid_token""#),
            Self::InsufficientRole | Self::InsufficientScope => Some(r#"Bearer error="insufficient_scope""#),
            _ => match self.status() {
                StatusCode::UNAUTHORIZED => Some("Bearer"),
                _ => None,
            },
        }
    }

    /// Whether a refresh token that is answered so gives nothing, now and later.
    #[cfg(feature = "router")]
    pub(crate) const fn is_final_for_a_refresh_token(self) -> bool {
        matches!(
            self,
            Self::InvalidGrant
                | Self::SessionSignedOut
                | Self::SessionEvicted
                | Self::SessionRevoked
                | Self::SessionExpired
        )
    }

    /// After how many seconds the same request is worth another try.
    pub(crate) const fn retry_after(self) -> Option<u16> {
        match self {
            Self::Busy | Self::Timeout => Some(1),
            Self::Unavailable | Self::RevocationsStale => Some(5),
            _ => None,
        }
    }
}
