//! Hashes that other software made, verified through the hashing port. `fixtures/foreign_hashes.py` made them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use auth_domain::credential::{Argon2Settings, Argon2id, UnusableHash};
use auth_domain::model::{Password, PasswordHash};
use auth_domain::ports::{HashError, PasswordHasher, Verdict};
use auth_domain::testing::SeededEntropy;

const HASHES: &str = include_str!("fixtures/foreign_hashes.tsv");

fn hasher() -> Argon2id {
    Argon2id::start(Argon2Settings::default(), Arc::new(SeededEntropy::new(1))).unwrap()
}

/// Label, password, hash.
fn hashes() -> Vec<(&'static str, String, &'static str)> {
    let line = |line: &'static str| {
        let mut fields = line.split('\t');
        let label = fields.next().unwrap();
        (label, serde_json::from_str(fields.next().unwrap()).unwrap(), fields.next().unwrap())
    };
    HASHES.lines().map(line).collect()
}

async fn verify(hasher: &Argon2id, typed: &str, hash: &str) -> Result<Verdict, HashError> {
    hasher.verify(Password::new(typed).unwrap(), Some(PasswordHash::new(hash.to_owned()))).await
}

#[tokio::test]
async fn every_hash_of_other_software_verifies_and_is_to_be_replaced() {
    let (hasher, all) = (hasher(), hashes());
    assert_eq!(all.len(), 120);
    for (label, password, hash) in all {
        let imported = PasswordHash::parse_foreign(hash).unwrap();
        let verdict = verify(&hasher, &password, imported.expose()).await.unwrap();
        // What passlib makes by default is argon2id, and stronger than this server's own.
        let rehash = label != "passlib argon2, as it comes";
        assert_eq!(verdict, Verdict::Matches { rehash }, "{label}: {password}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_refused_by_every_scheme() {
    let hasher = hasher();
    for (label, password, hash) in hashes().into_iter().filter(|(label, ..)| !label.ends_with("as it comes")) {
        for wrong in [format!("X{password}"), password.to_uppercase(), String::new()] {
            if wrong != password {
                assert_eq!(verify(&hasher, &wrong, hash).await.unwrap(), Verdict::Differs, "{label}: {wrong}");
            }
        }
    }
}

#[tokio::test]
async fn p5_only_plain_bcrypt_reads_no_more_than_72_bytes() {
    let hasher = hasher();
    for (label, password, hash) in hashes().into_iter().filter(|(_, password, _)| password.len() > 72) {
        let cut = password.get(..72).unwrap();
        let plain = ["bcrypt $2b$", "bcrypt $2a$", "passlib bcrypt $2y$", "django bcrypt"].contains(&label);
        let expected = if plain { Verdict::Matches { rehash: true } } else { Verdict::Differs };
        assert_eq!(verify(&hasher, cut, hash).await.unwrap(), expected, "{label}");
    }
}

#[tokio::test]
async fn p6_a_decomposed_spelling_matches_a_foreign_hash_of_the_composed_one() {
    let hasher = hasher();
    for (label, password, hash) in hashes().into_iter().filter(|(_, password, _)| password.contains("caf\u{e9}")) {
        let decomposed = password.replace('\u{e9}', "e\u{301}");
        assert_eq!(verify(&hasher, &decomposed, hash).await.unwrap(), Verdict::Matches { rehash: true }, "{label}");
    }
}

/// Digests that fit each scheme, so that the parameters alone are what is wrong.
fn hostile() -> Vec<String> {
    let (b32, b64, hex) = ("A".repeat(43), format!("{}==", "A".repeat(86)), "0".repeat(128));
    let bcrypt = "A".repeat(53).replace('A', ".");
    vec![
        format!("$argon2i$v=19$m=262145,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA${b32}"),
        format!("argon2$argon2d$v=19$m=1024,t=17,p=1$AAAAAAAAAAAAAAAAAAAAAA${b32}"),
        format!("$argon2id$v=19$m=1024,t=2,p=17$AAAAAAAAAAAAAAAAAAAAAA${b32}"),
        format!("$argon2id$v=19$m=4294967295,t=4294967295,p=1$AAAAAAAAAAAAAAAAAAAAAA${b32}"),
        format!("$2b$15${bcrypt}"),
        format!("$2y$31${bcrypt}"),
        format!("bcrypt$$2b$31${bcrypt}"),
        format!("bcrypt_sha256$$2b$99${bcrypt}"),
        "$bcrypt-sha256$v=2,t=2b,r=31$QJ7V2.1mwX9PU/Cpw3kkSu$REprspa5n6Nz8Roux9fn.cPZHYR.33K".to_owned(),
        format!("scrypt$2147483648$salt$8$1${b64}"),
        format!("scrypt$1024$salt$1048576$1${b64}"),
        format!("scrypt$1024$salt$8$1048576${b64}"),
        format!("scrypt$16384$salt$64$64${b64}"),
        format!("scrypt:1048576:8:1$salt${hex}"),
        format!("$scrypt$ln=63,r=8,p=1$AAAA${b32}"),
        format!("$scrypt$ln=4294967295,r=4294967295,p=4294967295$AAAA${b32}"),
        format!("pbkdf2_sha256$3000001$salt${b32}="),
        format!("pbkdf2_sha256$99999999999999999999$salt${b32}="),
        format!("pbkdf2:sha512:4294967295$salt${hex}"),
        format!("pbkdf2:sha1:1000$salt${hex}"),
        format!("$pbkdf2-sha512$4294967295$AAAA${}", "A".repeat(86)),
    ]
}

#[tokio::test]
async fn p7_a_foreign_row_that_asks_for_too_much_is_refused_at_once() {
    let hasher = hasher();
    let started = Instant::now();
    for hash in hostile() {
        let refused = PasswordHash::parse_foreign(&hash).unwrap_err();
        assert!(matches!(refused, UnusableHash::TooExpensive { .. }), "{hash}: {refused}");
        let error = verify(&hasher, "a", &hash).await.unwrap_err();
        assert!(matches!(error, HashError::Unusable(_)), "{hash}: {error}");
    }
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn p7_the_dearest_rows_that_are_accepted_cost_no_more_than_seconds() {
    let hasher = hasher();
    let b64 = format!("{}==", "A".repeat(86));
    for hash in [
        format!("$2b$14${}", ".".repeat(53)),
        format!("scrypt$262144$salt$8$2${b64}"),
        format!("scrypt$65536$salt$1$64${b64}"),
        format!("pbkdf2_sha512$3000000$salt${b64}"),
    ] {
        let started = Instant::now();
        assert_eq!(verify(&hasher, "a", &hash).await.unwrap(), Verdict::Differs, "{hash}");
        let took = started.elapsed();
        assert!(took < Duration::from_secs(60), "{took:?}: {hash}");
    }
}

#[test]
fn a_hash_that_can_never_be_verified_is_refused_with_its_reason() {
    let check = |text: &str, expected: &str| {
        let why = PasswordHash::parse_foreign(text).unwrap_err().to_string();
        assert!(why.contains(expected), "{text}: {why}");
    };
    check("", "no known format");
    check("hunter2", "no known format");
    check(&"$".repeat(2000), "no known format");
    check("!", "without a password");
    check("!xk2Tn", "without a password");
    check("$1$saltsalt$hash", "MD5 is not supported");
    check("md5$salt$5f4dcc3b5aa765d61d8327deb882cf99", "MD5 is not supported");
    check("sha1$salt$5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8", "a bare digest is not supported");
    check("{SSHA}aaaa", "an LDAP scheme is not supported");
    check("$6$rounds=5000$salt$hash", "crypt(3) is not supported");
    check("$P$BaaaaaaaaaaaaaaaaaaaaaaaaaaaaaA", "phpass is not supported");
    check("$2x$05$ezRB5eqYHiFJHrtqHVzoeeagyqVM4rYd5J2CgufjwyEHwWbaFK/O6", "bcrypt $2x$ is not supported");
    check("$2b$05$ezRB5eqYHiFJHrtqHVzoeeagyqVM4rYd5J2CgufjwyEHwWbaFK/O", "60 characters");
    check("$2b$05$ezRB5eqYHiFJHrtqHVzoe\u{e9}agyqVM4rYd5J2CgufjwyEHwWbaFK/O", "60 characters");
    check("$2b$03$ezRB5eqYHiFJHrtqHVzoeeagyqVM4rYd5J2CgufjwyEHwWbaFK/O6", "below 4");
    check("$argon2id$m=1024,t=2,p=2$i98PiXL0EMQFGLD52oNYlw$+xVoeiPSED5FUCdOmhFKp05Ly7raaAiAaqGff3n1lUs", "old version");
    check("$argon2id$v=19$m=1024,t=2,p=2$i98PiXL0EMQFGLD52oNYlw", "no salt, or no digest");
    check("scrypt$1000$salt$8$5$AAAA", "N is no power of two");
    check("scrypt$1024$salt$8$5$AAAA", "16 to 64 bytes");
    check("scrypt$1024$$8$5$AAAA", "salt");
    check("scrypt:1024:8:0$salt$701db33da0b6aa5be661dafd4c978058", "a parameter is zero");
    check("pbkdf2_md5$1000$salt$AAAAAAAAAAAAAAAAAAAAAA==", "none of sha1");
    check("pbkdf2_sha256$0$salt$AAAAAAAAAAAAAAAAAAAAAA==", "no iterations");
    check("pbkdf2_sha256$-1$salt$AAAAAAAAAAAAAAAAAAAAAA==", "iterations");
    check("pbkdf2_sha256$1000$salt$AAAAAAAAAAAAAAAAAAAAAA==$more", "something follows");
    check("$pbkdf2-sha256$1000$FALgXEtJiVGK8X4vJeT83w$b7HP", "16 to 64 bytes");
}
