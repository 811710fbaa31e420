//! What a store does with second factors, and with owners who prove again who they are.

use futures_util::future::join_all;
use uuid::Uuid;

use super::passwords::reset;
use super::{START, account, at, close, event, events, hash, new_account, open, session_id, token};
use crate::model::{
    AccountId, EventKind, Factors, OneTimeToken, Passkey, PasskeyId, Purpose, SealedBytes, SecurityEvent, TokenHash,
    Totp,
};
use crate::ports::{Reauthenticate, Stores};

fn secret(n: u8) -> SealedBytes {
    SealedBytes { key_id: n, bytes: vec![n; 48] }
}

fn told(account: AccountId, kind: EventKind, n: u128) -> SecurityEvent {
    SecurityEvent { session: None, ..event(account, kind, 200 + n, at(1)) }
}

fn codes(range: std::ops::Range<u8>) -> Vec<TokenHash> {
    range.map(hash).collect()
}

async fn has_app(stores: &Stores, account: AccountId) {
    assert!(stores.factors.begin_totp(account, secret(1)).await.unwrap());
    let added = told(account, EventKind::TotpAdded, 0);
    assert!(stores.factors.confirm_totp(secret(1), 7, Some(codes(0..10)), added).await.unwrap());
}

fn passkey(account: AccountId, n: u8) -> Passkey {
    Passkey {
        id: PasskeyId::from_uuid(Uuid::from_u128(n.into())),
        account,
        credential_id: vec![n, 0, 255],
        name: "Laptop \u{d55c}".to_owned(),
        data: format!("{{\"n\":{n}}}"),
        created_at: at(n.into()),
        last_used_at: None,
    }
}

/// Case.
pub async fn an_app_counts_once_it_is_confirmed(stores: Stores) {
    let alice = account(&stores, 1).await.id;
    assert_eq!(stores.factors.of(alice).await.unwrap(), Factors::default());
    assert!(stores.factors.begin_totp(alice, secret(1)).await.unwrap());
    assert!(stores.factors.begin_totp(alice, secret(2)).await.unwrap(), "it takes the place of one not confirmed");
    let begun = stores.factors.of(alice).await.unwrap();
    assert_eq!(begun.totp, Some(Totp { secret: secret(2), confirmed_at: None, last_step: 0 }));
    assert!(!stores.accounts.by_id(alice).await.unwrap().unwrap().second_factor);
    assert!(!stores.factors.accept_totp(alice, 5).await.unwrap());
    let added = told(alice, EventKind::TotpAdded, 0);
    assert!(!stores.factors.confirm_totp(secret(1), 7, None, added.clone()).await.unwrap(), "another secret");
    assert!(stores.factors.confirm_totp(secret(2), 7, Some(codes(0..10)), added).await.unwrap());
    let confirmed = stores.factors.of(alice).await.unwrap();
    assert_eq!(confirmed.totp, Some(Totp { secret: secret(2), confirmed_at: Some(at(1)), last_step: 7 }));
    assert_eq!(confirmed.recovery_codes, 10);
    assert!(stores.accounts.by_id(alice).await.unwrap().unwrap().second_factor);
    assert!(stores.accounts.credentials(&new_account(1).email).await.unwrap().unwrap().second_factor);
    assert!(!stores.factors.begin_totp(alice, secret(3)).await.unwrap(), "one is confirmed");
    assert!(stores.factors.remove_totp(told(alice, EventKind::TotpRemoved, 1)).await.unwrap());
    assert!(!stores.factors.remove_totp(told(alice, EventKind::TotpRemoved, 2)).await.unwrap());
    let kinds: Vec<_> = events(&stores, alice).await.iter().map(|event| event.kind).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == EventKind::TotpRemoved).count(), 1);
    let nobody = AccountId::from_uuid(Uuid::from_u128(77));
    assert!(!stores.factors.begin_totp(nobody, secret(1)).await.unwrap());
}

/// Case.
pub async fn of_many_confirmations_of_an_app_one_counts(stores: Stores) {
    let alice = account(&stores, 1).await.id;
    stores.factors.begin_totp(alice, secret(1)).await.unwrap();
    let confirm = |n: u64| stores.factors.confirm_totp(secret(1), n, None, told(alice, EventKind::TotpAdded, n.into()));
    let won = join_all((1..=8).map(confirm)).await.into_iter().filter(|outcome| matches!(outcome, Ok(true))).count();
    assert_eq!(won, 1);
}

/// Case.
pub async fn a_step_is_accepted_once_and_none_before_it(stores: Stores) {
    let alice = account(&stores, 1).await.id;
    has_app(&stores, alice).await;
    assert!(!stores.factors.accept_totp(alice, 7).await.unwrap(), "the step of its confirmation");
    let outcomes = join_all((0..100).map(|_| stores.factors.accept_totp(alice, 9))).await;
    assert_eq!(outcomes.into_iter().filter(|outcome| matches!(outcome, Ok(true))).count(), 1);
    assert!(!stores.factors.accept_totp(alice, 8).await.unwrap());
    assert!(stores.factors.accept_totp(alice, 10).await.unwrap());
}

