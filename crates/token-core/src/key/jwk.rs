//! JSON Web Keys (RFC 7517): reading their members, naming them by thumbprint (RFC 7638), showing their public half.

use super::KeyError;
use crate::{Algorithm, KeyType, strict};
use aws_lc_rs::digest;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// The public half of a key as it is published (RFC 7517). It has no place for a private member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PublicJwk {
    /// Key type and coordinates.
    #[serde(flatten)]
    pub parameters: PublicParameters,
    /// The key's name in a token's header.
    pub kid: String,
    /// The one algorithm that it verifies.
    pub alg: Algorithm,
    /// Always `sig`.
    #[serde(rename = "use")]
    pub usage: &'static str,
}

/// What makes up a public key, by key type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kty")]
#[non_exhaustive]
pub enum PublicParameters {
    /// An Edwards curve (RFC 8037 §2).
    #[serde(rename = "OKP")]
    Okp {
        /// The curve.
        crv: &'static str,
        /// The point, base64url.
        x: String,
    },
    /// A NIST curve (RFC 7518 §6.2).
    #[serde(rename = "EC")]
    Ec {
        /// The curve.
        crv: &'static str,
        /// The first coordinate, base64url.
        x: String,
        /// The second coordinate, base64url.
        y: String,
    },
    /// RSA (RFC 7518 §6.3).
    #[serde(rename = "RSA")]
    Rsa {
        /// The modulus, base64url.
        n: String,
        /// The exponent, base64url.
        e: String,
    },
}

impl PublicJwk {
    /// The JWK as JSON.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut members: Map<String, Value> =
            self.parameters.named().into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        members.insert("kid".to_owned(), self.kid.as_str().into());
        members.insert("alg".to_owned(), self.alg.name().into());
        members.insert("use".to_owned(), self.usage.into());
        Value::Object(members)
    }
}

impl PublicParameters {
    /// The members that make up the key, which are also those that name it (RFC 7638 §3.2).
    fn named(&self) -> Vec<(&'static str, &str)> {
        match self {
            Self::Okp { crv, x } => vec![("crv", crv), ("kty", "OKP"), ("x", x)],
            Self::Ec { crv, x, y } => vec![("crv", crv), ("kty", "EC"), ("x", x), ("y", y)],
            Self::Rsa { n, e } => vec![("e", e), ("kty", "RSA"), ("n", n)],
        }
    }

    pub(crate) fn thumbprint(&self) -> String {
        digest_members(&self.named())
    }
}

/// The RFC 7638 thumbprint (SHA-256, base64url) of a JWK of type `EC`, `OKP`, `RSA` or `oct`, public or private.
///
/// # Errors
/// [`KeyError`] when the text is not a JWK of those types or lacks a member that names the key.
pub fn thumbprint(jwk: &str) -> Result<String, KeyError> {
    let members = strict::object(jwk.as_bytes())?;
    let required: &[&'static str] = match string(&members, "kty")? {
        "EC" => &["crv", "kty", "x", "y"],
        "OKP" => &["crv", "kty", "x"],
        "RSA" => &["e", "kty", "n"],
        "oct" => &["k", "kty"],
        _ => return Err(KeyError::Unsupported("kty")),
    };
    let named =
        required.iter().map(|name| Ok((*name, string(&members, name)?))).collect::<Result<Vec<_>, KeyError>>()?;
    Ok(digest_members(&named))
}

pub(super) fn thumbprint_of_secret(secret: &[u8]) -> String {
    let k = Zeroizing::new(strict::to_base64url(secret));
    digest_members(&[("k", &k), ("kty", "oct")])
}

/// RFC 7638 §3: the members in lexicographic order, without white space, hashed.
fn digest_members(members: &[(&str, &str)]) -> String {
    let ordered: BTreeMap<&str, &str> = members.iter().copied().collect();
    let mut text = Zeroizing::new(String::from("{"));
    for (index, (name, value)) in ordered.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(&Value::from(name).to_string());
        text.push(':');
        text.push_str(&Zeroizing::new(Value::from(value).to_string()));
    }
    text.push('}');
    strict::to_base64url(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}

pub(super) fn string<'a>(members: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, KeyError> {
    optional_string(members, name)?.ok_or(KeyError::Missing(name))
}

pub(super) fn optional_string<'a>(
    members: &'a Map<String, Value>,
    name: &'static str,
) -> Result<Option<&'a str>, KeyError> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(KeyError::Member(name)),
    }
}

/// The bytes of a base64url member.
pub(super) fn bytes(members: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, KeyError> {
    strict::base64url(string(members, name)?).map_err(|_| KeyError::Member(name))
}

/// The kind of key, by `kty` and `crv`.
pub(super) fn key_type(members: &Map<String, Value>) -> Result<KeyType, KeyError> {
    match string(members, "kty")? {
        "OKP" => match string(members, "crv")? {
            "Ed25519" => Ok(KeyType::Ed25519),
            _ => Err(KeyError::Unsupported("crv")),
        },
        "EC" => match string(members, "crv")? {
            "P-256" => Ok(KeyType::P256),
            "P-384" => Ok(KeyType::P384),
            _ => Err(KeyError::Unsupported("crv")),
        },
        "RSA" => Ok(KeyType::Rsa),
        "oct" => Ok(KeyType::Secret),
        _ => Err(KeyError::Unsupported("kty")),
    }
}

/// What `alg` names, if it is there.
pub(super) fn algorithm(members: &Map<String, Value>) -> Result<Option<Algorithm>, KeyError> {
    let name = optional_string(members, "alg")?;
    name.map(|name| name.parse().map_err(|_| KeyError::Unsupported("alg"))).transpose()
}

/// The key must say nothing, or that it is for this operation on signatures: `sign` or `verify` (RFC 7517 §4.2, §4.3).
pub(super) fn check_purpose(members: &Map<String, Value>, operation: &str) -> Result<(), KeyError> {
    if optional_string(members, "use")?.is_some_and(|usage| usage != "sig") {
        return Err(KeyError::Purpose("use"));
    }
    let Some(operations) = members.get("key_ops") else { return Ok(()) };
    let Value::Array(operations) = operations else { return Err(KeyError::Member("key_ops")) };
    let mut seen = Vec::with_capacity(operations.len());
    for listed in operations {
        let Value::String(listed) = listed else { return Err(KeyError::Member("key_ops")) };
        if seen.contains(&listed.as_str()) {
            return Err(KeyError::Member("key_ops"));
        }
        seen.push(listed.as_str());
    }
    let signs_only = seen.iter().all(|listed| matches!(*listed, "sign" | "verify"));
    if !seen.contains(&operation) || (members.contains_key("use") && !signs_only) {
        return Err(KeyError::Purpose("key_ops"));
    }
    Ok(())
}
