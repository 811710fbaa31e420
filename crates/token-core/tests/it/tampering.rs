//! A token that was changed in any way is refused.

use crate::support::{NOW, grant, grant_with, pair};
use proptest::prelude::*;
use serde_json::json;
use token_core::{Algorithm, NoClaims};

#[test]
fn every_bit_flip_of_a_token_is_refused() {
    for algorithm in Algorithm::ALL {
        let (issuer, verifier) = pair(*algorithm);
        let token = issuer.issue(grant(), NOW).unwrap().into_string();
        verifier.verify::<NoClaims>(&token, NOW).unwrap();
        let mut judged = 0;
        for index in 0..token.len() {
            for bit in 0..8 {
                let mut bytes = token.clone().into_bytes();
                bytes[index] ^= 1 << bit;
                // The highest bit makes it no text at all, which a verifier of text is never given.
                let Ok(flipped) = String::from_utf8(bytes) else {
                    assert_eq!(bit, 7);
                    continue;
                };
                assert!(verifier.verify::<NoClaims>(&flipped, NOW).is_err(), "{algorithm}: byte {index}, bit {bit}");
                judged += 1;
            }
        }
        assert_eq!(judged, token.len() * 7);
    }
}

#[test]
fn every_cut_of_a_token_is_refused() {
    for algorithm in Algorithm::ALL {
        let (issuer, verifier) = pair(*algorithm);
        let token = issuer.issue(grant(), NOW).unwrap().into_string();
        for index in 0..token.len() {
            assert!(verifier.verify::<NoClaims>(&token[..index], NOW).is_err());
            assert!(verifier.verify::<NoClaims>(&token[index + 1..], NOW).is_err());
            let without = token[..index].to_owned() + &token[index + 1..];
            assert!(verifier.verify::<NoClaims>(&without, NOW).is_err());
        }
    }
}

#[test]
fn parts_of_two_good_tokens_do_not_combine() {
    for algorithm in Algorithm::ALL {
        let (issuer, verifier) = pair(*algorithm);
        let user = issuer.issue(grant_with(json!({"n": 1})), NOW).unwrap().into_string();
        let admin = issuer.issue(grant_with(json!({"n": 2})), NOW).unwrap().into_string();
        let (user, admin): (Vec<&str>, Vec<&str>) = (user.split('.').collect(), admin.split('.').collect());
        for token in [[user[0], user[1], admin[2]], [user[0], admin[1], user[2]]] {
            assert!(verifier.verify::<NoClaims>(&token.join("."), NOW).is_err());
        }
    }
}

proptest! {
    #[test]
    fn any_replaced_stretch_of_a_token_is_refused(
        algorithm in prop::sample::select(Algorithm::ALL),
        from in any::<prop::sample::Index>(),
        removed in 0_usize..12,
        inserted in "[A-Za-z0-9_.=-]{0,12}",
    ) {
        let (issuer, verifier) = pair(algorithm);
        let token = issuer.issue(grant(), NOW).unwrap().into_string();
        let from = from.index(token.len());
        let to = (from + removed).min(token.len());
        let changed = token[..from].to_owned() + &inserted + &token[to..];
        prop_assume!(changed != token);
        prop_assert!(verifier.verify::<NoClaims>(&changed, NOW).is_err());
    }
}
