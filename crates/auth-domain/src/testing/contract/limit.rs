//! What opening a session must do, within its limit.

use std::num::NonZeroU32;

use futures_util::future::join_all;

use super::{account, at, disable, ending, events, live, new_session, open, row, session_id, step, tokens_until};
use crate::model::{
    AccountId, Actor, ClassLimits, DeviceClass, EndReason, EndTarget, NewSession, OnLimit, Opened, RestsOn,
    RevocationKind, SessionId, SessionLimit, Timestamp,
};
use crate::ports::Stores;

fn limit(max: u32, on_limit: OnLimit) -> SessionLimit {
    SessionLimit { max_per_account: NonZeroU32::new(max), on_limit, max_per_class: ClassLimits::default() }
}

/// Case.
pub async fn an_opened_session_is_at_generation_0_and_listed(stores: Stores) {
    let owner = account(&stores, 1).await;
    let new = new_session(owner.id, 1, at(0));
    let facts = open(&stores, owner.id, 1, at(0)).await;
    assert_eq!((facts.generation, facts.session, facts.account), (0, new.id, owner.id));
    assert_eq!((&facts.client_id, &facts.scope, &facts.amr), (&new.client_id, &new.scope, &new.amr));
    assert_eq!(
        (facts.auth_time, facts.idle_expires_at, facts.expires_at),
        (at(0), new.idle_expires_at, new.expires_at)
    );
    assert_eq!(facts.roles, owner.roles);

    let listed = stores.sessions.list(owner.id, at(1)).await.unwrap();
    let [session] = listed.as_slice() else { panic!("one session, not {}", listed.len()) };
    assert_eq!(session.facts, facts);
    assert_eq!((&session.token_hash, &session.nonce, session.key_id), (&new.token_hash, &None, 255));
    assert_eq!((&session.device_name, &session.presenter), (&new.device_name, &new.presenter));
    assert_eq!(session.device_class, new.device_class);
    assert_eq!((session.created_at, session.last_used_at, session.rotated_at), (at(0), at(0), at(0)));
    assert_eq!((session.late_retries, session.late_generation, session.ended), (0, None, None));
}

/// Case.
pub async fn a_session_is_not_opened_for_an_account_that_is_gone_or_disabled(stores: Stores) {
    let gone = AccountId::from_uuid(uuid::Uuid::from_u128(9));
    let disabled = account(&stores, 1).await.id;
    disable(&stores, disabled, at(0)).await;
    for id in [gone, disabled] {
        let opened = stores.sessions.open(new_session(id, 1, at(0)), SessionLimit::default()).await.unwrap();
        assert_eq!(opened, Opened::AccountUnavailable);
    }
    assert!(row(&stores, session_id(1)).await.is_none());
}

/// Case.
pub async fn a_session_is_not_opened_by_a_password_that_was_changed_meanwhile(stores: Stores) {
    let owner = account(&stores, 1).await.id;
    let relying = |n, rests_on| NewSession { rests_on, ..new_session(owner, n, at(1)) };
    let stale = relying(1, RestsOn::Password { changed_at: Some(at(0)) });
    let refused = stores.sessions.open(stale, SessionLimit::default()).await.unwrap();
    assert_eq!(refused, Opened::AccountUnavailable);
    assert!(live(&stores, owner, at(1)).await.is_empty());
    let by_passkey = stores.sessions.open(relying(2, RestsOn::Passkey), SessionLimit::default()).await.unwrap();
    assert!(matches!(by_passkey, Opened::Opened { .. }));
}

/// Case.
pub async fn evict_oldest_ends_the_session_that_was_opened_first(stores: Stores) {
    let owner = account(&stores, 1).await.id;
    for n in 1..=3 {
        open(&stores, owner, n, at(u64::from(n))).await;
    }
    let two = limit(2, OnLimit::EvictOldest);
    let Opened::Opened { evicted, .. } = stores.sessions.open(new_session(owner, 4, at(4)), two).await.unwrap() else {
        panic!("not opened");
    };
    let kinds: Vec<_> = evicted.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [RevocationKind::Session(session_id(1)), RevocationKind::Session(session_id(2))]);
    assert!(evicted.iter().all(|entry| entry.expires_at == tokens_until() && entry.not_before == at(4)));
    assert_eq!(stores.revocations.live(at(4)).await.unwrap(), evicted);
    assert_eq!(live(&stores, owner, at(4)).await, [session_id(4), session_id(3)]);
    let ended = row(&stores, session_id(1)).await.unwrap().ended.unwrap();
    assert_eq!((ended.at, ended.by, ended.reason), (at(4), Actor::Server, EndReason::Evicted));
}

