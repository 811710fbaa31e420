//! Issue, then verify: what goes in comes out.

use crate::support::{AUDIENCE, ISSUER, NOW, TTL, at, grant, grant_with, key, pair};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use token_core::{
    Algorithm, Audience, Claims, IssueError, Issuer, KeySet, NoClaims, Rules, SigningKey, UnixTime, Verifier,
    VerifyError, strict,
};
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Tenancy {
    tenant: String,
    plan: Plan,
    #[serde(default)]
    seats: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Plan {
    Free,
    Paid,
}

#[test]
fn an_issued_token_verifies_with_every_algorithm() {
    for algorithm in Algorithm::ALL {
        let (issuer, verifier) = pair(*algorithm);
        let token = issuer.issue(grant(), NOW).unwrap();
        let claims: Claims = verifier.verify(token.expose(), NOW).unwrap();
        let expected = Claims {
            iss: ISSUER.into(),
            sub: Uuid::from_u128(1),
            aud: Audience::new(AUDIENCE),
            exp: NOW.saturating_add_secs(TTL),
            iat: NOW,
            nbf: None,
            jti: Uuid::from_u128(3),
            client_id: "web".into(),
            scope: "notes:read notes:write".into(),
            sid: Uuid::from_u128(2),
            auth_time: NOW.saturating_sub_secs(60),
            amr: vec!["pwd".into(), "otp".into()],
            roles: vec!["admin".into()],
            extra: NoClaims,
        };
        assert_eq!(claims, expected, "{algorithm}");
    }
}

#[test]
fn the_embedders_claims_come_back_typed_with_every_algorithm() {
    for algorithm in Algorithm::ALL {
        let (issuer, verifier) = pair(*algorithm);
        let extra = Tenancy { tenant: "Bücher & Söhne".into(), plan: Plan::Paid, seats: None };
        let token = issuer.issue(grant_with(extra.clone()), NOW).unwrap();
        assert_eq!(verifier.verify::<Tenancy>(token.expose(), NOW).unwrap().extra, extra, "{algorithm}");
        verifier.verify::<NoClaims>(token.expose(), NOW).expect("unknown claims are ignored (RFC 7519 §4)");
    }
}

#[test]
fn the_embedders_claims_lie_flat_beside_the_others() {
    let (issuer, _) = pair(Algorithm::EdDsa);
    let token = issuer.issue(grant_with(json!({"tenant": "t"})), NOW).unwrap().into_string();
    let payload = strict::object(&strict::base64url(token.split('.').nth(1).unwrap()).unwrap()).unwrap();
    assert_eq!(payload["tenant"], "t");
    assert_eq!(payload["iss"], ISSUER);
    assert!(!payload.contains_key("nbf"));
}

#[test]
fn embedders_claims_of_another_shape_are_refused_with_the_reason() {
    let (issuer, verifier) = pair(Algorithm::EdDsa);
    let token = issuer.issue(grant_with(json!({"tenant": "t", "plan": "stolen\n"})), NOW).unwrap();
    let Err(VerifyError::Extra(reason)) = verifier.verify::<Tenancy>(token.expose(), NOW) else {
        panic!("an unknown plan was accepted")
    };
    assert!(reason.contains("unknown variant") && !reason.contains('\n'), "{reason}");
}

#[test]
fn an_embedders_claim_with_a_registered_name_is_refused_at_issue() {
    let (issuer, _) = pair(Algorithm::EdDsa);
    for name in token_core::REGISTERED_CLAIMS {
        let extra: BTreeMap<&str, u8> = [(name, 1)].into();
        let refused = issuer.issue(grant_with(extra), NOW).map(|_| ()).unwrap_err();
        assert_eq!(refused, IssueError::ReservedClaim(name.into()));
    }
}

#[test]
fn embedders_claims_that_are_no_object_are_refused_at_issue() {
    let (issuer, _) = pair(Algorithm::EdDsa);
    for extra in [json!(null), json!(1), json!("text"), json!([1])] {
        assert!(matches!(issuer.issue(grant_with(extra), NOW), Err(IssueError::NotAnObject(_))));
    }
}

#[test]
fn j9_a_token_that_no_verifier_would_read_is_not_issued() {
    let (issuer, verifier) = pair(Algorithm::EdDsa);
    let of_size = |size: usize| issuer.issue(grant_with(json!({"x": "x".repeat(size)})), NOW);
    verifier.verify::<Map<String, Value>>(of_size(5_000).unwrap().expose(), NOW).unwrap();
    assert!(matches!(of_size(8_000), Err(IssueError::TooLong { length }) if length > 8192));
}

#[test]
fn the_header_says_type_algorithm_and_thumbprint() {
    for algorithm in Algorithm::ALL {
        let (issuer, _) = pair(*algorithm);
        let token = issuer.issue(grant(), NOW).unwrap().into_string();
        let header = strict::object(&strict::base64url(token.split('.').next().unwrap()).unwrap()).unwrap();
        assert_eq!(Value::Object(header), json!({"typ": "at+jwt", "alg": algorithm.name(), "kid": issuer.kid()}));
    }
}

#[test]
fn an_issued_token_knows_when_it_expires() {
    let (issuer, _) = pair(Algorithm::EdDsa);
    let token = issuer.issue(grant(), NOW).unwrap();
    assert_eq!((token.expires_at(), token.expires_in()), (NOW.saturating_add_secs(TTL), TTL));
    let last = issuer.issue(grant(), UnixTime::MAX).unwrap();
    assert_eq!((last.expires_at(), last.expires_in()), (UnixTime::MAX, 0));
}

#[test]
fn a_token_for_several_audiences_verifies_at_each() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let keys = Arc::new(KeySet::new([key.verification_key()]));
    let issuer = Issuer::new(key, ISSUER.into(), Audience::new("a").and("b"), TTL);
    let token = issuer.issue(grant(), NOW).unwrap();
    let verify = |audience: &str| {
        let verifier = Verifier::new(Arc::clone(&keys), Rules::access_token(ISSUER, audience));
        verifier.verify::<NoClaims>(token.expose(), NOW).map(|_| ())
    };
    assert_eq!(verify("a"), Ok(()));
    assert_eq!(verify("b"), Ok(()));
    assert_eq!(verify("c"), Err(VerifyError::Audience));
}

