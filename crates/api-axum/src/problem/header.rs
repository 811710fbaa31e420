//! What goes with a code in every answer: its title, its challenge, and when the request is worth another try.

use axum::http::StatusCode;

use super::ProblemCode;

impl ProblemCode {
    /// Its name for people, the same for every occurrence.
    pub(crate) const fn title(self) -> &'static str {
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
            Self::MfaRequired => "Second factor required",
            Self::InvalidMfaToken => "Login not begun",
            Self::InvalidSecondFactor => "Invalid second factor",
            Self::InvalidPasskey => "Passkey not accepted",
            Self::StepUpRequired => "Recent proof required",
            Self::InvalidGrant => "Invalid refresh token",
            Self::SessionSignedOut => "Signed out",
            Self::SessionEvicted => "Signed out for another device",
            Self::SessionRevoked => "Session revoked",
            Self::SessionExpired => "Session expired",
            Self::CrossSiteRequest => "Cross-site request",
            Self::WrongPassword => "Wrong password",
            Self::SecondFactorRequired => "Second factor needed",
            Self::EmailNotVerified => "Mail address not verified",
            Self::RegistrationClosed => "Registration closed",
            Self::NotInvited => "Not invited",
            Self::DomainNotAllowed => "Domain not allowed",
            Self::InsufficientScope => "Insufficient scope",
            Self::InsufficientRole => "Insufficient role",
            Self::NotFound => "Not found",
            Self::SessionNotFound => "No such session",
            Self::AccountNotFound => "No such account",
            Self::KeyNotFound => "No such key",
            Self::KeysNotPublished => "Keys not published",
            Self::FactorNotFound => "No such second factor",
            Self::PasskeysUnavailable => "Passkeys unavailable",
            Self::MethodNotAllowed => "Method not allowed",
            Self::EmailTaken => "Mail address taken",
            Self::SessionLimitReached => "Session limit reached",
            Self::TotpExists => "App exists",
            Self::TooManyPasskeys => "Too many passkeys",
            Self::OwnAccount => "Own account",
            Self::KeyNotSeen => "Key not seen yet",
            Self::KeyInUse => "Key in use",
            Self::KeyRevoked => "Key revoked",
            Self::KeyActive => "Key signs already",
            Self::KeyExists => "Key exists",
            Self::NoNextKey => "No next key",
            Self::InvalidLink => "Invalid link",
            Self::BodyTooLarge => "Body too large",
            Self::UnsupportedMediaType => "Unsupported media type",
            Self::InvalidRequest => "Invalid request",
            Self::InvalidEmail => "Invalid mail address",
            Self::PasswordTooShort => "Password too short",
            Self::PasswordTooLong => "Password too long",
            Self::PasswordGuessable => "Password too easy to guess",
            Self::WrongCode => "Wrong code",
            Self::PasskeyRefused => "Passkey refused",
            Self::TooManyAttempts => "Too many attempts",
            Self::Internal => "Internal error",
            Self::Busy => "Busy",
            Self::Unavailable => "Unavailable",
            Self::RevocationsStale => "Revocations unknown",
            Self::Timeout => "Timeout",
        }
    }

    /// The challenge: of a 401, since RFC 9110 §15.5.2 asks for one in each of them, and of what RFC 6750 §3.1 calls
    /// insufficient.
    pub(crate) const fn challenge(self) -> Option<&'static str> {
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
    pub(crate) const fn retry_after(self) -> Option<u64> {
        match self {
            Self::Busy | Self::Timeout => Some(1),
            // A database that is back is used at once, so nobody needs to stay away for long.
            Self::Unavailable => Some(2),
            Self::RevocationsStale => Some(5),
            _ => None,
        }
    }
}
