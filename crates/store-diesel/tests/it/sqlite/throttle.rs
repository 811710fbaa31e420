//! What a blocked attempt costs on SQLite.

use auth_domain::model::ThrottleKey;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::scene::{Sqlite, at};

const fn key(n: u8) -> ThrottleKey {
    ThrottleKey { hash: [n; 16], free: 3 }
}

#[derive(QueryableByName)]
struct DataVersion {
    #[diesel(sql_type = BigInt)]
    data_version: i64,
}

/// SECURITY S11: it does not even reach the writer. `data_version` changes with every commit of another connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s11_a_blocked_attempt_reaches_no_writer_and_changes_no_byte() {
    let sqlite = Sqlite::open().await;
    let charge = async |keys: &[ThrottleKey]| sqlite.stores.throttle.charge(keys, at(0)).await.unwrap();
    let mut other = sqlite.connection();
    let mut version =
        || diesel::sql_query("PRAGMA data_version").get_result::<DataVersion>(&mut other).unwrap().data_version;
    let before = version();
    for _ in 0..3 {
        assert_eq!(charge(&[key(1)]).await, None);
    }
    let (commits, blocked) = (sqlite.database.group_commits().unwrap(), version());
    assert_ne!(blocked, before, "what is counted is written");
    for _ in 0..50 {
        assert!(charge(&[key(1)]).await.is_some());
        assert!(charge(&[key(2), key(1)]).await.is_some(), "the other key is new");
    }
    assert_eq!((sqlite.database.group_commits().unwrap(), version()), (commits, blocked));
}
