//! What a verifier may be told to demand: several audiences, another kind of token.

use crate::support::{AUDIENCE, ISSUER, NOW, TTL, at, forge, key, payload, payload_with, payload_without};
use serde_json::json;
use std::sync::Arc;
use token_core::{Algorithm, Audience, KeySet, NoClaims, Rules, SigningKey, TokenType, Verifier, VerifyError};

fn verifier(key: &SigningKey, rules: Rules) -> Verifier {
    Verifier::new(Arc::new(KeySet::new([key.verification_key()])), rules)
}

fn token(key: &SigningKey, typ: &str, payload: &str) -> String {
    let header = json!({"typ": typ, "alg": key.algorithm().name(), "kid": key.kid()});
    forge(key, header.to_string().as_bytes(), payload.as_bytes())
}

#[test]
fn j3_any_accepted_audience_is_enough() {
    let key = key(Algorithm::Hs256);
    let rules = Rules::access_token(ISSUER, "notes").accepting("files").accepting("mail");
    assert_eq!(rules.audiences, ["notes", "files", "mail"]);
    let several = verifier(&key, rules.clone());
    let judge = |verifier: &Verifier, aud: Audience| {
        let payload = payload_with("aud", &serde_json::to_string(&aud).unwrap());
        verifier.verify::<NoClaims>(&token(&key, "at+jwt", &payload), NOW).map(|_| ())
    };
    for good in ["notes", "files", "mail"] {
        assert_eq!(judge(&several, good.into()), Ok(()));
        assert_eq!(judge(&several, Audience::new("elsewhere").and(good)), Ok(()));
    }
    for bad in ["", "note", "notes ", "Notes", "notes files", AUDIENCE] {
        assert_eq!(judge(&several, bad.into()), Err(VerifyError::Audience), "{bad:?}");
    }
    let none = verifier(&key, Rules { audiences: vec![], ..rules });
    assert_eq!(judge(&none, "notes".into()), Err(VerifyError::Audience), "no audience accepts nothing");
}

#[test]
fn a_kind_is_named_with_or_without_application_in_any_case() {
    for name in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt"] {
        assert_eq!(TokenType::named(name), TokenType::AccessToken);
    }
    for name in ["logout+jwt", "application/logout+jwt", "APPLICATION/logout+jwt"] {
        let kind = TokenType::named(name.to_owned());
        assert_eq!((kind.name(), kind.clone()), ("logout+jwt", TokenType::Other("logout+jwt".into())));
        for typ in ["logout+jwt", "LOGOUT+jwt", "application/logout+jwt"] {
            assert!(kind.accepts(typ), "{typ}");
        }
        for typ in ["", "at+jwt", "jwt", "logout", "application/", "application/application/logout+jwt"] {
            assert!(!kind.accepts(typ), "{typ}");
        }
    }
}

/// J23: a verifier for one kind accepts no other.
#[test]
fn j23_tokens_of_one_kind_do_not_pass_for_another() {
    let key = key(Algorithm::EdDsa);
    let kinds = ["at+jwt", "logout+jwt", "JWT"];
    let mut accepted = 0;
    for expected in kinds {
        let rules = Rules::access_token(ISSUER, AUDIENCE).with_type(TokenType::named(expected));
        let verifier = verifier(&key, rules);
        for typ in kinds {
            let token = token(&key, typ, &payload().to_string());
            let verdicts =
                [verifier.verify::<NoClaims>(&token, NOW).map(|_| ()), verifier.verify_jwt(&token, NOW).map(|_| ())];
            let wrong = Err(VerifyError::WrongType { expected: expected.into() });
            let each = if typ == expected { Ok(()) } else { wrong };
            assert_eq!(verdicts, [each.clone(), each]);
            accepted += usize::from(typ == expected);
        }
    }
    assert_eq!(accepted, 3);
}

#[test]
fn another_kind_of_jwt_needs_issuer_audience_and_expiry_and_nothing_else() {
    let key = key(Algorithm::EdDsa);
    let verifier = verifier(&key, Rules::access_token(ISSUER, AUDIENCE).with_type(TokenType::named("JWT")));
    let judge = |payload: &str, now| verifier.verify_jwt(&token(&key, "jwt", payload), now);
    let little = json!({"iss": ISSUER, "aud": AUDIENCE, "exp": NOW.as_secs() + TTL, "own": {"n": 1}});
    assert_eq!(json!(judge(&little.to_string(), NOW).unwrap()), little);
    for name in ["iss", "aud", "exp"] {
        assert_eq!(judge(&payload_without(name), NOW), Err(VerifyError::MissingClaim(name)));
    }
    for name in ["sub", "jti", "client_id", "sid", "auth_time", "iat", "nbf", "scope"] {
        assert!(judge(&payload_without(name), NOW).is_ok(), "{name}");
    }
    for name in ["iss", "aud", "exp", "iat", "nbf"] {
        for literal in ["null", "{}", "[1]", "true"] {
            assert_eq!(judge(&payload_with(name, literal), NOW), Err(VerifyError::ClaimType(name)), "{name} {literal}");
        }
    }
    let (exp, late) = (NOW.saturating_add_secs(TTL), NOW.saturating_add_secs(31));
    assert_eq!(judge(&payload().to_string(), exp), Err(VerifyError::Expired { at: exp, now: exp }));
    assert!(judge(&payload().to_string(), at(exp.as_secs() - 1)).is_ok());
    let literal = late.as_secs().to_string();
    assert_eq!(judge(&payload_with("nbf", &literal), NOW), Err(VerifyError::NotYetValid { from: late, now: NOW }));
    assert_eq!(judge(&payload_with("iat", &literal), NOW), Err(VerifyError::IssuedInFuture { at: late, now: NOW }));
    assert_eq!(judge(&payload_with("iss", "\"x\""), NOW), Err(VerifyError::Issuer));
    assert_eq!(judge(&payload_with("aud", "\"x\""), NOW), Err(VerifyError::Audience));
}
