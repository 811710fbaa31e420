//! Keys in PEM (RFC 7468): which block it is, and who reads it.

use super::{KeyError, SigningKey, VerificationKey, der};
use crate::Algorithm;
use ::pem::{EncodeConfig, LineEnding, Pem};
use zeroize::Zeroizing;

/// A label is shown no longer than this, in characters.
const MAX_SHOWN_LABEL: usize = 64;

/// The one block of the text that is not `EC PARAMETERS`, which `openssl ecparam` writes before the key.
struct Block {
    label: String,
    der: Zeroizing<Vec<u8>>,
}

impl Block {
    fn read(text: &str) -> Result<Self, KeyError> {
        let blocks = ::pem::parse_many(text).map_err(|_| KeyError::NotPem)?;
        let mut keys = blocks.into_iter().filter(|block| block.tag() != "EC PARAMETERS").map(|block| {
            let encrypted = block.headers().get("Proc-Type").is_some_and(|kind| kind.contains("ENCRYPTED"));
            (encrypted, Self { label: block.tag().to_owned(), der: Zeroizing::new(block.into_contents()) })
        });
        match (keys.next(), keys.next()) {
            (Some((true, _)), None) => Err(KeyError::Encrypted),
            (Some((false, block)), None) => Ok(block),
            (None, _) => Err(KeyError::NotPem),
            (Some(_), Some(_)) => Err(KeyError::SeveralKeys),
        }
    }

    fn refuse(&self) -> KeyError {
        KeyError::PemLabel(self.label.chars().take(MAX_SHOWN_LABEL).collect())
    }
}

pub(super) fn private(text: &str, algorithm: Option<Algorithm>) -> Result<SigningKey, KeyError> {
    let block = Block::read(text)?;
    match block.label.as_str() {
        "PRIVATE KEY" => der::private_key_info(&block.der, algorithm),
        "EC PRIVATE KEY" => der::ec_private_key(&block.der, algorithm),
        "RSA PRIVATE KEY" => der::rsa_private_key(&block.der, algorithm),
        "ENCRYPTED PRIVATE KEY" => Err(KeyError::Encrypted),
        "PUBLIC KEY" | "RSA PUBLIC KEY" => Err(KeyError::NotPrivate),
        _ => Err(block.refuse()),
    }
}

pub(super) fn public(text: &str, algorithm: Option<Algorithm>) -> Result<VerificationKey, KeyError> {
    let block = Block::read(text).map_err(|error| match error {
        KeyError::Encrypted => KeyError::PrivatePem,
        error => error,
    })?;
    match block.label.as_str() {
        "PUBLIC KEY" => der::subject_public_key_info(&block.der, algorithm),
        "RSA PUBLIC KEY" => der::rsa_public_key(&block.der, algorithm),
        label if label.ends_with("PRIVATE KEY") => Err(KeyError::PrivatePem),
        _ => Err(block.refuse()),
    }
}

/// A `PUBLIC KEY` block of this DER, with a line break at its end.
pub(super) fn of_public(der: &[u8]) -> String {
    let config = EncodeConfig::new().set_line_ending(LineEnding::LF);
    ::pem::encode_config(&Pem::new("PUBLIC KEY", der), config)
}
