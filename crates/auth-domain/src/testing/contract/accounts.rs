//! What an account store must do.

use futures_util::future::join_all;

use super::{
    START, account, at, close, disable, event, events, hash, live, new_account, open, redeem, row, session_id, token,
};
use crate::model::{
    AccountId, AccountQuery, Actor, DisplayName, EmailAddress, EndReason, EventKind, EventQuery, Locale, NewAccount,
    Purpose, Redeem, RevocationKind, Role,
};
use crate::ports::{Created, Stores};

/// Case.
pub async fn an_account_is_found_by_its_canonical_address_and_by_its_id(stores: Stores) {
    let created = account(&stores, 1).await;
    let address = EmailAddress::parse("user1@EXAMPLE.com").unwrap();
    for found in [stores.accounts.credentials(&address).await, stores.accounts.by_id(created.id).await] {
        let found = found.unwrap().unwrap();
        assert_eq!(found.account, created);
        assert_eq!(found.account.email.address(), "User1@example.com", "the address is kept as it was given");
        assert_eq!(found.password_hash.unwrap().expose(), new_account(1).password_hash.unwrap().expose());
    }
}

/// Case.
pub async fn a_second_account_with_the_same_canonical_address_is_not_added(stores: Stores) {
    let first = account(&stores, 1).await;
    let mut second = new_account(2);
    second.email = EmailAddress::parse("USER1@example.com").unwrap();
    let id = second.id;
    assert_eq!(stores.accounts.create(second).await.unwrap(), Created::EmailTaken);
    assert!(stores.accounts.by_id(id).await.unwrap().is_none());
    assert!(stores.accounts.by_id(first.id).await.unwrap().is_some());
}

/// Case.
pub async fn of_many_registrations_of_one_address_at_once_exactly_one_is_added(stores: Stores) {
    let created = join_all((1..=16).map(|n| {
        let mut new = new_account(n);
        new.email = EmailAddress::parse("alice@example.com").unwrap();
        stores.accounts.create(new)
    }));
    let created = created.await.into_iter().map(Result::unwrap);
    assert_eq!(created.filter(|created| matches!(created, Created::Created(_))).count(), 1);
}

/// Case.
pub async fn a_display_name_is_set_and_cleared(stores: Stores) {
    let id = account(&stores, 1).await.id;
    let name = DisplayName::new("Élodie").unwrap();
    let renamed = stores.accounts.rename(id, Some(name.clone())).await.unwrap().unwrap();
    assert_eq!(renamed.display_name, Some(name));
    let cleared = stores.accounts.rename(id, None).await.unwrap().unwrap();
    assert_eq!(cleared.display_name, None);
    assert_eq!(stores.accounts.by_id(id).await.unwrap().unwrap().account, cleared);
}

/// Case.
pub async fn an_unknown_account_is_no_error(stores: Stores) {
    let nobody = AccountId::from_uuid(uuid::Uuid::from_u128(9));
    let address = EmailAddress::parse("nobody@example.com").unwrap();
    assert!(stores.accounts.credentials(&address).await.unwrap().is_none());
    assert!(stores.accounts.by_id(nobody).await.unwrap().is_none());
    assert!(stores.accounts.rename(nobody, None).await.unwrap().is_none());
    assert!(
        stores
            .accounts
            .set_roles(Vec::new(), event(nobody, EventKind::RolesChanged, 1, at(0)))
            .await
            .unwrap()
            .is_none()
    );
    assert!(stores.accounts.disable(close(nobody, EventKind::AccountDisabled, 2, at(0))).await.unwrap().is_none());
    assert!(!stores.accounts.enable(event(nobody, EventKind::AccountEnabled, 3, at(0))).await.unwrap());
    assert!(stores.accounts.delete(close(nobody, EventKind::AccountDeleted, 4, at(0))).await.unwrap().is_none());
    assert!(events(&stores, nobody).await.is_empty(), "what did not happen is not recorded");
    assert!(stores.sessions.list(nobody, at(0)).await.unwrap().is_empty());
}

