//! What ending sessions must do.

use futures_util::future::join;

use super::{account, at, ending, events, live, open, row, session_id, step};
use crate::model::{
    AccountId, Actor, DisplayName, EndReason, EndSessions, EndTarget, Ended, EventKind, SessionId, Timestamp,
};
use crate::ports::Stores;

async fn end(stores: &Stores, target: EndTarget, now: Timestamp) -> usize {
    stores.sessions.end(ending(target, now)).await.unwrap().revocations.len()
}

async fn three_sessions(stores: &Stores) -> (AccountId, AccountId) {
    let (owner, other) = (account(stores, 1).await.id, account(stores, 2).await.id);
    open(stores, owner, 1, at(1)).await;
    open(stores, owner, 2, at(2)).await;
    open(stores, owner, 3, at(3)).await;
    open(stores, other, 4, at(4)).await;
    (owner, other)
}

fn ids<const N: usize>(ids: [u128; N]) -> [SessionId; N] {
    ids.map(session_id)
}

/// Case.
pub async fn an_owner_ends_his_own_session_only(stores: Stores) {
    let (owner, other) = three_sessions(&stores).await;
    assert_eq!(end(&stores, EndTarget::Owned { account: owner, session: session_id(4) }, at(5)).await, 0);
    assert_eq!(live(&stores, other, at(5)).await, ids([4]));
    assert_eq!(end(&stores, EndTarget::Owned { account: owner, session: session_id(2) }, at(5)).await, 1);
    assert_eq!(live(&stores, owner, at(5)).await, ids([3, 1]));
    assert_eq!(
        row(&stores, session_id(2)).await.unwrap().ended,
        Some(Ended { at: at(5), by: Actor::Operator, reason: EndReason::LogoutAll })
    );
}

/// Case.
pub async fn others_and_all_end_what_they_say(stores: Stores) {
    let (owner, other) = three_sessions(&stores).await;
    assert_eq!(end(&stores, EndTarget::Others { account: owner, keep: session_id(2) }, at(5)).await, 2);
    assert_eq!(live(&stores, owner, at(5)).await, ids([2]));
    open(&stores, owner, 5, at(6)).await;
    assert_eq!(end(&stores, EndTarget::All(owner), at(7)).await, 2);
    assert!(live(&stores, owner, at(7)).await.is_empty());
    assert_eq!(live(&stores, other, at(7)).await, ids([4]));
    assert_eq!(stores.revocations.live(at(7)).await.unwrap().len(), 4);
}

/// Case.
pub async fn a_session_ends_once(stores: Stores) {
    let (owner, _) = three_sessions(&stores).await;
    assert_eq!(end(&stores, EndTarget::Session(session_id(1)), at(5)).await, 1);
    assert_eq!(end(&stores, EndTarget::Session(session_id(1)), at(6)).await, 0);
    assert_eq!(end(&stores, EndTarget::Session(session_id(9)), at(6)).await, 0, "there is no such session");
    assert_eq!(end(&stores, EndTarget::All(owner), at(7)).await, 2);
    assert_eq!(row(&stores, session_id(1)).await.unwrap().ended.unwrap().at, at(5), "the first end stands");
}

/// Case.
pub async fn an_event_is_recorded_only_when_a_session_was_ended(stores: Stores) {
    let (owner, _) = three_sessions(&stores).await;
    let event = super::event(owner, EventKind::SessionEnded, 500, at(5));
    let end = EndSessions { event: Some(event.clone()), ..ending(EndTarget::Session(session_id(1)), at(5)) };
    assert_eq!(stores.sessions.end(end.clone()).await.unwrap().revocations.len(), 1);
    assert!(stores.sessions.end(end).await.unwrap().revocations.is_empty());
    let recorded = events(&stores, owner).await;
    assert_eq!((recorded.len(), recorded.first()), (4, Some(&event)), "three logins, and one end");
}

/// Case.
pub async fn an_expired_session_can_still_be_ended(stores: Stores) {
    three_sessions(&stores).await;
    assert_eq!(end(&stores, EndTarget::Session(session_id(1)), at(700)).await, 1);
}

/// Case.
pub async fn a_step_after_the_end_finds_nothing_however_they_race(stores: Stores) {
    let owner = account(&stores, 1).await.id;
    for n in 1..=50 {
        open(&stores, owner, n, at(0)).await;
        let stop = stores.sessions.end(ending(EndTarget::Session(session_id(u128::from(n))), at(1)));
        let (ended, moved) = join(stop, stores.sessions.advance(step(n, 0, n, n + 100, at(1)))).await;
        assert_eq!(ended.unwrap().revocations.len(), 1);
        let generation = u32::from(moved.unwrap().is_some());
        let row = row(&stores, session_id(u128::from(n))).await.unwrap();
        assert_eq!((row.facts.generation, row.ended.is_some()), (generation, true));
        let next = step(n, generation, if generation == 0 { n } else { n + 100 }, n + 200, at(2));
        assert!(stores.sessions.advance(next).await.unwrap().is_none());
    }
}

/// Case.
pub async fn a_session_is_read_by_its_id_live_or_over(stores: Stores) {
    three_sessions(&stores).await;
    let found = stores.sessions.get(session_id(1)).await.unwrap();
    assert_eq!(found, row(&stores, session_id(1)).await);
    assert_eq!(end(&stores, EndTarget::Session(session_id(1)), at(5)).await, 1);
    assert!(stores.sessions.get(session_id(1)).await.unwrap().unwrap().ended.is_some());
    assert!(stores.sessions.get(session_id(9)).await.unwrap().is_none());
}

/// Case.
pub async fn a_device_is_named_by_its_owner_only(stores: Stores) {
    let (owner, other) = three_sessions(&stores).await;
    let name = DisplayName::new("kitchen tablet").ok();
    assert!(stores.sessions.rename(owner, session_id(1), name.clone()).await.unwrap());
    assert_eq!(row(&stores, session_id(1)).await.unwrap().device_name.as_deref(), Some("kitchen tablet"));
    assert!(!stores.sessions.rename(other, session_id(1), None).await.unwrap());
    assert!(!stores.sessions.rename(owner, session_id(9), None).await.unwrap());
    assert!(stores.sessions.rename(owner, session_id(1), None).await.unwrap());
    assert_eq!(row(&stores, session_id(1)).await.unwrap().device_name, None);
    assert_eq!(end(&stores, EndTarget::Session(session_id(1)), at(5)).await, 1);
    assert!(!stores.sessions.rename(owner, session_id(1), name).await.unwrap(), "it has ended");
}
