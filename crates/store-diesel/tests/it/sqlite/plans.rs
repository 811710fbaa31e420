//! How SQLite finds the rows of the statements that are asked again and again: by an index, whatever the size of the table.

use std::fmt::Write as _;
use std::sync::Arc;
use std::thread::ThreadId;

use auth_domain::model::{AccountId, Endpoint, EventKind, EventQuery, Purpose, Ruling, SessionId};
use auth_domain::ports::{Stores, Subscription};
use diesel::RunQueryDsl;
use store_diesel::{Database, Options};

use super::told::{self, told};
use crate::scene::{Sqlite, account, at, open, redeem, step, token};

#[derive(diesel::QueryableByName)]
struct Plan {
    #[diesel(sql_type = diesel::sql_types::Text)]
    detail: String,
}

/// A database whose statements are written down, and what runs them: a writer and one reader.
struct Watched {
    sqlite: Sqlite,
    stores: Stores,
    threads: Vec<ThreadId>,
    _database: Database,
}

impl Watched {
    async fn new() -> (Self, AccountId, SessionId) {
        let sqlite = Sqlite::open().await;
        let owner = account(&sqlite.stores, 1).await;
        // A number that no other test has, by which the threads are known.
        let session = open(&sqlite.stores, owner, u128::from(std::process::id()) << 32 | 0x7769_7463).await;
        let database = told::open(&sqlite.url, &Options { sqlite_readers: 1, ..Options::default() }).await;
        let stores = database.stores();
        stores.sessions.advance(step(session, 0)).await.unwrap().unwrap();
        stores.sessions.get(session).await.unwrap().unwrap();
        let mark = format!("{:?}", session.as_uuid().as_bytes());
        let mut threads: Vec<ThreadId> =
            told().iter().filter(|(_, sql)| sql.contains(&mark)).map(|(thread, _)| *thread).collect();
        threads.sort_unstable_by_key(|thread| format!("{thread:?}"));
        threads.dedup();
        assert_eq!(threads.len(), 2, "a writer and a reader");
        let watched = Self { sqlite, stores, threads, _database: database };
        watched.take();
        (watched, owner, session)
    }

    /// The statements since the last call, without their values.
    fn take(&self) -> Vec<String> {
        let mut all = told();
        let (own, others) =
            std::mem::take(&mut *all).into_iter().partition(|(thread, _)| self.threads.contains(thread));
        *all = others;
        let own: Vec<(ThreadId, String)> = own;
        let run =
            own.into_iter().filter(|(_, sql)| ["SELECT", "UPDATE", "DELETE"].iter().any(|verb| sql.starts_with(verb)));
        run.map(|(_, sql)| sql.split(" -- binds").next().unwrap_or_default().to_owned()).collect()
    }

