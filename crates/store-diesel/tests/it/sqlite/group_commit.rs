//! The writer: many steps share a commit, each fails alone, and none is left half done.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use auth_domain::model::{Ruling, SessionFacts, SessionId};
use auth_domain::ports::StoreError;
use diesel::connection::SimpleConnection;
use diesel::sqlite::SqliteConnection;
use store_diesel::Options;
use tokio::task::JoinSet;

use crate::scene::{Sqlite, a_moment, account, end, eventually, left_by_end, open, step};

/// Another process that writes to the file, until [`SqliteConnection::batch_execute`] of `COMMIT`.
fn hold(sqlite: &Sqlite) -> SqliteConnection {
    let mut other = sqlite.connection();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    other
}

async fn sessions(sqlite: &Sqlite, count: u128) -> Vec<SessionId> {
    let owner = account(&sqlite.stores, 1).await;
    let mut sessions = Vec::new();
    for n in 1..=count {
        sessions.push(open(&sqlite.stores, owner, n).await);
    }
    sessions
}

type Moves = JoinSet<(SessionId, Result<Option<SessionFacts>, StoreError>)>;

fn advance_all(sqlite: &Sqlite, sessions: &[SessionId]) -> Moves {
    let mut steps = JoinSet::new();
    for session in sessions {
        let (stores, session) = (sqlite.stores.clone(), *session);
        steps.spawn(async move { (session, stores.sessions.advance(step(session, 0)).await) });
    }
    steps
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_refreshes_at_once_share_a_few_commits() {
    let sqlite = Sqlite::open().await;
    let sessions = sessions(&sqlite, 64).await;
    let before = sqlite.database.group_commits().unwrap();
    let mut other = hold(&sqlite);
    let steps = advance_all(&sqlite, &sessions);
    a_moment().await;
    other.batch_execute("COMMIT").unwrap();
    for (_, moved) in steps.join_all().await {
        assert!(moved.unwrap().is_some());
    }
    let after = sqlite.database.group_commits().unwrap();
    assert_eq!(after.steps - before.steps, 64);
    assert!(after.commits - before.commits <= 4, "{before:?} {after:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_fails_undoes_itself_alone() {
    let sqlite = Sqlite::open().await;
    let sessions = sessions(&sqlite, 9).await;
    sqlite
        .connection()
        .batch_execute(
            "CREATE TRIGGER fail BEFORE UPDATE ON sessions WHEN hex(OLD.id) LIKE '%5'
             BEGIN SELECT RAISE(ABORT, 'no five'); END",
        )
        .unwrap();
    let mut other = hold(&sqlite);
    let steps = advance_all(&sqlite, &sessions);
    a_moment().await;
    other.batch_execute("COMMIT").unwrap();
    let mut failed = Vec::new();
    for (session, moved) in steps.join_all().await {
        match moved {
            Ok(moved) => assert!(moved.is_some()),
            Err(StoreError::Unavailable(reason)) if reason == "no five" => failed.push(session),
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(failed, [crate::scene::session_id(5)]);
}

/// SQLite undoes the whole transaction by itself when the disk is full; `RAISE(ROLLBACK)` does the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_step_of_a_batch_that_could_not_commit_is_acknowledged_and_the_writer_goes_on() {
    let sqlite = Sqlite::open().await;
    let sessions = sessions(&sqlite, 9).await;
    let mut other = sqlite.connection();
    other
        .batch_execute(
            "CREATE TRIGGER fail BEFORE UPDATE ON sessions WHEN hex(OLD.id) LIKE '%5'
             BEGIN SELECT RAISE(ROLLBACK, 'database or disk is full'); END;
             BEGIN IMMEDIATE",
        )
        .unwrap();
    let steps = advance_all(&sqlite, &sessions);
    a_moment().await;
    other.batch_execute("COMMIT").unwrap();
    let mut acknowledged = Vec::new();
    for (session, moved) in steps.join_all().await {
        match moved {
            Ok(Some(_)) => acknowledged.push(session),
            Err(StoreError::Unavailable(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(acknowledged.len() < 8, "the trigger spoils the batch that session 5 is in");
    other.batch_execute("DROP TRIGGER fail").unwrap();
    for session in sessions {
        let moved = sqlite.stores.sessions.advance(step(session, 0)).await.unwrap().is_some();
        assert_eq!(moved, !acknowledged.contains(&session), "what was not acknowledged did not happen");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_judge_that_panics_is_an_error_and_the_writer_goes_on() {
    let sqlite = Sqlite::open().await;
    let session = sessions(&sqlite, 1).await.remove(0);
    let judge = Arc::new(|_: Option<&_>| -> Ruling { panic!("a defect in the judge") });
    let settled = sqlite.stores.sessions.settle(session, judge).await;
    assert!(matches!(settled, Err(StoreError::Unavailable(_))), "{settled:?}");
    assert!(sqlite.stores.sessions.advance(step(session, 0)).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_is_finished_though_its_caller_went_away() {
    let sqlite = Sqlite::open().await;
    let owner = account(&sqlite.stores, 1).await;
    let session = open(&sqlite.stores, owner, 1).await;
    let mut other = hold(&sqlite);
    let ending = sqlite.stores.sessions.end(end(owner, session));
    tokio::time::timeout(Duration::from_millis(300), ending).await.unwrap_err();
    assert_eq!(left_by_end(&sqlite.stores, owner).await, (1, 0, 0), "nothing is half done");
    other.batch_execute("COMMIT").unwrap();
    eventually((0, 1, 1), async || left_by_end(&sqlite.stores, owner).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_another_process_holds_for_too_long_is_busy() {
    let sqlite = Sqlite::open_with(Options { sqlite_busy: Duration::from_millis(100), ..Options::default() }).await;
    let session = sessions(&sqlite, 1).await.remove(0);
    let mut other = hold(&sqlite);
    let locked = sqlite.stores.sessions.advance(step(session, 0)).await;
    assert!(matches!(locked, Err(StoreError::Busy)), "{locked:?}");
    sqlite.stores.health.check().await.expect("reading goes on");
    other.batch_execute("COMMIT").unwrap();
    assert!(sqlite.stores.sessions.advance(step(session, 0)).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_steps_than_may_wait_are_busy_at_once() {
    let sqlite = Sqlite::open_with(Options { sqlite_queue: 4, ..Options::default() }).await;
    let sessions = sessions(&sqlite, 32).await;
    let mut other = hold(&sqlite);
    let mut steps = advance_all(&sqlite, &sessions);
    let (_, first) = steps.join_next().await.unwrap().unwrap();
    assert!(matches!(first, Err(StoreError::Busy)), "{first:?}");
    // Long enough for the others to be sent, too.
    a_moment().await;
    other.batch_execute("COMMIT").unwrap();
    let moved = steps.join_all().await.into_iter().filter(|(_, moved)| matches!(moved, Ok(Some(_)))).count();
    assert!((4..=9).contains(&moved), "those that waited were run: {moved}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_folded_into_the_file_before_the_writer_has_to() {
    let sqlite = Sqlite::open().await;
    let length = |path: &Path| std::fs::metadata(path).unwrap().len();
    let before = length(&sqlite.path);
    sessions(&sqlite, 64).await;
    eventually(true, async || length(&sqlite.path) > before).await;
    let log = length(&sqlite.path.with_extension("db-wal"));
    assert!(log < 1000 * 4096, "the writer's own turn comes at a thousand pages, not at {log} bytes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_finishes_what_waits_and_refuses_later_steps() {
    let sqlite = Sqlite::open().await;
    let sessions = sessions(&sqlite, 16).await;
    let mut other = hold(&sqlite);
    let steps = advance_all(&sqlite, &sessions);
    a_moment().await;
    let release = async {
        a_moment().await;
        other.batch_execute("COMMIT").unwrap();
    };
    tokio::join!(sqlite.database.close(), release);
    for (_, moved) in steps.join_all().await {
        assert!(moved.unwrap().is_some());
    }
    let first = sessions.first().copied().unwrap();
    let later = sqlite.stores.sessions.advance(step(first, 1)).await;
    assert!(matches!(later, Err(StoreError::Unavailable(_))), "{later:?}");
    assert!(matches!(sqlite.stores.health.check().await, Err(StoreError::Unavailable(_))));
    sqlite.database.close().await;
    drop(other);
    assert!(!sqlite.path.with_extension("db-wal").exists(), "the log is folded into the file");
}
