//! Many at once, on both engines.

use auth_domain::ports::Stores;
use tokio::task::JoinSet;

use crate::scene::{Postgres, Sqlite, account, at, open, step};

/// SECURITY I1, I10: of 200 refreshes of one token one moves the row, by one generation.
async fn of_200_refreshes_of_one_token_one_moves_the_row(stores: &Stores) {
    let owner = account(stores, 1).await;
    let session = open(stores, owner, 1).await;
    let mut steps = JoinSet::new();
    for _ in 0..200 {
        let stores = stores.clone();
        steps.spawn(async move { stores.sessions.advance(step(session, 0)).await.unwrap().is_some() });
    }
    let moved = steps.join_all().await.into_iter().filter(|moved| *moved).count();
    assert_eq!(moved, 1);
    let listed = stores.sessions.list(owner, at(2)).await.unwrap();
    assert_eq!(listed.iter().map(|row| row.facts.generation).collect::<Vec<_>>(), [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i1_of_200_refreshes_of_one_token_one_moves_the_row_on_sqlite() {
    of_200_refreshes_of_one_token_one_moves_the_row(&Sqlite::open().await.stores).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i1_of_200_refreshes_of_one_token_one_moves_the_row_on_postgresql() {
    of_200_refreshes_of_one_token_one_moves_the_row(&Postgres::open().await.stores).await;
}
