//! Private JSON Web Keys (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2).

use super::scheme::{Scheme, choose};
use super::{KeyError, SigningKey, jwk, strength};
use crate::{Algorithm, strict};
use aws_lc_rs::{
    rsa::KeyPairComponents,
    signature::{EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, RsaKeyPair, RsaPublicKeyComponents},
};
use serde_json::{Map, Value};
use zeroize::{Zeroize, Zeroizing};

/// What was read of a private key in JSON, wiped when dropped: the parser keeps it in plain strings.
struct Wiped(Map<String, Value>);

impl Drop for Wiped {
    fn drop(&mut self) {
        self.0.values_mut().for_each(wipe);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

pub(super) fn read(text: &str, wanted: Option<Algorithm>) -> Result<SigningKey, KeyError> {
    let members = Wiped(strict::object(text.as_bytes())?);
    of_members(&members.0, wanted)
}

pub(super) fn read_set(text: &str, wanted: Option<Algorithm>) -> Result<Vec<SigningKey>, KeyError> {
    let members = Wiped(strict::object(text.as_bytes())?);
    let listed = match members.0.get("keys") {
        None => return Err(KeyError::Missing("keys")),
        Some(Value::Array(listed)) => listed,
        Some(_) => return Err(KeyError::Member("keys")),
    };
    let mut keys: Vec<SigningKey> = Vec::with_capacity(listed.len());
    for jwk in listed {
        let Value::Object(jwk) = jwk else { return Err(KeyError::Member("keys")) };
        match of_members(jwk, wanted) {
            Ok(key) if keys.iter().any(|listed| listed.kid() == key.kid()) => return Err(KeyError::DuplicateKeyId),
            Ok(key) => keys.push(key),
            Err(error) if error.is_foreign() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(keys)
}

fn of_members(members: &Map<String, Value>, wanted: Option<Algorithm>) -> Result<SigningKey, KeyError> {
    let kind = jwk::key_type(members)?;
    jwk::check_purpose(members, "sign")?;
    jwk::optional_string(members, "kid")?;
    let algorithm = choose(kind, wanted, jwk::algorithm(members)?)?;
    match Scheme::of(algorithm) {
        Scheme::Ed25519 => {
            let (seed, point) = (private(members, "d")?, jwk::bytes(members, "x")?);
            if seed.len() != 32 {
                return Err(KeyError::Member("d"));
            }
            let pair = Ed25519KeyPair::from_seed_and_public_key(&seed, &point).map_err(|_| KeyError::Mismatched)?;
            SigningKey::of_ed25519(algorithm, pair)
        }
        Scheme::Ecdsa { signing, size, .. } => SigningKey::of_ecdsa(algorithm, ec(members, signing, size)?),
        Scheme::Rsa { .. } => SigningKey::of_rsa(algorithm, rsa(members)?),
        Scheme::Hmac(_) => SigningKey::of_secret(algorithm, &private(members, "k")?),
    }
}

fn ec(
    members: &Map<String, Value>,
    signing: &'static EcdsaSigningAlgorithm,
    size: usize,
) -> Result<EcdsaKeyPair, KeyError> {
    let d = private(members, "d")?;
    let (x, y) = (jwk::bytes(members, "x")?, jwk::bytes(members, "y")?);
    for (name, length) in [("d", d.len()), ("x", x.len()), ("y", y.len())] {
        if length != size {
            return Err(KeyError::Member(name));
        }
    }
    let point = [&[4], x.as_slice(), &y].concat();
    EcdsaKeyPair::from_private_key_and_public_key(signing, &d, &point).map_err(|_| KeyError::Mismatched)
}

/// The primes and the numbers that follow from them are required: without them a signature would be slow, and the key
/// could not be checked.
fn rsa(members: &Map<String, Value>) -> Result<RsaKeyPair, KeyError> {
    let d = private(members, "d")?;
    if members.contains_key("oth") {
        return Err(KeyError::Unsupported("oth"));
    }
    let (n, e) = (jwk::bytes(members, "n")?, jwk::bytes(members, "e")?);
    strength::check_rsa_signing(&n, &e)?;
    let components = KeyPairComponents {
        public_key: RsaPublicKeyComponents { n: Zeroizing::new(n), e: Zeroizing::new(e) },
        d,
        p: required(members, "p")?,
        q: required(members, "q")?,
        dP: required(members, "dp")?,
        dQ: required(members, "dq")?,
        qInv: required(members, "qi")?,
    };
    RsaKeyPair::from_components(&components).map_err(|_| KeyError::Mismatched)
}

fn required(members: &Map<String, Value>, name: &'static str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    jwk::bytes(members, name).map(Zeroizing::new)
}

/// The member that makes a key private.
fn private(members: &Map<String, Value>, name: &'static str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    if members.contains_key(name) { required(members, name) } else { Err(KeyError::NotPrivate) }
}
