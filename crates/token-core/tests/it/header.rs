//! The header's rules: SECURITY J5, J7, J8, J15, J16, J22, A2. Every token here has a good signature.

use crate::support::{Bench, NOW, forge, payload};
use serde_json::{Value, json};
use token_core::{Algorithm, Jws, NoClaims, Part, SigningKey, VerifyError, strict::JsonError};

fn each_bench() -> impl Iterator<Item = Bench> {
    Algorithm::ALL.iter().map(|algorithm| Bench::new(*algorithm))
}

/// What the verifier says when one header member is different; `null` literally, not "absent".
fn judge_member(bench: &Bench, name: &str, value: Value) -> Result<(), VerifyError> {
    let mut header = bench.header();
    header[name] = value;
    bench.judge_header(&header).map(|_| ())
}

fn judge_without(bench: &Bench, name: &str) -> Result<(), VerifyError> {
    let mut header = bench.header();
    header.as_object_mut().unwrap().remove(name);
    bench.judge_header(&header).map(|_| ())
}

#[test]
fn the_good_header_is_accepted() {
    for bench in each_bench() {
        bench.judge_header(&bench.header()).unwrap();
    }
}

#[test]
fn unknown_header_members_are_ignored() {
    let bench = Bench::new(Algorithm::EdDsa);
    assert_eq!(judge_member(&bench, "x5t", json!("abc")), Ok(()));
    assert_eq!(judge_member(&bench, "https://example/own", json!({"a": [1]})), Ok(()));
}

#[test]
fn j7_any_crit_is_refused() {
    for bench in each_bench() {
        for value in [json!([]), json!(["exp"]), json!(["b64"]), json!(["x"]), json!(null), json!("exp"), json!(false)]
        {
            assert_eq!(judge_member(&bench, "crit", value), Err(VerifyError::CriticalHeader));
        }
    }
}

#[test]
fn j8_b64_and_zip_are_refused() {
    for bench in each_bench() {
        for value in [json!(true), json!(false), json!(null), json!("DEF")] {
            assert_eq!(judge_member(&bench, "b64", value.clone()), Err(VerifyError::UnencodedPayload));
            assert_eq!(judge_member(&bench, "zip", value), Err(VerifyError::Compressed));
        }
    }
}

#[test]
fn j15_alg_must_be_exactly_the_keys() {
    for bench in each_bench() {
        let own = bench.key.algorithm().name();
        let names = [
            "EdDSA", "ES256", "HS256", "Ed25519", "ES384", "ES512", "ES256K", "HS384", "HS512", "RS256", "RS384",
            "RS512", "PS256", "PS384", "PS512", "none", "", "A128KW", "dir",
        ];
        for other in names.into_iter().filter(|name| *name != own) {
            assert_eq!(
                judge_member(&bench, "alg", json!(other)),
                Err(VerifyError::AlgorithmMismatch),
                "{own}, {other}"
            );
        }
        for other in [own.to_lowercase(), format!("{own} "), format!(" {own}"), format!("{own}\0")] {
            assert_eq!(
                judge_member(&bench, "alg", json!(other)),
                Err(VerifyError::AlgorithmMismatch),
                "{own}, {other}"
            );
        }
        for other in [json!(null), json!(1), json!([own]), json!({"alg": own})] {
            assert_eq!(judge_member(&bench, "alg", other), Err(VerifyError::HeaderMember("alg")));
        }
        assert_eq!(judge_without(&bench, "alg"), Err(VerifyError::HeaderMember("alg")));
    }
}

#[test]
fn j16_none_is_refused_in_every_spelling_signed_or_not() {
    for bench in each_bench() {
        for bits in 0..16 {
            let spelling: String = "none"
                .chars()
                .enumerate()
                .map(|(index, letter)| if bits >> index & 1 == 1 { letter.to_ascii_uppercase() } else { letter })
                .collect();
            for name in [spelling.clone(), format!(" {spelling}"), format!("{spelling}\n")] {
                assert!(name.parse::<Algorithm>().is_err(), "{name:?}");
                assert!(serde_json::from_value::<Algorithm>(json!(name)).is_err(), "{name:?}");
                let mut header = bench.header();
                header["alg"] = json!(name);
                assert_eq!(bench.judge_header(&header), Err(VerifyError::AlgorithmMismatch), "{name:?}");
                let signed = forge(&bench.key, header.to_string().as_bytes(), payload().to_string().as_bytes());
                let unsigned = &signed[..=signed.rfind('.').unwrap()];
                let refused = bench.verifier.verify::<NoClaims>(unsigned, NOW).unwrap_err();
                assert_eq!(refused, VerifyError::EmptyPart(Part::Signature));
                let junk = format!("{unsigned}AAAA");
                assert_eq!(bench.verifier.verify::<NoClaims>(&junk, NOW), Err(VerifyError::AlgorithmMismatch));
                let alone = Jws::read(&signed).unwrap().verify(&bench.key.verification_key());
                assert_eq!(alone, Err(VerifyError::AlgorithmMismatch));
            }
        }
    }
}

