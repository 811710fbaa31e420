//! The file: who may read it, and who else may write to it.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use store_diesel::{Database, OpenError, Options};

use crate::scene::{Sqlite, account, at, open, sqlite_url, step};

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_file_and_its_log_are_readable_by_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let sqlite = Sqlite::open().await;
    account(&sqlite.stores, 1).await;
    for path in [sqlite.path.clone(), sqlite.path.with_extension("db-wal")] {
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_not_there_is_not_made_by_opening_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jeton.db");
    let opened = Database::open(&sqlite_url(&path), &Options::default()).await;
    assert!(matches!(opened.err(), Some(OpenError::Missing(_))));
    assert!(!path.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_database_is_refused_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "not a database, but long enough to be looked at as one\n".repeat(100)).unwrap();
    let Err(error) = Database::open(&sqlite_url(&path), &Options::default()).await else { panic!("opened") };
    let shown = error.to_string();
    assert!(shown.contains("notes.txt") && shown.contains("not a database"), "{shown}");
}

/// The command line opens the same file beside the server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_programs_may_write_to_one_file() {
    let sqlite = Sqlite::open().await;
    let second = Database::open(&sqlite.url, &Options::default()).await.unwrap();
    let owner = account(&sqlite.stores, 1).await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 1..=40_u128 {
        let stores = if n % 2 == 0 { sqlite.stores.clone() } else { second.stores() };
        tasks.spawn(async move {
            let session = open(&stores, owner, n).await;
            stores.sessions.advance(step(session, 0)).await.unwrap().is_some()
        });
    }
    assert!(tasks.join_all().await.into_iter().all(|moved| moved));
    assert_eq!(second.stores().sessions.list(owner, at(2)).await.unwrap().len(), 40);
}

#[derive(QueryableByName, Debug, PartialEq)]
struct Setting {
    #[diesel(sql_type = diesel::sql_types::Text)]
    journal_mode: String,
}

/// SECURITY I4: with a write-ahead log, what was acknowledged is in the log's file at once, so a copy of both has it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i4_an_answered_refresh_is_in_the_files_when_the_program_is_killed() {
    let sqlite = Sqlite::open().await;
    let owner = account(&sqlite.stores, 1).await;
    let session = open(&sqlite.stores, owner, 1).await;
    sqlite.stores.sessions.advance(step(session, 0)).await.unwrap().unwrap();

    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("jeton.db");
    std::fs::copy(&sqlite.path, &copy).unwrap();
    std::fs::copy(sqlite.path.with_extension("db-wal"), copy.with_extension("db-wal")).unwrap();
    let restarted = Database::open(&sqlite_url(&copy), &Options::default()).await.unwrap();
    let listed = restarted.stores().sessions.list(owner, at(2)).await.unwrap();
    assert_eq!(listed.iter().map(|row| row.facts.generation).collect::<Vec<_>>(), [1]);

    let mode = diesel::sql_query("PRAGMA journal_mode").load::<Setting>(&mut sqlite.connection()).unwrap();
    assert_eq!(mode, [Setting { journal_mode: "wal".into() }]);
    sqlite.connection().batch_execute("PRAGMA integrity_check").unwrap();
}
