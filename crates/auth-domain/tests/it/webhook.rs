//! Webhooks.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use auth_domain::model::{Delivery, Endpoint, EventKind, Timestamp};
use auth_domain::ports::{NotTaken, Subscription, WebhookSender};

use crate::world::World;

/// Refuses as often as it is told to, and keeps what it took.
struct Receiver {
    refusals: Mutex<usize>,
    asked: AtomicUsize,
    taken: Mutex<Vec<Delivery>>,
}

impl Receiver {
    fn refusing(times: usize) -> Self {
        Self { refusals: Mutex::new(times), asked: AtomicUsize::new(0), taken: Mutex::default() }
    }
}

#[async_trait]
impl WebhookSender for Receiver {
    async fn send(&self, delivery: &Delivery, _: Timestamp) -> Result<(), NotTaken> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut refusals = self.refusals.lock().unwrap();
        if *refusals > 0 {
            *refusals -= 1;
            return Err(NotTaken("503 Service Unavailable".to_owned()));
        }
        self.taken.lock().unwrap().push(delivery.clone());
        Ok(())
    }
}

fn wanted() -> [Subscription; 1] {
    [Subscription { endpoint: Endpoint("ops".to_owned()), kinds: vec![EventKind::RefreshReplayed] }]
}

/// How often the endpoint was asked in one round. Mails are sent in it too.
async fn round(world: &World, receiver: &Receiver) -> usize {
    let before = receiver.asked.load(Ordering::SeqCst);
    world.auth.webhooks.deliver(&wanted(), receiver).await.unwrap();
    receiver.asked.load(Ordering::SeqCst) - before
}

async fn with_a_replay() -> World {
    let world = World::new();
    let first = world.signed_in().await;
    world.refresh(first.refresh_token.expose()).await.unwrap();
    world.wait(31);
    assert!(world.refresh(first.refresh_token.expose()).await.is_err());
    world
}

#[tokio::test]
async fn an_endpoint_is_told_what_it_wants_to_know_and_once() {
    let world = with_a_replay().await;
    let receiver = Receiver::refusing(0);
    assert_eq!(round(&world, &receiver).await, 1);
    assert_eq!(round(&world, &receiver).await, 0);
    let taken = receiver.taken.lock().unwrap();
    assert_eq!(taken.iter().map(|delivery| delivery.event.kind).collect::<Vec<_>>(), [EventKind::RefreshReplayed]);
}

#[tokio::test]
async fn a_delivery_that_fails_is_repeated_under_the_same_id_ever_later_and_given_up_in_the_end() {
    let world = with_a_replay().await;
    let receiver = Receiver::refusing(usize::MAX);
    let mut waits = Vec::new();
    for _ in 0..9 {
        let mut waited = 0;
        while round(&world, &receiver).await == 0 {
            world.wait(5);
            waited += 5;
        }
        waits.push(waited);
    }
    assert_eq!(waits, [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000]);
    world.clock.advance(Duration::from_secs(1_000_000));
    assert_eq!(round(&world, &receiver).await, 0, "given up");
}

#[tokio::test]
async fn a_delivery_is_taken_at_last() {
    let world = with_a_replay().await;
    let receiver = Receiver::refusing(2);
    for secs in [0, 5, 300] {
        world.wait(secs);
        assert_eq!(round(&world, &receiver).await, 1);
    }
    let taken = receiver.taken.lock().unwrap();
    assert_eq!(taken.iter().map(|delivery| delivery.attempts).collect::<Vec<_>>(), [2]);
}
