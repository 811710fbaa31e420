//! What a webhook store must do.

use futures_util::future::join_all;

use super::{account, at, open};
use crate::model::{AccountId, Delivery, DeliveryAttempt, Endpoint, EventKind, Timestamp};
use crate::ports::{Stores, Subscription};

fn endpoint(name: &str) -> Endpoint {
    Endpoint(name.to_owned())
}

fn wants(name: &str, kinds: &[EventKind]) -> Subscription {
    Subscription { endpoint: endpoint(name), kinds: kinds.to_vec() }
}

/// An account, whose registration nobody is told of.
async fn owner(stores: &Stores) -> AccountId {
    let owner = account(stores, 1).await.id;
    assert_eq!(stores.webhooks.spread(&[], at(0), 100).await.unwrap(), 1);
    owner
}

/// Opens `logins` sessions, each with its event, and spreads them to one endpoint, `a`.
async fn spread(stores: &Stores, logins: u8) {
    let owner = owner(stores).await;
    for n in 1..=logins {
        open(stores, owner, n, at(0)).await;
    }
    let wanted = [wants("a", &[EventKind::SessionOpened])];
    assert_eq!(stores.webhooks.spread(&wanted, at(0), 1_000).await.unwrap(), u32::from(logins));
}

async fn claim(stores: &Stores, now: Timestamp, limit: u32) -> Vec<Delivery> {
    stores.webhooks.claim(&[endpoint("a")], now, now.plus(std::time::Duration::from_secs(60)), limit).await.unwrap()
}

/// Case.
pub async fn an_event_is_spread_once_to_the_endpoints_that_want_it(stores: Stores) {
    let owner = owner(&stores).await;
    for n in 1..=3 {
        open(&stores, owner, n, at(0)).await;
    }
    let wanted = [
        wants("a", &[EventKind::SessionOpened, EventKind::RefreshReplayed]),
        wants("b", &[EventKind::RefreshReplayed]),
        wants("c", &[EventKind::SessionOpened]),
    ];
    assert_eq!(stores.webhooks.spread(&wanted, at(0), 2).await.unwrap(), 2, "as many as asked for");
    assert_eq!(stores.webhooks.spread(&wanted, at(0), 2).await.unwrap(), 1);
    assert_eq!(stores.webhooks.spread(&wanted, at(0), 2).await.unwrap(), 0, "once");
    let all = ["a", "b", "c"].map(endpoint);
    let claimed = stores.webhooks.claim(&all, at(0), at(60), 100).await.unwrap();
    let mut told: Vec<_> = claimed.iter().map(|due| (due.endpoint.0.as_str(), due.event.session.unwrap())).collect();
    told.sort_unstable();
    let expected = ["a", "c"].into_iter().flat_map(|name| (1..=3).map(move |n| (name, super::session_id(n))));
    assert_eq!(told, expected.collect::<Vec<_>>());
    assert!(claimed.iter().all(|due| due.attempts == 0 && due.event.account == owner));
    let mut ids: Vec<_> = claimed.iter().map(|due| due.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 6, "every delivery has an id of its own");
}

/// Case.
pub async fn a_delivery_is_claimed_by_one_of_many(stores: Stores) {
    spread(&stores, 20).await;
    let claims = join_all((0..40).map(|_| claim(&stores, at(1), 1))).await;
    let mut claimed: Vec<_> = claims.into_iter().flatten().map(|due| due.id).collect();
    claimed.extend(claim(&stores, at(1), 100).await.into_iter().map(|due| due.id));
    claimed.sort_unstable();
    let all = claimed.len();
    claimed.dedup();
    assert_eq!((all, claimed.len()), (20, 20), "each once, and none left");
}

/// Case.
pub async fn a_failed_delivery_comes_again_when_it_is_due_and_a_done_one_never(stores: Stores) {
    spread(&stores, 3).await;
    let claimed = claim(&stores, at(1), 100).await;
    let [fails, done, given_up] = claimed.as_slice() else { panic!("three, not {}", claimed.len()) };
    let error = "503 Service Unavailable".to_owned();
    let failed = DeliveryAttempt::Failed { next: at(100), error: error.clone() };
    stores.webhooks.note(fails.id, failed, at(2)).await.unwrap();
    stores.webhooks.note(done.id, DeliveryAttempt::Delivered, at(2)).await.unwrap();
    stores.webhooks.note(given_up.id, DeliveryAttempt::GivenUp { error }, at(2)).await.unwrap();
    assert_eq!(claim(&stores, at(99), 100).await, []);
    assert_eq!(claim(&stores, at(100), 100).await, [Delivery { attempts: 1, ..fails.clone() }]);
    assert_eq!(claim(&stores, at(100_000), 100).await.len(), 1, "the others are over for good");
}

/// Case.
pub async fn a_claimed_delivery_comes_again_when_its_claim_has_lapsed(stores: Stores) {
    spread(&stores, 1).await;
    let first = claim(&stores, at(1), 100).await;
    assert_eq!(first.len(), 1);
    assert_eq!(claim(&stores, at(60), 100).await, []);
    assert_eq!(claim(&stores, at(61), 100).await, first, "the server that had it died");
}

/// Case.
pub async fn an_endpoint_that_is_added_later_is_not_told_the_past(stores: Stores) {
    let owner = owner(&stores).await;
    open(&stores, owner, 1, at(0)).await;
    assert_eq!(stores.webhooks.spread(&[], at(0), 100).await.unwrap(), 1);
    let wanted = [wants("a", &[EventKind::SessionOpened])];
    assert_eq!(stores.webhooks.spread(&wanted, at(1), 100).await.unwrap(), 0);
    open(&stores, owner, 2, at(2)).await;
    assert_eq!(stores.webhooks.spread(&wanted, at(3), 100).await.unwrap(), 1);
    assert_eq!(claim(&stores, at(3), 100).await.len(), 1);
}
