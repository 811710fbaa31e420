//! A new password on its way in: the policy first, then, where the operator wants it, the stolen ones.

use crate::model::{Password, PasswordContext, PasswordDigest, PasswordPolicy, PasswordRefused};
use crate::ports::{Breach, BreachCheck};

/// Takes a password that somebody wants to set. A breach check that gives no answer is logged and hinders nobody.
///
/// # Errors
/// When the policy refuses it, or it was stolen somewhere.
pub async fn accept(
    policy: &PasswordPolicy,
    breaches: Option<&dyn BreachCheck>,
    typed: &str,
    context: &PasswordContext<'_>,
) -> Result<Password, PasswordRefused> {
    let password = policy.check(typed, context)?;
    let Some(breaches) = breaches else { return Ok(password) };
    match breaches.look_up(&PasswordDigest::of(&password)).await {
        Breach::Breached { times } => Err(PasswordRefused::Breached { times }),
        Breach::NotFound => Ok(password),
        Breach::Unavailable(reason) => {
            tracing::warn!(%reason, "a new password was not looked up among stolen ones; it is accepted without");
            Ok(password)
        }
    }
}
