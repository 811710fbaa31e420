//! A password hasher that takes no time. It protects nothing.

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};

use crate::model::{Password, PasswordHash};
use crate::ports::{HashError, PasswordHasher, Verdict};

/// One round of SHA-256, for tests in which time does not matter.
#[derive(Debug, Default)]
pub struct PlainHasher;

fn sha256(password: &Password) -> String {
    let hash = digest(&SHA256, password.expose());
    hash.as_ref().iter().fold("plain:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

#[async_trait]
impl PasswordHasher for PlainHasher {
    async fn hash(&self, password: Password) -> Result<PasswordHash, HashError> {
        Ok(PasswordHash::new(sha256(&password)))
    }

    async fn verify(&self, password: Password, hash: Option<PasswordHash>) -> Result<Verdict, HashError> {
        let matches = hash.is_some_and(|hash| hash.expose() == sha256(&password));
        Ok(if matches { Verdict::Matches { rehash: false } } else { Verdict::Differs })
    }
}
