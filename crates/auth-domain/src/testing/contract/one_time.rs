//! What a store does with one-time tokens and the mails that carry them.

use futures_util::future::join_all;

use super::{START, account, at, close, disable, event, events, hash, new_account, redeem, token};
use crate::model::{
    DeliveryAttempt, EventKind, OneTimeToken, Purpose, Redeem, SecurityEvent, TokenMail, TokenMailKind,
};
use crate::ports::{EmailChange, Stores};

/// Case.
pub async fn a_token_is_taken_once_by_its_secret_for_its_purpose_while_it_lasts(stores: Stores) {
    let alice = account(&stores, 1).await;
    for (n, purpose) in (1..).zip(Purpose::ALL) {
        let owner = if purpose == Purpose::Invite { None } else { Some(alice.id) };
        let kept = OneTimeToken { mail: None, email: None, ..token(n, purpose, owner) };
        stores.one_time.add(kept.clone()).await.unwrap();
        let good = redeem(&kept);
        let other = if purpose == Purpose::Passkey { Purpose::Invite } else { Purpose::Passkey };
        for wrong in [
            Redeem { secret_hash: hash(99), ..good.clone() },
            Redeem { purpose: other, ..good.clone() },
            Redeem { now: at(60), ..good.clone() },
            Redeem { id: token(100, purpose, None).id, ..good.clone() },
        ] {
            assert_eq!(stores.one_time.peek(&wrong).await.unwrap(), None);
            assert_eq!(stores.one_time.take(wrong).await.unwrap(), None);
        }
        assert_eq!(stores.one_time.peek(&good).await.unwrap(), Some(kept.clone()));
        assert_eq!(stores.one_time.take(good.clone()).await.unwrap(), Some(kept));
        assert_eq!(stores.one_time.take(good).await.unwrap(), None);
    }
}

/// Case.
pub async fn of_a_hundred_uses_at_once_one_wins(stores: Stores) {
    let alice = account(&stores, 1).await;
    let kept = token(1, Purpose::SecondFactor, Some(alice.id));
    stores.one_time.add(kept.clone()).await.unwrap();
    let outcomes = join_all((0..100).map(|_| stores.one_time.take(redeem(&kept)))).await;
    assert_eq!(outcomes.into_iter().filter(|outcome| matches!(outcome, Ok(Some(_)))).count(), 1);
}

/// Case.
pub async fn a_later_token_takes_the_place_of_an_earlier_one(stores: Stores) {
    let alice = account(&stores, 1).await;
    let add = async |kept: OneTimeToken| {
        stores.one_time.add(kept.clone()).await.unwrap();
        redeem(&kept)
    };
    let first = add(token(1, Purpose::ResetPassword, Some(alice.id))).await;
    let other = add(token(2, Purpose::VerifyEmail, Some(alice.id))).await;
    let nobody = add(token(3, Purpose::ResetPassword, None)).await;
    let second = add(token(4, Purpose::ResetPassword, Some(alice.id))).await;
    let another_nobody = add(token(5, Purpose::ResetPassword, None)).await;
    assert_eq!(stores.one_time.peek(&first).await.unwrap(), None);
    for kept in [other, nobody, second, another_nobody] {
        assert!(stores.one_time.peek(&kept).await.unwrap().is_some(), "{kept:?}");
    }
}

/// Case.
pub async fn a_token_dies_with_the_password_and_with_the_account(stores: Stores) {
    let (alice, bob) = (account(&stores, 1).await, account(&stores, 2).await);
    let stale = OneTimeToken { bound_to: Some(at(1)), ..token(1, Purpose::SecondFactor, Some(alice.id)) };
    stores.one_time.add(stale.clone()).await.unwrap();
    assert_eq!(stores.one_time.take(redeem(&stale)).await.unwrap(), None, "the password is not of that time");
    let kept = token(2, Purpose::VerifyEmail, Some(alice.id));
    stores.one_time.add(kept.clone()).await.unwrap();
    disable(&stores, alice.id, START).await;
    assert_eq!(stores.one_time.take(redeem(&kept)).await.unwrap(), None);
    let kept = token(3, Purpose::VerifyEmail, Some(bob.id));
    stores.one_time.add(kept.clone()).await.unwrap();
    let _ = stores.accounts.delete(close(bob.id, EventKind::AccountDeleted, 6_000, START)).await.unwrap();
    assert_eq!(stores.one_time.take(redeem(&kept)).await.unwrap(), None);
}