/// Case.
pub async fn roles_are_set_and_recorded(stores: Stores) {
    let id = account(&stores, 1).await.id;
    open(&stores, id, 1, at(0)).await;
    let roles = vec![Role::new("support").unwrap()];
    let changed = event(id, EventKind::RolesChanged, 50, at(1));
    let found = stores.accounts.set_roles(roles.clone(), changed.clone()).await.unwrap().unwrap();
    assert_eq!(found.roles, roles);
    assert_eq!(stores.accounts.by_id(id).await.unwrap().unwrap().account, found);
    assert_eq!(row(&stores, session_id(1)).await.unwrap().facts.roles, roles, "sessions see it at once");
    assert_eq!(events(&stores, id).await.first(), Some(&changed));
}

/// Case.
pub async fn accounts_are_found_by_how_their_address_begins_in_order(stores: Stores) {
    for (n, address) in
        ["Carol@example.com", "al%@example.com", "alice@example.com", "al_x@example.com"].iter().enumerate()
    {
        let mut new = new_account(n as u128 + 1);
        new.email = EmailAddress::parse(address).unwrap();
        assert!(matches!(stores.accounts.create(new).await.unwrap(), Created::Created(_)));
    }
    let search = async |prefix: &str, after: Option<&str>, limit| {
        let query = AccountQuery { prefix: prefix.to_owned(), after: after.map(str::to_owned), limit };
        let found = stores.accounts.search(query).await.unwrap();
        found.iter().map(|account| account.email.canonical().to_owned()).collect::<Vec<_>>()
    };
    let all = ["al%@example.com", "al_x@example.com", "alice@example.com", "carol@example.com"];
    assert_eq!(search("", None, 10).await, all, "byte by byte, on every engine");
    assert_eq!(search("al", None, 10).await, all[..3]);
    assert_eq!(search("al", None, 2).await, all[..2]);
    assert_eq!(search("al", Some("al_x@example.com"), 2).await, all[2..3]);
    assert_eq!(search("al%", None, 10).await, all[..1], "a prefix is no pattern");
    assert_eq!(search("al_", None, 10).await, all[1..2]);
    assert!(search("nobody", None, 10).await.is_empty());
}

/// Case.
pub async fn disabling_an_account_ends_its_sessions_and_kills_its_tokens(stores: Stores) {
    let id = account(&stores, 1).await.id;
    open(&stores, id, 1, at(0)).await;
    open(&stores, id, 2, at(0)).await;
    let close = close(id, EventKind::AccountDisabled, 50, at(1));
    let ending = stores.accounts.disable(close.clone()).await.unwrap().unwrap();
    let mut killed: Vec<_> = ending.revocations.iter().map(|entry| entry.kind).collect();
    killed.sort_by_key(|kind| kind.subject());
    let expected =
        [RevocationKind::Account(id), RevocationKind::Session(session_id(1)), RevocationKind::Session(session_id(2))];
    assert_eq!(killed.len(), 3);
    assert!(expected.iter().all(|kind| killed.contains(kind)), "{killed:?}");
    assert_eq!(stores.revocations.live(at(1)).await.unwrap(), ending.revocations);
    assert!(live(&stores, id, at(1)).await.is_empty());
    let ended = row(&stores, session_id(1)).await.unwrap().ended.unwrap();
    assert_eq!((ended.at, ended.by, ended.reason), (at(1), close.by, EndReason::AccountDisabled));
    assert_eq!(stores.accounts.by_id(id).await.unwrap().unwrap().account.disabled_at, Some(at(1)));
    assert_eq!(events(&stores, id).await.first(), Some(&close.event));

    let again =
        stores.accounts.disable(super::close(id, EventKind::AccountDisabled, 51, at(2))).await.unwrap().unwrap();
    assert!(again.revocations.is_empty());
    assert_eq!(events(&stores, id).await.first(), Some(&close.event), "nothing happened, nothing is recorded");
    assert_eq!(stores.accounts.by_id(id).await.unwrap().unwrap().account.disabled_at, Some(at(1)));
}

/// Case.
pub async fn enabling_an_account_leaves_its_sessions_ended(stores: Stores) {
    let id = account(&stores, 1).await.id;
    open(&stores, id, 1, at(0)).await;
    disable(&stores, id, at(1)).await;
    let enabled = event(id, EventKind::AccountEnabled, 6_000, at(2));
    assert!(stores.accounts.enable(enabled.clone()).await.unwrap());
    assert_eq!(stores.accounts.by_id(id).await.unwrap().unwrap().account.disabled_at, None);
    assert!(row(&stores, session_id(1)).await.unwrap().ended.is_some());
    open(&stores, id, 2, at(3)).await;
    assert_eq!(events(&stores, id).await.first(), Some(&enabled));
    assert!(stores.accounts.enable(event(id, EventKind::AccountEnabled, 6_001, at(4))).await.unwrap());
    assert_eq!(events(&stores, id).await.first(), Some(&enabled), "it was not disabled");
}

