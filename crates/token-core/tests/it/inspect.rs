//! Inspecting a token: it explains whatever it is given, and believes none of it.

use crate::support::{NOW, TTL, at, forge, grant_with, pair};
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;
use token_core::{Algorithm, Inspection, SigningKey, inspect};

fn issued() -> String {
    let (issuer, _) = pair(Algorithm::EdDsa);
    issuer.issue(grant_with(json!({"tenant": "t"})), NOW).unwrap().into_string()
}

fn names(members: &[token_core::ExplainedMember]) -> Vec<&str> {
    members.iter().map(|member| member.name.as_str()).collect()
}

#[test]
fn a_sound_token_is_shown_whole_and_explained() {
    let shown = inspect(&issued());
    assert_eq!(shown.problems, Vec::<String>::new());
    assert_eq!(names(&shown.header.members), ["typ", "alg", "kid"]);
    assert_eq!(
        names(&shown.payload.members),
        ["iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope", "sid", "auth_time", "amr", "roles", "tenant"]
    );
    assert!(shown.payload.members.iter().all(|member| !member.meaning.is_empty()));
    assert!(shown.payload.members.last().unwrap().meaning.contains("not registered"));
    assert_eq!(shown.signature.length, Some(64));
    assert_eq!(shown.header.json.unwrap()["alg"], "EdDSA");
    assert!(shown.payload.text.unwrap().starts_with('{'));
}

#[test]
fn times_are_told_as_times() {
    let shown = inspect(&issued());
    let time = |name: &str| shown.payload.members.iter().find(|member| member.name == name).unwrap().time;
    assert_eq!(time("exp"), Some(NOW.saturating_add_secs(TTL)));
    assert_eq!(time("iat"), Some(NOW));
    assert_eq!(time("auth_time"), Some(NOW.saturating_sub_secs(60)));
    assert_eq!(time("sub"), None);
}

#[test]
fn a_number_that_is_no_registered_time_is_not_told_as_one() {
    let key = SigningKey::generate(Algorithm::Hs256).unwrap();
    let shown = inspect(&forge(&key, b"{\"exp\":1}", b"{\"n\":1,\"exp\":0}"));
    assert_eq!(shown.payload.members.iter().map(|member| member.time).collect::<Vec<_>>(), [Some(at(0)), None]);
}

/// RFC 7519, RFC 9068, RFC 8693, RFC 7800, RFC 8417, RFC 9449 and OpenID Connect: none of them is called the
/// application's own.
#[test]
fn registered_members_are_explained() {
    let key = SigningKey::generate(Algorithm::Hs256).unwrap();
    let claims = [
        "iss",
        "sub",
        "aud",
        "exp",
        "nbf",
        "iat",
        "jti",
        "client_id",
        "scope",
        "sid",
        "auth_time",
        "amr",
        "acr",
        "roles",
        "groups",
        "entitlements",
        "azp",
        "nonce",
        "at_hash",
        "c_hash",
        "cnf",
        "act",
        "may_act",
        "events",
        "toe",
        "txn",
        "htm",
        "htu",
        "ath",
        "name",
        "email",
        "email_verified",
        "preferred_username",
        "locale",
        "updated_at",
        "phone_number",
        "address",
        "authorization_details",
        "status",
    ];
    let header = ["typ", "alg", "kid", "cty", "x5t", "x5t#S256", "jku", "jwk", "x5u", "x5c", "crit", "b64", "zip"];
    let object = |names: &[&str]| json!(names.iter().map(|name| (*name, 1)).collect::<BTreeMap<_, _>>()).to_string();
    let shown = inspect(&forge(&key, object(&header).as_bytes(), object(&claims).as_bytes()));
    assert_eq!((shown.header.members.len(), shown.payload.members.len()), (header.len(), claims.len()));
    for member in shown.header.members.iter().chain(&shown.payload.members) {
        assert!(!member.meaning.is_empty() && !member.meaning.contains("not registered"), "{}", member.name);
    }
    let times: Vec<&str> = shown
        .payload
        .members
        .iter()
        .filter(|member| member.time.is_some())
        .map(|member| member.name.as_str())
        .collect();
    assert_eq!(times, ["exp", "nbf", "iat", "auth_time", "toe", "updated_at"]);
}

