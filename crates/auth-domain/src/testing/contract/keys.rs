//! What a store does with signing keys and retired master keys.

use std::sync::Arc;

use futures_util::future::join_all;

use super::at;
use crate::model::{KeyChange, KeyRefused, KeyRevocation, KeyState, RetiredMasterKey, RevocationKind, StoredKey};
use crate::ports::Stores;

fn key(kid: &str, secs: u64, state: KeyState) -> StoredKey {
    StoredKey {
        kid: kid.to_owned(),
        algorithm: "EdDSA".to_owned(),
        key_id: 200,
        sealed: vec![0, 1, 255],
        created_at: at(secs),
        state,
    }
}

async fn put(stores: &Stores, keys: &[StoredKey]) -> Vec<StoredKey> {
    let change = KeyChange { put: keys.to_vec(), ..KeyChange::default() };
    stores.keys.change(Arc::new(move |_| Ok(change.clone()))).await.unwrap().unwrap().keys
}

/// Case.
pub async fn of_many_servers_that_change_keys_at_once_each_sees_what_the_one_before_did(stores: Stores) {
    let first = |n: u64| {
        let mine = key(&format!("kid-{n}"), n, KeyState::Active { since: at(n) });
        let judge = move |keys: &[StoredKey]| {
            let put = if keys.is_empty() { vec![mine.clone()] } else { Vec::new() };
            Ok(KeyChange { put, ..KeyChange::default() })
        };
        stores.keys.change(Arc::new(judge))
    };
    let answers = join_all((0..8).map(first)).await;
    let kept = stores.keys.list().await.unwrap();
    assert_eq!(kept.len(), 1);
    let answers: Vec<_> = answers.into_iter().map(|answer| answer.unwrap().unwrap()).collect();
    assert!(answers.iter().all(|changed| changed.keys == kept));
    assert_eq!(answers.iter().filter(|changed| !changed.change.is_empty()).count(), 1);
}

/// Case.
pub async fn a_key_is_kept_in_every_state_and_comes_oldest_first(stores: Stores) {
    let keys = [
        key("d", 1, KeyState::Next),
        key("a", 2, KeyState::Active { since: at(3) }),
        key("b", 2, KeyState::Retired { since: at(4), until: at(5) }),
        StoredKey { sealed: Vec::new(), ..key("c", 3, KeyState::Revoked { since: at(6), until: at(7) }) },
    ];
    let mut shuffled = keys.clone();
    shuffled.reverse();
    assert_eq!(put(&stores, &shuffled).await, keys);
    assert_eq!(stores.keys.list().await.unwrap(), keys);
}

/// Case.
pub async fn a_key_is_put_in_the_place_of_itself_and_removed(stores: Stores) {
    put(&stores, &[key("a", 1, KeyState::Next), key("b", 2, KeyState::Next)]).await;
    let moved = StoredKey { sealed: vec![9; 3_000], key_id: 7, ..key("a", 1, KeyState::Active { since: at(9) }) };
    assert_eq!(put(&stores, std::slice::from_ref(&moved)).await, [moved.clone(), key("b", 2, KeyState::Next)]);
    let change = KeyChange { remove: vec!["b".to_owned(), "unknown".to_owned()], ..KeyChange::default() };
    let changed = stores.keys.change(Arc::new(move |_| Ok(change.clone()))).await.unwrap().unwrap();
    assert_eq!(changed.keys, [moved]);
}

/// Case.
pub async fn a_refused_change_of_keys_writes_nothing(stores: Stores) {
    let before = put(&stores, &[key("a", 1, KeyState::Next)]).await;
    let refused = KeyRefused::NoSuchKey("b".to_owned());
    let answer = stores.keys.change(Arc::new(|_| Err(KeyRefused::NoSuchKey("b".to_owned())))).await.unwrap();
    assert_eq!(answer, Err(refused));
    assert_eq!(stores.keys.list().await.unwrap(), before);
}

/// Case.
pub async fn a_revoked_key_is_in_the_feed(stores: Stores) {
    let revoke = KeyRevocation { thumbprint: [7; 32], now: at(1), until: at(100) };
    let change = KeyChange { revoke: Some(revoke), ..KeyChange::default() };
    let changed = stores.keys.change(Arc::new(move |_| Ok(change.clone()))).await.unwrap().unwrap();
    let live = stores.revocations.live(at(2)).await.unwrap();
    assert_eq!(changed.revocations, live);
    let entry = live.first().unwrap();
    assert_eq!((entry.kind, entry.not_before, entry.expires_at), (RevocationKind::Key([7; 32]), at(1), at(100)));
    assert_eq!(stores.revocations.after(entry.seq - 1, &[]).await.unwrap(), live);
}

/// Case.
pub async fn a_retired_master_key_is_kept_replaced_and_forgotten(stores: Stores) {
    let master = |id: u8, key_id: u8| RetiredMasterKey { id, key_id, sealed: vec![id; 92], retired_at: at(1) };
    let change = async |keep: Vec<RetiredMasterKey>, forget: Vec<u8>| {
        let change = KeyChange { keep, forget, ..KeyChange::default() };
        stores.keys.change(Arc::new(move |_| Ok(change.clone()))).await.unwrap().unwrap();
        stores.keys.retired_masters().await.unwrap()
    };
    assert_eq!(change(vec![master(255, 2), master(1, 2)], Vec::new()).await, [master(1, 2), master(255, 2)]);
    assert_eq!(change(vec![master(1, 3)], Vec::new()).await, [master(1, 3), master(255, 2)]);
    assert_eq!(change(Vec::new(), vec![255, 9]).await, [master(1, 3)]);
}
