//! The keys to verify with: read from a text, a file or an address.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use reqwest::{Client, Url, redirect::Policy};
use serde_json::{Map, Value};
use token_core::{Algorithm, KeyError, KeySet, VerificationKey, strict};
use zeroize::Zeroizing;

use crate::commands::token::UNREADABLE;
use crate::failure::{Doing as _, Failure};
use crate::loopback::is_loopback;

/// The most bytes that are read from a file or an address.
const LARGEST: usize = 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(10);

/// Keys to verify with.
#[derive(Debug)]
pub(super) enum Keys {
    /// A set, in which a token's `kid` is looked up.
    Set(KeySet),
    /// One key that says no name of its own: it stands for whatever `kid` a token names.
    Nameless(VerificationKey, Map<String, Value>),
}

impl Keys {
    /// Reads a JWK set, one JWK, or one public key in PEM, which does not say its algorithm.
    ///
    /// # Errors
    /// [`KeyError`], saying what is wrong with it.
    pub(super) fn read(text: &str, algorithm: Option<Algorithm>) -> Result<Self, KeyError> {
        let text = text.trim();
        if !text.starts_with("-----BEGIN") {
            return Self::from_members(strict::object(text.as_bytes())?);
        }
        let key = VerificationKey::from_pem(text, algorithm)?;
        // Of a public key there is always a JWK.
        let Some(Value::Object(mut members)) = key.to_jwk().map(|jwk| jwk.to_value()) else {
            return Ok(Self::Set([key].into_iter().collect()));
        };
        members.remove("kid");
        Ok(Self::Nameless(key, members))
    }

    pub(super) fn from_members(members: Map<String, Value>) -> Result<Self, KeyError> {
        let text = Zeroizing::new(Value::Object(members.clone()).to_string());
        if members.contains_key("keys") {
            return KeySet::from_jwks(&text).map(Self::Set);
        }
        let key = VerificationKey::from_jwk(&text)?;
        Ok(if members.contains_key("kid") { Self::Set(KeySet::new([key])) } else { Self::Nameless(key, members) })
    }

    /// The set to look a token's `kid` up in.
    pub(super) fn for_kid(&self, kid: Option<&str>) -> KeySet {
        match (self, kid) {
            (Self::Set(set), _) => set.clone(),
            (Self::Nameless(key, _), None) => KeySet::new([key.clone()]),
            (Self::Nameless(_, members), Some(kid)) => {
                let mut named = members.clone();
                named.insert("kid".to_owned(), kid.into());
                let text = Zeroizing::new(Value::Object(named).to_string());
                // A name that no key may have is no known name.
                KeySet::new(VerificationKey::from_jwk(&text))
            }
        }
    }

    fn has_a_secret(&self) -> bool {
        match self {
            Self::Set(set) => set.iter().any(|key| key.algorithm().is_symmetric()),
            Self::Nameless(key, _) => key.algorithm().is_symmetric(),
        }
    }

    /// Reads the keys of a file or an address.
    pub(super) async fn load(source: &str, algorithm: Option<Algorithm>) -> Result<Self, Failure> {
        Self::try_load(source, algorithm).await.map_err(|failure| failure.with_exit(UNREADABLE))
    }

    async fn try_load(source: &str, algorithm: Option<Algorithm>) -> Result<Self, Failure> {
        let scheme = source.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        let address = matches!(scheme.as_deref(), Some("http" | "https"));
        let text = Zeroizing::new(if address { fetched(source).await? } else { from_file(Path::new(source))? });
        let keys = Self::read(&text, algorithm).doing(&format!("take the keys of {source}"))?;
        if address && keys.has_a_secret() {
            let words = format!("{source} hands out a secret key (`oct`): whoever can read it can forge tokens");
            return Err(Failure::new(words));
        }
        Ok(keys)
    }
}

fn from_file(path: &Path) -> Result<String, Failure> {
    let what = format!("read the keys from {}", path.display());
    let mut text = String::new();
    let limit = LARGEST as u64 + 1;
    File::open(path).and_then(|file| file.take(limit).read_to_string(&mut text)).doing(&what)?;
    bounded(text.len()).doing(&what).map(|()| text)
}

async fn fetched(address: &str) -> Result<String, Failure> {
    let url = Url::parse(address).doing(&format!("understand the address {address}"))?;
    let here = url.host_str().is_some_and(is_loopback);
    if url.scheme() != "https" && !here {
        return Err(Failure::new(format!(
            "{address}: keys come over https, since whoever can change them can forge tokens"
        )));
    }
    let what = format!("get the keys from {address}");
    let client = Client::builder().timeout(PATIENCE).redirect(Policy::none());
    let client = client.user_agent(concat!("jeton/", env!("CARGO_PKG_VERSION")));
    // What is on this machine needs no one to pass it on.
    let client = if here { client.no_proxy() } else { client };
    let mut answer =
        client.build().doing(&what)?.get(url).send().await.map_err(reqwest::Error::without_url).doing(&what)?;
    if answer.status() != reqwest::StatusCode::OK {
        return Err(format!("the answer is {}", answer.status())).doing(&what);
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(reqwest::Error::without_url).doing(&what)? {
        bounded(body.len().saturating_add(chunk.len())).doing(&what)?;
        body.extend_from_slice(&chunk);
    }
    String::from_utf8(body).doing(&what)
}

fn bounded(length: usize) -> Result<(), String> {
    if length > LARGEST { Err(format!("they have more than {LARGEST} bytes")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POINT: &str = "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"";

    #[test]
    fn one_key_without_a_name_stands_for_any_name() {
        let keys = Keys::read(&format!("{{{POINT}}}"), None).unwrap();
        assert!(keys.for_kid(Some("whatever")).get("whatever").is_some());
        assert!(keys.for_kid(Some(&"k".repeat(300))).is_empty());
        assert_eq!(keys.for_kid(None).len(), 1);
    }

    #[test]
    fn a_key_in_pem_says_no_algorithm_and_stands_for_any_name() {
        let pem = include_str!("../../../../../../token-core/tests/keys/rsa.public.pem");
        for (algorithm, expected) in [(None, "RS256"), (Some(Algorithm::Ps384), "PS384")] {
            let keys = Keys::read(pem, algorithm).unwrap().for_kid(Some("whatever"));
            assert_eq!(keys.get("whatever").unwrap().algorithm().name(), expected);
        }
        assert!(Keys::read(pem, Some(Algorithm::EdDsa)).is_err());
    }

    #[test]
    fn a_key_with_a_name_and_a_set_answer_to_their_own_names_only() {
        for text in [format!("{{{POINT},\"kid\":\"mine\"}}"), format!("{{\"keys\":[{{{POINT},\"kid\":\"mine\"}}]}}")] {
            let keys = Keys::read(&text, None).unwrap();
            assert!(keys.for_kid(Some("mine")).get("mine").is_some());
            assert!(keys.for_kid(Some("yours")).get("yours").is_none());
        }
    }
}
