//! Which public keys are too weak to believe.

use super::KeyError;

/// Fewest and most bits of an RSA modulus. Below lies what can be factored, above what makes a verifier slow.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// Fewest bits of the public exponent with which a private key may sign (FIPS 186-5 §5.1): e >= 65537.
const MIN_SIGNING_EXPONENT_LEN: usize = 3;

/// Checks an RSA public key, given big-endian as RFC 7518 §6.3.1 says: without leading zeros.
///
/// The exponent is odd, at least 3 and at most 33 bits long, as AWS-LC demands too.
pub(super) fn check_rsa(modulus: &[u8], exponent: &[u8]) -> Result<(), KeyError> {
    let (Some(&first), Some(&last)) = (modulus.first(), modulus.last()) else { return Err(KeyError::Member("n")) };
    if first == 0 {
        return Err(KeyError::Member("n"));
    }
    let bits = modulus.len() * 8 - first.leading_zeros() as usize;
    if bits < *RSA_BITS.start() {
        return Err(KeyError::RsaTooShort { bits });
    }
    if bits > *RSA_BITS.end() {
        return Err(KeyError::RsaTooLong { bits });
    }
    if last & 1 == 0 {
        return Err(KeyError::InvalidPublicKey);
    }
    match *exponent {
        [] | [0, ..] => Err(KeyError::Member("e")),
        [1] => Err(KeyError::RsaExponent),
        [.., last] if last & 1 == 0 || exponent.len() > 5 || (exponent.len() == 5 && exponent.first() > Some(&1)) => {
            Err(KeyError::RsaExponent)
        }
        _ => Ok(()),
    }
}

/// Checks an RSA key that is to sign: its exponent must be at least 65537.
pub(super) fn check_rsa_signing(modulus: &[u8], exponent: &[u8]) -> Result<(), KeyError> {
    check_rsa(modulus, exponent)?;
    if exponent.len() < MIN_SIGNING_EXPONENT_LEN { Err(KeyError::RsaExponent) } else { Ok(()) }
}

/// Whether the point is of small order, so that anyone can sign for it, or its encoding is not canonical (y >= p).
pub(super) fn is_weak_ed25519(point: &[u8; 32]) -> bool {
    const ORDER_8: [[u8; 32]; 2] = [
        [
            0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
            0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
        ],
        [
            0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
            0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
        ],
    ];
    let mut y = *point;
    let [first, middle @ .., last] = &mut y;
    // The highest bit is the sign of x and says nothing about the order.
    *last &= 0x7f;
    let zero_or_one = *first <= 1 && middle.iter().all(|byte| *byte == 0) && *last == 0;
    // p ends in 0xed: from p - 1 (order 2) upwards nothing is acceptable.
    let minus_one_or_beyond = *first >= 0xec && middle.iter().all(|byte| *byte == 0xff) && *last == 0x7f;
    zero_or_one || minus_one_or_beyond || ORDER_8.contains(&y)
}
