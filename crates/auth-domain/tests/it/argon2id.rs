//! argon2id behind the hashing port.

use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::Arc;

use auth_domain::credential::{Argon2Settings, Argon2id, InvalidArgon2Settings};
use auth_domain::model::{Password, PasswordHash};
use auth_domain::ports::{HashError, PasswordHasher, Verdict};
use auth_domain::testing::SeededEntropy;
use futures_util::FutureExt;

const MATCHES: Verdict = Verdict::Matches { rehash: false };

fn start(settings: Argon2Settings) -> Result<Argon2id, InvalidArgon2Settings> {
    Argon2id::start(settings, Arc::new(SeededEntropy::new(1)))
}

fn hasher() -> Argon2id {
    start(Argon2Settings::default()).unwrap()
}

fn password(typed: &str) -> Password {
    Password::new(typed).unwrap()
}

#[tokio::test]
async fn p9_a_hash_is_argon2id_with_at_least_owasps_parameters_and_a_salt_of_its_own() {
    let (one, other) = (hasher().hash(password("a")).await.unwrap(), hasher());
    assert!(one.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", one.expose());
    let (first, second) = (other.hash(password("a")).await.unwrap(), other.hash(password("a")).await.unwrap());
    assert_ne!(first.expose(), second.expose());
}

#[tokio::test]
async fn p9_weaker_parameters_are_refused_at_start() {
    for weak in [
        Argon2Settings { memory_kib: 19_455, ..Argon2Settings::default() },
        Argon2Settings { iterations: 1, ..Argon2Settings::default() },
    ] {
        assert!(matches!(start(weak), Err(InvalidArgon2Settings::TooWeak { .. })));
    }
}

#[tokio::test]
async fn a_password_verifies_against_its_own_hash_only() {
    let hasher = hasher();
    let hash = hasher.hash(password("correct horse")).await.unwrap();
    assert_eq!(hasher.verify(password("correct horse"), Some(hash.clone())).await.unwrap(), MATCHES);
    assert_eq!(hasher.verify(password("Correct horse"), Some(hash.clone())).await.unwrap(), Verdict::Differs);
    assert_eq!(hasher.verify(password(""), Some(hash)).await.unwrap(), Verdict::Differs);
    assert_eq!(hasher.verify(password("correct horse"), None).await.unwrap(), Verdict::Differs);
}

#[tokio::test]
async fn p5_the_last_of_1024_bytes_counts() {
    let hasher = hasher();
    let hash = hasher.hash(password(&"a".repeat(1024))).await.unwrap();
    let almost = format!("{}b", "a".repeat(1023));
    assert_eq!(hasher.verify(password(&almost), Some(hash)).await.unwrap(), Verdict::Differs);
}

#[tokio::test]
async fn p7_a_hash_is_replaced_when_parameters_grew_and_only_then() {
    let strong = start(Argon2Settings { memory_kib: 20_000, iterations: 3, ..Argon2Settings::default() }).unwrap();
    let (weak_hash, strong_hash) =
        (hasher().hash(password("a")).await.unwrap(), strong.hash(password("a")).await.unwrap());
    let verdicts = [
        strong.verify(password("a"), Some(weak_hash.clone())).await.unwrap(),
        strong.verify(password("a"), Some(strong_hash.clone())).await.unwrap(),
        hasher().verify(password("a"), Some(strong_hash)).await.unwrap(),
    ];
    assert_eq!(verdicts.map(|verdict| verdict == Verdict::Matches { rehash: true }), [true, false, false]);
    assert_eq!(strong.verify(password("b"), Some(weak_hash)).await.unwrap(), Verdict::Differs);
}

#[tokio::test]
async fn p7_a_hash_keeps_its_own_parameters() {
    let strong = start(Argon2Settings { memory_kib: 20_000, iterations: 3, ..Argon2Settings::default() }).unwrap();
    let hash = strong.hash(password("a")).await.unwrap();
    assert_eq!(hasher().verify(password("a"), Some(hash)).await.unwrap(), MATCHES);
}

#[tokio::test]
async fn p7_a_hostile_row_cannot_exhaust_the_server() {
    for phc in [
        "$argon2id$v=19$m=4194304,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=19456,t=4000000,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=16$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA",
        "plain text",
        "",
    ] {
        let result = hasher().verify(password("a"), Some(PasswordHash::new(phc.to_owned()))).await;
        assert!(matches!(result, Err(HashError::Unusable(_))), "{phc}");
    }
}

#[tokio::test]
async fn p13_beyond_the_queue_the_answer_is_busy_and_callers_that_hang_up_make_no_room() {
    let one = NonZeroUsize::new(1).unwrap();
    let settings = Argon2Settings { iterations: 16, threads: one, queue: 2, ..Argon2Settings::default() };
    let hasher = start(settings).unwrap();
    let mut running = pin!(hasher.hash(password("a")));
    assert!(running.as_mut().now_or_never().is_none());
    // One polls, is accepted or refused, and hangs up; then the next. Two places are in the queue, and a third at most is
    // free when the thread takes its first job meanwhile.
    let outcomes = (0..5).map(|_| hasher.hash(password("b")).now_or_never());
    let refused: Vec<_> = outcomes.flatten().collect();
    assert!(refused.iter().all(|outcome| matches!(outcome, Err(HashError::Busy))));
    assert!(refused.len() >= 2, "{} of 5 were refused", refused.len());
    assert!(running.await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_are_all_answered() {
    let hasher = Arc::new(hasher());
    let hash = hasher.hash(password("a")).await.unwrap();
    let verifications: Vec<_> = (0..20)
        .map(|n| {
            let (hasher, hash) = (Arc::clone(&hasher), hash.clone());
            let typed = if n % 2 == 0 { "a" } else { "b" };
            tokio::spawn(async move { hasher.verify(password(typed), Some(hash)).await.unwrap() })
        })
        .collect();
    for (n, verification) in verifications.into_iter().enumerate() {
        let expected = if n % 2 == 0 { MATCHES } else { Verdict::Differs };
        assert_eq!(verification.await.unwrap(), expected);
    }
}
