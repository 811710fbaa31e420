//! Ceremonies with an authenticator made of software: a P-256 key that answers as browsers do (`WebAuthn` §6, §5.8.1).

use auth_domain::model::{AccountId, PasskeyId, Timestamp};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;

use super::*;

const ISSUER: &str = "https://login.example.com";
const VERIFIED: u8 = 0b0000_0101;
const PRESENT: u8 = 0b0000_0001;
const ATTESTED: u8 = 0b0100_0000;

struct Authenticator {
    key: EcdsaKeyPair,
    id: Vec<u8>,
    origin: &'static str,
    flags: u8,
    counter: u32,
}

impl Authenticator {
    fn new() -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        Self { key, id: vec![7; 32], origin: ISSUER, flags: VERIFIED, counter: 0 }
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        json!({ "type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": false })
            .to_string()
            .into_bytes()
    }

    fn authenticator_data(&self, rp_id: &str, flags: u8) -> Vec<u8> {
        [digest(&SHA256, rp_id.as_bytes()).as_ref(), &[flags], &self.counter.to_be_bytes()].concat()
    }

    fn make(&self, options: &str) -> String {
        let options: Value = serde_json::from_str(options).unwrap();
        let point = self.key.public_key().as_ref();
        // COSE key (RFC 9053 §7.1): kty EC2, alg ES256, crv P-256, x, y.
        let head: &[u8] = &[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
        let cose = [head, &point[1..33], &[0x22, 0x58, 0x20], &point[33..65]].concat();
        let rp_id = options["rp"]["id"].as_str().unwrap();
        let length = u16::try_from(self.id.len()).unwrap().to_be_bytes();
        let attested = [&[0; 16][..], &length, &self.id, &cose].concat();
        let data = [self.authenticator_data(rp_id, self.flags | ATTESTED), attested].concat();
        let text = |text: &str| [&[0x60 + u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
        let (fmt, none, statement, name) = (text("fmt"), text("none"), text("attStmt"), text("authData"));
        let size = u8::try_from(data.len()).unwrap();
        let object = [&[0xa3][..], &fmt, &none, &statement, &[0xa0], &name, &[0x58, size], &data].concat();
        json!({
            "id": BASE64.encode(&self.id),
            "rawId": BASE64.encode(&self.id),
            "type": "public-key",
            "response": {
                "attestationObject": BASE64.encode(object),
                "clientDataJSON": BASE64.encode(self.client_data("webauthn.create", &options)),
            },
        })
        .to_string()
    }

    fn answer(&mut self, options: &str, holder: Option<AccountId>) -> String {
        self.counter += 1;
        let options: Value = serde_json::from_str(options).unwrap();
        let data = self.authenticator_data(options["rpId"].as_str().unwrap(), self.flags);
        let client = self.client_data("webauthn.get", &options);
        let signed = [&data[..], digest(&SHA256, &client).as_ref()].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        json!({
            "id": BASE64.encode(&self.id),
            "rawId": BASE64.encode(&self.id),
            "type": "public-key",
            "response": {
                "authenticatorData": BASE64.encode(data),
                "clientDataJSON": BASE64.encode(client),
                "signature": BASE64.encode(signature),
                "userHandle": holder.map(|holder| BASE64.encode(holder.as_uuid().as_bytes())),
            },
        })
        .to_string()
    }
}

fn passkeys() -> Passkeys {
    Passkeys::of(&PasskeySettings::default(), ISSUER, "Jeton").unwrap().unwrap()
}

fn account(number: u8) -> AccountId {
    AccountId::new(Timestamp::from_secs(1), [number; 10])
}

fn begin(passkeys: &Passkeys, existing: &[StoredPasskey]) -> Ceremony {
    let user = PasskeyUser { account: account(1), name: "alice@example.com", display_name: "Alice" };
    passkeys.begin_registration(user, existing).unwrap()
}

fn registered(passkeys: &Passkeys, authenticator: &Authenticator) -> StoredPasskey {
    let begun = begin(passkeys, &[]);
    let made = passkeys.finish_registration(&begun.state, &authenticator.make(&begun.options)).unwrap();
    StoredPasskey {
        id: PasskeyId::new(Timestamp::from_secs(1), [1; 10]),
        account: account(1),
        credential_id: made.credential_id,
        name: "laptop".to_owned(),
        data: made.data,
        created_at: Timestamp::from_secs(1),
        last_used_at: None,
    }
}

#[test]
fn a_passkey_is_asked_for_that_signs_in_by_itself_and_verifies_its_user() {
    let options: Value = serde_json::from_str(&begin(&passkeys(), &[]).options).unwrap();
    assert_eq!(options["rp"], json!({ "id": "login.example.com", "name": "Jeton" }));
    assert_eq!(options["authenticatorSelection"]["residentKey"], "required");
    assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
    assert_eq!(options["user"]["id"], BASE64.encode(account(1).as_uuid().as_bytes()));
    assert_eq!(options["attestation"], "none");
}

#[test]
fn a_passkey_that_was_made_signs_in_with_and_without_being_named() {
    let (passkeys, mut authenticator) = (passkeys(), Authenticator::new());
    let mut passkey = registered(&passkeys, &authenticator);
    for (allowed, holder) in [(vec![], Some(account(1))), (vec![passkey.clone()], None)] {
        let begun = passkeys.begin_authentication(&allowed).unwrap();
        let answer = authenticator.answer(&begun.options, holder);
        assert_eq!(passkeys.credential_id(&answer).unwrap(), passkey.credential_id);
        passkey.data = passkeys.finish_authentication(&begun.state, &answer, &passkey).unwrap().data;
        assert!(passkey.data.contains(&format!("\"counter\":{}", authenticator.counter)), "{}", passkey.data);
    }
}

#[test]
fn a_known_passkey_is_not_made_again() {
    let (passkeys, authenticator) = (passkeys(), Authenticator::new());
    let passkey = registered(&passkeys, &authenticator);
    let begun = begin(&passkeys, &[passkey]);
    assert!(begun.options.contains(&format!("\"excludeCredentials\":[{{\"id\":\"{}\"", BASE64.encode([7; 32]))));
    let again = passkeys.finish_registration(&begun.state, &authenticator.make(&begun.options));
    assert!(matches!(again, Err(WebAuthnError::Refused(_))), "{again:?}");
}

#[test]
fn an_answer_of_another_site_challenge_holder_or_without_a_gesture_is_refused() {
    let passkeys = passkeys();
    let mut authenticator = Authenticator::new();
    let passkey = registered(&passkeys, &authenticator);
    let begun = passkeys.begin_authentication(&[]).unwrap();
    let refused = |answer: &str, state: &[u8], why: &str| {
        let result = passkeys.finish_authentication(state, answer, &passkey);
        assert!(matches!(result, Err(WebAuthnError::Refused(_))), "{why}: {result:?}");
    };
    let holder = Some(account(1));

    authenticator.origin = "https://evil.example";
    refused(&authenticator.answer(&begun.options, holder), &begun.state, "another site");
    authenticator.origin = ISSUER;
    authenticator.flags = PRESENT;
    refused(&authenticator.answer(&begun.options, holder), &begun.state, "no gesture");
    authenticator.flags = VERIFIED;
    let other = passkeys.begin_authentication(&[]).unwrap();
    refused(&authenticator.answer(&begun.options, holder), &other.state, "another challenge");
    refused(&authenticator.answer(&begun.options, Some(account(2))), &begun.state, "another holder");
    refused(&authenticator.answer(&begun.options, None), &begun.state, "no holder");
    refused(&authenticator.answer(&begun.options, holder), &begin(&passkeys, &[]).state, "another ceremony");
    let mut forged: Value = serde_json::from_str(&authenticator.answer(&begun.options, holder)).unwrap();
    forged["response"]["signature"] = json!(BASE64.encode([0x30, 6, 2, 1, 1, 2, 1, 1]));
    refused(&forged.to_string(), &begun.state, "another signature");
    refused("{}", &begun.state, "no answer");
    let good = authenticator.answer(&begun.options, holder);
    passkeys.finish_authentication(&begun.state, &good, &passkey).unwrap();
}

#[test]
fn an_authenticator_whose_counter_falls_was_copied() {
    let (passkeys, mut authenticator) = (passkeys(), Authenticator::new());
    authenticator.counter = 10;
    let passkey = registered(&passkeys, &authenticator);
    authenticator.counter = 4;
    let begun = passkeys.begin_authentication(&[]).unwrap();
    let answer = authenticator.answer(&begun.options, Some(account(1)));
    assert!(passkeys.finish_authentication(&begun.state, &answer, &passkey).is_err());
}

#[test]
fn there_are_passkeys_by_https_and_on_localhost_and_nowhere_else() {
    let of = |issuer: &str| Passkeys::of(&PasskeySettings::default(), issuer, "Jeton").unwrap().is_some();
    for issuer in ["https://login.example.com/auth", "http://localhost:8080", "http://jeton.localhost"] {
        assert!(of(issuer), "{issuer}");
    }
    for issuer in ["http://login.example.com", "http://127.0.0.1:8080", "https://192.0.2.1", "http://[::1]:8080"] {
        assert!(!of(issuer), "{issuer}");
    }
}

#[test]
fn a_domain_above_the_origins_may_be_named_and_no_other() {
    let origin = |text: &str| text.parse::<Url>().unwrap();
    let settings = |rp_id: &str, origins: &[&str]| PasskeySettings {
        rp_id: Some(rp_id.to_owned()),
        origins: origins.iter().map(|text| origin(text)).collect(),
    };
    let app = ["https://app.example.com", "https://login.example.com"];
    assert!(Passkeys::of(&settings("example.com", &app), ISSUER, "Jeton").unwrap().is_some());
    for (rp_id, origins) in [("app.example.com", &app[..]), ("other.example", &[]), ("example.com", &["https://a.org"])]
    {
        assert!(Passkeys::of(&settings(rp_id, origins), ISSUER, "Jeton").is_err(), "{rp_id}");
    }
}
