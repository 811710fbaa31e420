//! What housekeeping must do.

use super::{account, at, ending, events, live, open, row, session_id};
use crate::model::{EndTarget, Timestamp};
use crate::ports::{Retention, Stores};

fn up_to(moment: Timestamp) -> Retention {
    Retention { revocations: moment, sessions: moment, events: moment, one_time: moment, deliveries: moment }
}

/// Case.
pub async fn rows_that_are_needed_no_more_go_in_batches(stores: Stores) {
    let owner = account(&stores, 1).await.id;
    for n in 1..=5 {
        open(&stores, owner, n, at(0)).await;
        let end = ending(EndTarget::Session(session_id(u128::from(n))), at(1));
        assert_eq!(stores.sessions.end(end).await.unwrap().revocations.len(), 1);
    }
    assert_eq!(stores.webhooks.spread(&[], at(1), 100).await.unwrap(), 6);
    let long_after = up_to(at(10_000));
    // Five sessions and entries, and six events.
    assert_eq!(stores.housekeeping.sweep(long_after, 2).await.unwrap(), 6);
    assert_eq!(stores.housekeeping.sweep(long_after, 2).await.unwrap(), 6);
    assert_eq!(stores.housekeeping.sweep(long_after, 2).await.unwrap(), 4);
    assert_eq!(stores.housekeeping.sweep(long_after, 2).await.unwrap(), 0);
    assert!(row(&stores, session_id(1)).await.is_none());
    assert!(events(&stores, owner).await.is_empty());
    assert!(stores.revocations.after(0, &[]).await.unwrap().is_empty());
    assert!(stores.accounts.by_id(owner).await.unwrap().is_some());
}

/// Case.
pub async fn a_live_session_and_what_belongs_to_it_stay(stores: Stores) {
    let owner = account(&stores, 1).await.id;
    open(&stores, owner, 1, at(0)).await;
    open(&stores, owner, 2, at(0)).await;
    let end = ending(EndTarget::Session(session_id(2)), at(50));
    let entries = stores.sessions.end(end).await.unwrap().revocations;
    let kept = Retention { sessions: at(49), ..up_to(at(59)) };
    assert_eq!(stores.housekeeping.sweep(kept, 100).await.unwrap(), 0, "events that were not spread stay too");
    assert_eq!(live(&stores, owner, at(50)).await, [session_id(1)]);
    assert!(row(&stores, session_id(2)).await.is_some(), "an ended session is kept for a while");
    assert_eq!(stores.revocations.live(at(50)).await.unwrap(), entries);
    // Session 1 has been idle for too long at 60.
    assert_eq!(stores.housekeeping.sweep(Retention { sessions: at(60), ..kept }, 100).await.unwrap(), 2);
}
