//! What the targets share: fixed keys, the tokens that they signed, and the rules that tokens are held to.

use std::sync::{Arc, LazyLock};

use auth_domain::refresh::{MasterKey, RotationKeys};
use token_core::{Algorithm, Audience, Grant, Issuer, KeySet, NoClaims, Rules, SigningKey, UnixTime, Verifier};
use uuid::Uuid;

/// Who issued the tokens.
pub const ISSUER: &str = "https://login.example";
/// For whom they are meant.
pub const AUDIENCE: &str = "notes";
/// When they are verified.
pub const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
/// The secret of the one key that the targets themselves sign with.
pub const SECRET: [u8; 32] = [7; 32];

/// The issuers, one an algorithm, with keys that never change.
pub static ISSUERS: LazyLock<Vec<Issuer>> = LazyLock::new(|| {
    let pem = |pem, algorithm| SigningKey::from_pem(pem, Some(algorithm)).expect("the tests' own keys are good");
    let secret = |bytes: &[u8], algorithm| SigningKey::from_bytes(algorithm, bytes).expect("it is long enough");
    let keys = [
        pem(include_str!("../../token-core/tests/keys/ed25519.pkcs8.pem"), Algorithm::EdDsa),
        pem(include_str!("../../token-core/tests/keys/p256.pkcs8.pem"), Algorithm::Es256),
        pem(include_str!("../../token-core/tests/keys/p384.pkcs8.pem"), Algorithm::Es384),
        pem(include_str!("../../token-core/tests/keys/rsa.pkcs8.pem"), Algorithm::Rs256),
        pem(include_str!("../../token-core/tests/keys/rsa-other.pkcs8.pem"), Algorithm::Ps256),
        secret(&SECRET, Algorithm::Hs256),
        secret(&[8; 48], Algorithm::Hs384),
        secret(&[9; 64], Algorithm::Hs512),
    ];
    keys.into_iter().map(|key| Issuer::new(key, ISSUER.into(), Audience::new(AUDIENCE), 900)).collect()
});

/// One token of each issuer. Header and payload are the same at every start; signatures may differ.
pub fn tokens() -> Vec<String> {
    let grant = || Grant {
        subject: Uuid::from_u128(1),
        session: Uuid::from_u128(2),
        token_id: Uuid::from_u128(3),
        client_id: "web".into(),
        scope: "notes:read".into(),
        auth_time: NOW,
        amr: vec!["pwd".into()],
        roles: vec!["admin".into()],
        extra: NoClaims,
    };
    ISSUERS.iter().map(|issuer| issuer.issue(grant(), NOW).expect("it signs").expose().to_owned()).collect()
}

/// Trusts the keys of all issuers.
pub static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| {
    let keys = KeySet::new(ISSUERS.iter().map(Issuer::verification_key));
    assert_eq!(keys.len(), ISSUERS.len());
    Verifier::new(Arc::new(keys), Rules::access_token(ISSUER, AUDIENCE))
});

/// The master keys of refresh tokens.
pub static MASTERS: LazyLock<RotationKeys> = LazyLock::new(|| {
    RotationKeys::new(7, [MasterKey::new(7, [7; 32]), MasterKey::new(8, [8; 32])]).expect("they have two ids")
});
