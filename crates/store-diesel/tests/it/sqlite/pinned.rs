//! The settings of the writer and the statements of a refresh, as SQLite is told them.

use store_diesel::Options;

use super::told::{self, told};
use crate::scene::{Sqlite, account, open, step};

const COMPARE_AND_SET: &str = "UPDATE sessions SET rotated_at = ?, last_used_at = ?1, idle_expires_at = ?, \
    generation = ?, token_hash = ?, nonce = ?, key_id = ?, attempt_hash = ?, ip = ?, user_agent = ? \
    WHERE id = ? AND generation = ? AND token_hash = ? \
    AND revoked_at IS NULL AND idle_expires_at > ?1 AND expires_at > ?1 \
    AND EXISTS (SELECT 1 FROM users WHERE users.id = sessions.user_id AND users.disabled_at IS NULL)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_is_two_cached_statements_between_begin_and_commit() {
    let sqlite = Sqlite::open().await;
    let owner = account(&sqlite.stores, 1).await;
    let session = open(&sqlite.stores, owner, 1).await;
    let database = told::open(&sqlite.url, &Options::default()).await;
    let sessions = database.stores().sessions;

    sessions.advance(step(session, 0)).await.unwrap().unwrap();
    // Other tests of this process may have opened connections meanwhile; the writer is the thread that ran this step.
    let writer = told().iter().find(|(_, sql)| sql.starts_with("UPDATE sessions")).unwrap().0;
    let of_writer = || {
        let mut all = told();
        let taken: Vec<String> =
            all.iter().filter(|(thread, _)| *thread == writer).map(|(_, sql)| sql.clone()).collect();
        all.clear();
        taken
    };
    let first = of_writer();
    assert!(first.contains(&format!("PREPARE {COMPARE_AND_SET}")), "{first:#?}");

    sessions.advance(step(session, 1)).await.unwrap().unwrap();
    let second: Vec<String> =
        of_writer().iter().map(|sql| sql.split([' ', '(']).take(2).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(
        second,
        ["BEGIN IMMEDIATE", "SAVEPOINT step", "UPDATE sessions", "SELECT `sessions`.`id`,", "RELEASE step", "COMMIT"]
    );
}
