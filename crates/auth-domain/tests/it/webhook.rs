//! Webhooks.

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use auth_domain::model::{Delivery, Endpoint, EventKind, Timestamp};
use auth_domain::ports::{NotTaken, Subscription, WebhookSender};
use tokio::sync::Notify;

use crate::world::{PASSWORD, World};

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

fn endpoint(name: &str) -> Endpoint {
    Endpoint(name.to_owned())
}

fn wanted(name: &str) -> Subscription {
    Subscription { endpoint: endpoint(name), kinds: vec![EventKind::RefreshReplayed] }
}

/// How often the endpoint was asked in one round.
async fn round(world: &World, receiver: &Receiver) -> usize {
    let before = receiver.asked.load(Ordering::SeqCst);
    world.auth.webhooks.spread(&[wanted("ops")]).await.unwrap();
    world.auth.webhooks.deliver(&endpoint("ops"), receiver).await.unwrap();
    receiver.asked.load(Ordering::SeqCst) - before
}

async fn with_a_replay() -> World {
    let world = World::new();
    world.register("alice@example.com").await;
    replay(&world).await;
    world
}

async fn replay(world: &World) {
    let first = world.try_login("alice@example.com", PASSWORD).await.unwrap();
    world.refresh(first.refresh_token.expose()).await.unwrap();
    world.wait(31);
    assert!(world.refresh(first.refresh_token.expose()).await.is_err());
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

#[tokio::test]
async fn an_endpoint_that_hangs_keeps_neither_another_nor_a_mail_waiting() {
    struct Hanging(Notify);
    #[async_trait]
    impl WebhookSender for Hanging {
        async fn send(&self, _: &Delivery, _: Timestamp) -> Result<(), NotTaken> {
            self.0.notify_one();
            pending().await
        }
    }
    let world = Arc::new(with_a_replay().await);
    let subscriptions = [wanted("slow"), wanted("ops")];
    world.auth.webhooks.spread(&subscriptions).await.unwrap();
    let hanging = Arc::new(Hanging(Notify::new()));
    let slow = {
        let (world, hanging) = (Arc::clone(&world), Arc::clone(&hanging));
        tokio::spawn(async move { world.auth.webhooks.deliver(&endpoint("slow"), &*hanging).await })
    };
    hanging.0.notified().await;

    let receiver = Receiver::refusing(0);
    for _ in 0..2 {
        assert_eq!(world.auth.webhooks.deliver(&endpoint("ops"), &receiver).await.unwrap(), 1);
        let before = world.mailer.sent().len();
        world.auth.mails.send_notices().await.unwrap();
        let told = world.mailer.sent().split_off(before).into_iter().filter_map(|mail| mail.event);
        assert!(told.map(|event| event.kind).any(|kind| kind == EventKind::RefreshReplayed));
        replay(&world).await;
        assert_ne!(world.auth.webhooks.spread(&subscriptions).await.unwrap(), 0, "new events are found meanwhile");
    }
    assert!(!slow.is_finished());
    slow.abort();
}
