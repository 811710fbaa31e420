//! 64 logins of one account at once, against every kind of limit and each policy, on both engines: exactly the right
//! sessions end, each once.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::time::Duration;

use auth_domain::model::{
    AccountId, Actor, ClassLimits, DeviceClass, EndReason, EventKind, NewSession, Occupied, OnLimit, Opened,
    Revocation, RevocationKind, SessionId, SessionLimit, Timestamp,
};
use auth_domain::ports::{Retention, Stores};
use tokio::task::JoinSet;

use crate::scene::{Postgres, START, Sqlite, account, at, close, new_session, open, session_id, step};

const LOGINS: u128 = 64;

/// A login that was opened, and the entries of those that it ended.
struct Login {
    session: SessionId,
    class: DeviceClass,
    created_at: Timestamp,
    ended: Vec<Revocation>,
}

fn limits(on_limit: OnLimit) -> [SessionLimit; 3] {
    let of = |max_per_account: u32, max_per_class| SessionLimit {
        max_per_account: NonZeroU32::new(max_per_account),
        max_per_class,
        on_limit,
    };
    let classes = ClassLimits { web: NonZeroU32::new(1), mobile: NonZeroU32::new(3), ..ClassLimits::default() };
    [of(1, ClassLimits::default()), of(3, ClassLimits::default()), of(0, classes)]
}

/// Login `n`, whose place in time is not that of its number.
fn login(owner: AccountId, n: u128) -> NewSession {
    NewSession {
        now: START.plus(Duration::from_secs(u64::try_from(n * 37 % LOGINS).unwrap())),
        ..new_session(owner, n)
    }
}

fn ids(ended: &[Revocation]) -> Vec<SessionId> {
    ended
        .iter()
        .map(|entry| match entry.kind {
            RevocationKind::Session(session) => session,
            other => panic!("{other:?}"),
        })
        .collect()
}

async fn log_in_at_once(stores: &Stores, owner: AccountId, limit: SessionLimit) -> (Vec<Login>, usize) {
    let mut tasks = JoinSet::new();
    for n in 1..=LOGINS {
        let (stores, new) = (stores.clone(), login(owner, n));
        tasks.spawn(async move {
            let (session, class, created_at) = (new.id, new.device_class, new.now);
            match stores.sessions.open(new, limit).await.unwrap() {
                Opened::Opened { evicted, .. } => Some(Login { session, class, created_at, ended: evicted }),
                Opened::LimitReached { live } => {
                    assert!(!live.is_empty());
                    None
                }
                Opened::AccountUnavailable => panic!("the account is there"),
            }
        });
    }
    let all = tasks.join_all().await;
    let refused = all.iter().filter(|login| login.is_none()).count();
    (all.into_iter().flatten().collect(), refused)
}

/// Plays the logins again one by one in the order in which the database took them, and answers which sessions are left.
///
/// Those that ended something come in the order of their entries in the feed. Those that ended nothing came while there was
/// room, so before these.
fn replay(mut logins: Vec<Login>, before: Occupied<SessionId>, limit: SessionLimit) -> BTreeSet<SessionId> {
    logins.sort_by_key(|login| login.ended.first().map_or(0, |entry| entry.seq));
    let mut live = vec![before];
    for login in logins {
        let ended = ids(&login.ended);
        assert_eq!(limit.make_room(live.clone(), login.class).as_ref(), Some(&ended), "{limit:?}");
        live.retain(|session| !ended.contains(&session.id));
        live.push(Occupied {
            id: login.session,
            class: login.class,
            created_at: login.created_at,
            last_used_at: login.created_at,
        });
    }
    live.into_iter().map(|session| session.id).collect()
}

async fn end_exactly_the_right_ones(stores: &Stores, on_limit: OnLimit) {
    for (n, limit) in limits(on_limit).into_iter().enumerate() {
        let owner = account(stores, n as u128 + 1).await;
        // Opened first and used last: one policy takes it for the oldest, the other for the most recent.
        let old = session_id(LOGINS + 1);
        open(stores, owner, LOGINS + 1).await;
        let mut used = step(old, 0);
        used.now = at(5_000);
        assert!(stores.sessions.advance(used).await.unwrap().is_some());
        let row = stores.sessions.get(old).await.unwrap().unwrap();
        let before =
            Occupied { id: old, class: row.device_class, created_at: row.created_at, last_used_at: row.last_used_at };

        let (logins, refused) = log_in_at_once(stores, owner, limit).await;
        let told: Vec<_> = logins.iter().flat_map(|login| ids(&login.ended)).collect();
        let once: BTreeSet<_> = told.iter().copied().collect();
        let (opened, deny) = (logins.len(), on_limit == OnLimit::Deny);
        let left = replay(logins, before, limit);
        let listed = stores.sessions.list(owner, at(100)).await.unwrap();
        let of = |class| listed.iter().filter(|row| row.device_class == class).count();
        match (limit.max_per_account, limit.max_per_class.web) {
            (Some(max), _) => assert_eq!(listed.len(), max.get() as usize),
            // 16 logins of each class, and the old one on the web.
            _ => assert_eq!(DeviceClass::ALL.map(of), [1, 3, 16, 16]),
        }
        assert_eq!(listed.iter().map(|row| row.facts.session).collect::<BTreeSet<_>>(), left, "{limit:?}");
        assert_eq!(told.len(), once.len(), "each was ended once");
        assert_eq!((told.is_empty(), refused > 0, opened + refused), (deny, deny, 64), "{limit:?}");
        for session in once {
            let ended = stores.sessions.get(session).await.unwrap().unwrap().ended.unwrap();
            assert_eq!((ended.by, ended.reason), (Actor::Server, EndReason::Evicted));
        }
        let entries = stores.revocations.live(at(100)).await.unwrap();
        let mut in_feed = ids(&entries);
        in_feed.sort_unstable();
        let mut told = told;
        told.sort_unstable();
        assert_eq!(in_feed, told, "one entry for each");
        let close = close(owner, EventKind::AccountDeleted);
        assert_eq!(stores.accounts.delete(close).await.unwrap().unwrap().revocations.len(), listed.len());
        let all =
            Retention { revocations: at(100_000), sessions: START, events: START, one_time: START, deliveries: START };
        while stores.housekeeping.sweep(all, 1_000).await.unwrap() > 0 {}
    }
}

macro_rules! on_both_engines {
    ($($policy:ident: $sqlite:ident $postgresql:ident;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $sqlite() {
            end_exactly_the_right_ones(&Sqlite::open().await.stores, OnLimit::$policy).await;
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $postgresql() {
            end_exactly_the_right_ones(&Postgres::open().await.stores, OnLimit::$policy).await;
        }
    )*};
}

on_both_engines! {
    EvictOldest:
        of_64_logins_at_once_the_oldest_are_ended_on_sqlite
        of_64_logins_at_once_the_oldest_are_ended_on_postgresql;
    EvictLeastRecent:
        of_64_logins_at_once_the_least_recent_are_ended_on_sqlite
        of_64_logins_at_once_the_least_recent_are_ended_on_postgresql;
    Deny:
        of_64_logins_at_once_no_more_than_the_limit_are_opened_on_sqlite
        of_64_logins_at_once_no_more_than_the_limit_are_opened_on_postgresql;
}
