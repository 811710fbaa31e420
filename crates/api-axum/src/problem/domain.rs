//! What each failure of the domain becomes. A new variant there does not compile until it has its line here.

use std::fmt::Display;

use auth_domain::admin::AdminError;
use auth_domain::api_key::ApiKeyError;
use auth_domain::model::{EndReason, KeyRefused, Over};
use auth_domain::one_time::TokenNotMade;
use auth_domain::ports::{EntropyUnavailable, HashError, StoreError};
use auth_domain::refresh::RefreshError;
use auth_domain::sealing::SealError;
use auth_domain::session::{SessionError, TokensNotIssued};
use auth_domain::signing::KeysError;
use auth_domain::throttle::Throttled;

use super::{Problem, ProblemCode};

/// The server's own trouble: the cause is logged here and nowhere else, and the caller learns only what he can do.
fn failed(code: ProblemCode, cause: &dyn Display) -> Problem {
    // As a quoted string, so that a cause with line breaks stays one line in every format.
    tracing::error!(code = code.code(), cause = ?cause.to_string(), "a request failed");
    Problem::new(
        code,
        match code {
            ProblemCode::Busy => "The server is busy. Send the same request again in a moment.",
            ProblemCode::Unavailable => "The server cannot do this right now. Send the same request again in a moment.",
            _ => "Something went wrong in the server. The operator finds the reason in its log.",
        },
    )
}

impl Problem {
    /// Something that cannot fail has failed.
    pub(crate) fn internal(cause: &dyn Display) -> Self {
        failed(ProblemCode::Internal, cause)
    }

    /// More is waiting than there is room for.
    pub(crate) fn busy(cause: &dyn Display) -> Self {
        failed(ProblemCode::Busy, cause)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let code = match error {
            StoreError::Conflict | StoreError::Busy => ProblemCode::Busy,
            StoreError::Unavailable(_) => ProblemCode::Unavailable,
            StoreError::Corrupt { .. } => ProblemCode::Internal,
        };
        failed(code, &error)
    }
}

impl From<HashError> for Problem {
    fn from(error: HashError) -> Self {
        let code = match error {
            HashError::Busy => ProblemCode::Busy,
            HashError::Unusable(_) | HashError::Failed(_) => ProblemCode::Internal,
        };
        failed(code, &error)
    }
}

impl From<EntropyUnavailable> for Problem {
    fn from(error: EntropyUnavailable) -> Self {
        failed(ProblemCode::Unavailable, &error)
    }
}

impl From<TokensNotIssued> for Problem {
    fn from(error: TokensNotIssued) -> Self {
        match error {
            TokensNotIssued::Entropy(error) => error.into(),
            TokensNotIssued::StaleKeys(_) | TokensNotIssued::Claims(_) => failed(ProblemCode::Unavailable, &error),
            TokensNotIssued::Signing(_) | TokensNotIssued::UnknownMasterKey(_) => failed(ProblemCode::Internal, &error),
        }
    }
}

impl From<SealError> for Problem {
    fn from(error: SealError) -> Self {
        failed(ProblemCode::Internal, &error)
    }
}

impl From<TokenNotMade> for Problem {
    fn from(error: TokenNotMade) -> Self {
        match error {
            TokenNotMade::Entropy(error) => error.into(),
            TokenNotMade::Sealing(error) => error.into(),
        }
    }
}

impl From<Throttled> for Problem {
    fn from(error: Throttled) -> Self {
        Self::new(ProblemCode::TooManyAttempts, error.to_string()).retry_in(error.retry_after)
    }
}

impl From<RefreshError> for Problem {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::InvalidGrant => Self::new(ProblemCode::InvalidGrant, error.to_string()),
            RefreshError::SessionOver(over) => over.into(),
            RefreshError::Contended => failed(ProblemCode::Busy, &error),
            RefreshError::Store(error) => error.into(),
            RefreshError::Entropy(error) => error.into(),
            RefreshError::Tokens(error) => error.into(),
        }
    }
}

/// What the holder of a session's last token may know of its end: enough to explain it, and nothing that helps a thief.
impl From<Over> for Problem {
    fn from(over: Over) -> Self {
        match over {
            Over::Ended(EndReason::Logout | EndReason::LogoutAll) => {
                Self::new(ProblemCode::SessionSignedOut, "This device was signed out. Sign in again.")
            }
            Over::Ended(EndReason::Evicted | EndReason::Limit) => Self::new(
                ProblemCode::SessionEvicted,
                "This device was signed out because the account signed in on another one. Sign in again.",
            ),
            Over::Ended(
                EndReason::Replay | EndReason::PasswordChanged | EndReason::Admin | EndReason::AccountDisabled,
            )
            | Over::AccountDisabled => {
                Self::new(ProblemCode::SessionRevoked, "This session was ended to protect the account. Sign in again.")
            }
            Over::Expired => Self::new(ProblemCode::SessionExpired, "This session has expired. Sign in again."),
        }
    }
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::NotFound => Self::new(ProblemCode::SessionNotFound, error.to_string()),
            SessionError::Store(error) => error.into(),
            SessionError::Entropy(error) => error.into(),
        }
    }
}

impl From<AdminError> for Problem {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::NoSuchAccount => Self::new(ProblemCode::AccountNotFound, error.to_string()),
            AdminError::NoSuchSession => Self::new(ProblemCode::SessionNotFound, error.to_string()),
            AdminError::OwnAccount => Self::new(ProblemCode::OwnAccount, error.to_string()),
            AdminError::Token(error) => error.into(),
            AdminError::Store(error) => error.into(),
            AdminError::Entropy(error) => error.into(),
        }
    }
}

impl From<ApiKeyError> for Problem {
    fn from(error: ApiKeyError) -> Self {
        match error {
            // No route makes or revokes keys, so a key that is not found is one that was presented.
            ApiKeyError::Invalid | ApiKeyError::NotFound => {
                Self::new(ProblemCode::InvalidApiKey, ApiKeyError::Invalid.to_string())
            }
            ApiKeyError::MissingScope(_) => Self::new(ProblemCode::InsufficientScope, error.to_string()),
            ApiKeyError::Store(error) => error.into(),
            ApiKeyError::Entropy(error) => error.into(),
        }
    }
}

impl From<KeysError> for Problem {
    fn from(error: KeysError) -> Self {
        match error {
            KeysError::Refused(refused) => refused.into(),
            KeysError::Store(error) => error.into(),
            KeysError::Key(_) | KeysError::Sealed { .. } | KeysError::MasterKeys(_) | KeysError::NoneActive => {
                failed(ProblemCode::Internal, &error)
            }
        }
    }
}

impl From<KeyRefused> for Problem {
    fn from(refused: KeyRefused) -> Self {
        let code = match refused {
            // What was sent is not repeated.
            KeyRefused::NoSuchKey(_) => return Self::new(ProblemCode::KeyNotFound, "There is no key with this kid."),
            KeyRefused::NoNext(_) => ProblemCode::NoNextKey,
            KeyRefused::NotYetSeen { .. } => ProblemCode::KeyNotSeen,
            KeyRefused::Signs(_) | KeyRefused::Needed { .. } => ProblemCode::KeyInUse,
            KeyRefused::Revoked(_) => ProblemCode::KeyRevoked,
            KeyRefused::Exists(_) => ProblemCode::KeyExists,
            KeyRefused::AlreadyActive(_) => ProblemCode::KeyActive,
        };
        Self::new(code, refused.to_string())
    }
}
