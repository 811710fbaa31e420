//! The claims' rules: SECURITY J1 to J5, A1. Every token here has a good signature.

use crate::support::{Bench, ISSUER, NOW, TTL, at, forge, payload, payload_with, payload_without};
use serde_json::json;
use token_core::{Algorithm, Leeway, NoClaims, Part, UnixTime, VerifyError, strict::JsonError};

fn bench() -> Bench {
    Bench::new(Algorithm::EdDsa)
}

/// What the verifier says at the time `now`.
fn judge_at(bench: &Bench, payload: &str, now: UnixTime) -> Result<(), VerifyError> {
    let token = forge(&bench.key, bench.header().to_string().as_bytes(), payload.as_bytes());
    bench.verifier.verify::<NoClaims>(&token, now).map(|_| ())
}

#[test]
fn the_good_payload_is_accepted() {
    bench().judge_payload(&payload().to_string()).unwrap();
}

#[test]
fn j1_refused_from_exp_on() {
    let (bench, payload, exp) = (bench(), payload().to_string(), NOW.as_secs() + TTL);
    assert_eq!(judge_at(&bench, &payload, at(exp - 1)), Ok(()));
    for now in [at(exp), at(exp + 1), UnixTime::MAX] {
        assert_eq!(judge_at(&bench, &payload, now), Err(VerifyError::Expired { at: at(exp), now }));
    }
}

#[test]
fn j1_leeway_moves_the_expiry() {
    let bench = Bench::with_leeway(Algorithm::EdDsa, Leeway { expiry: 10, not_before: 30 });
    let (payload, exp) = (payload().to_string(), NOW.as_secs() + TTL);
    assert_eq!(judge_at(&bench, &payload, at(exp)), Ok(()));
    assert_eq!(judge_at(&bench, &payload, at(exp + 9)), Ok(()));
    let now = at(exp + 10);
    assert_eq!(judge_at(&bench, &payload, now), Err(VerifyError::Expired { at: at(exp), now }));
}

#[test]
fn j2_refused_before_nbf_less_the_leeway() {
    let bench = bench();
    let judge = |nbf: u64| bench.judge_claim("nbf", &nbf.to_string()).map(|_| ());
    let now = NOW.as_secs();
    assert_eq!(judge(now), Ok(()));
    assert_eq!(judge(now + 30), Ok(()));
    assert_eq!(judge(now + 31), Err(VerifyError::NotYetValid { from: at(now + 31), now: NOW }));
    assert_eq!(judge(UnixTime::MAX.as_secs()), Err(VerifyError::NotYetValid { from: UnixTime::MAX, now: NOW }));
}

#[test]
fn j2_without_leeway_nbf_is_exact() {
    let bench = Bench::with_leeway(Algorithm::EdDsa, Leeway { expiry: 0, not_before: 0 });
    let now = NOW.as_secs();
    assert!(bench.judge_claim("nbf", &now.to_string()).is_ok());
    assert_eq!(
        bench.judge_claim("nbf", &(now + 1).to_string()),
        Err(VerifyError::NotYetValid { from: at(now + 1), now: NOW })
    );
}

#[test]
fn a_token_issued_in_the_future_is_refused() {
    let bench = bench();
    let judge = |iat: u64| bench.judge_claim("iat", &iat.to_string()).map(|_| ());
    let now = NOW.as_secs();
    assert_eq!(judge(now + 30), Ok(()));
    assert_eq!(judge(now + 31), Err(VerifyError::IssuedInFuture { at: at(now + 31), now: NOW }));
}

#[test]
fn j3_aud_is_a_string_or_an_array_of_strings_and_contains_us() {
    let bench = bench();
    let judge = |literal: &str| bench.judge_claim("aud", literal).map(|_| ());
    for good in [r#""https://api.example""#, r#"["https://api.example"]"#, r#"["other","https://api.example"]"#] {
        assert_eq!(judge(good), Ok(()), "{good}");
    }
    for other in [
        r#""other""#,
        r#"["other"]"#,
        r#""""#,
        r#""https://api.example/""#,
        r#""HTTPS://api.example""#,
        r#""https://api.example other""#,
        r#"["https://api.exampl"]"#,
    ] {
        assert_eq!(judge(other), Err(VerifyError::Audience), "{other}");
    }
    for wrong in [
        "null",
        "1",
        "true",
        "[]",
        "{}",
        r#"["https://api.example",1]"#,
        r#"["https://api.example",null]"#,
        r#"[["https://api.example"]]"#,
        r#"{"https://api.example":true}"#,
    ] {
        assert_eq!(judge(wrong), Err(VerifyError::ClaimType("aud")), "{wrong}");
    }
}

#[test]
fn j4_times_are_json_integers_in_range_or_the_token_is_refused() {
    let bench = bench();
    for name in ["exp", "nbf", "iat", "auth_time"] {
        for wrong in [
            "\"1800000900\"",
            "\"\"",
            "null",
            "true",
            "[]",
            "[1800000900]",
            "{}",
            "-1",
            "-0",
            "-9223372036854775808",
            "1800000900.5",
            "1800000900.0",
            "1.8e9",
            "9007199254740993",
            "18446744073709551615",
            "18446744073709551616",
            "1e300",
        ] {
            assert_eq!(bench.judge_claim(name, wrong), Err(VerifyError::ClaimType(name)), "{name}: {wrong}");
        }
    }
}

#[test]
fn j4_numbers_that_json_cannot_hold_are_refused() {
    let bench = bench();
    for name in ["exp", "nbf", "iat", "auth_time"] {
        for wrong in ["1e400", "-1e400", "NaN", "Infinity", "01", "+1", "0x10", "1.", ".5", "1e"] {
            let refused = bench.judge_claim(name, wrong).unwrap_err();
            assert!(
                matches!(refused, VerifyError::Json { part: Part::Payload, reason: JsonError::Syntax(_) }),
                "{name}: {wrong}: {refused}"
            );
        }
    }
}

