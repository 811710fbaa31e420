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
    /// The password was right, and a second factor must follow.
    MfaRequired,
    /// The login that a second factor was to end was not begun, or too long ago.
    InvalidMfaToken,
    /// The second factor of a login is wrong, or was used before.
    InvalidSecondFactor,
    /// The passkey of a login was not accepted.
    InvalidPasskey,
    /// The owner has to prove again who he is.
    StepUpRequired,
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
    /// The password alone does not prove again whose account it is.
    SecondFactorRequired,
    /// The mail address has to be verified before anybody signs in.
    EmailNotVerified,
    /// Nobody may register.
    RegistrationClosed,
    /// Only who was invited may register.
    NotInvited,
    /// Mail addresses of this domain may not register.
    DomainNotAllowed,
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
    /// The account has no such second factor.
    FactorNotFound,
    /// This server takes no passkeys.
    PasskeysUnavailable,
    /// The path does not know this method.
    MethodNotAllowed,
    /// Another account has the mail address.
    EmailTaken,
    /// The account is signed in on as many devices as it may be.
    SessionLimitReached,
    /// The account has an app for one-time passwords already.
    TotpExists,
    /// The account has as many passkeys as it may.
    TooManyPasskeys,
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
    /// A token that was mailed is good for nothing.
    InvalidLink,
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
    /// The new password is one that would be guessed early.
    PasswordGuessable,
    /// The code that was shown is wrong.
    WrongCode,
    /// A passkey was not added, or does not prove again whose account it is.
    PasskeyRefused,
    /// There were too many attempts.
    TooManyAttempts,
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
    pub const ALL: [Self; 64] = [
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
        Self::MfaRequired,
        Self::InvalidMfaToken,
        Self::InvalidSecondFactor,
        Self::InvalidPasskey,
        Self::StepUpRequired,
        Self::InvalidGrant,
        Self::SessionSignedOut,
        Self::SessionEvicted,
        Self::SessionRevoked,
        Self::SessionExpired,
        Self::CrossSiteRequest,
        Self::WrongPassword,
        Self::SecondFactorRequired,
        Self::EmailNotVerified,
        Self::RegistrationClosed,
        Self::NotInvited,
        Self::DomainNotAllowed,
        Self::InsufficientScope,
        Self::InsufficientRole,
        Self::NotFound,
        Self::SessionNotFound,
        Self::AccountNotFound,
        Self::KeyNotFound,
        Self::KeysNotPublished,
        Self::FactorNotFound,
        Self::PasskeysUnavailable,
        Self::MethodNotAllowed,
        Self::EmailTaken,
        Self::SessionLimitReached,
        Self::TotpExists,
        Self::TooManyPasskeys,
        Self::OwnAccount,
        Self::KeyNotSeen,
        Self::KeyInUse,
        Self::KeyRevoked,
        Self::KeyActive,
        Self::KeyExists,
        Self::NoNextKey,
        Self::InvalidLink,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::InvalidRequest,
        Self::InvalidEmail,
        Self::PasswordTooShort,
        Self::PasswordTooLong,
        Self::PasswordGuessable,
        Self::WrongCode,
        Self::PasskeyRefused,
        Self::TooManyAttempts,
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
            Self::MfaRequired => "mfa_required",
            Self::InvalidMfaToken => "invalid_mfa_token",
            Self::InvalidSecondFactor => "invalid_second_factor",
            Self::InvalidPasskey => "invalid_passkey",
            Self::StepUpRequired => "step_up_required",
            Self::InvalidGrant => "invalid_grant",
            Self::SessionSignedOut => "session_signed_out",
            Self::SessionEvicted => "session_evicted",
            Self::SessionRevoked => "session_revoked",
            Self::SessionExpired => "session_expired",
            Self::CrossSiteRequest => "cross_site_request",
            Self::WrongPassword => "wrong_password",
            Self::SecondFactorRequired => "second_factor_required",
            Self::EmailNotVerified => "email_not_verified",
            Self::RegistrationClosed => "registration_closed",
            Self::NotInvited => "not_invited",
            Self::DomainNotAllowed => "domain_not_allowed",
            Self::InsufficientScope => "insufficient_scope",
            Self::InsufficientRole => "insufficient_role",
            Self::NotFound => "not_found",
            Self::SessionNotFound => "session_not_found",
            Self::AccountNotFound => "account_not_found",
            Self::KeyNotFound => "key_not_found",
            Self::KeysNotPublished => "keys_not_published",
            Self::FactorNotFound => "factor_not_found",
            Self::PasskeysUnavailable => "passkeys_unavailable",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::EmailTaken => "email_taken",
            Self::SessionLimitReached => "session_limit_reached",
            Self::TotpExists => "totp_exists",
            Self::TooManyPasskeys => "too_many_passkeys",
            Self::OwnAccount => "own_account",
            Self::KeyNotSeen => "key_not_seen",
            Self::KeyInUse => "key_in_use",
            Self::KeyRevoked => "key_revoked",
            Self::KeyActive => "key_active",
            Self::KeyExists => "key_exists",
            Self::NoNextKey => "no_next_key",
            Self::InvalidLink => "invalid_link",
            Self::BodyTooLarge => "body_too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidEmail => "invalid_email",
            Self::PasswordTooShort => "password_too_short",
            Self::PasswordTooLong => "password_too_long",
            Self::PasswordGuessable => "password_guessable",
            Self::WrongCode => "wrong_code",
            Self::PasskeyRefused => "passkey_refused",
            Self::TooManyAttempts => "too_many_attempts",
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
            | Self::MfaRequired
            | Self::InvalidMfaToken
            | Self::InvalidSecondFactor
            | Self::InvalidPasskey
            | Self::StepUpRequired
            | Self::InvalidGrant
            | Self::SessionSignedOut
            | Self::SessionEvicted
            | Self::SessionRevoked
            | Self::SessionExpired => StatusCode::UNAUTHORIZED,
            Self::CrossSiteRequest
            | Self::WrongPassword
            | Self::SecondFactorRequired
            | Self::EmailNotVerified
            | Self::RegistrationClosed
            | Self::NotInvited
            | Self::DomainNotAllowed
            | Self::InsufficientScope
            | Self::InsufficientRole => StatusCode::FORBIDDEN,
            Self::NotFound
            | Self::SessionNotFound
            | Self::AccountNotFound
            | Self::KeyNotFound
            | Self::KeysNotPublished
            | Self::FactorNotFound
            | Self::PasskeysUnavailable => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::EmailTaken
            | Self::SessionLimitReached
            | Self::TotpExists
            | Self::TooManyPasskeys
            | Self::OwnAccount
            | Self::KeyNotSeen
            | Self::KeyInUse
            | Self::KeyRevoked
            | Self::KeyActive
            | Self::KeyExists
            | Self::NoNextKey => StatusCode::CONFLICT,
            Self::InvalidLink => StatusCode::GONE,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::InvalidRequest
            | Self::InvalidEmail
            | Self::PasswordTooShort
            | Self::PasswordTooLong
            | Self::PasswordGuessable
            | Self::WrongCode
            | Self::PasskeyRefused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooManyAttempts => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Busy | Self::Unavailable | Self::RevocationsStale | Self::Timeout => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}
