//! One-time passwords by an app (RFC 6238): SHA-1, 6 digits, 30 seconds, which every app can.

use std::fmt;

use totp_rs::{Algorithm, Builder};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::model::{AccountId, SealedBytes, Timestamp};
use crate::sealing::{Seal, SealError, Sealer};

const SEAL: &str = "jeton/totp/seal/v1";
const DIGITS: u8 = 6;
const STEP: u64 = 30;

/// An app's secret: 160 bits, as RFC 4226 §4 recommends. Zeroed on drop.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(crate) struct TotpSecret([u8; 20]);

impl TotpSecret {
    /// Takes random bytes.
    #[must_use]
    pub(crate) const fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(…)")
    }
}

/// What an owner needs to set his app up. Shown once, zeroed on drop.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct TotpSetup {
    secret: String,
    url: String,
}

impl TotpSetup {
    /// The secret in base32, to type it.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// The `otpauth://` address, to show it as a QR code.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl fmt::Debug for TotpSetup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSetup(…)")
    }
}

/// What an app needs to be set up for an account.
pub(crate) fn setup(secret: &TotpSecret, product: &str, account: &str) -> TotpSetup {
    // A colon would end the name in the address (Key URI Format), and neither needs one to be recognised.
    let plain = |text: &str| text.replace(':', " ");
    let totp = builder(secret).with_issuer(Some(plain(product))).with_account_name(plain(account)).build();
    let url = totp.ok().and_then(|totp| totp.to_url().ok()).unwrap_or_default();
    TotpSetup { secret: totp_rs::Secret::from(secret.0).to_base32(), url }
}

/// The step whose password this is: the one of `now`, or one before or after it, for clocks that differ.
pub(crate) fn step(secret: &TotpSecret, code: &str, now: Timestamp) -> Option<u64> {
    let code: Zeroizing<String> = Zeroizing::new(code.chars().filter(|c| *c != ' ').collect());
    builder(secret).build().ok()?.check(&code, now.unix().as_secs())
}

fn builder(secret: &TotpSecret) -> Builder {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(DIGITS)
        .with_skew(1)
        .with_step_duration(STEP)
        .with_secret(secret.0)
}

pub(crate) fn seal(sealer: &Sealer, account: AccountId, secret: &TotpSecret) -> Result<SealedBytes, SealError> {
    let name = account.to_string();
    let bytes = sealer.seal(Seal { purpose: SEAL, identity: &[&name] }, &secret.0)?;
    Ok(SealedBytes { key_id: sealer.active(), bytes })
}

pub(crate) fn open(keeper: &Sealer, account: AccountId, sealed: &SealedBytes) -> Result<TotpSecret, SealError> {
    let name = account.to_string();
    let bytes = keeper.open(Seal { purpose: SEAL, identity: &[&name] }, sealed.key_id, &sealed.bytes)?;
    let secret = bytes.as_slice().try_into().map_err(|_| SealError::DoesNotOpen(sealed.key_id))?;
    Ok(TotpSecret::from_bytes(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238 appendix B, the last six of its eight digits.
    #[test]
    fn the_passwords_are_those_of_the_rfc() {
        let secret = TotpSecret::from_bytes(*b"12345678901234567890");
        for (time, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")]
        {
            assert_eq!(step(&secret, code, Timestamp::from_secs(time)), u64::try_from(time / 30).ok());
        }
    }

    #[test]
    fn a_password_is_good_for_its_own_step_and_its_neighbours() {
        let secret = TotpSecret::from_bytes(*b"12345678901234567890");
        let at = |secs| step(&secret, "287 082", Timestamp::from_secs(secs));
        assert_eq!([0, 29, 30, 59, 60, 89, 90].map(at), [Some(1), Some(1), Some(1), Some(1), Some(1), Some(1), None]);
        for wrong in ["", "287083", "94287082", "28708", "²87082"] {
            assert_eq!(step(&secret, wrong, Timestamp::from_secs(59)), None, "{wrong}");
        }
    }

    #[test]
    fn an_app_is_told_who_and_what_it_is_for() {
        let shown = setup(&TotpSecret::from_bytes(*b"12345678901234567890"), "Example: Inc", "a:b@example.com");
        assert_eq!(shown.secret(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert!(shown.url().starts_with("otpauth://totp/Example"), "{}", shown.url());
        assert!(shown.url().contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"));
    }
}
