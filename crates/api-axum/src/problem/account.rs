//! What each failure about accounts becomes: registering, signing in, and what protects an account. A new variant in the
//! domain does not compile until it has its line here.

use auth_domain::account::{AccountError, ChangeEmailError, EmailError, PasswordError, RegisterError, StepUpRequired};
use auth_domain::factor::FactorError;
use auth_domain::login::{LoginError, ReauthenticateError};
use auth_domain::model::PasswordRefused;

use super::{Problem, ProblemCode};
use crate::wire::DeviceBody;

impl From<RegisterError> for Problem {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::Email(error) => Self::new(ProblemCode::InvalidEmail, error.to_string()),
            RegisterError::Password(error) => error.into(),
            RegisterError::EmailTaken => Self::new(ProblemCode::EmailTaken, error.to_string()),
            RegisterError::Closed => Self::new(ProblemCode::RegistrationClosed, error.to_string()),
            RegisterError::NotInvited => Self::new(ProblemCode::NotInvited, error.to_string()),
            RegisterError::DomainNotAllowed => Self::new(ProblemCode::DomainNotAllowed, error.to_string()),
            RegisterError::Throttled(error) => error.into(),
            RegisterError::Hash(error) => error.into(),
            RegisterError::Store(error) => error.into(),
            RegisterError::Token(error) => error.into(),
        }
    }
}

impl From<PasswordRefused> for Problem {
    fn from(error: PasswordRefused) -> Self {
        let code = match error {
            PasswordRefused::TooShort { .. } => ProblemCode::PasswordTooShort,
            PasswordRefused::TooLong(_) => ProblemCode::PasswordTooLong,
            PasswordRefused::Common
            | PasswordRefused::Repetitive
            | PasswordRefused::Sequential
            | PasswordRefused::Personal(_)
            | PasswordRefused::Breached { .. } => {
                return Self::new(ProblemCode::PasswordGuessable, error.to_string())
                    .with("reason", error.reason().into());
            }
        };
        Self::new(code, error.to_string())
    }
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        match error {
            // The token was good, but it speaks of nobody: to the client it is one more bad token.
            AccountError::Gone => Self::invalid_token(),
            AccountError::WrongPassword => Self::new(ProblemCode::WrongPassword, error.to_string()),
            AccountError::Throttled(error) => error.into(),
            AccountError::Hash(error) => error.into(),
            AccountError::Store(error) => error.into(),
            AccountError::Entropy(error) => error.into(),
        }
    }
}

impl From<StepUpRequired> for Problem {
    fn from(error: StepUpRequired) -> Self {
        Self::step_up(error.max_age, error.to_string())
    }
}

impl From<PasswordError> for Problem {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Gone => Self::invalid_token(),
            PasswordError::WrongPassword => Self::new(ProblemCode::WrongPassword, error.to_string()),
            PasswordError::InvalidToken => Self::new(ProblemCode::InvalidLink, error.to_string()),
            PasswordError::Password(error) => error.into(),
            PasswordError::Throttled(error) => error.into(),
            PasswordError::Hash(error) => error.into(),
            PasswordError::Store(error) => error.into(),
            PasswordError::Token(error) => error.into(),
        }
    }
}

impl From<EmailError> for Problem {
    fn from(error: EmailError) -> Self {
        match error {
            EmailError::InvalidToken => Self::new(ProblemCode::InvalidLink, error.to_string()),
            EmailError::EmailTaken => Self::new(ProblemCode::EmailTaken, error.to_string()),
            EmailError::Throttled(error) => error.into(),
            EmailError::Store(error) => error.into(),
            EmailError::Token(error) => error.into(),
        }
    }
}

impl From<ChangeEmailError> for Problem {
    fn from(error: ChangeEmailError) -> Self {
        match error {
            ChangeEmailError::Gone => Self::invalid_token(),
            ChangeEmailError::WrongPassword => Self::new(ProblemCode::WrongPassword, error.to_string()),
            ChangeEmailError::Email(error) => Self::new(ProblemCode::InvalidEmail, error.to_string()),
            ChangeEmailError::StepUp(error) => error.into(),
            ChangeEmailError::Hash(error) => error.into(),
            ChangeEmailError::Mail(error) => error.into(),
        }
    }
}

