//! How hard a password is to guess, for the page on which it is typed. Text made to be slow takes a tenth of a second, so one is
//! judged at a time, on a thread that serves nobody else, and few wait.

use std::sync::Arc;

use auth_domain::credential;
use auth_domain::model::{Password, PasswordContext, PasswordPolicy, PasswordRefused};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use tokio::sync::Semaphore;
use utoipa::ToSchema;

use crate::problem::Problem;

/// How many requests are judged or wait for it.
const MOST_WAITING: usize = 16;

/// Judges passwords.
pub(crate) struct Advice {
    policy: Arc<PasswordPolicy>,
    places: Semaphore,
    at_work: Arc<Semaphore>,
}

/// An estimate on the wire.
#[derive(Serialize, ToSchema)]
#[schema(as = PasswordStrength)]
pub(crate) struct StrengthBody {
    /// 0 (guessed at once) to 4 (very hard to guess).
    #[schema(minimum = 0, maximum = 4, examples(4))]
    score: u8,
    /// How many guesses it takes, as a power of ten.
    #[schema(examples(14.2))]
    guesses_log10: f64,
    #[schema(required)]
    warning: Option<String>,
    #[schema(examples("Add another word or two."))]
    suggestions: Vec<String>,
}

impl Advice {
    pub(crate) fn new(policy: PasswordPolicy) -> Self {
        Self { policy: Arc::new(policy), places: Semaphore::new(MOST_WAITING), at_work: Arc::new(Semaphore::new(1)) }
    }

    /// The estimate for one password.
    pub(crate) async fn of(&self, typed: &SecretString) -> Result<StrengthBody, Problem> {
        let password = Password::new(typed.expose_secret()).map_err(PasswordRefused::from)?;
        let _place = self.places.try_acquire().map_err(|_| Problem::busy(&"too many passwords wait to be judged"))?;
        let at_work = Arc::clone(&self.at_work).acquire_owned().await;
        let policy = Arc::clone(&self.policy);
        let judged = tokio::task::spawn_blocking(move || {
            // The permit goes with the work, not with the request.
            let _at_work = at_work;
            credential::strength(&password, &policy, &PasswordContext::default())
        });
        let strength = judged.await.map_err(|error| Problem::internal(&error))?;
        Ok(StrengthBody {
            score: strength.score,
            guesses_log10: strength.guesses_log10,
            warning: strength.warning,
            suggestions: strength.suggestions,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::ProblemCode;

    #[tokio::test]
    async fn more_passwords_than_may_wait_are_refused() {
        let advice = Advice::new(PasswordPolicy::default());
        let _taken = advice.places.try_acquire_many(u32::try_from(MOST_WAITING).unwrap()).unwrap();
        let refused = advice.of(&SecretString::from("correct horse battery staple")).await;
        assert_eq!(refused.err().map(|problem| problem.code()), Some(ProblemCode::Busy));
    }

    #[tokio::test]
    async fn one_password_is_judged_at_a_time() {
        let advice = Advice::new(PasswordPolicy::default());
        let _taken = Arc::clone(&advice.at_work).acquire_owned().await;
        let typed = SecretString::from("correct horse battery staple");
        let judged = tokio::time::timeout(std::time::Duration::from_millis(20), advice.of(&typed)).await;
        assert!(judged.is_err());
    }
}
