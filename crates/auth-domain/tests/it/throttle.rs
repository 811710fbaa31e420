//! Throttling: slow for who guesses, not for the owner.

use std::sync::Arc;
use std::time::Duration;

use auth_domain::Policies;
use auth_domain::account::PasswordError;
use auth_domain::login::LoginError;
use auth_domain::model::{Locale, Presenter, ThrottlePolicy};
use auth_domain::refresh::MasterKey;
use auth_domain::testing::MemoryStores;

use crate::world::{PASSWORD, Setup, World, device};

const ALICE: &str = "alice@example.com";
const WRONG: &str = "wrong password, quite long";

async fn guess(world: &World, email: &str, ip: &str, password: &str) -> Result<(), LoginError> {
    world.login_on(email, password, device(ip, None)).await.map(|_| ())
}

fn is_throttled(outcome: &Result<(), LoginError>) -> bool {
    matches!(outcome, Err(LoginError::Throttled(_)))
}

#[tokio::test]
async fn p10_guesses_at_one_account_from_anywhere_are_slowed_down_ever_more() {
    let world = World::new();
    world.register(ALICE).await;
    let mut waits = Vec::new();
    for n in 0..12 {
        let outcome = guess(&world, ALICE, &format!("198.51.100.{n}"), WRONG).await;
        assert!(matches!(outcome, Err(LoginError::InvalidCredentials)), "{n}");
        let Err(LoginError::Throttled(throttled)) = guess(&world, ALICE, "203.0.113.1", WRONG).await else {
            continue;
        };
        waits.push(throttled.retry_after.as_secs());
        world.clock.advance(throttled.retry_after);
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]);
}

#[tokio::test]
async fn an_address_that_nobody_has_is_throttled_alike() {
    let world = World::new();
    world.register(ALICE).await;
    for email in [ALICE, "nobody@example.com"] {
        for _ in 0..5 {
            assert!(!is_throttled(&guess(&world, email, "198.51.100.1", WRONG).await));
        }
        assert!(is_throttled(&guess(&world, email, "198.51.100.1", PASSWORD).await), "even with the right password");
    }
}

#[tokio::test]
async fn a_stranger_from_fifty_networks_does_not_lock_the_owner_out_of_his_known_device() {
    let world = World::new();
    world.register(ALICE).await;
    let first = world.login_on(ALICE, PASSWORD, device("192.0.2.1", None)).await.unwrap();
    let kept = first.device_token.expose();
    for n in 0..50 {
        let _ = guess(&world, ALICE, &format!("198.51.{n}.1"), WRONG).await;
    }
    assert!(is_throttled(&guess(&world, ALICE, "198.51.100.1", PASSWORD).await));
    assert!(world.login_on(ALICE, PASSWORD, device("192.0.2.1", Some(kept))).await.is_ok());
    let elsewhere = world.login_on(ALICE, PASSWORD, device("203.0.113.9", Some(kept))).await;
    assert!(elsewhere.is_ok(), "wherever the device is now");
}

#[tokio::test]
async fn a_known_device_has_a_budget_too() {
    let world = World::new();
    world.register(ALICE).await;
    let kept = world.login_on(ALICE, PASSWORD, device("192.0.2.1", None)).await.unwrap().device_token;
    let on_it = async |password| world.login_on(ALICE, password, device("192.0.2.1", Some(kept.expose()))).await;
    for _ in 0..10 {
        assert!(matches!(on_it(WRONG).await, Err(LoginError::InvalidCredentials)));
    }
    assert!(matches!(on_it(PASSWORD).await, Err(LoginError::Throttled(_))));
    assert!(guess(&world, ALICE, "192.0.2.1", PASSWORD).await.is_ok(), "the account's own budget is untouched");
}

