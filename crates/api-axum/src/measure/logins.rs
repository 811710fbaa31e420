//! Logins, by what was shown and what became of them.

use auth_domain::login::{LoginError, SignedIn};

use super::table::names;

/// What somebody shows to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// A mail address and a password.
    Password,
    /// What follows the password.
    SecondFactor,
    /// A passkey alone.
    Passkey,
}

impl Shown {
    const ALL: [Self; 3] = [Self::Password, Self::SecondFactor, Self::Passkey];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::SecondFactor => "second_factor",
            Self::Passkey => "passkey",
        }
    }

    /// Counts what became of it.
    pub(crate) fn gave(self, outcome: &Result<SignedIn, LoginError>) {
        metrics::counter!(names::LOGINS, "method" => self.as_str(), "outcome" => name_of(outcome)).increment(1);
    }
}

const OUTCOMES: [&str; 8] = [
    "signed_in",
    "refused",
    "second_factor_required",
    "email_not_verified",
    "session_limit_reached",
    "throttled",
    "busy",
    "failed",
];

fn name_of(outcome: &Result<SignedIn, LoginError>) -> &'static str {
    use auth_domain::ports::HashError;
    let Err(error) = outcome else { return "signed_in" };
    match error {
        LoginError::InvalidCredentials
        | LoginError::InvalidMfaToken
        | LoginError::InvalidSecondFactor
        | LoginError::InvalidPasskey
        | LoginError::NoPasskeys => "refused",
        LoginError::SecondFactorRequired { .. } => "second_factor_required",
        LoginError::EmailNotVerified => "email_not_verified",
        LoginError::SessionLimitReached { .. } => "session_limit_reached",
        LoginError::Throttled(_) => "throttled",
        LoginError::Hash(HashError::Busy) => "busy",
        LoginError::Hash(_)
        | LoginError::Store(_)
        | LoginError::Token(_)
        | LoginError::Sealed(_)
        | LoginError::Tokens(_) => "failed",
    }
}

pub(super) fn begin_at_zero() {
    for shown in Shown::ALL {
        for outcome in OUTCOMES {
            metrics::counter!(names::LOGINS, "method" => shown.as_str(), "outcome" => outcome).increment(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use auth_domain::throttle::Throttled;

    use super::*;

    #[test]
    fn every_outcome_is_one_of_those_that_begin_at_zero() {
        let throttled = LoginError::Throttled(Throttled { retry_after: std::time::Duration::ZERO });
        for error in [LoginError::InvalidCredentials, LoginError::EmailNotVerified, throttled] {
            let name = name_of(&Err(error));
            assert!(OUTCOMES.contains(&name), "{name}");
        }
    }
}
