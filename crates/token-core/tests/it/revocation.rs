//! The revocation set: what is in it is refused, and nothing gets lost.

use crate::support::{Bench, NOW, at, forge, payload};
use std::{
    sync::{
        Barrier,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};
use token_core::{Algorithm, Claims, NoClaims, RevocationSet, UnixTime, VerifyError};
use uuid::Uuid;

const SID: Uuid = Uuid::from_u128(10);
const SUB: Uuid = Uuid::from_u128(20);

fn later(secs: u64) -> UnixTime {
    NOW.saturating_add_secs(secs)
}

#[test]
fn an_empty_set_refuses_nothing() {
    let set = RevocationSet::new();
    assert!(set.is_empty() && !set.is_revoked(SID, SUB, NOW));
}

#[test]
fn a_revoked_session_is_refused_whenever_its_token_was_issued() {
    let set = RevocationSet::new();
    set.revoke_session(SID, later(900));
    for iat in [at(0), NOW, later(10), UnixTime::MAX] {
        assert!(set.is_revoked(SID, SUB, iat));
    }
    assert!(!set.is_revoked(Uuid::from_u128(11), SUB, NOW));
    assert!(!set.is_revoked(SUB, SID, NOW), "a session's id is not an account's");
}

#[test]
fn a_revoked_account_is_refused_up_to_the_second_of_its_bound() {
    let set = RevocationSet::new();
    set.revoke_subject(SUB, NOW, later(900));
    assert!(set.is_revoked(SID, SUB, at(0)));
    assert!(set.is_revoked(SID, SUB, NOW));
    assert!(!set.is_revoked(SID, SUB, later(1)));
    assert!(!set.is_revoked(SID, Uuid::from_u128(21), NOW));
}

#[test]
fn revoking_again_keeps_the_later_bounds() {
    let set = RevocationSet::new();
    set.revoke_session(SID, later(900));
    set.revoke_session(SID, later(100));
    set.revoke_subject(SUB, later(5), later(100));
    set.revoke_subject(SUB, NOW, later(900));
    assert_eq!(set.len(), 2);
    set.purge(later(899));
    assert_eq!(set.len(), 2);
    assert!(set.is_revoked(Uuid::nil(), SUB, later(5)) && !set.is_revoked(Uuid::nil(), SUB, later(6)));
    set.revoke_session(SID, later(1000));
    set.purge(later(999));
    assert!(set.is_revoked(SID, SUB, NOW));
    assert_eq!(set.len(), 1);
}

#[test]
fn purging_drops_exactly_the_entries_whose_time_has_come() {
    let set = RevocationSet::new();
    for secs in 0_u64..10 {
        set.revoke_session(Uuid::from_u128(secs.into()), later(secs));
        set.revoke_subject(Uuid::from_u128(secs.into()), NOW, later(secs));
    }
    set.purge(later(4));
    assert_eq!(set.len(), 10);
    for secs in 0_u64..10 {
        let id = Uuid::from_u128(secs.into());
        assert_eq!(set.is_revoked(id, Uuid::max(), NOW), secs > 4);
        assert_eq!(set.is_revoked(Uuid::max(), id, NOW), secs > 4);
    }
    set.purge(UnixTime::MAX);
    assert!(set.is_empty());
}

/// Every round lets the entry expire and renews it while two other threads purge: from the moment that the renewal
/// returned it must be refused.
#[test]
fn an_entry_renewed_while_it_is_purged_is_never_lost() {
    const ROUNDS: u64 = 100_000;
    let set = RevocationSet::new();
    let clock = AtomicU64::new(0);
    let purge_until_the_end = || {
        let mut purges = 0_u64;
        loop {
            let now = clock.load(Ordering::SeqCst);
            set.purge(at(now));
            purges += 1;
            if now == ROUNDS {
                return purges;
            }
        }
    };
    thread::scope(|scope| {
        let purgers = [scope.spawn(purge_until_the_end), scope.spawn(purge_until_the_end)];
        for round in 1..=ROUNDS {
            // What the last round wrote expires now.
            clock.store(round, Ordering::SeqCst);
            set.revoke_session(SID, at(round + 1));
            let session_held = set.is_revoked(SID, Uuid::nil(), NOW);
            set.revoke_subject(SUB, NOW, at(round + 1));
            let subject_held = set.is_revoked(Uuid::nil(), SUB, NOW);
            if !session_held || !subject_held {
                clock.store(ROUNDS, Ordering::SeqCst);
                panic!("lost in round {round}: session held {session_held}, account held {subject_held}");
            }
        }
        for purger in purgers {
            assert!(purger.join().unwrap() > 0);
        }
    });
    assert_eq!(set.len(), 2);
}

#[test]
fn concurrent_inserts_are_all_kept_while_the_set_grows_and_is_purged() {
    const EACH: u128 = 20_000;
    const THREADS: u128 = 4;
    let set = RevocationSet::new();
    let start = Barrier::new(THREADS as usize + 1);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (set, start) = (&set, &start);
            scope.spawn(move || {
                start.wait();
                for index in 0..EACH {
                    let id = Uuid::from_u128(thread * EACH + index);
                    // Half of them are needed still, half may go at once.
                    set.revoke_session(id, if index % 2 == 0 { later(1) } else { NOW });
                }
            });
        }
        scope.spawn(|| {
            start.wait();
            for _ in 0..50 {
                set.purge(NOW);
            }
        });
    });
    set.purge(NOW);
    assert_eq!(set.len() as u128, THREADS * EACH / 2);
    for id in (0..THREADS * EACH).step_by(2) {
        assert!(set.is_revoked(Uuid::from_u128(id), Uuid::nil(), NOW));
    }
}

