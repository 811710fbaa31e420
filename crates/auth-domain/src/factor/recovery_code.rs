//! Recovery codes: for who has lost his phone. Long enough that a plain hash of one keeps it (OWASP ASVS 6.5.2).

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::model::TokenHash;

/// Crockford's letters: none that is easily taken for another one.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH: usize = 24;
const GROUP: usize = 4;

/// A recovery code: 120 random bits as `xxxx-xxxx-xxxx-xxxx-xxxx-xxxx`. Zeroed on drop.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct RecoveryCode(String);

impl RecoveryCode {
    /// The code of these random bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 15]) -> Self {
        let bytes = Zeroizing::new(bytes);
        let mut code = String::with_capacity(LENGTH);
        let (mut bits, mut held) = (0_u32, 0_u32);
        for byte in *bytes {
            held = (held << 8) | u32::from(byte);
            bits += 8;
            while bits >= 5 {
                bits -= 5;
                let index = usize::try_from((held >> bits) & 31).unwrap_or(0);
                code.push(char::from(LETTERS.get(index).copied().unwrap_or(b'0')));
            }
            held &= (1 << bits) - 1;
        }
        Self(code)
    }

    /// Reads what somebody typed: in any case, with or without hyphens and spaces, `o` for 0, `i` and `l` for 1. `None` when it
    /// has not the form of a code.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        if typed.len() > 64 {
            return None;
        }
        let mut code = String::with_capacity(typed.len());
        for letter in typed.chars().filter(|c| !matches!(c, '-' | ' ')) {
            let letter = match letter.to_ascii_lowercase() {
                'o' => '0',
                'i' | 'l' => '1',
                letter => letter,
            };
            u8::try_from(letter).ok().filter(|byte| LETTERS.contains(byte))?;
            code.push(letter);
        }
        (code.len() == LENGTH).then_some(Self(code))
    }

    /// The code as it is shown, in groups.
    #[must_use]
    pub fn expose(&self) -> String {
        let letters: Vec<char> = self.0.chars().collect();
        letters.chunks(GROUP).map(String::from_iter).collect::<Vec<_>>().join("-")
    }

    /// What the store keeps of it.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        let digest = digest(&SHA256, self.0.as_bytes());
        TokenHash::from_bytes(digest.as_ref().first_chunk().copied().unwrap_or_default())
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code = RecoveryCode::from_bytes([
            0x00, 0x44, 0x32, 0x14, 0xc7, 0x42, 0x54, 0xb6, 0x35, 0xcf, 0x84, 0x65, 0x3a, 0x56, 0xd7,
        ]);
        let shown = code.expose();
        assert_eq!(shown, "0123-4567-89ab-cdef-ghjk-mnpq");
        for typed in [
            shown.clone(),
            shown.to_uppercase(),
            shown.replace('-', ""),
            shown.replace('0', "O"),
            shown.replace('1', "l"),
            shown.replace('-', " "),
        ] {
            assert_eq!(RecoveryCode::parse(&typed), Some(code.clone()), "{typed}");
        }
        for typed in ["", "123456", "0123-4567", &shown.replace('q', "u"), &format!("{shown}0"), &"0".repeat(1_000)] {
            assert_eq!(RecoveryCode::parse(typed), None, "{typed}");
        }
    }
}
