//! The short way and the long one: a header that is known by its text is ruled about as one that is read.

use crate::support::{AUDIENCE, Bench, ISSUER, NOW, grant, key, pair, payload, sign};
use proptest::prelude::*;
use std::sync::Arc;
use token_core::{
    Algorithm, Claims, Issuer, Jws, KeySet, NoClaims, Part, RevocationSet, Rules, TokenType, Verifier, VerifyError,
    strict,
};

/// The rules up to the signature, as the documentation tells them, over the header as it is read.
fn the_long_way(verifier: &Verifier, token: &str, revoked: &RevocationSet) -> Result<(), VerifyError> {
    let jws = Jws::read(token)?;
    if !jws.has_payload() {
        return Err(VerifyError::EmptyPart(Part::Payload));
    }
    if !jws.header().typ().is_some_and(|typ| verifier.rules().typ.accepts(typ)) {
        return Err(VerifyError::WrongType { expected: verifier.rules().typ.name().to_owned().into() });
    }
    let kid = jws.header().kid().ok_or(VerifyError::HeaderMember("kid"))?;
    let key = verifier.keys().get(kid).ok_or(VerifyError::UnknownKey)?;
    if revoked.is_key_revoked(kid) {
        return Err(VerifyError::Revoked);
    }
    jws.verify(key).map(|_| ())
}

/// The same payload under a header that says the same in other words, so that it has to be read.
fn in_other_words(bench: &Bench, token: &str) -> Option<String> {
    let (_, rest) = token.split_once('.')?;
    let (payload, _) = rest.split_once('.')?;
    let header = strict::to_base64url(format!(" {}", bench.header()).as_bytes());
    let signed = format!("{header}.{payload}");
    Some(format!("{signed}.{}", strict::to_base64url(&sign(&bench.key, signed.as_bytes()))))
}

/// What an attacker, or a bad network, makes of a token.
#[derive(Clone, Debug)]
enum Bend {
    Nothing,
    Replace(prop::sample::Index, char),
    Insert(prop::sample::Index, char),
    Remove(prop::sample::Index),
    Cut(prop::sample::Index),
    Append(String),
    Part(usize, String),
    Payload(String),
}

fn any_bend() -> impl Strategy<Value = Bend> {
    let character =
        || prop_oneof![prop::sample::select(vec!['.', 'A', '_', '=', '+', ' ', '\u{e9}', '\0']), any::<char>()];
    prop_oneof![
        Just(Bend::Nothing),
        (any::<prop::sample::Index>(), character()).prop_map(|(at, c)| Bend::Replace(at, c)),
        (any::<prop::sample::Index>(), character()).prop_map(|(at, c)| Bend::Insert(at, c)),
        any::<prop::sample::Index>().prop_map(Bend::Remove),
        any::<prop::sample::Index>().prop_map(Bend::Cut),
        "[.A=a]{1,4}|\\.\\.|\\PC{1,4}".prop_map(Bend::Append),
        (0..3_usize, "|A|AA|AB|[A-Za-z0-9_-]{1,9}|\\PC{1,5}|A{9000}").prop_map(|(part, text)| Bend::Part(part, text)),
        "\\{\\}|\\{\"iss\":1\\}|\\{\"exp\":1,\"exp\":2\\}|null|\\PC{0,9}".prop_map(Bend::Payload),
    ]
}

