//! What a store does with passwords that are set.

use futures_util::future::join_all;

use super::{
    START, account, at, disable, event, events, live, new_account, open, redeem, session_id, token, tokens_until,
};
use crate::model::{
    Actor, EndTarget, EventKind, NewSession, OneTimeToken, Opened, PasswordHash, Purpose, RestsOn, SecurityEvent,
    SessionLimit, Timestamp,
};
use crate::ports::{PasswordAuthority, SetPassword, Stores};

fn phc(n: u8) -> PasswordHash {
    PasswordHash::new(format!("$argon2id$v=19$m=19456,t=2,p=1$AAAA$AAA{n}"))
}

fn set(authority: PasswordAuthority, n: u8, end: EndTarget, now: Timestamp) -> SetPassword {
    let event = event(new_account(1).id, EventKind::PasswordChanged, 100 + u128::from(n), now);
    let event = SecurityEvent { session: None, ..event };
    SetPassword { authority, hash: phc(n), end, by: Actor::Owner(None), now, tokens_until: tokens_until(), event }
}

/// Sets Alice's password by this token at this moment.
pub(super) async fn reset(stores: &Stores, kept: &OneTimeToken, n: u8, now: Timestamp) {
    stores.one_time.add(kept.clone()).await.unwrap();
    let set = set(PasswordAuthority::Mailed(redeem(kept)), n, EndTarget::All(new_account(1).id), now);
    assert!(stores.accounts.set_password(set).await.unwrap().is_some());
}

async fn kept_hash(stores: &Stores) -> (String, Option<Timestamp>) {
    let found = stores.accounts.by_id(new_account(1).id).await.unwrap().unwrap();
    (found.password_hash.unwrap().expose().to_owned(), found.password_changed_at)
}

/// Case.
pub async fn a_password_is_changed_by_who_has_shown_the_last_one(stores: Stores) {
    let alice = account(&stores, 1).await.id;
    for n in 1..=3 {
        open(&stores, alice, n, START).await;
    }
    let end = EndTarget::Others { account: alice, keep: session_id(2) };
    let shown = |changed_at| PasswordAuthority::Shown { changed_at };
    let ending = stores.accounts.set_password(set(shown(None), 1, end, at(1))).await.unwrap().unwrap();
    assert_eq!(ending.revocations.len(), 2);
    assert_eq!(live(&stores, alice, at(2)).await, [session_id(2)]);
    assert_eq!(kept_hash(&stores).await, (phc(1).expose().to_owned(), Some(at(1))));
    assert_eq!(stores.revocations.live(at(2)).await.unwrap(), ending.revocations);
    assert_eq!(events(&stores, alice).await.iter().filter(|e| e.kind == EventKind::PasswordChanged).count(), 1);

    assert!(stores.accounts.set_password(set(shown(None), 2, end, at(2))).await.unwrap().is_none(), "not the last one");
    let many = (3..=8).map(|n| stores.accounts.set_password(set(shown(Some(at(1))), n, end, at(u64::from(n)))));
    let won = join_all(many).await.into_iter().filter(|outcome| matches!(outcome, Ok(Some(_)))).count();
    assert_eq!(won, 1);
}

/// Case.
pub async fn a_mailed_token_sets_one_password_however_many_try(stores: Stores) {
    let alice = account(&stores, 1).await.id;
    let kept = token(1, Purpose::ResetPassword, Some(alice));
    stores.one_time.add(kept.clone()).await.unwrap();
    let mailed = || PasswordAuthority::Mailed(redeem(&kept));
    let many = (1..=16).map(|n| stores.accounts.set_password(set(mailed(), n, EndTarget::All(alice), at(n.into()))));
    let won = join_all(many).await.into_iter().filter(|outcome| matches!(outcome, Ok(Some(_)))).count();
    assert_eq!(won, 1);
    let found = stores.accounts.by_id(alice).await.unwrap().unwrap();
    assert_eq!(found.account.email_verified_at, found.password_changed_at, "its owner reads his mail");
}

