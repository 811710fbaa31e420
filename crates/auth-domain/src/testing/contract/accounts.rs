//! What an account store must do.

use futures_util::future::join_all;

use super::{account, at, live, new_account, open, session_id, tokens_until};
use crate::model::{AccountId, DisplayName, EmailAddress, RevocationKind};
use crate::ports::{Created, Stores};

/// Case.
pub async fn an_account_is_found_by_its_canonical_address_and_by_its_id(stores: Stores) {
    let created = account(&stores, 1).await;
    let address = EmailAddress::parse("user1@EXAMPLE.com").unwrap();
    for found in [stores.accounts.credentials(&address).await, stores.accounts.by_id(created.id).await] {
        let found = found.unwrap().unwrap();
        assert_eq!(found.account, created);
        assert_eq!(found.account.email.address(), "User1@example.com", "the address is kept as it was given");
        assert_eq!(found.password_hash.unwrap().expose(), new_account(1).password_hash.expose());
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
    assert!(!stores.accounts.set_disabled(nobody, Some(at(0))).await.unwrap());
    assert!(stores.accounts.delete(nobody, at(0), tokens_until()).await.unwrap().is_none());
    assert!(stores.sessions.list(nobody, at(0)).await.unwrap().is_empty());
}

/// Case.
pub async fn deleting_an_account_ends_its_live_sessions_and_keeps_its_events(stores: Stores) {
    let (gone, stays) = (account(&stores, 1).await.id, account(&stores, 2).await.id);
    open(&stores, gone, 1, at(0)).await;
    open(&stores, gone, 2, at(500)).await;
    open(&stores, stays, 3, at(500)).await;
    super::settle::diverge(&stores, gone, 2).await;

    let ending = stores.accounts.delete(gone, at(501), tokens_until()).await.unwrap().unwrap();
    let kinds: Vec<_> = ending.revocations.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [RevocationKind::Session(session_id(2))], "session 1 had expired");
    assert_eq!(stores.revocations.live(at(501)).await.unwrap(), ending.revocations);
    assert!(stores.accounts.by_id(gone).await.unwrap().is_none());
    assert!(super::row(&stores, session_id(2)).await.is_none());
    assert_eq!(stores.events.of_account(gone, 10).await.unwrap().len(), 1);
    assert_eq!(live(&stores, stays, at(501)).await, [session_id(3)]);
}
