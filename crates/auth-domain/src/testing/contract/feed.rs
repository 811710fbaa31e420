//! What the feed, the events and the signing keys must do.

use futures_util::future::join_all;

use super::{account, at, ending, open, session_id, tokens_until};
use crate::model::{EndTarget, RevocationKind, SealedKey};
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
pub async fn events_come_newest_first_and_as_many_as_asked_for(stores: Stores) {
    let owner = account(&stores, 1).await.id;
    for n in 1..=3_u8 {
        open(&stores, owner, n, at(0)).await;
        let mut end = ending(EndTarget::Session(session_id(u128::from(n))), at(u64::from(n)));
        end.event = Some(crate::model::SecurityEvent {
            id: crate::model::EventId::from_uuid(uuid::Uuid::from_u128(u128::from(n))),
            at: at(u64::from(n)),
            kind: crate::model::EventKind::RefreshReplayed,
            account: owner,
            session: Some(session_id(u128::from(n))),
            presenter: crate::model::Presenter::default(),
            evidence: None,
        });
        assert_eq!(stores.sessions.end(end).await.unwrap().revocations.len(), 1);
    }
    let newest = stores.events.of_account(owner, 2).await.unwrap();
    assert_eq!(newest.iter().map(|event| event.at).collect::<Vec<_>>(), [at(3), at(2)]);
}

fn key(kid: &str, algorithm: &str, secs: u64) -> SealedKey {
    SealedKey {
        kid: kid.to_owned(),
        algorithm: algorithm.to_owned(),
        key_id: 200,
        sealed: vec![0, 1, 255],
        created_at: at(secs),
    }
}

/// Case.
pub async fn of_many_servers_that_start_at_once_one_gives_the_signing_key(stores: Stores) {
    let answers = join_all((0..8).map(|n| stores.keys.adopt(key(&format!("kid-{n}"), "EdDSA", n)))).await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    let kept = stores.keys.list().await.unwrap();
    assert_eq!(kept.len(), 1);
    assert!(answers.iter().all(|keys| *keys == kept));
}

/// Case.
pub async fn a_key_of_another_algorithm_is_added_beside_the_first(stores: Stores) {
    let first = stores.keys.adopt(key("a", "EdDSA", 2)).await.unwrap();
    assert_eq!(first, [key("a", "EdDSA", 2)]);
    let both = stores.keys.adopt(key("b", "ES256", 1)).await.unwrap();
    assert_eq!(both, [key("b", "ES256", 1), key("a", "EdDSA", 2)], "oldest first");
}

/// Case.
pub async fn the_store_gives_a_sign_of_life(stores: Stores) {
    assert!(stores.health.check().await.is_ok());
}