/// Case.
pub async fn deny_refuses_and_writes_nothing(stores: Stores) {
    let owner = account(&stores, 1).await.id;
    open(&stores, owner, 1, at(1)).await;
    open(&stores, owner, 2, at(2)).await;
    let opened = stores.sessions.open(new_session(owner, 3, at(3)), limit(2, OnLimit::Deny)).await.unwrap();
    let Opened::LimitReached { live: told } = opened else { panic!("{opened:?}") };
    assert_eq!(told, stores.sessions.list(owner, at(3)).await.unwrap());
    assert_eq!(live(&stores, owner, at(3)).await, [session_id(2), session_id(1)]);
    assert!(row(&stores, session_id(3)).await.is_none());
    assert!(stores.revocations.live(at(3)).await.unwrap().is_empty());
}

/// Case.
pub async fn sessions_that_are_over_do_not_count(stores: Stores) {
    let owner = account(&stores, 1).await.id;
    open(&stores, owner, 1, at(0)).await;
    open(&stores, owner, 2, at(100)).await;
    let ended = stores.sessions.end(ending(EndTarget::Session(session_id(2)), at(101))).await.unwrap();
    assert_eq!(ended.revocations.len(), 1);
    let one = limit(1, OnLimit::Deny);
    let opened = stores.sessions.open(new_session(owner, 3, at(102)), one).await.unwrap();
    assert!(matches!(opened, Opened::Opened { .. }), "session 1 had expired, 2 was ended: {opened:?}");
}

fn by_class(mobile: u32, on_limit: OnLimit) -> SessionLimit {
    let max_per_class = ClassLimits { mobile: NonZeroU32::new(mobile), ..ClassLimits::default() };
    SessionLimit { max_per_account: None, max_per_class, on_limit }
}

/// Opens session `n` within a limit, and answers what was ended for it.
async fn evicted_by(stores: &Stores, owner: AccountId, n: u8, now: Timestamp, limit: SessionLimit) -> Vec<SessionId> {
    match stores.sessions.open(new_session(owner, n, now), limit).await.unwrap() {
        Opened::Opened { evicted, .. } => evicted
            .iter()
            .map(|entry| match entry.kind {
                RevocationKind::Session(id) => id,
                other => panic!("{other:?}"),
            })
            .collect(),
        refused => panic!("not opened: {refused:?}"),
    }
}

/// Case.
pub async fn evict_least_recent_ends_the_session_that_was_not_used_for_longest(stores: Stores) {
    let owner = account(&stores, 1).await.id;
    for n in 1..=3 {
        open(&stores, owner, n, at(u64::from(n))).await;
    }
    assert!(stores.sessions.advance(step(1, 0, 1, 101, at(10))).await.unwrap().is_some());
    let three = limit(3, OnLimit::EvictLeastRecent);
    assert_eq!(evicted_by(&stores, owner, 4, at(11), three).await, [session_id(2)]);
}

/// Case.
pub async fn a_class_of_devices_has_a_limit_of_its_own(stores: Stores) {
    let owner = account(&stores, 1).await.id;
    for n in 1..=4 {
        open(&stores, owner, n, at(u64::from(n))).await;
    }
    // Even sessions are on phones.
    let evict = by_class(2, OnLimit::EvictOldest);
    assert_eq!(evicted_by(&stores, owner, 5, at(5), evict).await, []);
    assert_eq!(evicted_by(&stores, owner, 6, at(6), evict).await, [session_id(2)]);
    let deny = stores.sessions.open(new_session(owner, 8, at(7)), by_class(2, OnLimit::Deny)).await.unwrap();
    assert!(matches!(deny, Opened::LimitReached { .. }));
    assert_eq!(live(&stores, owner, at(7)).await, [6, 5, 4, 3, 1].map(session_id));
    assert_eq!(row(&stores, session_id(6)).await.unwrap().device_class, DeviceClass::Mobile);
}