#[test]
fn no_print_of_a_token_or_key_shows_it() {
    for algorithm in Algorithm::ALL {
        let key = key(*algorithm);
        let verification = key.verification_key();
        let secret = format!("{:?}", key.to_bytes().as_slice());
        let secret = secret.trim_matches(['[', ']']).to_owned();
        let prints = [format!("{key:?}"), format!("{verification:?}"), format!("{:?}", KeySet::new([verification]))];
        let issuer = Issuer::new(key, ISSUER.into(), Audience::new(AUDIENCE), TTL);
        let token = issuer.issue(grant(), NOW).unwrap();
        let signature = token.expose().rsplit('.').next().unwrap();
        let prints = prints.into_iter().chain([
            format!("{issuer:?}"),
            format!("{token:?}"),
            format!("{:?}", token_core::Jws::read(token.expose()).unwrap()),
            format!("{:?}", token_core::inspect(token.expose())),
        ]);
        for print in prints {
            assert!(!print.contains(signature) && !print.contains(&secret), "{algorithm}: {print}");
        }
    }
}

#[test]
fn scopes_and_roles_are_matched_whole() {
    let (issuer, verifier) = pair(Algorithm::Hs256);
    let claims: Claims = verifier.verify(issuer.issue(grant(), NOW).unwrap().expose(), NOW).unwrap();
    assert!(claims.has_scope("notes:read") && claims.has_scope("notes:write"));
    for scope in ["", " ", "notes", "notes:rea", "NOTES:READ", "notes:read notes:write"] {
        assert!(!claims.has_scope(scope), "{scope:?}");
    }
    assert!(claims.has_role("admin") && !claims.has_role("Admin") && !claims.has_role(""));
}

#[test]
fn claims_serialise_as_they_stand_in_the_token() {
    let (issuer, verifier) = pair(Algorithm::EdDsa);
    let token = issuer.issue(grant_with(json!({"tenant": "t"})), NOW).unwrap();
    let claims = verifier.verify::<Map<String, Value>>(token.expose(), NOW).unwrap();
    let payload = strict::base64url(token.expose().split('.').nth(1).unwrap()).unwrap();
    assert_eq!(serde_json::to_vec(&claims).unwrap(), payload);
}

#[test]
fn times_saturate_at_both_ends() {
    assert_eq!(UnixTime::from_secs(u64::MAX), UnixTime::MAX);
    assert_eq!(at(5).saturating_sub_secs(6), at(0));
    assert_eq!(UnixTime::MAX.saturating_add_secs(u64::MAX), UnixTime::MAX);
    assert!(UnixTime::try_from(UnixTime::MAX.as_secs() + 1).is_err());
    assert!(serde_json::from_str::<UnixTime>("9007199254740993").is_err());
    assert!(serde_json::from_str::<UnixTime>("\"1\"").is_err());
    assert_eq!(serde_json::to_string(&at(7)).unwrap(), "7");
}