/// Case.
pub async fn of_many_uses_of_a_recovery_code_one_counts(stores: Stores) {
    let (alice, bob) = (account(&stores, 1).await.id, account(&stores, 2).await.id);
    has_app(&stores, alice).await;
    let used =
        |account, code, n| stores.factors.use_recovery_code(hash(code), told(account, EventKind::RecoveryCodeUsed, n));
    assert!(!used(bob, 3, 1).await.unwrap(), "another account's");
    assert!(!used(alice, 99, 2).await.unwrap());
    let outcomes = join_all((0..100).map(|n| used(alice, 3, 10 + n))).await;
    assert_eq!(outcomes.into_iter().filter(|outcome| matches!(outcome, Ok(true))).count(), 1);
    assert_eq!(stores.factors.of(alice).await.unwrap().recovery_codes, 9);
    let kinds = events(&stores, alice).await.iter().filter(|e| e.kind == EventKind::RecoveryCodeUsed).count();
    assert_eq!(kinds, 1);
}

/// Case.
pub async fn recovery_codes_take_the_place_of_those_before(stores: Stores) {
    let alice = account(&stores, 1).await.id;
    has_app(&stores, alice).await;
    let made = told(alice, EventKind::RecoveryCodesMade, 1);
    assert!(stores.factors.replace_recovery_codes(codes(20..30), made).await.unwrap());
    let used = |code, n| stores.factors.use_recovery_code(hash(code), told(alice, EventKind::RecoveryCodeUsed, n));
    assert!(!used(3, 2).await.unwrap());
    assert!(used(20, 3).await.unwrap());
}

/// Case.
pub async fn a_passkey_is_kept_found_used_renamed_and_removed(stores: Stores) {
    let alice = account(&stores, 1).await.id;
    for n in [2, 1] {
        let added = told(alice, EventKind::PasskeyAdded, n.into());
        let codes = (n == 2).then(|| codes(0..10));
        assert!(stores.factors.add_passkey(passkey(alice, n), codes, added).await.unwrap());
    }
    let factors = stores.factors.of(alice).await.unwrap();
    assert_eq!(factors.passkeys, [passkey(alice, 1), passkey(alice, 2)], "oldest first");
    assert_eq!(factors.recovery_codes, 10);
    assert!(stores.accounts.by_id(alice).await.unwrap().unwrap().second_factor);
    assert_eq!(stores.factors.passkey(&[1, 0, 255]).await.unwrap(), Some(passkey(alice, 1)));
    assert_eq!(stores.factors.passkey(&[9]).await.unwrap(), None);
    let id = passkey(alice, 1).id;
    assert!(stores.factors.passkey_used(id, "{}".to_owned(), at(9)).await.unwrap());
    assert!(stores.factors.rename_passkey(alice, id, "Phone".to_owned()).await.unwrap());
    let bob = AccountId::from_uuid(Uuid::from_u128(2));
    assert!(!stores.factors.rename_passkey(bob, id, "Mine".to_owned()).await.unwrap());
    assert!(!stores.factors.remove_passkey(id, told(bob, EventKind::PasskeyRemoved, 7)).await.unwrap());
    let now =
        Passkey { data: "{}".to_owned(), last_used_at: Some(at(9)), name: "Phone".to_owned(), ..passkey(alice, 1) };
    assert_eq!(stores.factors.passkey(&[1, 0, 255]).await.unwrap(), Some(now));
    assert!(stores.factors.remove_passkey(id, told(alice, EventKind::PasskeyRemoved, 8)).await.unwrap());
    assert!(!stores.factors.passkey_used(id, "{}".to_owned(), at(10)).await.unwrap());
    assert_eq!(stores.factors.of(alice).await.unwrap().passkeys, [passkey(alice, 2)]);
}

/// Case.
pub async fn a_passkey_belongs_to_one_account(stores: Stores) {
    let (alice, bob) = (account(&stores, 1).await.id, account(&stores, 2).await.id);
    let add = |account: AccountId, n: u8| {
        let same = Passkey { credential_id: vec![7], ..passkey(account, n) };
        stores.factors.add_passkey(same, None, told(account, EventKind::PasskeyAdded, n.into()))
    };
    let (one, other) = futures_util::future::join(add(alice, 1), add(bob, 2)).await;
    assert!(one.unwrap() ^ other.unwrap());
    let nobody = AccountId::from_uuid(Uuid::from_u128(77));
    let added = told(nobody, EventKind::PasskeyAdded, 9);
    assert!(!stores.factors.add_passkey(passkey(nobody, 9), None, added).await.unwrap());
}

