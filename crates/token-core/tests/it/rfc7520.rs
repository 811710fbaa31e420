//! RFC 7520's examples of keys (§3) and signatures (§4), with every deviation listed and explained.
//!
//! Example | Here
//! --- | ---
//! 3.1, 3.2, 4.3 | refused: P-521 with ES512 is not supported
//! 3.6 | refused: a secret for encryption (`use: enc`)
//! 4.5 | the compact form is refused: the payload travels apart from it, and the signature is not good for an empty one
//! 4.6 to 4.8 | JSON serialisation is refused as "not a JWT"; its compact parts do not exist

use serde_json::Value;
use std::{fs, path::Path};
use token_core::{Algorithm, Jws, KeyError, SigningKey, VerificationKey, VerifyError, strict};

fn read(folder: &str) -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/rfc7520").join(folder);
    let mut files: Vec<(String, Value)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let number = path.file_name().unwrap().to_str().unwrap().split('.').next().unwrap().to_owned();
            (number, serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap())
        })
        .collect();
    files.sort_by(|(one, _), (other, _)| one.cmp(other));
    files
}

#[test]
fn the_keys() {
    let files = read("jwk");
    let numbers: Vec<&str> = files.iter().map(|(number, _)| number.as_str()).collect();
    assert_eq!(numbers, ["3_1", "3_2", "3_3", "3_4", "3_5", "3_6"]);
    let (mut read, mut refused) = (Vec::new(), Vec::new());
    for (number, jwk) in &files {
        let text = jwk.to_string();
        let public = VerificationKey::from_jwk(&text).map(|key| key.algorithm());
        let private = SigningKey::from_jwk(&text, None).map(|key| key.algorithm());
        let expected = match number.as_str() {
            "3_1" => (Err(KeyError::Unsupported("crv")), Err(KeyError::Unsupported("crv"))),
            "3_2" => (Err(KeyError::PrivateMember("d")), Err(KeyError::Unsupported("crv"))),
            "3_3" => (Ok(Algorithm::Rs256), Err(KeyError::NotPrivate)),
            "3_4" => (Err(KeyError::PrivateMember("d")), Ok(Algorithm::Rs256)),
            "3_5" => (Ok(Algorithm::Hs256), Ok(Algorithm::Hs256)),
            _ => (Err(KeyError::Purpose("use")), Err(KeyError::Purpose("use"))),
        };
        if public.is_ok() || private.is_ok() { &mut read } else { &mut refused }.push(number.clone());
        assert_eq!((public, private), expected, "{number}");
    }
    println!("RFC 7520 keys: {read:?} read, {refused:?} refused");
    assert_eq!((read.len(), refused.len()), (3, 3));
    let [public, private] = [&files[2].1, &files[3].1].map(Value::to_string);
    assert_eq!(SigningKey::from_jwk(&private, None).unwrap().kid(), token_core::thumbprint(&public).unwrap());
}

/// Verifies the compact form, and signs the same text again where the result is fixed.
fn reproduce(example: &Value, algorithm: Algorithm) {
    let token = example["output"]["compact"].as_str().unwrap();
    let key = SigningKey::from_jwk(&example["input"]["key"].to_string(), Some(algorithm)).unwrap();
    let payload = Jws::read(token).unwrap().verify(&key.verification_key()).unwrap();
    assert_eq!(payload, example["input"]["payload"].as_str().unwrap().as_bytes());
    if example["reproducible"] == true {
        let signed = example["signing"]["sig-input"].as_str().unwrap();
        let signature = signature::Signer::try_sign(&key, signed.as_bytes()).unwrap();
        assert_eq!(format!("{signed}.{}", strict::to_base64url(&signature)), token);
    }
}

#[test]
fn the_signatures() {
    let files = read("jws");
    let (mut verified, mut not_supported, mut not_compact) = (Vec::new(), Vec::new(), Vec::new());
    for (number, example) in &files {
        for form in ["json", "json_flat"] {
            if let Some(json) = example["output"].get(form) {
                assert_eq!(Jws::read(&json.to_string()).err(), Some(VerifyError::NotAJwt), "{number}");
            }
        }
        match number.as_str() {
            "4_1" => reproduce(example, Algorithm::Rs256),
            "4_2" => reproduce(example, Algorithm::Ps384),
            "4_4" => reproduce(example, Algorithm::Hs256),
            "4_3" => {
                let refused = SigningKey::from_jwk(&example["input"]["key"].to_string(), None).err();
                assert_eq!(refused, Some(KeyError::Unsupported("crv")));
                not_supported.push(number.clone());
                continue;
            }
            "4_5" => {
                let token = example["output"]["compact"].as_str().unwrap();
                let key = VerificationKey::from_jwk(&example["input"]["key"].to_string()).unwrap();
                assert_eq!(Jws::read(token).unwrap().verify(&key), Err(VerifyError::Signature));
                not_compact.push(number.clone());
                continue;
            }
            _ => {
                assert!(example["output"].get("compact").is_none());
                not_compact.push(number.clone());
                continue;
            }
        }
        verified.push(number.clone());
    }
    println!("RFC 7520 signatures: {verified:?} verify, {not_supported:?} not supported, {not_compact:?} not compact");
    assert_eq!(verified, ["4_1", "4_2", "4_4"]);
    assert_eq!(not_supported, ["4_3"]);
    assert_eq!(not_compact, ["4_5", "4_6", "4_7", "4_8"]);
}