/// Case.
pub async fn a_chosen_session_makes_room(stores: Stores) {
    let (owner, other) = (account(&stores, 1).await.id, account(&stores, 2).await.id);
    open(&stores, owner, 1, at(1)).await;
    open(&stores, owner, 2, at(2)).await;
    open(&stores, other, 3, at(3)).await;
    let two = limit(2, OnLimit::Deny);
    let choosing = |n, chosen| NewSession { end_first: Some(chosen), ..new_session(owner, n, at(4)) };
    let not_his = stores.sessions.open(choosing(4, session_id(3)), two).await.unwrap();
    assert!(matches!(not_his, Opened::LimitReached { .. }), "somebody else's session makes no room");
    assert_eq!(live(&stores, other, at(4)).await, [session_id(3)]);

    let opened = stores.sessions.open(choosing(4, session_id(2)), two).await.unwrap();
    let Opened::Opened { evicted, .. } = opened else { panic!("{opened:?}") };
    assert_eq!(evicted.iter().map(|entry| entry.kind).collect::<Vec<_>>(), [RevocationKind::Session(session_id(2))]);
    let ended = row(&stores, session_id(2)).await.unwrap().ended.unwrap();
    assert_eq!((ended.by, ended.reason), (Actor::Owner(Some(session_id(4))), EndReason::Limit));
    assert_eq!(live(&stores, owner, at(4)).await, [4, 1].map(session_id));
}

/// Case.
pub async fn a_chosen_session_stays_when_the_login_is_refused(stores: Stores) {
    let owner = account(&stores, 1).await.id;
    for n in 1..=3 {
        open(&stores, owner, n, at(u64::from(n))).await;
    }
    let new = NewSession { end_first: Some(session_id(1)), ..new_session(owner, 4, at(4)) };
    let refused = stores.sessions.open(new, limit(2, OnLimit::Deny)).await.unwrap();
    assert!(matches!(refused, Opened::LimitReached { .. }), "two of three are still one too many");
    assert_eq!(live(&stores, owner, at(4)).await, [3, 2, 1].map(session_id));
}

/// Case.
pub async fn an_opened_session_is_recorded(stores: Stores) {
    let owner = account(&stores, 1).await.id;
    open(&stores, owner, 1, at(1)).await;
    assert_eq!(events(&stores, owner).await, [new_session(owner, 1, at(1)).event]);
    let refused = stores.sessions.open(new_session(owner, 2, at(2)), limit(1, OnLimit::Deny)).await.unwrap();
    assert!(matches!(refused, Opened::LimitReached { .. }));
    assert_eq!(events(&stores, owner).await.len(), 1, "what did not happen is not recorded");
}

/// Case.
pub async fn many_logins_at_once_never_pass_a_limit_by_class(stores: Stores) {
    let owner = account(&stores, 1).await.id;
    log_in_at_once(&stores, owner, at(0), by_class(3, OnLimit::EvictOldest)).await;
    let listed = stores.sessions.list(owner, at(1)).await.unwrap();
    assert_eq!(listed.iter().filter(|row| row.device_class == DeviceClass::Mobile).count(), 3);
    assert_eq!(listed.iter().filter(|row| row.device_class == DeviceClass::Cli).count(), 16);
}

async fn log_in_at_once(stores: &Stores, owner: AccountId, now: Timestamp, limit: SessionLimit) -> Vec<Opened> {
    let opened = join_all((1..=32).map(|n| stores.sessions.open(new_session(owner, n, now), limit))).await;
    opened.into_iter().map(Result::unwrap).collect()
}

/// Case.
pub async fn many_logins_at_once_leave_exactly_one_session_where_one_is_allowed(stores: Stores) {
    let owner = account(&stores, 1).await.id;
    let opened = log_in_at_once(&stores, owner, at(0), limit(1, OnLimit::EvictOldest)).await;
    assert!(opened.iter().all(|opened| matches!(opened, Opened::Opened { .. })));
    assert_eq!(live(&stores, owner, at(1)).await.len(), 1);
    assert_eq!(stores.revocations.live(at(1)).await.unwrap().len(), 31, "one entry for each that was evicted");
}

/// Case.
pub async fn many_logins_at_once_never_pass_a_limit_of_three_that_denies(stores: Stores) {
    let owner = account(&stores, 1).await.id;
    let opened = log_in_at_once(&stores, owner, at(0), limit(3, OnLimit::Deny)).await;
    assert_eq!(opened.iter().filter(|opened| matches!(opened, Opened::Opened { .. })).count(), 3);
    let refused = |opened: &&Opened| matches!(opened, Opened::LimitReached { live } if live.len() == 3);
    assert_eq!(opened.iter().filter(refused).count(), 29);
    assert_eq!(live(&stores, owner, at(1)).await.len(), 3);
}
