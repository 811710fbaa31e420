//! A password that is shown to prove who somebody is.

use secrecy::{ExposeSecret, SecretString};

use crate::model::{Password, PasswordHash};
use crate::ports::{HashError, PasswordHasher, Verdict};

/// Whether the password belongs to the hash. The same work is done whatever is wrong: without a hash, and with a text that can be
/// no password.
pub(crate) async fn verify(
    hasher: &dyn PasswordHasher,
    typed: &SecretString,
    hash: Option<PasswordHash>,
) -> Result<Verdict, HashError> {
    match Password::new(typed.expose_secret()) {
        Ok(password) => hasher.verify(password, hash).await,
        Err(_) => hasher.verify(Password::placeholder(), hash).await.map(|_| Verdict::Differs),
    }
}
