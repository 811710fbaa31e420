//! Migrations on both engines.

use std::collections::BTreeSet;
use std::path::Path;

use diesel::connection::SimpleConnection;
use store_diesel::migrate::{self, MigrateError};
use store_diesel::{Database, DatabaseUrl, OpenError, Options};
use tokio::task::JoinSet;

use crate::scene::{client, connection, sqlite_url, unmigrated};

const ALL: [&str; 9] = [
    "2026-01-01-000000_accounts_and_sessions",
    "2026-01-01-000001_revocations_and_events",
    "2026-01-01-000002_signing_keys",
    "2026-01-01-000003_devices_and_ends",
    "2026-01-01-000004_feed_and_actors",
    "2026-01-01-000005_api_keys",
    "2026-01-01-000006_webhook_deliveries",
    "2026-01-01-000007_key_states",
    "2026-01-01-000008_accounts",
];

/// An empty database of each engine, and what keeps them alive.
async fn both() -> ([DatabaseUrl; 2], impl Sized) {
    let (folder, postgres) = (tempfile::tempdir().unwrap(), unmigrated().await);
    let sqlite = sqlite_url(&folder.path().join("jeton.db"));
    ([sqlite, postgres.url().parse().unwrap()], (folder, postgres))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn up_down_up_leaves_a_database_that_works() {
    let (urls, _keep) = both().await;
    for url in urls {
        assert_eq!(migrate::up(&url).await.unwrap(), ALL, "{url}");
        assert_eq!(migrate::up(&url).await.unwrap(), [""; 0], "{url}: nothing is left to do");
        assert_eq!(migrate::down(&url, 1).await.unwrap(), ALL[8..], "{url}");
        let rest: Vec<_> = ALL[..8].iter().rev().copied().collect();
        assert_eq!(migrate::down(&url, 10).await.unwrap(), rest, "{url}");
        assert_eq!(migrate::up(&url).await.unwrap(), ALL, "{url}");
        let database = Database::open(&url, &Options::default()).await.unwrap();
        database.stores().health.check().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_servers_that_start_at_once_one_migrates_and_the_others_wait() {
    let (urls, _keep) = both().await;
    for url in urls {
        let mut starts = JoinSet::new();
        for _ in 0..8 {
            let url = url.clone();
            starts.spawn(async move { migrate::up(&url).await.unwrap().len() });
        }
        let mut applied = starts.join_all().await;
        applied.sort_unstable();
        assert_eq!(applied, [0, 0, 0, 0, 0, 0, 0, ALL.len()], "{url}");
        migrate::check(&url).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrations_run_from_a_runtime_of_one_thread_too() {
    std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (urls, _keep) = both().await;
            for url in urls {
                assert_eq!(migrate::up(&url).await.unwrap().len(), ALL.len());
            }
        });
    })
    .join()
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_pending_is_named_and_looking_writes_nothing() {
    let (urls, _keep) = both().await;
    for url in &urls {
        let pending = migrate::check(url).await;
        assert!(matches!(&pending, Err(MigrateError::Pending(names)) if names == &ALL), "{url}: {pending:?}");
        assert!(migrate::status(url).await.unwrap().iter().all(|status| !status.applied));
    }
    let [sqlite, postgres] = &urls;
    assert!(matches!(migrate::down(sqlite, 1).await, Err(MigrateError::Open(OpenError::Missing(_)))));
    assert_eq!(migrate::down(postgres, 1).await.unwrap(), [""; 0]);
    for url in &urls {
        migrate::up(url).await.unwrap();
        migrate::down(url, 1).await.unwrap();
        let applied: Vec<_> = migrate::status(url).await.unwrap().into_iter().map(|status| status.applied).collect();
        assert_eq!(applied, [true, true, true, true, true, true, true, true, false], "{url}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_newer_than_the_program_is_refused() {
    const NEWER: &str = "INSERT INTO __diesel_schema_migrations (version) VALUES ('20990101000000')";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jeton.db");
    let postgres = unmigrated().await;
    let urls = [sqlite_url(&path), postgres.url().parse().unwrap()];
    for url in &urls {
        migrate::up(url).await.unwrap();
    }
    connection(&path).batch_execute(NEWER).unwrap();
    client(postgres.url()).await.batch_execute(NEWER).await.unwrap();
    for url in &urls {
        for refused in
            [migrate::up(url).await.err(), migrate::down(url, 1).await.err(), migrate::check(url).await.err()]
        {
            assert!(
                matches!(&refused, Some(MigrateError::Newer(version)) if version == "20990101000000"),
                "{refused:?}"
            );
        }
        let last = migrate::status(url).await.unwrap().pop().unwrap();
        assert_eq!((last.name.as_str(), last.applied), ("20990101000000", true));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_fails_is_named_and_leaves_nothing_of_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jeton.db");
    let postgres = unmigrated().await;
    let in_the_way = "CREATE TABLE security_events (id INTEGER)";
    std::fs::write(&path, "").unwrap();
    connection(&path).batch_execute(in_the_way).unwrap();
    client(postgres.url()).await.batch_execute(in_the_way).await.unwrap();
    for url in [sqlite_url(&path), postgres.url().parse().unwrap()] {
        let failed = migrate::up(&url).await;
        assert!(matches!(&failed, Err(MigrateError::Failed { name, .. }) if name == ALL[1]), "{url}: {failed:?}");
    }
    connection(&path).batch_execute("DROP TABLE security_events").unwrap();
    client(postgres.url()).await.batch_execute("DROP TABLE security_events").await.unwrap();
    for url in [sqlite_url(&path), postgres.url().parse().unwrap()] {
        migrate::up(&url).await.unwrap();
        migrate::check(&url).await.unwrap();
    }
}

#[test]
fn every_folder_of_migrations_is_embedded() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    for engine in ["sqlite", "postgres"] {
        let folders: BTreeSet<String> = std::fs::read_dir(root.join(engine))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(folders, ALL.map(str::to_owned).into(), "{engine}");
        for folder in folders {
            for way in ["up.sql", "down.sql"] {
                let text = std::fs::read_to_string(root.join(engine).join(&folder).join(way)).unwrap();
                assert!(migrate::text().contains(&text), "{engine}/{folder}/{way}");
            }
        }
    }
}
