//! The harness's own tests: databases do not see each other, templates are made once, servers die with their owners.

use std::convert::Infallible;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::database::Template;
use super::{PostgresServer, TestDatabase, admin, cluster, docker, shared_server};

/// Migrations that no other run shares, so that the template is made by this test.
fn unique_migrations() -> String {
    let access = cluster::Access::random().unwrap();
    format!("CREATE TABLE notes (text TEXT NOT NULL); -- {}", access.password)
}

async fn migrated(server_url: &str, migrations: &str, runs: &AtomicUsize) -> TestDatabase {
    TestDatabase::create(server_url, migrations, |url| async move {
        runs.fetch_add(1, Ordering::SeqCst);
        admin::connect(&url, "migrate").await.unwrap().batch_execute(migrations).await.unwrap();
        Ok::<(), Infallible>(())
    })
    .await
    .unwrap()
}

async fn forget_template(server_url: &str, migrations: &str) {
    let name = Template::of(migrations).name;
    let client = admin::connect(server_url, "forget a template").await.unwrap();
    client.batch_execute(&format!("ALTER DATABASE {name} WITH IS_TEMPLATE false")).await.unwrap();
    client.batch_execute(&format!("DROP DATABASE {name}")).await.unwrap();
}

async fn count(url: &str, query: &str) -> i64 {
    admin::connect(url, "count").await.unwrap().query_one(query, &[]).await.unwrap().get(0)
}

async fn gone_within(limit: Duration, url: &str) -> bool {
    let gone = async {
        while admin::connect_once(url).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(limit, gone).await.is_ok()
}

#[tokio::test]
async fn two_clones_of_one_template_do_not_see_each_other() {
    let server = shared_server().await.unwrap();
    let (migrations, runs) = (unique_migrations(), AtomicUsize::new(0));
    let one = migrated(server.url(), &migrations, &runs).await;
    let other = migrated(server.url(), &migrations, &runs).await;

    let client = admin::connect(one.url(), "write").await.unwrap();
    client.batch_execute("INSERT INTO notes VALUES ('only here')").await.unwrap();

    assert_eq!(count(one.url(), "SELECT count(*) FROM notes").await, 1);
    assert_eq!(count(other.url(), "SELECT count(*) FROM notes").await, 0);
    forget_template(server.url(), &migrations).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_creations_share_one_template() {
    let server = shared_server().await.unwrap();
    let (migrations, runs) = (unique_migrations(), Arc::new(AtomicUsize::new(0)));
    let mut racers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (migrations, runs) = (migrations.clone(), Arc::clone(&runs));
        racers.spawn(async move { migrated(server.url(), &migrations, &runs).await });
    }
    let databases = racers.join_all().await;

    assert_eq!(runs.load(Ordering::SeqCst), 1);
    for database in &databases {
        assert_eq!(count(database.url(), "SELECT count(*) FROM notes").await, 0);
    }
    forget_template(server.url(), &migrations).await;
}

#[tokio::test]
async fn a_failed_migration_is_told_and_leaves_no_template() {
    let server = shared_server().await.unwrap();
    let migrations = unique_migrations();
    let failed =
        TestDatabase::create(server.url(), &migrations, |_| async { Err(std::io::Error::other("table is missing")) })
            .await;

    assert!(
        matches!(failed, Err(super::TestPostgresError::Migration(error)) if error.to_string() == "table is missing")
    );
    let left = format!("SELECT count(*) FROM pg_database WHERE datname = '{}'", Template::of(&migrations).name);
    assert_eq!(count(server.url(), &left).await, 0);
}

#[tokio::test]
async fn a_dropped_database_is_gone_though_someone_is_connected() {
    let server = shared_server().await.unwrap();
    let (migrations, runs) = (unique_migrations(), AtomicUsize::new(0));
    let database = migrated(server.url(), &migrations, &runs).await;
    let url = database.url().to_owned();
    let _connected = admin::connect(&url, "linger").await.unwrap();
    drop(database);

    assert!(admin::connect_once(&url).await.is_err());
    forget_template(server.url(), &migrations).await;
}

#[tokio::test]
async fn a_durable_server_has_fsync_on() {
    let server = PostgresServer::start_durable().await.unwrap();

    assert_eq!(
        count(server.url(), "SELECT count(*) FROM pg_settings WHERE name = 'fsync' AND setting = 'on'").await,
        1
    );
}

/// Tests the way that serves on this machine: the cluster's pipe, or else the container's lease.
#[tokio::test]
async fn a_server_dies_when_its_owner_is_killed() {
    let docker_only = std::env::var("JETON_TEST_POSTGRES").is_ok_and(|way| way == "docker");
    match cluster::programs() {
        Ok(programs) if !docker_only => a_cluster_dies_with_its_owner(&programs).await,
        _ if docker::engine().is_ok() => a_container_dies_with_its_lease().await,
        _ => assert!(std::env::var_os("TEST_DATABASE_URL").is_some(), "neither server programs nor a Docker engine"),
    }
}

async fn a_cluster_dies_with_its_owner(programs: &Path) {
    let access = cluster::Access::random().unwrap();
    let mut owner = Command::new("sleep").arg("600").stdout(Stdio::piped()).spawn().unwrap();
    let mut supervisor =
        cluster::supervisor(programs, &access, false).unwrap().stdin(owner.stdout.take().unwrap()).spawn().unwrap();
    while admin::connect_once(&access.url()).await.is_err() {
        assert!(supervisor.try_wait().unwrap().is_none(), "the cluster did not start");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let client = admin::connect(&access.url(), "ask for the folder").await.unwrap();
    let data: String = client.query_one("SELECT current_setting('data_directory')", &[]).await.unwrap().get(0);
    let folder = Path::new(&data).parent().unwrap();
    assert!(folder.exists());

    owner.kill().unwrap();
    owner.wait().unwrap();

    assert!(gone_within(Duration::from_secs(20), &access.url()).await);
    supervisor.wait().unwrap();
    assert!(!folder.exists());
}

async fn a_container_dies_with_its_lease() {
    let (_container, url) = docker::start(&docker::image(), false).await.unwrap();
    let client = admin::connect(&url, "end the lease").await.unwrap();
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'lease'";
    assert_eq!(client.query_one(end, &[]).await.unwrap().get::<_, i64>(0), 1);
    drop(client);

    assert!(gone_within(Duration::from_secs(20), &url).await);
}