#[test]
fn it_serialises_for_scripts() {
    let shown = serde_json::to_value(inspect(&issued())).unwrap();
    assert_eq!(shown["header"]["json"]["typ"], "at+jwt");
    assert_eq!(shown["payload"]["members"][3]["time"], NOW.as_secs() + TTL);
    assert_eq!(shown["signature"]["length"], 64);
    assert_eq!(shown["problems"], json!([]));
}

#[test]
fn a_forged_token_is_shown_like_any_other() {
    let key = SigningKey::generate(Algorithm::Hs256).unwrap();
    let shown = inspect(&forge(&key, br#"{"alg":"none"}"#, br#"{"sub":"admin","exp":9999999999}"#));
    assert_eq!(shown.payload.json.unwrap()["sub"], "admin");
}

#[test]
fn each_part_may_be_malformed_and_the_others_are_still_shown() {
    let token = issued();
    let parts: Vec<&str> = token.split('.').collect();
    let problems = |shown: &Inspection| {
        [&shown.header.problem, &shown.payload.problem, &shown.signature.problem].map(Option::is_some)
    };
    let shown = inspect(&format!("!!.{}.{}", parts[1], parts[2]));
    assert_eq!(problems(&shown), [true, false, false]);
    assert!(shown.payload.json.is_some());
    let shown = inspect(&format!("{}.AB.{}", parts[0], parts[2]));
    assert_eq!(problems(&shown), [false, true, false]);
    assert!(shown.header.json.is_some());
    let shown = inspect(&format!("{}.{}", parts[0], parts[1]));
    assert_eq!(problems(&shown), [false, false, true]);
    let shown = inspect(&format!("{token}.more"));
    assert_eq!(problems(&shown), [false, false, true]);
    for shown in ["!!.AA.AA", "A", "", "..", "{}"].map(inspect) {
        assert!(!shown.problems.is_empty());
    }
}

#[test]
fn problems_say_what_a_verifier_would_object_to() {
    let key = SigningKey::generate(Algorithm::Hs256).unwrap();
    for (header, payload, words) in [
        (r#"{"alg":"HS256","crit":["x"]}"#, "{}", "`crit`"),
        (r#"{"alg":"HS256","b64":false}"#, "{}", "`b64`"),
        (r#"{"alg":"HS256","jku":"https://evil.example"}"#, "{}", "`jku`"),
        (r#"{"alg":"HS256","alg":"none"}"#, "{}", "\"alg\" occurs twice in the header"),
        (r#"{"kid":"x"}"#, "{}", "`alg`"),
        (r#"{"alg":"HS256"}"#, r#"{"exp":1,"exp":2}"#, "\"exp\" occurs twice in the payload"),
        (r#"{"alg":"HS256"}"#, r#"{"exp":"1"}"#, "`exp`"),
        (r#"{"alg":"HS256"}"#, r#"{"nbf":-1}"#, "`nbf`"),
        (r#"{"alg":"HS256"}"#, "[]", "not a JSON object"),
    ] {
        let shown = inspect(&forge(&key, header.as_bytes(), payload.as_bytes()));
        assert!(shown.problems.iter().any(|problem| problem.contains(words)), "{words}: {:?}", shown.problems);
    }
}

#[test]
fn a_text_too_long_is_not_read() {
    let shown = inspect(&"A.".repeat(5_000_000));
    assert_eq!(shown.problems.len(), 1);
    assert!(shown.problems[0].contains("10000000 bytes") && shown.header.encoded.is_empty());
}

proptest! {
    #[test]
    fn it_never_fails(text in ".{0,200}") {
        let shown = inspect(&text);
        prop_assert!(!shown.problems.is_empty());
    }

    #[test]
    fn it_never_fails_on_any_three_parts(
        header in prop::collection::vec(any::<u8>(), 0..60),
        payload in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let key = SigningKey::from_bytes(Algorithm::Hs256, &[1; 32]).unwrap();
        let shown = inspect(&forge(&key, &header, &payload));
        prop_assert_eq!(shown.signature.length, Some(32));
    }
}
