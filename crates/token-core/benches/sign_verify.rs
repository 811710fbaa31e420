//! What issuing and verifying a token costs beside the bare primitive of AWS-LC, over the same bytes in the same run.
//!
//! Ids are `sign/ALG/jeton` and `sign/ALG/primitive`, `verify/ALG/jeton` and `verify/ALG/primitive`. The primitive
//! works on the token's own text with a parsed key; `jeton` is [`Issuer::issue`] and [`Verifier::verify`] whole. At the
//! end stands the table of ratios, for which all ways are timed in turn; `jsonwebtoken` alone is there for comparison.

mod table;
mod token;

use std::{hint::black_box, sync::Arc};

use aws_lc_rs::{hmac, rand::SystemRandom, signature as lc};
use criterion::Criterion;
use table::{Row, Table, in_turn};
use token::{AUDIENCE, ISSUER, NOW, grant};
use token_core::{Algorithm, Audience, Claims, Issuer, KeySet, KeyType, NoClaims, Rules, SigningKey, Verifier, strict};

type Primitive<'a> = Box<dyn Fn() + 'a>;

/// The bare operations over this message and its signature, with keys parsed beforehand.
#[expect(clippy::unwrap_used, reason = "a bench that cannot sign has nothing to measure")]
fn primitives<'a>(key: &SigningKey, message: &'a [u8], signature: &'a [u8]) -> (Primitive<'a>, Primitive<'a>) {
    let bytes = key.to_bytes();
    let public = || {
        let pem = key.verification_key().to_pem().unwrap();
        pem::parse(pem).unwrap().into_contents()
    };
    let verify = |scheme: &'static dyn lc::VerificationAlgorithm| -> Primitive<'a> {
        let parsed = lc::ParsedPublicKey::new(scheme, public()).unwrap();
        Box::new(move || parsed.verify_sig(black_box(message), black_box(signature)).unwrap())
    };
    let random = SystemRandom::new();
    let ecdsa = |signing, verifying| -> (Primitive<'a>, Primitive<'a>) {
        let pair = lc::EcdsaKeyPair::from_pkcs8(signing, &bytes).unwrap();
        let random = random.clone();
        let sign = move || {
            black_box(pair.sign(&random, black_box(message)).unwrap());
        };
        (Box::new(sign), verify(verifying))
    };
    let rsa = |signing: &'static lc::RsaSignatureEncoding, verifying| -> (Primitive<'a>, Primitive<'a>) {
        let pair = lc::RsaKeyPair::from_pkcs8(&bytes).unwrap();
        let random = random.clone();
        let sign = move || {
            let mut signature = [0; 384];
            pair.sign(signing, &random, black_box(message), &mut signature).unwrap();
            black_box(signature);
        };
        (Box::new(sign), verify(verifying))
    };
    let mac = |hash| -> (Primitive<'a>, Primitive<'a>) {
        let secret = hmac::Key::new(hash, &bytes);
        let same = secret.clone();
        let sign = move || {
            black_box(hmac::sign(&secret, black_box(message)));
        };
        (Box::new(sign), Box::new(move || hmac::verify(&same, black_box(message), black_box(signature)).unwrap()))
    };
    match key.algorithm() {
        Algorithm::Es256 => ecdsa(&lc::ECDSA_P256_SHA256_FIXED_SIGNING, &lc::ECDSA_P256_SHA256_FIXED),
        Algorithm::Es384 => ecdsa(&lc::ECDSA_P384_SHA384_FIXED_SIGNING, &lc::ECDSA_P384_SHA384_FIXED),
        Algorithm::Rs256 => rsa(&lc::RSA_PKCS1_SHA256, &lc::RSA_PKCS1_2048_8192_SHA256),
        Algorithm::Rs384 => rsa(&lc::RSA_PKCS1_SHA384, &lc::RSA_PKCS1_2048_8192_SHA384),
        Algorithm::Rs512 => rsa(&lc::RSA_PKCS1_SHA512, &lc::RSA_PKCS1_2048_8192_SHA512),
        Algorithm::Ps256 => rsa(&lc::RSA_PSS_SHA256, &lc::RSA_PSS_2048_8192_SHA256),
        Algorithm::Ps384 => rsa(&lc::RSA_PSS_SHA384, &lc::RSA_PSS_2048_8192_SHA384),
        Algorithm::Ps512 => rsa(&lc::RSA_PSS_SHA512, &lc::RSA_PSS_2048_8192_SHA512),
        Algorithm::Hs256 => mac(hmac::HMAC_SHA256),
        Algorithm::Hs384 => mac(hmac::HMAC_SHA384),
        Algorithm::Hs512 => mac(hmac::HMAC_SHA512),
        _ => {
            let pair = lc::Ed25519KeyPair::from_pkcs8(&bytes).unwrap();
            let sign = move || {
                black_box(pair.sign(black_box(message)));
            };
            (Box::new(sign), verify(&lc::ED25519))
        }
    }
}

