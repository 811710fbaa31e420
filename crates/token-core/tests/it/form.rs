//! The form of a token, before any cryptography: SECURITY J6, J9, J19.

use crate::support::{Bench, NOW, forge, payload, sign};
use serde_json::json;
use token_core::{Algorithm, Claims, Jws, MAX_TOKEN_LEN, NoClaims, Part, VerifyError, strict, strict::JsonError};

fn bench() -> Bench {
    Bench::new(Algorithm::EdDsa)
}

fn good(bench: &Bench) -> String {
    forge(&bench.key, bench.header().to_string().as_bytes(), payload().to_string().as_bytes())
}

fn judge(bench: &Bench, token: &str) -> Result<(), VerifyError> {
    bench.verifier.verify::<NoClaims>(token, NOW).map(|_: Claims| ())
}

#[test]
fn j6_what_is_not_base64url_is_refused_even_if_signed() {
    let bench = bench();
    let token = good(&bench);
    let parts: Vec<&str> = token.split('.').collect();
    for junk in ["=", "==", "+", "/", " ", "\n", "\r\n", "\t", "\0", "%3D", "é", "\u{2028}", "?"] {
        for index in 0..3 {
            for at_end in [true, false] {
                let mut parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
                parts[index] = if at_end { parts[index].clone() + junk } else { junk.to_owned() + &parts[index] };
                let signed = format!("{}.{}", parts[0], parts[1]);
                if index < 2 {
                    parts[2] = strict::to_base64url(&sign(&bench.key, signed.as_bytes()));
                }
                let token = parts.join(".");
                assert_eq!(judge(&bench, &token), Err(VerifyError::NotAJwt), "{junk:?} in part {index}");
            }
        }
    }
}

#[test]
fn j6_bits_left_over_at_the_end_are_refused_even_if_signed() {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bench = bench();
    let mut tried = 0;
    for index in 0..3 {
        // White space inside JSON moves the length, so that header and payload have left-over bits, too.
        let token = (0..3)
            .map(|pad| {
                let header = bench.header().to_string().replacen('{', &("{".to_owned() + &" ".repeat(pad)), 1);
                let payload = payload().to_string().replacen('{', &("{".to_owned() + &" ".repeat(pad)), 1);
                forge(&bench.key, header.as_bytes(), payload.as_bytes())
            })
            .find(|token| token.split('.').nth(index).unwrap().len() % 4 != 0)
            .unwrap();
        assert_eq!(judge(&bench, &token), Ok(()));
        let parts: Vec<&str> = token.split('.').collect();
        let free_bits = if parts[index].len() % 4 == 2 { 4 } else { 2 };
        let last = ALPHABET.find(parts[index].chars().last().unwrap()).unwrap();
        assert_eq!(last % (1 << free_bits), 0, "the canonical form leaves the free bits zero");
        for bits in 1..1 << free_bits {
            let changed = &ALPHABET[last + bits..=last + bits];
            let part = parts[index][..parts[index].len() - 1].to_owned() + changed;
            let mut parts: Vec<&str> = parts.clone();
            parts[index] = &part;
            let signature = strict::to_base64url(&sign(&bench.key, format!("{}.{}", parts[0], parts[1]).as_bytes()));
            if index < 2 {
                parts[2] = &signature;
            }
            let expected = VerifyError::Base64([Part::Header, Part::Payload, Part::Signature][index]);
            assert_eq!(judge(&bench, &parts.join(".")), Err(expected));
            tried += 1;
        }
    }
    assert!(tried >= 9, "only {tried} variants");
}

#[test]
fn j6_a_part_of_impossible_length_is_refused() {
    let bench = bench();
    assert_eq!(judge(&bench, "A.AA.AA"), Err(VerifyError::Base64(Part::Header)));
    let header = strict::to_base64url(bench.header().to_string().as_bytes());
    assert_eq!(judge(&bench, &format!("{header}.AAAAA.AA")), Err(VerifyError::Base64(Part::Payload)));
    assert_eq!(judge(&bench, &format!("{header}.AAAA.A")), Err(VerifyError::Base64(Part::Signature)));
}

#[test]
fn j9_a_token_has_exactly_two_dots() {
    let bench = bench();
    let token = good(&bench);
    let (signed, signature) = token.rsplit_once('.').unwrap();
    for other in [
        String::new(),
        "abc".into(),
        signed.into(),
        format!("{token}."),
        format!("{token}.{signature}"),
        format!("{token}.{signature}.{signature}"),
        format!(".{token}"),
        token.replace('.', ".."),
        "a.b.c.d.e".into(),
    ] {
        assert_eq!(judge(&bench, &other), Err(VerifyError::NotAJwt), "{other}");
    }
}

#[test]
fn j9_empty_parts_are_refused() {
    let bench = bench();
    let token = good(&bench);
    let parts: Vec<&str> = token.split('.').collect();
    let cases = [
        ("..".into(), Part::Header),
        (format!(".{}.{}", parts[1], parts[2]), Part::Header),
        (format!("{}..{}", parts[0], parts[2]), Part::Payload),
        (format!("{}.{}.", parts[0], parts[1]), Part::Signature),
    ];
    for (token, part) in cases {
        assert_eq!(judge(&bench, &token), Err(VerifyError::EmptyPart(part)), "{token}");
    }
}

