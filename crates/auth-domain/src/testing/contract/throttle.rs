//! What counts attempts that may fail.

use std::time::Duration;

use futures_util::future::join_all;

use super::at;
use crate::model::ThrottleKey;
use crate::ports::Stores;

const fn key(n: u8) -> ThrottleKey {
    ThrottleKey { hash: [n; 16], free: 3 }
}

async fn charge(stores: &Stores, keys: &[ThrottleKey], secs: u64) -> Option<u64> {
    stores.throttle.charge(keys, at(secs)).await.unwrap().map(|wait| wait.as_secs())
}

/// Case.
pub async fn what_is_free_is_let_through_and_then_it_waits(stores: Stores) {
    for _ in 0..3 {
        assert_eq!(charge(&stores, &[key(1)], 0).await, None);
    }
    assert_eq!(charge(&stores, &[key(1)], 0).await, Some(1));
    assert_eq!(charge(&stores, &[key(1)], 1).await, None, "the fourth, after its wait");
    assert_eq!(stores.throttle.charge(&[key(1)], at(2)).await.unwrap(), Some(Duration::from_secs(1)));
    assert_eq!(charge(&stores, &[key(1)], 3).await, None);
    assert_eq!(charge(&stores, &[key(1)], 3).await, Some(4));
    assert_eq!(charge(&stores, &[key(2)], 3).await, None, "another key");
}

/// Case.
pub async fn a_blocked_attempt_is_not_counted(stores: Stores) {
    for _ in 0..3 {
        charge(&stores, &[key(1)], 0).await;
    }
    for _ in 0..20 {
        assert_eq!(charge(&stores, &[key(1)], 0).await, Some(1), "S11: the block does not grow");
    }
    assert_eq!(charge(&stores, &[key(1)], 1).await, None);
}

/// Case.
pub async fn of_many_at_once_no_more_are_let_through_than_are_free(stores: Stores) {
    let keys = [key(1), key(2)];
    let outcomes = join_all((0..100).map(|_| stores.throttle.charge(&keys, at(0)))).await;
    let let_through = outcomes.into_iter().filter(|outcome| matches!(outcome, Ok(None))).count();
    assert_eq!(let_through, 3);
}

/// Case.
pub async fn one_blocked_key_blocks_all_and_charges_none(stores: Stores) {
    for _ in 0..3 {
        charge(&stores, &[key(1)], 0).await;
    }
    for _ in 0..5 {
        assert_eq!(charge(&stores, &[key(2), key(1)], 0).await, Some(1));
    }
    for _ in 0..3 {
        assert_eq!(charge(&stores, &[key(2)], 0).await, None);
    }
}

/// Case.
pub async fn an_attempt_that_succeeded_is_forgiven(stores: Stores) {
    for _ in 0..3 {
        charge(&stores, &[key(1), key(2)], 0).await;
    }
    stores.throttle.forgive(&[key(1)], &[key(2)]).await.unwrap();
    for _ in 0..3 {
        assert_eq!(charge(&stores, &[key(1)], 0).await, None, "forgotten");
    }
    assert_eq!(charge(&stores, &[key(2)], 0).await, None, "one is taken back");
    assert_eq!(charge(&stores, &[key(2)], 0).await, Some(1));
    stores.throttle.forgive(&[key(9)], &[key(9)]).await.unwrap();
}