/// The most that signing and verifying may cost beside the primitive.
fn targets(algorithm: Algorithm) -> (Option<f64>, Option<f64>) {
    match algorithm {
        Algorithm::EdDsa => (Some(1.15), Some(1.08)),
        Algorithm::Es256 => (Some(1.1), Some(1.08)),
        Algorithm::Rs256 => (Some(1.02), Some(1.15)),
        Algorithm::Hs256 => (None, Some(3.0)),
        _ => (None, None),
    }
}

/// Measures with criterion, then in turn for the table.
fn compare(
    criterion: &mut Criterion,
    operation: String,
    target: Option<f64>,
    bare: &dyn Fn(),
    ours: &dyn Fn(),
    other: Option<&dyn Fn()>,
) -> Row {
    criterion.bench_function(&format!("{operation}/primitive"), |bencher| bencher.iter(bare));
    criterion.bench_function(&format!("{operation}/jeton"), |bencher| bencher.iter(ours));
    let [bare_ns, ours_ns, other_ns] = if let Some(other) = other {
        criterion.bench_function(&format!("{operation}/jsonwebtoken"), |bencher| bencher.iter(other));
        in_turn([bare, ours, other])
    } else {
        let [bare_ns, ours_ns] = in_turn([bare, ours]);
        [bare_ns, ours_ns, f64::NAN]
    };
    let row = Row { target, ..Row::beside(operation, ours_ns, "bare primitive", bare_ns) };
    match other {
        Some(_) => Row {
            other: Some("jsonwebtoken alone"),
            other_ns: Some(other_ns),
            other_ratio: Some(other_ns / bare_ns),
            ..row
        },
        None => row,
    }
}

/// The same by `jsonwebtoken` alone: its own keys, its own claims in a map of values, its checks of time switched off. Only
/// for the algorithms whose targets speak of it.
struct Alone {
    header: jsonwebtoken::Header,
    signing: jsonwebtoken::EncodingKey,
    verifying: jsonwebtoken::DecodingKey,
    rules: jsonwebtoken::Validation,
    claims: Claims,
}