#[test]
fn j22_kid_is_looked_up_in_the_set_only() {
    for bench in each_bench() {
        let kid = bench.key.kid().to_owned();
        for other in [
            String::new(),
            "1".into(),
            "../../../../dev/null".into(),
            "' OR 1=1 --".into(),
            "https://evil.example/key".into(),
            kid.to_lowercase() + "x",
            format!("{kid} "),
            format!("{kid}\0"),
            kid[1..].to_owned(),
        ] {
            assert_eq!(judge_member(&bench, "kid", json!(other)), Err(VerifyError::UnknownKey), "{other}");
        }
        for other in [json!(null), json!(0), json!([kid]), json!({})] {
            assert_eq!(judge_member(&bench, "kid", other), Err(VerifyError::HeaderMember("kid")));
        }
        assert_eq!(judge_without(&bench, "kid"), Err(VerifyError::HeaderMember("kid")));
    }
}

/// CVE-2018-0114, CVE-2026-34240: the attacker signs with his own key and sends it along.
#[test]
fn j22_a_key_in_the_header_is_never_used() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256] {
        let bench = Bench::new(algorithm);
        let thief = SigningKey::generate(algorithm).unwrap();
        let jwk = thief.verification_key().to_jwk().unwrap().to_value();
        let carried = [
            ("jwk", jwk),
            ("jku", json!("https://evil.example/jwks.json")),
            ("x5u", json!("https://evil.example/cert.pem")),
            ("x5c", json!(["MIIB"])),
        ];
        for (name, value) in carried {
            for (kid, signer) in [(bench.key.kid(), &thief), (thief.kid(), &thief), (bench.key.kid(), &bench.key)] {
                let header = json!({"typ": "at+jwt", "alg": algorithm.name(), "kid": kid, name: value});
                let token = forge(signer, header.to_string().as_bytes(), payload().to_string().as_bytes());
                assert_eq!(bench.verifier.verify::<NoClaims>(&token, NOW), Err(VerifyError::EmbeddedKey(name)));
            }
        }
    }
}

#[test]
fn a2_typ_names_an_access_token_in_any_case_with_or_without_application() {
    for bench in each_bench() {
        for typ in ["at+jwt", "AT+JWT", "At+Jwt", "application/at+jwt", "APPLICATION/AT+JWT", "Application/at+JWT"] {
            assert_eq!(judge_member(&bench, "typ", json!(typ)), Ok(()), "{typ}");
        }
    }
}

#[test]
fn a2_any_other_typ_is_refused() {
    let wrong = VerifyError::WrongType { expected: "at+jwt".into() };
    for bench in each_bench() {
        for typ in [
            "",
            "JWT",
            "jwt",
            "application/jwt",
            "at",
            "at+jw",
            "at+jwt ",
            " at+jwt",
            "at+jwts",
            "at-jwt",
            "rt+jwt",
            "logout+jwt",
            "dpop+jwt",
            "application/application/at+jwt",
            "application/",
            "text/at+jwt",
            "/at+jwt",
            "at+jwt;v=1",
            "\u{212a}at+jwt",
            "ªt+jwt",
        ] {
            assert_eq!(judge_member(&bench, "typ", json!(typ)), Err(wrong.clone()), "{typ}");
        }
        assert_eq!(judge_without(&bench, "typ"), Err(wrong.clone()));
        for typ in [json!(null), json!(1), json!(["at+jwt"])] {
            assert_eq!(judge_member(&bench, "typ", typ), Err(VerifyError::HeaderMember("typ")));
        }
    }
}

#[test]
fn j5_a_header_member_that_occurs_twice_is_refused_at_any_depth() {
    let bench = Bench::new(Algorithm::EdDsa);
    for (text, name) in [
        (r#""alg":"none""#, "alg"),
        (r#""kid":"x""#, "kid"),
        (r#""typ":"at+jwt""#, "typ"),
        (r#""\u0061lg":"none""#, "alg"),
        (r#""x":{"y":{"z":1,"z":1}}"#, "z"),
        (r#""x":[1,{"z":1,"z":2}]"#, "z"),
        // A critical extension cannot hide behind a repetition.
        (r#""crit":[],"crit":["x"]"#, "crit"),
    ] {
        let header = bench.header().to_string().replacen('{', &format!("{{{text},"), 1);
        let refused = bench.judge_bytes(header.as_bytes(), payload().to_string().as_bytes());
        let expected = VerifyError::DuplicateMember { part: Part::Header, name: name.into() };
        assert_eq!(refused, Err(expected), "{text}");
    }
}

#[test]
fn a_header_that_is_not_an_object_is_refused() {
    let bench = Bench::new(Algorithm::EdDsa);
    for text in ["null", "[]", "\"at+jwt\"", "1"] {
        let expected = VerifyError::Json { part: Part::Header, reason: JsonError::NotAnObject };
        assert_eq!(bench.judge_bytes(text.as_bytes(), b"{}"), Err(expected), "{text}");
    }
    assert_eq!(bench.judge_bytes(b"{}", b"{}"), Err(VerifyError::HeaderMember("alg")));
}

#[test]
fn a_header_nested_too_deep_is_refused() {
    let bench = Bench::new(Algorithm::EdDsa);
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = open.repeat(500) + "1" + &close.repeat(500);
        let header = bench.header().to_string().replacen('{', &format!("{{\"x\":{deep},"), 1);
        let refused = bench.judge_bytes(header.as_bytes(), b"{}").unwrap_err();
        assert!(
            matches!(&refused, VerifyError::Json { reason: JsonError::Syntax(why), .. } if why.contains("recursion")),
            "{refused}"
        );
    }
}