    /// The plans of what was asked since the last call use these indexes, and read no table through.
    fn check(&self, indexes: &[&str]) {
        let asked = self.take();
        assert!(!asked.is_empty(), "nothing was asked");
        let mut plans = String::new();
        for sql in asked {
            let explain = diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}"));
            let plan = explain.load::<Plan>(&mut self.sqlite.connection()).unwrap();
            writeln!(plans, "-- {sql}").unwrap();
            for line in plan {
                writeln!(plans, "{}", line.detail).unwrap();
            }
        }
        for index in indexes {
            let way = format!("INDEX {index} ");
            assert!(
                plans.lines().any(|line| line.starts_with("SEARCH") && line.contains(&way)),
                "no {index}:\n{plans}"
            );
        }
        assert!(
            !plans
                .lines()
                .any(|line| line.starts_with("SCAN") && !line.contains("USING INDEX") && line != "SCAN CONSTANT ROW"),
            "{plans}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_and_what_follows_it_find_their_rows_by_their_primary_keys() {
    let (watched, _, session) = Watched::new().await;
    watched.stores.sessions.advance(step(session, 1)).await.unwrap().unwrap();
    watched.check(&["sqlite_autoindex_sessions_1", "sqlite_autoindex_users_1"]);
    let _ = watched.stores.sessions.settle(session, Arc::new(|_| Ruling::Ended(None))).await.unwrap();
    watched.check(&["sqlite_autoindex_sessions_1", "sqlite_autoindex_users_1"]);
}

/// Preparing costs more than running. A `LIMIT` that is bound makes SQLite prepare again by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_each_request_reads_is_prepared_once() {
    let (watched, owner, session) = Watched::new().await;
    let stores = &watched.stores;
    let email = stores.accounts.by_id(owner).await.unwrap().unwrap().account.email;
    stores.accounts.credentials(&email).await.unwrap().unwrap();
    stores.sessions.list(owner, at(1)).await.unwrap();
    let prepared = |all: &[(ThreadId, String)]| {
        all.iter().filter(|(thread, sql)| watched.threads.contains(thread) && sql.starts_with("PREPARE SELECT")).count()
    };
    assert_eq!(prepared(&told()), 3, "{:#?}", told());
    watched.take();
    stores.accounts.by_id(owner).await.unwrap().unwrap();
    stores.accounts.credentials(&email).await.unwrap().unwrap();
    stores.sessions.list(owner, at(1)).await.unwrap();
    stores.sessions.get(session).await.unwrap().unwrap();
    stores.sessions.advance(step(session, 1)).await.unwrap().unwrap();
    assert_eq!(prepared(&told()), 0);
    let asked = watched.take();
    assert_eq!(asked.len(), 6, "{asked:#?}");
    assert!(!asked.iter().any(|sql| sql.contains("LIMIT")), "{asked:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sessions_of_an_account_are_found_by_their_index() {
    let (watched, owner, _) = Watched::new().await;
    assert_eq!(watched.stores.sessions.list(owner, at(1)).await.unwrap().len(), 1);
    watched.check(&["sessions_of_user", "sqlite_autoindex_users_1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_new_in_the_feed_is_found_by_its_number() {
    let (watched, ..) = Watched::new().await;
    assert!(watched.stores.revocations.after(0, &[]).await.unwrap().is_empty());
    let asked = watched.take();
    let explain = diesel::sql_query(format!("EXPLAIN QUERY PLAN {}", asked[0]));
    let plan = explain.load::<Plan>(&mut watched.sqlite.connection()).unwrap();
    assert_eq!(plan[0].detail, "SEARCH revocations USING INTEGER PRIMARY KEY (rowid>?)");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_found_by_its_address_and_by_its_id() {
    let (watched, owner, _) = Watched::new().await;
    let email = watched.stores.accounts.by_id(owner).await.unwrap().unwrap().account.email;
    watched.check(&["sqlite_autoindex_users_1"]);
    assert!(watched.stores.accounts.credentials(&email).await.unwrap().is_some());
    watched.check(&["sqlite_autoindex_users_2"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_one_time_token_is_taken_by_its_id_and_mailed_by_when_it_is_due() {
    let (watched, owner, _) = Watched::new().await;
    let kept = token(1, Purpose::ResetPassword, Some(owner));
    watched.stores.one_time.add(kept.clone()).await.unwrap();
    watched.take();
    assert_eq!(watched.stores.one_time.claim_mail(at(1), at(2), 10).await.unwrap().len(), 1);
    watched.check(&["one_time_tokens_due"]);
    assert!(watched.stores.one_time.take(redeem(&kept)).await.unwrap().is_some());
    watched.check(&["sqlite_autoindex_one_time_tokens_1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_found_by_their_account_or_by_being_new_and_deliveries_by_when_they_are_due() {
    let (watched, owner, _) = Watched::new().await;
    let query = EventQuery { account: Some(owner), before: None, limit: 10 };
    assert!(!watched.stores.events.page(query).await.unwrap().is_empty());
    watched.check(&["security_events_of_user"]);
    let endpoint = Endpoint("e".to_owned());
    let wanted = [Subscription { endpoint: endpoint.clone(), kinds: EventKind::ALL.to_vec() }];
    assert!(watched.stores.webhooks.spread(&wanted, at(1), 10).await.unwrap() > 0);
    watched.check(&[]);
    assert!(!watched.stores.webhooks.claim(&[endpoint], at(1), at(2), 10).await.unwrap().is_empty());
    watched.check(&["webhook_deliveries_due"]);
}