impl Alone {
    #[expect(clippy::unwrap_used, reason = "a bench that cannot read its key has nothing to measure")]
    fn of(key: &SigningKey, claims: Claims) -> Option<Self> {
        let algorithm = key.algorithm();
        let bytes = key.to_bytes();
        let signing = match algorithm {
            Algorithm::EdDsa => jsonwebtoken::EncodingKey::from_ed_der(&bytes),
            Algorithm::Es256 => jsonwebtoken::EncodingKey::from_ec_der(&bytes),
            Algorithm::Rs256 => {
                let key = pkcs8::PrivateKeyInfoRef::try_from(bytes.as_slice()).unwrap();
                jsonwebtoken::EncodingKey::from_rsa_der(key.private_key.as_bytes())
            }
            Algorithm::Hs256 => jsonwebtoken::EncodingKey::from_secret(&bytes),
            _ => return None,
        };
        let verifying = match key.verification_key().to_jwk() {
            Some(jwk) => jsonwebtoken::DecodingKey::from_jwk(&serde_json::from_value(jwk.to_value()).unwrap()).unwrap(),
            None => jsonwebtoken::DecodingKey::from_secret(&bytes),
        };
        let mut header = jsonwebtoken::Header::new(algorithm.into());
        header.typ = Some("at+jwt".into());
        header.kid = Some(key.kid().into());
        let mut rules = jsonwebtoken::Validation::new(algorithm.into());
        rules.set_issuer(&[ISSUER]);
        rules.set_audience(&[AUDIENCE]);
        rules.validate_exp = false;
        Some(Self { header, signing, verifying, rules, claims })
    }

    #[expect(clippy::unwrap_used, reason = "a bench that cannot sign has nothing to measure")]
    fn sign(&self) {
        drop(black_box(jsonwebtoken::encode(&self.header, black_box(&self.claims), &self.signing).unwrap()));
    }

    #[expect(clippy::unwrap_used, reason = "a bench that cannot verify has nothing to measure")]
    #[expect(clippy::disallowed_methods, reason = "it is what the verifier is measured beside")]
    fn verify(&self, token: &str) {
        let read = jsonwebtoken::decode::<serde_json::Map<String, serde_json::Value>>(
            black_box(token),
            &self.verifying,
            &self.rules,
        );
        drop(black_box(read.unwrap()));
    }
}

#[expect(clippy::unwrap_used, reason = "a bench that cannot sign has nothing to measure")]
fn measure(criterion: &mut Criterion, key: &SigningKey) -> [Row; 2] {
    let algorithm = key.algorithm();
    let issuer = Issuer::new(key.clone(), ISSUER.into(), Audience::new(AUDIENCE), 900);
    let keys = Arc::new(KeySet::new([key.verification_key()]));
    let verifier = Verifier::new(keys, Rules::access_token(ISSUER, AUDIENCE));
    let token = issuer.issue(grant(3), NOW).unwrap();
    let token = token.expose();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let signature = strict::base64url(signature).unwrap();
    let (sign, verify) = primitives(key, message.as_bytes(), &signature);
    let (target_of_sign, target_of_verify) = targets(algorithm);
    let alone = Alone::of(key, verifier.verify(token, NOW).unwrap());
    let (signs_alone, verifies_alone) = match &alone {
        Some(alone) => (Some(|| alone.sign()), Some(|| alone.verify(token))),
        None => (None, None),
    };
    let issue = || drop(black_box(issuer.issue(black_box(grant(3)), NOW).unwrap()));
    let check = || drop(black_box(verifier.verify::<NoClaims>(black_box(token), NOW).unwrap()));
    [
        compare(
            criterion,
            format!("sign/{algorithm}"),
            target_of_sign,
            &*sign,
            &issue,
            signs_alone.as_ref().map(|way| way as &dyn Fn()),
        ),
        compare(
            criterion,
            format!("verify/{algorithm}"),
            target_of_verify,
            &*verify,
            &check,
            verifies_alone.as_ref().map(|way| way as &dyn Fn()),
        ),
    ]
}

#[expect(clippy::unwrap_used, reason = "a bench that cannot make a key has nothing to measure")]
fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut table = Table::new("sign_verify");
    let rsa = SigningKey::generate(Algorithm::Rs256).unwrap();
    for algorithm in Algorithm::ALL {
        let key = match algorithm.key_type() {
            KeyType::Rsa => SigningKey::from_bytes(*algorithm, &rsa.to_bytes()).unwrap(),
            _ => SigningKey::generate(*algorithm).unwrap(),
        };
        table.rows.extend(measure(&mut criterion, &key));
    }
    criterion.final_summary();
    table.finish();
}
