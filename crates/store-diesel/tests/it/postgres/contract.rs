//! The contract suite on PostgreSQL.

use auth_domain::ports::Stores;

use crate::scene::Postgres;

async fn fixture() -> (Stores, Postgres) {
    let postgres = Postgres::open().await;
    (postgres.stores.clone(), postgres)
}

auth_domain::contract_tests!(fixture);