#[test]
fn j9_json_serialisation_and_encrypted_tokens_are_not_jwts() {
    let bench = bench();
    let token = good(&bench);
    let parts: Vec<&str> = token.split('.').collect();
    let flattened = json!({"protected": parts[0], "payload": parts[1], "signature": parts[2]});
    let general = json!({"payload": parts[1], "signatures": [{"protected": parts[0], "signature": parts[2]}]});
    for text in [flattened.to_string(), general.to_string(), format!("Bearer {token}"), format!("\"{token}\"")] {
        assert_eq!(judge(&bench, &text), Err(VerifyError::NotAJwt), "{text}");
    }
}

#[test]
fn j9_more_than_8_kib_is_refused_before_anything_is_read() {
    let bench = bench();
    // A good token of exactly the limit, found by growing header and payload.
    let token = (0..4)
        .flat_map(|header_pad| (0..8_000).rev().map(move |payload_pad| (header_pad, payload_pad)))
        .find_map(|(header_pad, payload_pad)| {
            let header = bench.header().to_string() + &" ".repeat(header_pad);
            let payload = payload().to_string() + &" ".repeat(payload_pad);
            let encoded = |bytes: usize| (bytes * 4).div_ceil(3);
            let length = encoded(header.len()) + encoded(payload.len()) + 86 + 2;
            (length == MAX_TOKEN_LEN).then(|| forge(&bench.key, header.as_bytes(), payload.as_bytes()))
        })
        .unwrap();
    assert_eq!(token.len(), 8192);
    assert_eq!(judge(&bench, &token), Ok(()));
    assert_eq!(judge(&bench, &(token + "A")), Err(VerifyError::TooLong { length: 8193 }));
    assert_eq!(judge(&bench, &"A".repeat(10_000_000)), Err(VerifyError::TooLong { length: 10_000_000 }));
}

/// CVE-2025-30204: a parser that splits first allocates for every dot.
#[test]
fn j9_a_token_made_of_a_million_dots_is_refused() {
    let bench = bench();
    assert_eq!(judge(&bench, &".".repeat(1_000_000)), Err(VerifyError::TooLong { length: 1_000_000 }));
    assert_eq!(judge(&bench, &".".repeat(MAX_TOKEN_LEN)), Err(VerifyError::NotAJwt));
    assert!(Jws::read(&".".repeat(MAX_TOKEN_LEN)).is_err());
}

#[test]
fn j19_text_that_is_not_utf_8_is_refused() {
    let bench = bench();
    for bad in [&b"\xff"[..], b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe2\x82"] {
        let inside = |text: String| {
            let mut bytes = text.into_bytes();
            bytes.splice(1..1, [b"\"x\":\"", bad, b"\","].concat());
            bytes
        };
        let header = bench.header().to_string();
        let payload = payload().to_string();
        let not_utf8 = |part| Err(VerifyError::Json { part, reason: JsonError::NotUtf8 });
        assert_eq!(bench.judge_bytes(&inside(header.clone()), payload.as_bytes()), not_utf8(Part::Header));
        assert_eq!(bench.judge_bytes(header.as_bytes(), &inside(payload)), not_utf8(Part::Payload));
    }
}

#[test]
fn j19_a_byte_order_mark_is_refused() {
    let bench = bench();
    let with_mark = |text: String| format!("\u{feff}{text}").into_bytes();
    let marked = |part| Err(VerifyError::Json { part, reason: JsonError::ByteOrderMark });
    let (header, payload) = (bench.header().to_string(), payload().to_string());
    assert_eq!(bench.judge_bytes(&with_mark(header.clone()), payload.as_bytes()), marked(Part::Header));
    assert_eq!(bench.judge_bytes(header.as_bytes(), &with_mark(payload)), marked(Part::Payload));
    let utf16: Vec<u8> = header.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(bench.judge_bytes(&utf16, b"{}").is_err());
}

#[test]
fn j19_lone_surrogates_are_refused() {
    let bench = bench();
    for bad in [r"\ud800", r"\udc00", r"\ud800\ud800", r"\udc00\ud800", r"\ud800x", r"x\udfff"] {
        for member in [format!(r#""x":"{bad}""#), format!(r#""{bad}":1"#), format!(r#""x":[{{"y":"{bad}"}}]"#)] {
            let inside = |text: String| text.replacen('{', &format!("{{{member},"), 1).into_bytes();
            let (header, payload) = (bench.header().to_string(), payload().to_string());
            let refused = [
                bench.judge_bytes(&inside(header.clone()), payload.as_bytes()).unwrap_err(),
                bench.judge_bytes(header.as_bytes(), &inside(payload)).unwrap_err(),
            ];
            for refused in refused {
                assert!(
                    matches!(refused, VerifyError::Json { reason: JsonError::Syntax(_), .. }),
                    "{member}: {refused}"
                );
            }
        }
    }
    assert!(bench.judge_claim("client_id", r#""\ud83d\ude00""#).is_ok(), "a pair is one character");
}