impl From<LoginError> for Problem {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::InvalidCredentials => Self::new(ProblemCode::InvalidCredentials, error.to_string()),
            LoginError::SecondFactorRequired { ref token, ref methods } => {
                Self::new(ProblemCode::MfaRequired, error.to_string())
                    .with("mfa_token", token.expose().into())
                    .with("methods", methods.as_slice().into())
            }
            LoginError::InvalidMfaToken => Self::new(ProblemCode::InvalidMfaToken, error.to_string()),
            LoginError::InvalidSecondFactor => Self::new(ProblemCode::InvalidSecondFactor, error.to_string()),
            LoginError::InvalidPasskey => Self::new(ProblemCode::InvalidPasskey, error.to_string()),
            LoginError::NoPasskeys => Self::new(ProblemCode::PasskeysUnavailable, error.to_string()),
            LoginError::EmailNotVerified => Self::new(ProblemCode::EmailNotVerified, error.to_string()),
            LoginError::SessionLimitReached { ref live } => {
                let sessions = live.iter().map(|record| serde_json::json!(DeviceBody::from(record))).collect();
                Self::new(ProblemCode::SessionLimitReached, error.to_string()).with("sessions", sessions)
            }
            LoginError::Throttled(error) => error.into(),
            LoginError::Hash(error) => error.into(),
            LoginError::Store(error) => error.into(),
            LoginError::Token(error) => error.into(),
            LoginError::Sealed(error) => error.into(),
            LoginError::Tokens(error) => error.into(),
        }
    }
}

/// To somebody who is signed in, a wrong proof is no bad access token: it is 403 or 422, which no client takes for the end of its
/// session.
impl From<ReauthenticateError> for Problem {
    fn from(error: ReauthenticateError) -> Self {
        match error {
            ReauthenticateError::SecondFactorRequired { ref methods } => {
                Self::new(ProblemCode::SecondFactorRequired, error.to_string())
                    .with("methods", methods.as_slice().into())
            }
            ReauthenticateError::SessionOver => Self::invalid_token(),
            ReauthenticateError::Login(LoginError::InvalidCredentials) => {
                Self::new(ProblemCode::WrongPassword, "the password is wrong")
            }
            ReauthenticateError::Login(LoginError::InvalidSecondFactor) => {
                Self::new(ProblemCode::WrongCode, error.to_string())
            }
            ReauthenticateError::Login(LoginError::InvalidPasskey) => {
                Self::new(ProblemCode::PasskeyRefused, error.to_string())
            }
            ReauthenticateError::Login(error) => error.into(),
        }
    }
}

impl From<FactorError> for Problem {
    fn from(error: FactorError) -> Self {
        match error {
            FactorError::Gone => Self::invalid_token(),
            FactorError::StepUp(error) => error.into(),
            FactorError::TotpExists => Self::new(ProblemCode::TotpExists, error.to_string()),
            FactorError::NotFound => Self::new(ProblemCode::FactorNotFound, error.to_string()),
            FactorError::WrongCode => Self::new(ProblemCode::WrongCode, error.to_string()),
            FactorError::InvalidPasskey(ref reason) => {
                // What is wrong with an answer is for the operator.
                tracing::debug!(reason = ?reason, "a passkey was not added");
                Self::new(ProblemCode::PasskeyRefused, "the passkey was not accepted; begin again")
            }
            FactorError::TooManyPasskeys => Self::new(ProblemCode::TooManyPasskeys, error.to_string()),
            FactorError::NoPasskeys => Self::new(ProblemCode::PasskeysUnavailable, error.to_string()),
            FactorError::Throttled(error) => error.into(),
            FactorError::Store(error) => error.into(),
            FactorError::Token(error) => error.into(),
            FactorError::Sealed(error) => error.into(),
        }
    }
}