#[test]
fn concurrent_revocations_of_one_account_leave_the_latest_bounds() {
    for _ in 0..200 {
        let set = RevocationSet::new();
        let start = Barrier::new(4);
        thread::scope(|scope| {
            for thread in 0..4 {
                let (set, start) = (&set, &start);
                scope.spawn(move || {
                    start.wait();
                    for step in 0..10 {
                        let secs = (step * 4 + thread) * 7 % 40;
                        set.revoke_subject(SUB, later(secs), later(100 + secs));
                    }
                });
            }
        });
        assert!(set.is_revoked(SID, SUB, later(39)) && !set.is_revoked(SID, SUB, later(40)));
        set.purge(later(138));
        assert_eq!(set.len(), 1);
        set.purge(later(139));
        assert!(set.is_empty());
    }
}

#[test]
fn a_million_sessions_fit_in_32_mib() {
    let set = RevocationSet::new();
    let id = |n: u64| Uuid::from_u64_pair(n.wrapping_mul(0x2545_f491_4f6c_dd1d), n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    for n in 1..=1_000_000 {
        set.revoke_session(id(n), later(900));
        if n % 100_000 == 0 {
            assert!(
                set.memory_bytes() <= 32 * usize::try_from(n).unwrap() + 512,
                "{} bytes for {n}",
                set.memory_bytes()
            );
        }
    }
    assert!((1..=1_000_000).all(|n| set.is_revoked(id(n), Uuid::nil(), NOW)));
    assert!((1_000_001..=2_000_000).all(|n| !set.is_revoked(id(n), Uuid::nil(), NOW)));
    println!("a million entries take {} KiB", set.memory_bytes() / 1024);
}

#[test]
fn a_revoked_key_is_refused_until_its_entry_is_purged() {
    let set = RevocationSet::new();
    assert!(!set.is_key_revoked("kid"));
    set.revoke_key("kid", later(900));
    assert!(set.is_key_revoked("kid") && !set.is_key_revoked("other"));
    assert_eq!(set.len(), 1);
    set.purge(later(900));
    assert!(!set.is_key_revoked("kid") && set.is_empty());
}

#[test]
fn a_good_token_is_refused_once_its_session_its_account_or_its_key_is_revoked() {
    let bench = Bench::new(Algorithm::EdDsa);
    let token = forge(&bench.key, bench.header().to_string().as_bytes(), payload().to_string().as_bytes());
    let claims: Claims = bench.verifier.verify(&token, NOW).unwrap();
    let verify = |set: &RevocationSet| bench.verifier.verify_unrevoked::<NoClaims>(&token, NOW, set).err();
    assert_eq!(verify(&RevocationSet::new()), None);
    let revoked = |revoke: fn(&RevocationSet, &Claims, &str)| {
        let set = RevocationSet::new();
        revoke(&set, &claims, bench.key.kid());
        verify(&set)
    };
    assert_eq!(revoked(|set, claims, _| set.revoke_session(claims.sid, later(900))), Some(VerifyError::Revoked));
    assert_eq!(revoked(|set, claims, _| set.revoke_subject(claims.sub, NOW, later(900))), Some(VerifyError::Revoked));
    assert_eq!(revoked(|set, _, kid| set.revoke_key(kid, later(900))), Some(VerifyError::Revoked));
    assert_eq!(revoked(|set, _, _| set.revoke_session(Uuid::nil(), later(900))), None);
}
