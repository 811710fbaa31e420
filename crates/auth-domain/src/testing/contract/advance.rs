//! What moving a session must do.

use futures_util::future::join_all;

use super::{account, at, disable, ending, open, row, session_id, step};
use crate::model::{Advance, AttemptHash, EndTarget};
use crate::ports::Stores;

async fn moves(stores: &Stores, step: Advance) -> bool {
    stores.sessions.advance(step).await.unwrap().is_some()
}

/// Case.
pub async fn a_step_moves_the_row_and_answers_the_facts_of_that_instant(stores: Stores) {
    let owner = account(&stores, 1).await;
    let opened = open(&stores, owner.id, 1, at(0)).await;
    let mut first = step(1, 0, 1, 101, at(10));
    first.attempt_hash = Some(AttemptHash::from_bytes([9; 32]));
    let facts = stores.sessions.advance(first.clone()).await.unwrap().unwrap();

    let mut expected = opened;
    expected.generation = 1;
    expected.idle_expires_at = first.idle_expires_at;
    assert_eq!(facts, expected);

    let row = row(&stores, session_id(1)).await.unwrap();
    assert_eq!(row.facts, facts);
    assert_eq!((row.token_hash, row.nonce, row.key_id), (first.to_hash, Some(first.nonce), first.key_id));
    assert_eq!((row.attempt_hash, row.presenter), (first.attempt_hash, first.presenter));
    assert_eq!((row.rotated_at, row.last_used_at, row.created_at), (at(10), at(10), at(0)));
    assert_eq!(row.device_name.as_deref(), Some("Alice's phone"));
}

/// Case.
pub async fn a_step_that_does_not_fit_changes_nothing(stores: Stores) {
    let owner = account(&stores, 1).await.id;
    open(&stores, owner, 1, at(0)).await;
    assert!(moves(&stores, step(1, 0, 1, 101, at(1))).await);
    let before = row(&stores, session_id(1)).await;
    assert!(!moves(&stores, step(1, 0, 1, 102, at(2))).await, "the generation before");
    assert!(!moves(&stores, step(1, 1, 102, 103, at(2))).await, "the generation with another hash");
    assert!(!moves(&stores, step(1, 2, 101, 103, at(2))).await, "a generation ahead");
    assert!(!moves(&stores, step(9, 0, 1, 101, at(2))).await, "no such session");
    assert_eq!(row(&stores, session_id(1)).await, before);
}

/// Case.
pub async fn a_session_that_is_over_does_not_move(stores: Stores) {
    let owner = account(&stores, 1).await.id;
    open(&stores, owner, 1, at(0)).await;
    open(&stores, owner, 2, at(0)).await;
    assert!(!moves(&stores, step(1, 0, 1, 101, at(60))).await, "idle for as long as it may");
    assert!(moves(&stores, step(1, 0, 1, 101, at(59))).await, "a microsecond less is enough");

    let mut long_idle = step(2, 0, 2, 102, at(1));
    long_idle.idle_expires_at = at(10_000);
    assert!(moves(&stores, long_idle).await);
    assert!(!moves(&stores, step(2, 1, 102, 103, at(600))).await, "as old as it may get");

    let ended = stores.sessions.end(ending(EndTarget::Session(session_id(1)), at(61))).await.unwrap();
    assert_eq!(ended.revocations.len(), 1);
    assert!(!moves(&stores, step(1, 1, 101, 102, at(62))).await, "ended");
    assert_eq!(row(&stores, session_id(1)).await.unwrap().facts.generation, 1);
}

/// Case.
pub async fn a_session_of_a_disabled_account_does_not_move(stores: Stores) {
    let owner = account(&stores, 1).await.id;
    open(&stores, owner, 1, at(0)).await;
    disable(&stores, owner, at(1)).await;
    assert!(!moves(&stores, step(1, 0, 1, 101, at(2))).await);
    assert!(row(&stores, session_id(1)).await.unwrap().account_disabled);
    assert!(stores.sessions.list(owner, at(2)).await.unwrap().is_empty());
}

/// Case.
pub async fn of_many_steps_at_once_exactly_one_moves_the_row(stores: Stores) {
    let owner = account(&stores, 1).await.id;
    open(&stores, owner, 1, at(0)).await;
    let steps = join_all((101..=150).map(|to| stores.sessions.advance(step(1, 0, 1, to, at(1))))).await;
    let moved = steps.into_iter().filter(|facts| facts.as_ref().unwrap().is_some()).count();
    assert_eq!(moved, 1);
    assert_eq!(row(&stores, session_id(1)).await.unwrap().facts.generation, 1);
}

/// Case.
pub async fn a_session_moves_through_many_generations_in_one_row(stores: Stores) {
    let owner = account(&stores, 1).await.id;
    open(&stores, owner, 1, at(0)).await;
    for generation in 0..20_u8 {
        let now = at(u64::from(generation));
        assert!(moves(&stores, step(1, u32::from(generation), generation + 1, generation + 2, now)).await);
    }
    let listed = stores.sessions.list(owner, at(21)).await.unwrap();
    assert_eq!(listed.iter().map(|row| row.facts.generation).collect::<Vec<_>>(), [20]);
}
