//! Two nodes work on the same events and deliveries: each takes what the other has not, and waits for nobody.

use std::time::Duration;

use auth_domain::model::{Delivery, DeliveryAttempt, Endpoint, EventKind};
use auth_domain::ports::{Stores, Subscription};
use tokio::time::timeout;

use crate::scene::{Postgres, account, at, open};

async fn spread(stores: &Stores) -> u32 {
    let wanted = Subscription { endpoint: Endpoint("e".into()), kinds: vec![EventKind::SessionOpened] };
    let spreading = stores.webhooks.spread(std::slice::from_ref(&wanted), at(1), 100);
    timeout(Duration::from_secs(2), spreading).await.unwrap().unwrap()
}

async fn claim(stores: &Stores) -> Vec<Delivery> {
    let endpoints = [Endpoint("e".into())];
    let claiming = stores.webhooks.claim(&endpoints, at(1), at(60), 100);
    timeout(Duration::from_secs(2), claiming).await.unwrap().unwrap()
}

async fn three_logins(postgres: &Postgres) {
    let owner = account(&postgres.stores, 1).await;
    for n in 1..=3 {
        open(&postgres.stores, owner, n).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_another_node_spreads_are_passed_over() {
    let postgres = Postgres::open().await;
    three_logins(&postgres).await;
    let other = postgres.client().await;
    other.batch_execute("BEGIN; SELECT FROM security_events ORDER BY id LIMIT 1 FOR UPDATE").await.unwrap();
    assert_eq!(spread(&postgres.stores).await, 3, "two logins and the registration, which nobody wants to know of");
    other.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(spread(&postgres.stores).await, 1, "the other node died");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_that_another_node_takes_are_passed_over() {
    let postgres = Postgres::open().await;
    three_logins(&postgres).await;
    assert_eq!(spread(&postgres.stores).await, 4);
    let other = postgres.client().await;
    other.batch_execute("BEGIN; SELECT FROM webhook_deliveries LIMIT 1 FOR UPDATE").await.unwrap();
    assert_eq!(claim(&postgres.stores).await.len(), 2);
    other.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(claim(&postgres.stores).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_come_in_the_order_of_their_events_with_what_went_wrong_kept() {
    let postgres = Postgres::open().await;
    three_logins(&postgres).await;
    assert_eq!(spread(&postgres.stores).await, 4);
    let claimed = claim(&postgres.stores).await;
    assert!(claimed.is_sorted_by_key(|delivery| delivery.event.id));
    let error = "503".to_owned();
    let given_up = DeliveryAttempt::GivenUp { error: error.clone() };
    postgres.stores.webhooks.note(claimed[0].id, given_up, at(2)).await.unwrap();
    let late = DeliveryAttempt::Failed { next: at(3), error: "late".into() };
    postgres.stores.webhooks.note(claimed[0].id, late, at(3)).await.unwrap();
    let row = "SELECT attempts, done_at, outcome, last_error FROM webhook_deliveries WHERE done_at IS NOT NULL";
    let row = postgres.client().await.query_one(row, &[]).await.unwrap();
    let kept: (i64, i64, String, String) = (row.get(0), row.get(1), row.get(2), row.get(3));
    assert_eq!(kept, (1, at(2).as_micros(), "given_up".into(), error), "what is done stays done");
}
