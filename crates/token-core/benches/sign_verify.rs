//! What issuing and verifying a token costs beside the bare primitive of AWS-LC, over the same bytes in the same run.
//!
//! Ids are `sign/ALG/jeton` and `sign/ALG/primitive`, `verify/ALG/jeton` and `verify/ALG/primitive`. The primitive
//! works on the token's own text with a parsed key; `jeton` is [`Issuer::issue`] and [`Verifier::verify`] whole. At the
//! end stands the table of ratios.

use std::{
    collections::BTreeMap,
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use aws_lc_rs::{hmac, rand::SystemRandom, signature as lc};
use criterion::Criterion;
use token_core::{
    Algorithm, Audience, Grant, Issuer, KeySet, KeyType, NoClaims, Rules, SigningKey, UnixTime, Verifier, strict,
};
use uuid::Uuid;

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
const ISSUER: &str = "https://login.example";
const AUDIENCE: &str = "https://api.example";

fn grant() -> Grant {
    Grant {
        subject: Uuid::from_u128(1),
        session: Uuid::from_u128(2),
        token_id: Uuid::from_u128(3),
        client_id: "web".into(),
        scope: "notes:read notes:write".into(),
        auth_time: NOW,
        amr: vec!["pwd".into(), "otp".into()],
        roles: vec!["admin".into()],
        extra: NoClaims,
    }
}

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

/// The mean of each id, kept for the table: criterion prints them one by one.
#[derive(Default)]
struct Means(BTreeMap<String, f64>);

impl Means {
    fn measure(&mut self, criterion: &mut Criterion, id: &str, mut work: impl FnMut()) {
        let (mut spent, mut rounds) = (Duration::ZERO, 0_u64);
        criterion.bench_function(id, |bencher| {
            bencher.iter_custom(|times| {
                let started = Instant::now();
                for _ in 0..times {
                    work();
                }
                let elapsed = started.elapsed();
                spent += elapsed;
                rounds += times;
                elapsed
            });
        });
        #[expect(clippy::cast_precision_loss, reason = "a count of rounds is far below 2^53")]
        let mean = spent.as_secs_f64() * 1e9 / rounds.max(1) as f64;
        if rounds > 0 {
            self.0.insert(id.to_owned(), mean);
        }
    }

    fn print(&self) {
        println!("\n{:<16} {:>14} {:>14} {:>8}", "operation", "jeton, ns", "primitive, ns", "ratio");
        for (id, whole) in &self.0 {
            let Some(name) = id.strip_suffix("/jeton") else { continue };
            let Some(bare) = self.0.get(&format!("{name}/primitive")) else { continue };
            println!("{name:<16} {whole:>14.0} {bare:>14.0} {:>8.3}", whole / bare);
        }
    }
}

#[expect(clippy::unwrap_used, reason = "a bench that cannot sign has nothing to measure")]
fn measure(criterion: &mut Criterion, means: &mut Means, key: &SigningKey) {
    let algorithm = key.algorithm();
    let issuer = Issuer::new(key.clone(), ISSUER.into(), Audience::new(AUDIENCE), 900);
    let keys = Arc::new(KeySet::new([key.verification_key()]));
    let verifier = Verifier::new(keys, Rules::access_token(ISSUER, AUDIENCE));
    let token = issuer.issue(grant(), NOW).unwrap();
    let token = token.expose();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let signature = strict::base64url(signature).unwrap();
    let (sign, verify) = primitives(key, message.as_bytes(), &signature);
    means.measure(criterion, &format!("sign/{algorithm}/primitive"), sign);
    means.measure(criterion, &format!("sign/{algorithm}/jeton"), || {
        drop(black_box(issuer.issue(black_box(grant()), NOW).unwrap()));
    });
    means.measure(criterion, &format!("verify/{algorithm}/primitive"), verify);
    means.measure(criterion, &format!("verify/{algorithm}/jeton"), || {
        drop(black_box(verifier.verify::<NoClaims>(black_box(token), NOW).unwrap()));
    });
}

#[expect(clippy::unwrap_used, reason = "a bench that cannot make a key has nothing to measure")]
fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut means = Means::default();
    let rsa = SigningKey::generate(Algorithm::Rs256).unwrap();
    for algorithm in Algorithm::ALL {
        let key = match algorithm.key_type() {
            KeyType::Rsa => SigningKey::from_bytes(*algorithm, &rsa.to_bytes()).unwrap(),
            _ => SigningKey::generate(*algorithm).unwrap(),
        };
        measure(&mut criterion, &mut means, &key);
    }
    criterion.final_summary();
    means.print();
}
