//! What the feed, the events and the signing keys must do.

use uuid::Uuid;

use super::{account, at, ending, events, hash, new_session, open, session_id, tokens_until};
use crate::model::{ApiKey, ApiKeyId, ApiScope, EndTarget, EventId, EventQuery, RevocationKind};
use crate::ports::Stores;

/// Case.
pub async fn entries_come_in_order_and_only_while_they_are_needed(stores: Stores) {
    let owner = account(&stores, 1).await.id;
    for n in [3, 1, 2] {
        open(&stores, owner, n, at(0)).await;
        let end = ending(EndTarget::Session(session_id(u128::from(n))), at(1));
        assert_eq!(stores.sessions.end(end).await.unwrap().revocations.len(), 1);
    }
    let entries = stores.revocations.live(at(2)).await.unwrap();
    let order: Vec<_> = entries.iter().map(|entry| entry.kind).collect();
    assert_eq!(order, [3, 1, 2].map(|n| RevocationKind::Session(session_id(n))));
    assert!(entries.is_sorted_by(|a, b| a.seq < b.seq));
    assert!(stores.revocations.live(tokens_until()).await.unwrap().is_empty());
}

/// Case.
pub async fn entries_are_asked_for_by_number(stores: Stores) {
    let owner = account(&stores, 1).await.id;
    for n in 1..=5 {
        open(&stores, owner, n, at(0)).await;
        let end = ending(EndTarget::Session(session_id(u128::from(n))), at(1));
        assert_eq!(stores.sessions.end(end).await.unwrap().revocations.len(), 1);
    }
    let all = stores.revocations.live(at(1)).await.unwrap();
    let [one, two, three, four, five] = all.as_slice() else { panic!("five entries, not {}", all.len()) };
    assert_eq!(stores.revocations.after(0, &[]).await.unwrap(), all);
    assert_eq!(stores.revocations.after(three.seq, &[]).await.unwrap(), [*four, *five]);
    let missing = [(one.seq, two.seq), (five.seq, five.seq + 10)];
    assert_eq!(stores.revocations.after(four.seq, &missing).await.unwrap(), [*one, *two, *five]);
    assert_eq!(stores.revocations.after(five.seq, &[]).await.unwrap(), []);
}

/// Case.
pub async fn events_come_newest_first_in_pages(stores: Stores) {
    let (owner, other) = (account(&stores, 1).await.id, account(&stores, 2).await.id);
    for n in 1..=5 {
        open(&stores, if n == 3 { other } else { owner }, n, at(u64::from(n))).await;
    }
    let page = async |account, before: Option<u128>, limit| {
        let before = before.map(|n| EventId::from_uuid(Uuid::from_u128(n)));
        let events = stores.events.page(EventQuery { account, before, limit }).await.unwrap();
        events.iter().map(|event| event.id.as_uuid().as_u128()).collect::<Vec<_>>()
    };
    assert_eq!(page(None, None, 10).await, [7_002, 7_001, 5, 4, 3, 2, 1]);
    assert_eq!(page(Some(owner), None, 3).await, [7_001, 5, 4]);
    assert_eq!(page(Some(owner), Some(4), 2).await, [2, 1]);
    assert!(page(Some(owner), Some(1), 2).await.is_empty());
    let recorded = events(&stores, other).await;
    assert_eq!(recorded, [new_session(other, 3, at(3)).event], "an event comes back as it was recorded");
}

/// Case.
pub async fn an_api_key_is_kept_until_it_is_revoked(stores: Stores) {
    let key = |n: u8| ApiKey {
        id: ApiKeyId::from_uuid(Uuid::from_u128(n.into())),
        name: "billing API".to_owned(),
        secret_hash: hash(n),
        scopes: ApiScope::ALL.to_vec(),
        created_at: at(n.into()),
        revoked_at: None,
    };
    for n in 1..=2 {
        stores.api_keys.add(key(n)).await.unwrap();
    }
    assert_eq!(stores.api_keys.list().await.unwrap(), [key(2), key(1)]);
    assert_eq!(stores.api_keys.get(key(1).id).await.unwrap(), Some(key(1)));
    assert_eq!(stores.api_keys.get(key(3).id).await.unwrap(), None);
    assert!(stores.api_keys.revoke(key(1).id, at(9)).await.unwrap());
    assert!(!stores.api_keys.revoke(key(1).id, at(10)).await.unwrap(), "once");
    assert!(!stores.api_keys.revoke(key(3).id, at(10)).await.unwrap());
    assert_eq!(stores.api_keys.get(key(1).id).await.unwrap(), Some(ApiKey { revoked_at: Some(at(9)), ..key(1) }));
}

/// Case.
pub async fn the_store_gives_a_sign_of_life(stores: Stores) {
    assert!(stores.health.check().await.is_ok());
}
