//! JSON and base64url with one reading: SECURITY J5, J6, J19 at their root.

use proptest::prelude::*;
use serde_json::{Map, Value};
use token_core::strict::{self, JsonError};

#[test]
fn j5_a_member_that_occurs_twice_is_named() {
    for (text, name) in [
        (r#"{"a":1,"a":1}"#, "a"),
        (r#"{"a":1,"b":2,"a":3}"#, "a"),
        (r#"{"a":{"b":{"c":1,"c":2}}}"#, "c"),
        (r#"[0,[{"d":1,"d":1}]]"#, "d"),
        (r#"{"a":1,"\u0061":2}"#, "a"),
        (r#"{"é":1,"\u00e9":2}"#, "é"),
    ] {
        assert_eq!(strict::value(text.as_bytes()), Err(JsonError::DuplicateMember(name.into())), "{text}");
    }
}

#[test]
fn names_that_only_look_alike_are_two_names() {
    let object = strict::object("{\"é\":1,\"e\u{301}\":2,\"a\":3,\"A\":4,\"a \":5}".as_bytes()).unwrap();
    assert_eq!(object.len(), 5);
}

#[test]
fn equal_names_in_different_objects_are_no_repetition() {
    strict::value(br#"{"a":{"a":[{"a":1},{"a":1}]}}"#).unwrap();
}

#[test]
fn nothing_may_follow_the_end() {
    for text in ["{}{}", "{} 1", "{},", "{}\0", "1 2", "{}}"] {
        assert!(matches!(strict::value(text.as_bytes()), Err(JsonError::Syntax(_))), "{text}");
    }
    strict::object(b" \t\r\n{}\n ").unwrap();
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    strict::value(nested(100).as_bytes()).unwrap();
    for depth in [200, 100_000] {
        assert!(matches!(strict::value(nested(depth).as_bytes()), Err(JsonError::Syntax(_))), "{depth}");
    }
}

#[test]
fn an_error_repeats_nothing_of_the_text_but_a_members_name() {
    let refused = strict::object(br#"{"a":"secret" "b"}"#).unwrap_err();
    assert!(!refused.to_string().contains("secret"), "{refused}");
}

#[test]
fn j6_base64url_decodes_only_what_it_would_encode() {
    // RFC 4648 §10.
    for (bytes, text) in [("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("foobar", "Zm9vYmFy")] {
        assert_eq!(strict::base64url(text).unwrap(), bytes.as_bytes());
        assert_eq!(strict::to_base64url(bytes.as_bytes()), text);
    }
    for text in ["Zg==", "Zg=", "Zh", "Zm9", "Z", "Zm9vY", "+w", "/w", " Zg", "Zg\n", "Zm 8"] {
        assert!(strict::base64url(text).is_err(), "{text:?}");
    }
}

/// Any JSON value of limited depth.
pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #[test]
    fn every_json_value_is_read_as_serde_json_reads_it(value in any_json()) {
        prop_assert_eq!(strict::value(value.to_string().as_bytes()).unwrap(), value);
    }

    #[test]
    fn j5_a_member_repeated_anywhere_in_an_object_is_refused(
        names in prop::collection::vec("[a-z]{0,3}", 1..8),
        again in any::<prop::sample::Index>(),
        depth in 0_usize..5,
    ) {
        let repeated = again.get(&names).clone();
        let members: Vec<String> = names.iter().chain([&repeated]).map(|name| format!("\"{name}\":1")).collect();
        let text = "[{\"x\":".repeat(depth) + &format!("{{{}}}", members.join(",")) + &"}]".repeat(depth);
        prop_assert!(matches!(strict::value(text.as_bytes()), Err(JsonError::DuplicateMember(_))));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(value) = strict::value(&bytes) {
            prop_assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), value);
        }
    }

    #[test]
    fn j6_every_text_that_decodes_is_the_encoding_of_its_bytes(text in "[A-Za-z0-9_=+/-]{0,12}") {
        if let Ok(bytes) = strict::base64url(&text) {
            prop_assert_eq!(strict::to_base64url(&bytes), text);
        }
    }

    #[test]
    fn base64url_round_trips(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        prop_assert_eq!(strict::base64url(&strict::to_base64url(&bytes)).unwrap(), bytes);
    }
}
