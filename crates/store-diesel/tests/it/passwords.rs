//! A new password is set whole or not at all: with the token that allows it, the sessions that end, and their entries.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use auth_domain::model::{AccountId, EndTarget, EventKind, OneTimeToken, Opened, Purpose, SessionLimit};
use auth_domain::ports::{PasswordAuthority, SetPassword, Stores};
use diesel::connection::SimpleConnection;
use tokio::task::JoinSet;

use crate::scene::{Postgres, Sqlite, account, at, event, eventually, left_by_reset, new_session, open, reset, token};

/// An account with one session, and a token that sets a new password.
async fn fill(stores: &Stores) -> (AccountId, OneTimeToken) {
    let owner = account(stores, 1).await;
    open(stores, owner, 1).await;
    let mailed = token(1, Purpose::ResetPassword, Some(owner));
    stores.one_time.add(mailed.clone()).await.unwrap();
    (owner, mailed)
}

/// The old password, a good token, a live session, no entry and no event.
const BEFORE: (bool, bool, usize, usize, usize) = (false, true, 1, 0, 0);
const AFTER: (bool, bool, usize, usize, usize) = (true, false, 0, 1, 1);

async fn its_caller_goes_away(stores: &Stores, owner: AccountId, mailed: &OneTimeToken) {
    let setting = stores.accounts.set_password(reset(owner, mailed));
    tokio::time::timeout(Duration::from_millis(300), setting).await.unwrap_err();
    assert_eq!(left_by_reset(stores, owner, mailed).await, BEFORE, "nothing is half done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_is_set_whole_though_its_caller_went_away_on_sqlite() {
    let sqlite = Sqlite::open().await;
    let (owner, mailed) = fill(&sqlite.stores).await;
    let mut other = sqlite.connection();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    its_caller_goes_away(&sqlite.stores, owner, &mailed).await;
    other.batch_execute("COMMIT").unwrap();
    eventually(AFTER, async || left_by_reset(&sqlite.stores, owner, &mailed).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_is_set_whole_though_its_caller_went_away_on_postgresql() {
    let postgres = Postgres::open().await;
    let (owner, mailed) = fill(&postgres.stores).await;
    let other = postgres.client().await;
    // The last row that the step needs: by then it has written all the others.
    other.batch_execute("BEGIN; SELECT FROM sessions FOR UPDATE").await.unwrap();
    its_caller_goes_away(&postgres.stores, owner, &mailed).await;
    other.batch_execute("COMMIT").await.unwrap();
    eventually(AFTER, async || left_by_reset(&postgres.stores, owner, &mailed).await).await;
}

async fn it_fails_whole(stores: &Stores, owner: AccountId, mailed: &OneTimeToken) {
    let set = stores.accounts.set_password(reset(owner, mailed)).await;
    assert!(set.is_err(), "{set:?}");
    assert_eq!(left_by_reset(stores, owner, mailed).await, BEFORE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_of_a_password_whose_event_fails_on_sqlite() {
    let sqlite = Sqlite::open().await;
    let (owner, mailed) = fill(&sqlite.stores).await;
    let fail = "CREATE TRIGGER fail BEFORE INSERT ON security_events BEGIN SELECT RAISE(ABORT, 'no events'); END";
    sqlite.connection().batch_execute(fail).unwrap();
    it_fails_whole(&sqlite.stores, owner, &mailed).await;
    sqlite.connection().batch_execute("DROP TRIGGER fail").unwrap();
    assert!(sqlite.stores.accounts.set_password(reset(owner, &mailed)).await.unwrap().is_some());
    assert_eq!(left_by_reset(&sqlite.stores, owner, &mailed).await, AFTER);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_of_a_password_whose_event_fails_on_postgresql() {
    let postgres = Postgres::open().await;
    let (owner, mailed) = fill(&postgres.stores).await;
    let client = postgres.client().await;
    let fail = "ALTER TABLE security_events ADD CONSTRAINT fail CHECK (kind <> 'password_reset')";
    client.batch_execute(fail).await.unwrap();
    it_fails_whole(&postgres.stores, owner, &mailed).await;
    client.batch_execute("ALTER TABLE security_events DROP CONSTRAINT fail").await.unwrap();
    assert!(postgres.stores.accounts.set_password(reset(owner, &mailed)).await.unwrap().is_some());
    assert_eq!(left_by_reset(&postgres.stores, owner, &mailed).await, AFTER);
}

/// Passwords, logins and new tokens of one account at once: no step waits for another in a circle, no session outlives the
/// password that it was opened by, and each that was opened is either live or was ended once.
async fn passwords_race_with_logins(stores: &Stores) {
    let owner = account(stores, 1).await;
    let mut tasks = JoinSet::new();
    let opened = Arc::new(AtomicUsize::new(0));
    for n in 1..=60_u8 {
        let (stores, opened) = (stores.clone(), Arc::clone(&opened));
        tasks.spawn(async move {
            match n % 3 {
                0 => {
                    let told = event(owner, EventKind::PasswordReset, n.into(), at(1));
                    let mailed = token(n, Purpose::ResetPassword, Some(owner));
                    let authority = PasswordAuthority::Operator;
                    let end = EndTarget::All(owner);
                    let set = SetPassword { authority, end, event: told, ..reset(owner, &mailed) };
                    stores.accounts.set_password(set).await.unwrap().unwrap().revocations.len()
                }
                1 => match stores.sessions.open(new_session(owner, n.into()), SessionLimit::default()).await.unwrap() {
                    Opened::Opened { evicted, .. } => {
                        opened.fetch_add(1, Ordering::SeqCst);
                        evicted.len()
                    }
                    // The password has been changed before.
                    Opened::AccountUnavailable => 0,
                    refused @ Opened::LimitReached { .. } => panic!("{refused:?}"),
                },
                _ => {
                    stores.one_time.add(token(n, Purpose::ResetPassword, Some(owner))).await.unwrap();
                    0
                }
            }
        });
    }
    let ended: usize = tasks.join_all().await.into_iter().sum();
    let live = stores.sessions.list(owner, at(2)).await.unwrap().len();
    assert_eq!(live + ended, opened.load(Ordering::SeqCst));
    assert_eq!(live, 0, "all logins rest on the first password, and it was changed");
    assert_eq!(stores.revocations.live(at(2)).await.unwrap().len(), ended);
    let due = stores.one_time.claim_mail(at(1), at(2), 100).await.unwrap();
    assert!(due.len() <= 1, "the last token is the one that counts: {due:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_race_with_logins_on_sqlite() {
    passwords_race_with_logins(&Sqlite::open().await.stores).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_race_with_logins_on_postgresql() {
    let postgres = Postgres::open().await;
    passwords_race_with_logins(&postgres.stores).await;
    let deadlocks =
        "SELECT pg_stat_force_next_flush(), deadlocks FROM pg_stat_database WHERE datname = current_database()";
    assert_eq!(postgres.client().await.query_one(deadlocks, &[]).await.unwrap().get::<_, i64>(1), 0);
}
