//! `jeton keys import`: a private key from another server or tool.

use std::io::{self, Read as _};
use std::path::Path;

use auth_domain::ports::Stores;
use serde::Deserialize;
use serde::de::IgnoredAny;
use token_core::{Algorithm, KeyError, SigningKey};
use zeroize::Zeroizing;

use super::{explained, told};
use crate::commands::control::note;
use crate::config::{Config, secret_file};
use crate::failure::{Doing as _, Failure};
use crate::wiring::open_keys;

/// Longer than any key in any form.
const MOST_BYTES: u64 = 64 * 1024;

pub(super) async fn run(
    config: &Config,
    stores: &Stores,
    file: &str,
    algorithm: Option<Algorithm>,
    json: bool,
) -> Result<(), Failure> {
    let text = read(file)?;
    let key = parse(&text, algorithm, config.keys.algorithm).doing(&format!("import {}", named(file)))?;
    let imported = open_keys(config, stores).await?.import(&key).await;
    told(&config.keys, imported.map_err(|error| explained("import the key", &error)), json)?;
    if key.algorithm() == config.keys.algorithm {
        note(&format!("When its time has come: jeton keys rotate --kid {}", key.kid()));
    } else {
        note(&format!(
            "It verifies from now on. To let it sign, set tokens.algorithm to {} on every server first: they sign with {} now.",
            key.algorithm(),
            config.keys.algorithm
        ));
    }
    if file != "-" {
        note(&format!("{file} still holds the private key in the clear; delete it when nothing else needs it."));
    }
    Ok(())
}

fn named(file: &str) -> &str {
    if file == "-" { "the key of standard input" } else { file }
}

fn read(file: &str) -> Result<Zeroizing<String>, Failure> {
    if file != "-" {
        return secret_file::read(Path::new(file)).map(Zeroizing::new).doing("read the key");
    }
    // Room for all of it, so that no copy is left behind when it grows.
    let mut text = Zeroizing::new(String::with_capacity(64 * 1024));
    io::stdin().lock().take(MOST_BYTES).read_to_string(&mut text).doing("read the key from standard input")?;
    Ok(text)
}

/// Reads the key in whatever form it has. Where nobody says what it signs with, the servers' algorithm is tried first.
fn parse(text: &str, asked: Option<Algorithm>, usual: Algorithm) -> Result<SigningKey, KeyError> {
    let Some(asked) = asked else {
        return match parse_as(text, Some(usual)) {
            Err(KeyError::OtherKeyType { .. } | KeyError::AlgorithmDisagrees) => parse_as(text, None),
            read => read,
        };
    };
    parse_as(text, Some(asked))
}

fn parse_as(text: &str, algorithm: Option<Algorithm>) -> Result<SigningKey, KeyError> {
    if !text.trim_start().starts_with('{') {
        return SigningKey::from_pem(text, algorithm);
    }
    if !is_set(text) {
        return SigningKey::from_jwk(text, algorithm);
    }
    let mut keys = SigningKey::list_from_jwks(text, algorithm)?;
    match (keys.pop(), keys.is_empty()) {
        (Some(key), true) => Ok(key),
        (Some(_), false) => Err(KeyError::SeveralKeys),
        (None, _) => Err(KeyError::NotPrivate),
    }
}

/// Whether the JSON is a JWK set.
fn is_set(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Set {
        #[serde(rename = "keys")]
        _keys: IgnoredAny,
    }
    serde_json::from_str::<Set>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 8037 §A.1.
    const JWK: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    const KID: &str = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";

    #[test]
    fn a_jwk_a_set_of_one_and_pem_are_read() {
        let set = format!(r#"{{"keys":[{JWK}]}}"#);
        for text in [JWK, &set] {
            let key = parse(text, None, Algorithm::EdDsa).unwrap();
            assert_eq!((key.kid(), key.algorithm()), (KID, Algorithm::EdDsa));
        }
        let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----";
        assert_eq!(parse(pem, None, Algorithm::Ed25519).unwrap().algorithm(), Algorithm::Ed25519);
        assert_eq!(parse(pem, None, Algorithm::Ps256).unwrap().algorithm(), Algorithm::EdDsa, "it cannot do another");
        assert!(matches!(parse(pem, Some(Algorithm::Ps256), Algorithm::EdDsa), Err(KeyError::OtherKeyType { .. })));
    }

    #[test]
    fn several_keys_public_keys_and_rubbish_are_refused() {
        let other = JWK.replace('}', r#","alg":"EdDSA"}"#);
        let two = format!(r#"{{"keys":[{JWK},{other}]}}"#);
        assert!(parse(&two, None, Algorithm::EdDsa).is_err());
        let public = JWK.replace(r#""d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","#, "");
        assert_eq!(parse(&public, None, Algorithm::EdDsa).err(), Some(KeyError::NotPrivate));
        assert_eq!(parse(r#"{"keys":[]}"#, None, Algorithm::EdDsa).err(), Some(KeyError::NotPrivate));
        for text in ["", "{", "hunter2", "[]"] {
            assert!(parse(text, None, Algorithm::EdDsa).is_err(), "{text}");
        }
    }
}