fn bent(bench: &Bench, token: &str, bend: &Bend) -> String {
    let mut characters: Vec<char> = token.chars().collect();
    match bend {
        Bend::Nothing => {}
        Bend::Replace(at, character) => characters[at.index(token.len())] = *character,
        Bend::Insert(at, character) => characters.insert(at.index(token.len()), *character),
        Bend::Remove(at) => drop(characters.remove(at.index(token.len()))),
        Bend::Cut(at) => characters.truncate(at.index(token.len())),
        Bend::Append(text) => characters.extend(text.chars()),
        Bend::Part(place, text) => {
            let mut parts: Vec<&str> = token.split('.').collect();
            parts[*place] = text;
            return parts.join(".");
        }
        Bend::Payload(payload) => {
            let (header, _) = token.split_once('.').unwrap();
            let signed = format!("{header}.{}", strict::to_base64url(payload.as_bytes()));
            return format!("{signed}.{}", strict::to_base64url(&sign(&bench.key, signed.as_bytes())));
        }
    }
    characters.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn a_known_header_and_a_read_one_are_ruled_about_alike(
        algorithm in prop::sample::select(vec![Algorithm::Hs256, Algorithm::EdDsa]),
        bend in any_bend(),
        key_revoked in prop::bool::weighted(0.2),
        another_kind in prop::bool::weighted(0.2),
    ) {
        let mut bench = Bench::new(algorithm);
        if another_kind {
            let rules = bench.verifier.rules().clone().with_type(TokenType::named("logout+jwt"));
            bench.verifier = Verifier::new(Arc::clone(bench.verifier.keys()), rules);
        }
        let issuer = Issuer::new(bench.key.clone(), ISSUER.into(), AUDIENCE.into(), 900);
        let token = bent(&bench, issuer.issue(grant(), NOW).unwrap().expose(), &bend);
        let revoked = RevocationSet::new();
        if key_revoked {
            revoked.revoke_key(bench.key.kid(), NOW.saturating_add_secs(900));
        }
        let verdict: Result<Claims, _> = bench.verifier.verify_unrevoked(&token, NOW, &revoked);
        if let Err(refused) = the_long_way(&bench.verifier, &token, &revoked) {
            prop_assert_eq!(verdict, Err(refused));
        } else {
            let other = in_other_words(&bench, &token).unwrap();
            prop_assert_eq!(verdict, bench.verifier.verify_unrevoked(&other, NOW, &revoked));
        }
    }
}

#[test]
fn what_an_issuer_writes_is_ruled_about_alike_for_every_algorithm() {
    for algorithm in Algorithm::ALL {
        let (issuer, verifier) = pair(*algorithm);
        let token = issuer.issue(grant(), NOW).unwrap();
        assert_eq!(the_long_way(&verifier, token.expose(), &RevocationSet::new()), Ok(()), "{algorithm}");
        assert!(verifier.verify::<NoClaims>(token.expose(), NOW).is_ok(), "{algorithm}");
    }
}

/// Two keys of one name, as after a mistake: the header's text is the same, and only the trusted key counts.
#[test]
fn a_known_header_does_not_vouch_for_the_signature() {
    let bench = Bench::new(Algorithm::EdDsa);
    let thief = key(Algorithm::EdDsa);
    let header = strict::to_base64url(bench.header().to_string().as_bytes());
    let signed = format!("{header}.{}", strict::to_base64url(payload().to_string().as_bytes()));
    let token = format!("{signed}.{}", strict::to_base64url(&sign(&thief, signed.as_bytes())));
    assert_eq!(bench.verifier.verify::<NoClaims>(&token, NOW), Err(VerifyError::Signature));
}

/// A key whose name needs escapes in JSON is found by its header all the same.
#[test]
fn any_name_of_a_key_may_stand_in_a_known_header() {
    for kid in ["\"", "\\", "\u{e9}\u{1f511}", "a\nb", "/", "\u{7f}", "\u{2028}"] {
        let mut jwk = key(Algorithm::EdDsa).verification_key().to_jwk().unwrap().to_value();
        jwk["kid"] = kid.into();
        let trusted = token_core::VerificationKey::from_jwk(&jwk.to_string()).unwrap();
        let verifier = Verifier::new(Arc::new(KeySet::new([trusted])), Rules::access_token(ISSUER, AUDIENCE));
        let header = serde_json::json!({"typ": "at+jwt", "alg": "EdDSA", "kid": kid}).to_string();
        let token = format!("{}.e30.AAAA", strict::to_base64url(header.as_bytes()));
        assert_eq!(the_long_way(&verifier, &token, &RevocationSet::new()), Err(VerifyError::Signature), "{kid:?}");
        assert_eq!(verifier.verify::<NoClaims>(&token, NOW), Err(VerifyError::Signature), "{kid:?}");
    }
}