#[test]
fn j4_the_largest_times_and_leeways_do_not_overflow() {
    let endless = Leeway { expiry: u64::MAX, not_before: u64::MAX };
    for leeway in [Leeway::default(), endless] {
        let bench = Bench::with_leeway(Algorithm::EdDsa, leeway);
        let max = UnixTime::MAX.as_secs();
        let latest = payload_with("exp", &max.to_string());
        assert_eq!(judge_at(&bench, &latest, at(max - 1)), Ok(()));
        let at_the_end = judge_at(&bench, &latest, UnixTime::MAX);
        if leeway == endless {
            assert_eq!(at_the_end, Ok(()));
        } else {
            assert_eq!(at_the_end, Err(VerifyError::Expired { at: UnixTime::MAX, now: UnixTime::MAX }));
        }
    }
    let bench = Bench::with_leeway(Algorithm::EdDsa, Leeway { expiry: 0, not_before: 30 });
    let epoch = judge_at(&bench, &payload_with("exp", "0"), at(0));
    assert_eq!(epoch, Err(VerifyError::Expired { at: at(0), now: at(0) }));
}

#[test]
fn a1_every_required_claim_must_be_there() {
    let bench = bench();
    for name in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti", "sid", "auth_time"] {
        assert_eq!(bench.judge_payload(&payload_without(name)), Err(VerifyError::MissingClaim(name)));
    }
}

#[test]
fn absent_scope_roles_and_methods_mean_none_and_absent_nbf_means_at_once() {
    let bench = bench();
    for name in ["scope", "roles", "amr", "nbf"] {
        let claims = bench.judge_payload(&payload_without(name)).unwrap();
        match name {
            "scope" => assert!(claims.scope.is_empty() && !claims.has_scope("")),
            "roles" => assert!(claims.roles.is_empty()),
            "amr" => assert!(claims.amr.is_empty()),
            _ => assert_eq!(claims.nbf, None),
        }
    }
}

#[test]
fn a1_a_claim_of_another_type_is_refused_and_never_counts_as_absent() {
    let bench = bench();
    let everything = ["null", "1", "1.5", "true", "\"\\u0000\"", "\"text\"", "[]", "[1]", "[\"a\"]", "{}"];
    let check = |name: &'static str, fits: &[&str]| {
        for literal in everything.iter().filter(|literal| !fits.contains(literal)) {
            assert_eq!(bench.judge_claim(name, literal), Err(VerifyError::ClaimType(name)), "{name}: {literal}");
        }
    };
    for name in ["sub", "jti", "sid"] {
        check(name, &[]);
    }
    for name in ["iss", "client_id", "scope"] {
        check(name, &["\"\\u0000\"", "\"text\""]);
    }
    for name in ["amr", "roles"] {
        check(name, &["[]", "[\"a\"]"]);
    }
    for name in ["exp", "iat", "nbf", "auth_time"] {
        check(name, &["1"]);
    }
}

#[test]
fn ids_are_uuids_in_their_canonical_text() {
    let bench = bench();
    let canonical = "0190aabb-ccdd-7eef-8899-aabbccddeeff";
    for name in ["sub", "sid", "jti"] {
        assert!(bench.judge_claim(name, &json!(canonical).to_string()).is_ok());
        for other in [
            canonical.to_uppercase(),
            canonical.replace('-', ""),
            format!("{{{canonical}}}"),
            format!("urn:uuid:{canonical}"),
            format!("{canonical} "),
            canonical[1..].to_owned(),
        ] {
            assert_eq!(
                bench.judge_claim(name, &json!(other).to_string()),
                Err(VerifyError::ClaimType(name)),
                "{other}"
            );
        }
    }
}

#[test]
fn another_issuer_is_refused() {
    let bench = bench();
    for other in [format!("{ISSUER}/"), ISSUER.to_uppercase(), String::new(), "https://evil.example".into()] {
        assert_eq!(bench.judge_claim("iss", &json!(other).to_string()), Err(VerifyError::Issuer), "{other}");
    }
}

#[test]
fn j5_a_claim_that_occurs_twice_is_refused_at_any_depth() {
    let bench = bench();
    let twice = |text: &str, name: &str| {
        let payload = payload().to_string().replacen('{', &format!("{{{text},"), 1);
        let expected = VerifyError::DuplicateMember { part: Part::Payload, name: name.into() };
        assert_eq!(bench.judge_payload(&payload), Err(expected), "{text}");
    };
    twice(r#""sub":"00000000-0000-0000-0000-000000000009""#, "sub");
    twice(r#""exp":1"#, "exp");
    twice(r#""\u0073ub":null"#, "sub");
    twice(r#""own":{"a":1,"a":1}"#, "a");
    twice(r#""own":[[{"x":{"b":1,"c":2,"b":3}}]]"#, "b");
    twice(r#""":1,"":2"#, "");
}

#[test]
fn a_payload_that_is_not_an_object_is_refused() {
    let bench = bench();
    for text in ["null", "[]", "\"text\"", "1"] {
        let expected = VerifyError::Json { part: Part::Payload, reason: JsonError::NotAnObject };
        assert_eq!(bench.judge_payload(text), Err(expected), "{text}");
    }
    for text in ["{", "{}{}", "{} x", "foo", "{'iss':1}", "{\"iss\":1,}", "// c\n{}"] {
        assert!(matches!(bench.judge_payload(text), Err(VerifyError::Json { part: Part::Payload, .. })), "{text}");
    }
}