/// Case.
pub async fn a_reset_ends_every_session_and_every_other_token(stores: Stores) {
    let (alice, bob) = (account(&stores, 1).await.id, account(&stores, 2).await.id);
    open(&stores, alice, 1, START).await;
    open(&stores, bob, 2, START).await;
    let of_bob = token(2, Purpose::ResetPassword, Some(bob));
    let kept = token(1, Purpose::ResetPassword, Some(alice));
    let begun = token(3, Purpose::SecondFactor, Some(alice));
    for one in [&of_bob, &kept, &begun] {
        stores.one_time.add(one.clone()).await.unwrap();
    }
    let wrong = PasswordAuthority::Mailed(redeem(&of_bob));
    assert!(stores.accounts.set_password(set(wrong, 9, EndTarget::All(alice), at(1))).await.unwrap().is_none());
    let operator = set(PasswordAuthority::Operator, 1, EndTarget::All(alice), at(1));
    assert_eq!(stores.accounts.set_password(operator).await.unwrap().unwrap().revocations.len(), 1);
    assert!(live(&stores, alice, at(2)).await.is_empty());
    assert_eq!(live(&stores, bob, at(2)).await.len(), 1);
    for dead in [&kept, &begun] {
        assert_eq!(stores.one_time.peek(&redeem(dead)).await.unwrap(), None, "it was for the password before");
    }
    let bound = OneTimeToken { bound_to: Some(at(1)), ..token(4, Purpose::SecondFactor, Some(alice)) };
    stores.one_time.add(bound.clone()).await.unwrap();
    assert!(stores.one_time.peek(&redeem(&bound)).await.unwrap().is_some());
    assert!(stores.one_time.peek(&redeem(&of_bob)).await.unwrap().is_some());
}

/// Case.
pub async fn a_new_hash_of_the_same_password_changes_nothing_else(stores: Stores) {
    let alice = account(&stores, 1).await.id;
    open(&stores, alice, 1, START).await;
    let old = new_account(1).password_hash.unwrap();
    assert!(stores.accounts.rehash(alice, old.clone(), phc(1)).await.unwrap());
    assert!(!stores.accounts.rehash(alice, old, phc(2)).await.unwrap(), "it is not there any more");
    assert_eq!(kept_hash(&stores).await, (phc(1).expose().to_owned(), None));
    assert_eq!(live(&stores, alice, at(1)).await.len(), 1);
}

/// Case.
pub async fn a_disabled_account_gets_no_password(stores: Stores) {
    let alice = account(&stores, 1).await.id;
    disable(&stores, alice, START).await;
    for authority in [PasswordAuthority::Operator, PasswordAuthority::Shown { changed_at: None }] {
        let set = set(authority, 1, EndTarget::All(alice), at(1));
        assert!(stores.accounts.set_password(set).await.unwrap().is_none());
    }
}

/// Case.
pub async fn a_login_that_races_with_a_reset_is_refused_or_ended_by_it(stores: Stores) {
    let alice = account(&stores, 1).await.id;
    for n in 1..=20_u8 {
        let changed_at = kept_hash(&stores).await.1;
        let rests_on = RestsOn::Password { changed_at };
        let login = NewSession { rests_on, ..super::new_session(alice, n, at(u64::from(n))) };
        let reset = set(PasswordAuthority::Operator, n, EndTarget::All(alice), at(u64::from(n)));
        let (opened, reset) = futures_util::future::join(
            stores.sessions.open(login, SessionLimit::default()),
            stores.accounts.set_password(reset),
        )
        .await;
        assert!(reset.unwrap().is_some());
        assert!(matches!(opened.unwrap(), Opened::Opened { .. } | Opened::AccountUnavailable));
        assert!(live(&stores, alice, at(u64::from(n))).await.is_empty(), "nothing lives on under the old password");
    }
}
