//! Refusals: each has a code that never changes and a message that can be logged.

use crate::support::{Bench, NOW, at};
use std::collections::BTreeSet;
use token_core::{Algorithm, Part, VerifyError, strict::JsonError};

/// Codes are part of the interface: a change here breaks scripts and dashboards.
#[test]
fn every_refusal_has_its_own_stable_code() {
    let table = [
        (VerifyError::TooLong { length: 9000 }, "token_too_long"),
        (VerifyError::NotAJwt, "not_a_jwt"),
        (VerifyError::EmptyPart(Part::Payload), "empty_part"),
        (VerifyError::Base64(Part::Header), "bad_base64url"),
        (VerifyError::Json { part: Part::Header, reason: JsonError::NotUtf8 }, "bad_json"),
        (VerifyError::DuplicateMember { part: Part::Header, name: "alg".into() }, "duplicate_member"),
        (VerifyError::HeaderMember("alg"), "bad_header"),
        (VerifyError::CriticalHeader, "critical_header"),
        (VerifyError::UnencodedPayload, "unencoded_payload"),
        (VerifyError::Compressed, "compressed"),
        (VerifyError::EmbeddedKey("jwk"), "embedded_key"),
        (VerifyError::WrongType { expected: "at+jwt".into() }, "wrong_type"),
        (VerifyError::UnknownKey, "unknown_key"),
        (VerifyError::AlgorithmMismatch, "algorithm_mismatch"),
        (VerifyError::Signature, "bad_signature"),
        (VerifyError::MissingClaim("exp"), "missing_claim"),
        (VerifyError::ClaimType("exp"), "bad_claim"),
        (VerifyError::Extra("why".into()), "bad_extra_claims"),
        (VerifyError::Issuer, "wrong_issuer"),
        (VerifyError::Audience, "wrong_audience"),
        (VerifyError::Expired { at: at(1), now: at(2) }, "expired"),
        (VerifyError::NotYetValid { from: at(2), now: at(1) }, "not_yet_valid"),
        (VerifyError::IssuedInFuture { at: at(2), now: at(1) }, "issued_in_future"),
        (VerifyError::Revoked, "revoked"),
    ];
    for (error, code) in &table {
        assert_eq!(error.code(), *code);
    }
    let texts: BTreeSet<String> = table.iter().map(|(error, _)| error.to_string()).collect();
    assert_eq!(texts.len(), table.len(), "each message says something of its own");
}

#[test]
fn a_message_says_when_the_token_expired() {
    let bench = Bench::new(Algorithm::EdDsa);
    let refused = bench.judge_claim("exp", "1799999999").unwrap_err();
    assert_eq!(refused.to_string(), format!("the token expired at 1799999999, and now is {NOW}"));
}

#[test]
fn what_an_attacker_wrote_is_cut_and_escaped_in_a_message() {
    let bench = Bench::new(Algorithm::EdDsa);
    let name = r"\n\u001b[31mFAKE LOG LINE".to_owned() + &"x".repeat(1_000);
    let header = bench.header().to_string().replacen('{', &format!(r#"{{"{name}":1,"{name}":2,"#), 1);
    let message = bench.judge_bytes(header.as_bytes(), b"{}").unwrap_err().to_string();
    assert!(message.contains("FAKE LOG LINE"), "{message}");
    assert!(!message.contains('\n') && !message.contains('\u{1b}') && message.len() < 200, "{message}");
}