#[tokio::test]
async fn a_known_device_stays_known_when_its_master_key_was_moved_away_from_and_is_gone() {
    let stores = MemoryStores::new().stores();
    let before = Setup { stores: stores.clone(), ..Setup::default() }.build();
    before.register(ALICE).await;
    let kept = before.login_on(ALICE, PASSWORD, device("192.0.2.1", None)).await.unwrap().device_token;
    for (retired, knows) in [(vec![MasterKey::new(1, [7; 32])], true), (Vec::new(), false)] {
        let masters = vec![MasterKey::new(2, [8; 32])];
        let world = Setup { stores: stores.clone(), masters, retired, ..Setup::default() }.build();
        for n in 0..6 {
            let _ = guess(&world, ALICE, &format!("198.51.{n}.1"), WRONG).await;
        }
        let on_it = world.login_on(ALICE, PASSWORD, device("192.0.2.1", Some(kept.expose()))).await;
        assert_eq!(on_it.is_ok(), knows);
    }
}

#[tokio::test]
async fn a_device_of_one_account_is_unknown_to_another() {
    let world = World::new();
    world.register(ALICE).await;
    world.register("eve@example.com").await;
    let of_eve = world.login_on("eve@example.com", PASSWORD, device("198.51.100.1", None)).await.unwrap().device_token;
    for _ in 0..5 {
        let _ = world.login_on(ALICE, WRONG, device("198.51.100.1", Some(of_eve.expose()))).await;
    }
    let outcome = world.login_on(ALICE, WRONG, device("198.51.100.1", Some(of_eve.expose()))).await;
    assert!(matches!(outcome, Err(LoginError::Throttled(_))));
}

#[tokio::test]
async fn one_network_that_tries_many_accounts_is_slowed_down() {
    let world = World::new();
    for n in 0..50 {
        let outcome = guess(&world, &format!("user{n}@example.com"), "2001:db8::1", WRONG).await;
        assert!(!is_throttled(&outcome), "{n}");
    }
    assert!(is_throttled(&guess(&world, "one@example.com", "2001:db8::ffff", WRONG).await), "S8: a /64 is one network");
    assert!(!is_throttled(&guess(&world, "one@example.com", "2001:db8:0:1::1", WRONG).await));
}

#[tokio::test]
async fn a_login_that_succeeds_forgets_the_failures_of_its_account() {
    let world = World::new();
    world.register(ALICE).await;
    for _ in 0..10 {
        for _ in 0..4 {
            assert!(!is_throttled(&guess(&world, ALICE, "192.0.2.1", WRONG).await));
        }
        guess(&world, ALICE, "192.0.2.1", PASSWORD).await.unwrap();
    }
}

#[tokio::test]
async fn of_many_guesses_at_once_no_more_are_looked_at_than_are_free() {
    let world = Arc::new(World::new());
    world.register(ALICE).await;
    let guesses = (0..200).map(|n| {
        let world = Arc::clone(&world);
        tokio::spawn(async move { is_throttled(&guess(&world, ALICE, &format!("198.51.{n}.1"), WRONG).await) })
    });
    let mut looked_at = 0;
    for one in guesses.collect::<Vec<_>>() {
        looked_at += usize::from(!one.await.unwrap());
    }
    assert_eq!(looked_at, 5);
}

#[tokio::test]
async fn mails_to_one_address_are_limited_whether_it_has_an_account_or_not() {
    let world = World::new();
    world.register(ALICE).await;
    let mut refused_after = Vec::new();
    for email in [ALICE, "nobody@example.com"] {
        let mut sent = 0;
        loop {
            let presenter = Presenter::new("192.0.2.1".parse().ok(), None);
            match world.auth.accounts.forgot_password(email, Locale::En, &presenter).await {
                Ok(()) => sent += 1,
                Err(PasswordError::Throttled(throttled)) => break assert!(throttled.retry_after > Duration::ZERO),
                Err(error) => panic!("{error}"),
            }
        }
        refused_after.push(sent);
    }
    assert_eq!(refused_after, [5, 5]);
}

#[tokio::test]
async fn throttling_can_be_switched_off() {
    let throttle = ThrottlePolicy { enabled: false, ..ThrottlePolicy::default() };
    let world = Setup { policies: Policies { throttle, ..Policies::default() }, ..Setup::default() }.build();
    for _ in 0..100 {
        assert!(!is_throttled(&guess(&world, ALICE, "192.0.2.1", WRONG).await));
    }
}
