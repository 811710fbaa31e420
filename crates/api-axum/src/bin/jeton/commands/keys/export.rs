//! `jeton keys export-public`: what verifiers need, and nothing else.

use auth_domain::signing::KeyRing;
use token_core::{KeySet, VerificationKey};

use crate::cli::PublicFormat;
use crate::commands::control::note;
use crate::commands::print;
use crate::failure::Failure;

pub(super) fn run(ring: &KeyRing, format: PublicFormat, kid: Option<&str>) -> Result<(), Failure> {
    let trusted = ring.trusted();
    let keys: Vec<&VerificationKey> = trusted.iter().filter(|key| kid.is_none_or(|kid| key.kid() == kid)).collect();
    if let (Some(kid), true) = (kid, keys.is_empty()) {
        return Err(Failure::new(format!(
            "no key with the kid {kid} verifies tokens; `jeton keys list` shows them all"
        )));
    }
    let public: Vec<_> = keys.into_iter().filter(|key| key.to_jwk().is_some()).collect();
    if public.is_empty() {
        return Err(Failure::new(
            "the key is a shared secret (HS256, HS384 or HS512), and whoever could verify with it could sign too; let other \
             services ask /oauth/introspect, or set tokens.algorithm to EdDSA",
        ));
    }
    match format {
        PublicFormat::Jwks => print(&format!("{}\n", public.into_iter().cloned().collect::<KeySet>().to_jwks())),
        PublicFormat::Pem => {
            for key in &public {
                note(&format!("{} ({})", key.kid(), key.algorithm()));
            }
            print(&public.iter().filter_map(|key| key.to_pem()).collect::<String>())
        }
    }
}