/// Case.
pub async fn deleting_an_account_ends_its_sessions_and_keeps_its_events(stores: Stores) {
    let (gone, stays) = (account(&stores, 1).await.id, account(&stores, 2).await.id);
    for n in 1..=2 {
        open(&stores, gone, n, at(0)).await;
    }
    open(&stores, stays, 3, at(0)).await;
    let end = super::ending(crate::model::EndTarget::Session(session_id(1)), at(1));
    let ended = stores.sessions.end(end).await.unwrap().revocations;

    let close = close(gone, EventKind::AccountDeleted, 50, at(2));
    let ending = stores.accounts.delete(close.clone()).await.unwrap().unwrap();
    let kinds: Vec<_> = ending.revocations.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [RevocationKind::Session(session_id(2))], "session 1 had been ended");
    assert_eq!(stores.revocations.live(at(2)).await.unwrap(), [ended, ending.revocations].concat());
    assert!(stores.accounts.by_id(gone).await.unwrap().is_none());
    assert!(row(&stores, session_id(2)).await.is_none());
    assert_eq!(events(&stores, gone).await.first(), Some(&close.event));
    assert_eq!(events(&stores, gone).await.len(), 3, "the two logins are kept");
    assert!(matches!(close.by, Actor::Admin(_)));
    assert_eq!(live(&stores, stays, at(2)).await, [session_id(3)]);
}

/// Case.
pub async fn an_account_without_a_password_is_kept_with_its_language(stores: Stores) {
    let new = NewAccount { password_hash: None, email_verified: true, ..new_account(1) };
    let Created::Created(account) = stores.accounts.create(new).await.unwrap() else { panic!("it is new") };
    assert_eq!((account.locale, account.email_verified_at), (Locale::Ko, Some(START)));
    let found = stores.accounts.by_id(account.id).await.unwrap().unwrap();
    assert!(found.password_hash.is_none() && found.password_changed_at.is_none() && !found.second_factor);
    assert_eq!(found.account, account);
    let query = EventQuery { account: Some(account.id), before: None, limit: 10 };
    assert_eq!(stores.events.page(query).await.unwrap(), [new_account(1).event]);
}

/// Case.
pub async fn an_invitation_is_used_up_with_the_account_it_makes(stores: Stores) {
    let invite = token(1, Purpose::Invite, None);
    stores.one_time.add(invite.clone()).await.unwrap();
    let wrong = Redeem { secret_hash: hash(99), ..redeem(&invite) };
    let refused = stores.accounts.create(NewAccount { invite: Some(wrong), ..new_account(1) }).await.unwrap();
    assert_eq!(refused, Created::NotInvited);
    assert!(stores.accounts.by_id(new_account(1).id).await.unwrap().is_none());
    account(&stores, 9).await;
    let taken = NewAccount { invite: Some(redeem(&invite)), email: new_account(9).email, ..new_account(1) };
    assert_eq!(stores.accounts.create(taken).await.unwrap(), Created::EmailTaken);
    let verification = token(2, Purpose::VerifyEmail, Some(new_account(1).id));
    let good = NewAccount { invite: Some(redeem(&invite)), verification: Some(verification.clone()), ..new_account(1) };
    assert!(matches!(stores.accounts.create(good).await.unwrap(), Created::Created(_)), "it was not used up before");
    assert!(stores.one_time.peek(&redeem(&invite)).await.unwrap().is_none());
    assert_eq!(stores.one_time.peek(&redeem(&verification)).await.unwrap(), Some(verification));
}

/// Case.
pub async fn of_many_accounts_by_one_invitation_exactly_one_is_added(stores: Stores) {
    let invite = token(1, Purpose::Invite, None);
    stores.one_time.add(invite.clone()).await.unwrap();
    let create = |n| stores.accounts.create(NewAccount { invite: Some(redeem(&invite)), ..new_account(n) });
    let outcomes = join_all((1..=8).map(create)).await;
    let created = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Created::Created(_)))).count();
    let refused = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Created::NotInvited))).count();
    assert_eq!((created, refused), (1, 7));
}