/// Case.
pub async fn a_mail_is_claimed_by_one_of_many_until_it_is_out(stores: Stores) {
    let alice = account(&stores, 1).await;
    let kept = token(1, Purpose::VerifyEmail, Some(alice.id));
    stores.one_time.add(kept.clone()).await.unwrap();
    stores.one_time.add(OneTimeToken { mail: None, ..token(2, Purpose::Passkey, None) }).await.unwrap();
    let claims = join_all((0..8).map(|_| stores.one_time.claim_mail(at(1), at(30), 10))).await;
    let claimed: Vec<_> = claims.into_iter().flat_map(Result::unwrap).collect();
    assert_eq!(claimed, std::slice::from_ref(&kept));

    let failed = DeliveryAttempt::Failed { next: at(5), error: "down".to_owned() };
    stores.one_time.note_mail(kept.id, failed, at(2)).await.unwrap();
    assert_eq!(stores.one_time.claim_mail(at(4), at(30), 10).await.unwrap(), []);
    let again = stores.one_time.claim_mail(at(5), at(30), 10).await.unwrap();
    let mail = TokenMail { attempts: 1, ..kept.mail.unwrap() };
    assert_eq!(again, [OneTimeToken { mail: Some(mail), ..kept.clone() }]);

    stores.one_time.note_mail(kept.id, DeliveryAttempt::Delivered, at(6)).await.unwrap();
    assert_eq!(stores.one_time.claim_mail(at(59), at(60), 10).await.unwrap(), []);
    let out = stores.one_time.peek(&redeem(&kept)).await.unwrap().unwrap();
    assert_eq!(out.sealed, None, "its secret is gone once its mail is out");
    let given_up = token(3, Purpose::ChangeEmail, Some(alice.id));
    stores.one_time.add(given_up.clone()).await.unwrap();
    let error = "no such mailbox".to_owned();
    stores.one_time.note_mail(given_up.id, DeliveryAttempt::GivenUp { error }, at(7)).await.unwrap();
    assert_eq!(stores.one_time.claim_mail(at(59), at(60), 10).await.unwrap(), []);
}

/// Case.
pub async fn a_claimed_mail_comes_again_when_its_claim_has_lapsed(stores: Stores) {
    let invite = OneTimeToken {
        mail: Some(TokenMail { kind: TokenMailKind::Invite, ..token(1, Purpose::Invite, None).mail.unwrap() }),
        ..token(1, Purpose::Invite, None)
    };
    stores.one_time.add(invite.clone()).await.unwrap();
    assert_eq!(stores.one_time.claim_mail(at(1), at(30), 10).await.unwrap(), std::slice::from_ref(&invite));
    assert_eq!(stores.one_time.claim_mail(at(29), at(59), 10).await.unwrap(), []);
    assert_eq!(stores.one_time.claim_mail(at(30), at(59), 10).await.unwrap(), [invite]);
    assert_eq!(stores.one_time.claim_mail(at(60), at(90), 10).await.unwrap(), [], "it has expired");
}

fn told(kind: EventKind, n: u128) -> SecurityEvent {
    SecurityEvent { session: None, ..event(new_account(1).id, kind, n, at(1)) }
}

/// Case.
pub async fn an_address_is_verified_once_and_only_the_one_the_mail_went_to(stores: Stores) {
    let alice = account(&stores, 1).await;
    assert_eq!(alice.email_verified_at, None);
    let elsewhere = token(1, Purpose::VerifyEmail, Some(alice.id));
    stores.one_time.add(elsewhere.clone()).await.unwrap();
    let verified = told(EventKind::EmailVerified, 50);
    assert!(!stores.accounts.verify_email(redeem(&elsewhere), verified.clone()).await.unwrap());
    assert!(stores.one_time.peek(&redeem(&elsewhere)).await.unwrap().is_some(), "nothing was written");
    let kept = OneTimeToken { email: Some(alice.email.clone()), ..token(2, Purpose::VerifyEmail, Some(alice.id)) };
    stores.one_time.add(kept.clone()).await.unwrap();
    let uses = (0..8).map(|_| stores.accounts.verify_email(redeem(&kept), verified.clone()));
    let won = join_all(uses).await.into_iter().filter(|outcome| matches!(outcome, Ok(true))).count();
    assert_eq!(won, 1);
    let found = stores.accounts.by_id(alice.id).await.unwrap().unwrap();
    assert_eq!(found.account.email_verified_at, Some(at(1)));
    assert_eq!(
        events(&stores, alice.id).await.iter().filter(|event| event.kind == EventKind::EmailVerified).count(),
        1
    );
}

/// Case.
pub async fn an_address_is_changed_once_and_not_to_one_that_is_taken(stores: Stores) {
    let (alice, bob) = (account(&stores, 1).await, account(&stores, 2).await);
    let changed = told(EventKind::EmailChanged, 50);
    let taken = OneTimeToken { email: Some(bob.email), ..token(1, Purpose::ChangeEmail, Some(alice.id)) };
    stores.one_time.add(taken.clone()).await.unwrap();
    let outcome = stores.accounts.change_email(redeem(&taken), changed.clone()).await.unwrap();
    assert_eq!(outcome, EmailChange::EmailTaken);
    let kept = token(2, Purpose::ChangeEmail, Some(alice.id));
    stores.one_time.add(kept.clone()).await.unwrap();
    let uses = (0..8).map(|_| stores.accounts.change_email(redeem(&kept), changed.clone()));
    let outcomes: Vec<_> = join_all(uses).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == EmailChange::Changed).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == EmailChange::NotRedeemed).count(), 7);
    let found = stores.accounts.by_id(alice.id).await.unwrap().unwrap().account;
    assert_eq!((Some(found.email.clone()), found.email_verified_at), (kept.email, Some(at(1))));
    assert!(stores.accounts.credentials(&alice.email).await.unwrap().is_none());
    assert!(stores.accounts.credentials(&found.email).await.unwrap().is_some());
}
