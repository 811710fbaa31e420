//! What settling a step that moved nothing must do.

use std::sync::Arc;

use futures_util::future::join_all;

use super::{account, at, ending, events, hash, open, row, session_id, step, tokens_until};
use crate::model::{
    AccountId, Actor, EndReason, EndSessions, EndTarget, EventKind, Judge, LateRetry, Presenter, RevocationKind,
    RotationEvidence, Ruling, SecurityEvent, SessionRecord, TokenSecret,
};
use crate::ports::Stores;

fn event(account: AccountId, session: u8, kind: EventKind) -> SecurityEvent {
    SecurityEvent {
        actor: Actor::Server,
        session: Some(session_id(u128::from(session))),
        evidence: Some(RotationEvidence {
            presented_generation: 0,
            current_generation: 2,
            rotated_by: Presenter::new("192.0.2.7".parse().ok(), None),
            rotated_at_micros: at(4).as_micros(),
        }),
        ..super::event(account, kind, 77, at(5))
    }
}

/// Records a divergence of session `n`.
async fn diverge(stores: &Stores, account: AccountId, n: u8) {
    let event = event(account, n, EventKind::RefreshDiverged);
    let ruling = Ruling::Diverged(event.clone());
    let judge: Judge = Arc::new(move |_| ruling.clone());
    let settled = stores.sessions.settle(session_id(u128::from(n)), judge).await.unwrap();
    assert_eq!(settled, Ruling::Diverged(event));
}

fn replay(account: AccountId, n: u8) -> EndSessions {
    EndSessions {
        reason: EndReason::Replay,
        event: Some(event(account, n, EventKind::RefreshReplayed)),
        ..ending(EndTarget::Session(session_id(u128::from(n))), at(5))
    }
}

/// A judge that calls for a replay of a session that was not ended yet.
fn replay_judge(end: EndSessions) -> Judge {
    Arc::new(move |row: Option<&SessionRecord>| match row {
        Some(row) if row.ended.is_none() => Ruling::Replay(end.clone()),
        _ => Ruling::Ended(None),
    })
}

/// Case.
pub async fn the_judge_sees_no_row_for_an_unknown_session(stores: Stores) {
    assert!(row(&stores, session_id(9)).await.is_none());
}

/// Case.
pub async fn a_late_retry_is_counted_in_the_row(stores: Stores) {
    let owner = account(&stores, 1).await.id;
    open(&stores, owner, 1, at(0)).await;
    assert!(stores.sessions.advance(step(1, 0, 1, 101, at(1))).await.unwrap().is_some());
    let late = Some(LateRetry { retries: 2, generation: 1 });
    let judge: Judge = Arc::new(move |row: Option<&SessionRecord>| Ruling::Retry {
        facts: row.unwrap().facts.clone(),
        successor: TokenSecret::from_bytes([1; 32]),
        key_id: 3,
        late,
    });
    let Ruling::Retry { facts, .. } = stores.sessions.settle(session_id(1), judge).await.unwrap() else {
        panic!("another ruling came back");
    };
    assert_eq!(facts.generation, 1);
    let row = row(&stores, session_id(1)).await.unwrap();
    assert_eq!((row.late_retries, row.late_generation), (2, Some(1)));
    assert_eq!((row.facts.generation, row.token_hash), (1, hash(101)), "a retry moves nothing");
}

/// Case.
pub async fn a_divergence_is_recorded_and_ends_nothing(stores: Stores) {
    let owner = account(&stores, 1).await.id;
    open(&stores, owner, 1, at(0)).await;
    let before = row(&stores, session_id(1)).await;
    diverge(&stores, owner, 1).await;
    assert_eq!(row(&stores, session_id(1)).await, before);
    assert_eq!(events(&stores, owner).await.first(), Some(&event(owner, 1, EventKind::RefreshDiverged)));
    assert!(stores.revocations.live(at(5)).await.unwrap().is_empty());
}

/// Case.
pub async fn a_replay_ends_the_session_and_records_both_parties(stores: Stores) {
    let owner = account(&stores, 1).await.id;
    open(&stores, owner, 1, at(0)).await;
    open(&stores, owner, 2, at(0)).await;
    let end = replay(owner, 1);
    let settled = stores.sessions.settle(session_id(1), replay_judge(end.clone())).await.unwrap();
    assert_eq!(settled, Ruling::Replay(end));
    assert_eq!(row(&stores, session_id(1)).await.unwrap().ended.unwrap().reason, EndReason::Replay);
    assert_eq!(row(&stores, session_id(2)).await.unwrap().ended, None);
    let entries = stores.revocations.live(at(5)).await.unwrap();
    let [entry] = entries.as_slice() else { panic!("one entry, not {}", entries.len()) };
    assert_eq!(entry.kind, RevocationKind::Session(session_id(1)));
    assert_eq!((entry.not_before, entry.expires_at), (at(5), tokens_until()));
    assert_eq!(events(&stores, owner).await.first(), Some(&event(owner, 1, EventKind::RefreshReplayed)));
    assert!(stores.sessions.advance(step(1, 0, 1, 101, at(6))).await.unwrap().is_none());
}

/// Case.
pub async fn many_replays_at_once_end_the_session_once(stores: Stores) {
    let owner = account(&stores, 1).await.id;
    open(&stores, owner, 1, at(0)).await;
    let settled =
        join_all((0..32).map(|_| stores.sessions.settle(session_id(1), replay_judge(replay(owner, 1))))).await;
    let replays = settled.into_iter().filter(|ruling| matches!(ruling.as_ref().unwrap(), Ruling::Replay(_))).count();
    assert_eq!(replays, 1);
    assert_eq!(stores.revocations.live(at(5)).await.unwrap().len(), 1);
    assert_eq!(events(&stores, owner).await.len(), 2, "the login, and one replay");
}
