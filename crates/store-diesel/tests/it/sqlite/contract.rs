//! The contract suite on SQLite.

use auth_domain::ports::Stores;

use crate::scene::Sqlite;

async fn fixture() -> (Stores, Sqlite) {
    let sqlite = Sqlite::open().await;
    (sqlite.stores.clone(), sqlite)
}

auth_domain::contract_tests!(fixture);