/// Case.
pub async fn recovery_codes_go_with_the_last_factor(stores: Stores) {
    let alice = account(&stores, 1).await.id;
    has_app(&stores, alice).await;
    let added = told(alice, EventKind::PasskeyAdded, 1);
    assert!(stores.factors.add_passkey(passkey(alice, 1), None, added).await.unwrap());
    assert!(stores.factors.remove_totp(told(alice, EventKind::TotpRemoved, 2)).await.unwrap());
    assert_eq!(stores.factors.of(alice).await.unwrap().recovery_codes, 10, "a passkey is left");
    let removed = told(alice, EventKind::PasskeyRemoved, 3);
    assert!(stores.factors.remove_passkey(passkey(alice, 1).id, removed).await.unwrap());
    assert_eq!(stores.factors.of(alice).await.unwrap(), Factors::default());
    assert!(!stores.accounts.by_id(alice).await.unwrap().unwrap().second_factor);
}

/// Case.
pub async fn factors_go_with_their_account(stores: Stores) {
    let alice = account(&stores, 1).await.id;
    has_app(&stores, alice).await;
    let added = told(alice, EventKind::PasskeyAdded, 1);
    assert!(stores.factors.add_passkey(passkey(alice, 1), None, added).await.unwrap());
    let _ = stores.accounts.delete(close(alice, EventKind::AccountDeleted, 6_000, START)).await.unwrap();
    assert_eq!(stores.factors.of(alice).await.unwrap(), Factors::default());
    assert_eq!(stores.factors.passkey(&[1, 0, 255]).await.unwrap(), None);
}

/// Case.
pub async fn a_mailed_password_takes_the_factors_of_an_account_whose_address_was_not_verified(stores: Stores) {
    let (alice, bob) = (account(&stores, 1).await.id, account(&stores, 2).await.id);
    let add = |n: u8, of: AccountId| {
        let added = told(of, EventKind::PasskeyAdded, n.into());
        stores.factors.add_passkey(passkey(of, n), Some(codes(n * 10..n * 10 + 10)), added)
    };
    has_app(&stores, alice).await;
    assert!(add(1, alice).await.unwrap() && add(2, bob).await.unwrap());
    assert_eq!(stores.accounts.by_id(alice).await.unwrap().unwrap().account.email_verified_at, None);
    reset(&stores, &token(1, Purpose::ResetPassword, Some(alice)), 1, at(2)).await;
    assert_eq!(stores.factors.of(alice).await.unwrap(), Factors::default());
    assert_eq!(stores.factors.passkey(&[1, 0, 255]).await.unwrap(), None);
    assert!(!stores.accounts.by_id(alice).await.unwrap().unwrap().second_factor);
    assert_eq!(stores.factors.of(bob).await.unwrap().recovery_codes, 10, "those of others stay");

    assert!(add(3, alice).await.unwrap());
    let bound = OneTimeToken { bound_to: Some(at(2)), ..token(2, Purpose::ResetPassword, Some(alice)) };
    reset(&stores, &bound, 2, at(3)).await;
    let kept = stores.factors.of(alice).await.unwrap();
    assert_eq!((kept.passkeys.len(), kept.recovery_codes), (1, 10), "the address is verified now");
}

/// Case.
pub async fn app_secrets_are_found_by_their_master_key_and_sealed_anew(stores: Stores) {
    let (alice, bob) = (account(&stores, 1).await.id, account(&stores, 2).await.id);
    has_app(&stores, alice).await;
    stores.factors.begin_totp(bob, secret(2)).await.unwrap();
    assert_eq!(stores.factors.sealed_otherwise(2, 10).await.unwrap(), [(alice, secret(1))]);
    assert!(stores.factors.reseal(alice, secret(1), secret(2)).await.unwrap());
    assert!(!stores.factors.reseal(alice, secret(1), secret(3)).await.unwrap());
    assert_eq!(stores.factors.sealed_otherwise(2, 10).await.unwrap(), []);
    assert_eq!(stores.factors.sealed_otherwise(9, 1).await.unwrap().len(), 1);
}

/// Case.
pub async fn an_owner_proves_again_who_he_is(stores: Stores) {
    let alice = account(&stores, 1).await.id;
    let before = open(&stores, alice, 1, START).await;
    let again = |now| Reauthenticate {
        session: session_id(1),
        amr: vec!["pwd".to_owned(), "otp".to_owned(), "mfa".to_owned()],
        now,
        event: event(alice, EventKind::Reauthenticated, 300, now),
    };
    let facts = stores.sessions.reauthenticate(again(at(5))).await.unwrap().unwrap();
    assert_eq!((facts.auth_time, facts.amr.len()), (at(5), 3));
    assert_eq!((facts.generation, facts.idle_expires_at), (before.generation, before.idle_expires_at));
    assert_eq!(stores.sessions.get(session_id(1)).await.unwrap().unwrap().facts, facts);
    assert_eq!(stores.sessions.reauthenticate(again(at(60))).await.unwrap(), None, "it is over");
}
