//! The life of signing keys: by the rules, over the store, and under another master key.

use std::sync::Arc;
use std::time::Duration;

use auth_domain::model::{KeyPolicy, KeyRefused, KeyState, StoredKey, Timestamp};
use auth_domain::ports::{Clock, Stores};
use auth_domain::refresh::{MasterKey, RotationKeys};
use auth_domain::sealing::Sealer;
use auth_domain::signing::{IssuerName, Keys, KeysError, Life, REVOKED_FOR};
use auth_domain::testing::{ManualClock, MemoryStores};
use proptest::prelude::*;
use token_core::{Algorithm, Audience, RevocationSet, SigningKey};

const START: Timestamp = Timestamp::from_secs(1_700_000_000);

fn policy() -> KeyPolicy {
    KeyPolicy { rotate_every: Duration::from_secs(3_600), ..KeyPolicy::default() }
}

struct Node {
    keys: Keys,
    revocations: Arc<RevocationSet>,
}

struct House {
    stores: Stores,
    clock: Arc<ManualClock>,
}

impl House {
    fn new() -> Self {
        Self { stores: MemoryStores::new().stores(), clock: Arc::new(ManualClock::at(START)) }
    }

    async fn try_node(&self, policy: KeyPolicy, masters: &[(u8, u8)]) -> Result<Node, KeysError> {
        let revocations = Arc::new(RevocationSet::new());
        let all = masters.iter().map(|(id, byte)| MasterKey::new(*id, [*byte; 32]));
        let sealer = Sealer::new(masters.first().unwrap().0, all).unwrap();
        let name = IssuerName { issuer: "https://id.example".to_owned(), audience: Audience::from("jeton") };
        let (store, clock) = (Arc::clone(&self.stores.keys), Arc::clone(&self.clock) as Arc<dyn Clock>);
        let keys = Keys::start(store, clock, sealer, policy, name, Arc::clone(&revocations)).await?;
        Ok(Node { keys, revocations })
    }

    async fn node(&self) -> Node {
        self.try_node(policy(), &[(1, 1)]).await.unwrap()
    }

    async fn states(&self) -> Vec<&'static str> {
        self.stores.keys.list().await.unwrap().iter().map(|key| key.state.as_str()).collect()
    }

    fn wait(&self, secs: u64) {
        self.clock.advance(Duration::from_secs(secs));
    }
}

impl Node {
    async fn kid(&self, state: &str) -> String {
        let keys = self.keys.list().await.unwrap();
        keys.into_iter().rfind(|key| key.state.as_str() == state).unwrap().kid
    }
}

#[tokio::test]
async fn a_first_start_makes_a_key_that_signs_and_one_that_waits() {
    let house = House::new();
    let node = house.node().await;
    let mut states = house.states().await;
    states.sort_unstable();
    assert_eq!(states, ["active", "next"]);
    assert_eq!(node.keys.ring().kid(), node.kid("active").await);
    assert_eq!(node.keys.ring().trusted().len(), 2, "the one that waits is published");
}

#[tokio::test]
async fn a_second_node_takes_the_keys_of_the_first() {
    let house = House::new();
    let (one, other) = (house.node().await, house.node().await);
    assert_eq!(one.keys.ring().kid(), other.keys.ring().kid());
    assert_eq!(house.stores.keys.list().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_key_is_rotated_when_its_time_has_come_and_goes_when_nothing_of_it_is_alive() {
    let house = House::new();
    let (one, other) = (house.node().await, house.node().await);
    let (first, second) = (one.kid("active").await, one.kid("next").await);

    house.wait(3_599);
    assert!(!one.keys.tend().await.unwrap(), "not yet");
    house.wait(1);
    assert!(one.keys.tend().await.unwrap());
    assert!(other.keys.tend().await.unwrap(), "it follows what the first did");
    for node in [&one, &other] {
        assert_eq!(node.keys.ring().kid(), second);
        assert!(node.keys.ring().trusted().get(&first).is_some(), "what it signed is still good");
    }
    let next = one.kid("next").await;
    assert!(next != first && next != second);

    house.wait(900 + 60 - 1);
    one.keys.tend().await.unwrap();
    assert!(one.keys.ring().trusted().get(&first).is_some());
    house.wait(1);
    one.keys.tend().await.unwrap();
    assert!(one.keys.ring().trusted().get(&first).is_none());
    assert_eq!(house.states().await.len(), 2);
}

#[tokio::test]
async fn a_key_that_verifiers_cannot_have_seen_does_not_sign_unless_it_is_forced_to() {
    let house = House::new();
    let node = house.node().await;
    let waiting = node.kid("next").await;
    house.wait(359);
    let ready_at = START.plus(Duration::from_secs(360));
    let refused = KeyRefused::NotYetSeen { kid: waiting.clone(), ready_at };
    let error = node.keys.rotate(None, false).await.unwrap_err();
    assert!(matches!(error, KeysError::Refused(ref why) if *why == refused), "{error}");
    assert_ne!(node.keys.ring().kid(), waiting);

    let forced = node.keys.rotate(None, true).await.unwrap();
    assert_eq!(forced.change.overruled, Some(refused));
    assert_eq!(node.keys.ring().kid(), waiting);
}

#[tokio::test]
async fn a_key_that_was_seen_is_rotated_to_by_hand_and_back() {
    let house = House::new();
    let node = house.node().await;
    let (first, second) = (node.kid("active").await, node.kid("next").await);
    house.wait(360);
    assert_eq!(node.keys.rotate(None, false).await.unwrap().change.overruled, None);
    assert_eq!(node.keys.ring().kid(), second);
    let again = node.keys.rotate(None, false).await.unwrap_err();
    assert!(
        matches!(again, KeysError::Refused(KeyRefused::NotYetSeen { .. })),
        "the new one has not been seen: {again}"
    );
    node.keys.rotate(Some(&first), false).await.unwrap();
    assert_eq!(node.keys.ring().kid(), first, "verifiers know it still");
    let error = node.keys.rotate(Some(&first), false).await.unwrap_err();
    assert!(matches!(error, KeysError::Refused(KeyRefused::AlreadyActive(_))), "{error}");
    let error = node.keys.rotate(Some("nobody"), true).await.unwrap_err();
    assert!(matches!(error, KeysError::Refused(KeyRefused::NoSuchKey(_))), "{error}");
}

#[tokio::test]
async fn a_revoked_key_signs_and_verifies_nothing_and_never_comes_back() {
    let house = House::new();
    let (one, other) = (house.node().await, house.node().await);
    let (stolen, heir) = (one.kid("active").await, one.kid("next").await);
    let changed = one.keys.revoke(&stolen).await.unwrap();

    assert!(one.revocations.is_key_revoked(&stolen), "this node refuses its tokens before it answers");
    assert_eq!(one.keys.ring().kid(), heir, "the next one signs, seen or not");
    assert!(one.keys.ring().trusted().get(&stolen).is_none());
    let entry = changed.revocations.first().unwrap();
    assert_eq!(entry.kind.subject(), stolen);
    assert_eq!(entry.expires_at, START.plus(REVOKED_FOR));
    let row = one.keys.list().await.unwrap().into_iter().find(|key| key.kid == stolen).unwrap();
    assert!(row.sealed.is_empty(), "its private half is gone");

    other.revocations.revoke_key(&stolen, entry.expires_at.unix());
    assert!(other.keys.signs_in_vain());
    assert!(other.keys.tend().await.unwrap());
    assert!(!other.keys.signs_in_vain());

    for error in [
        one.keys.revoke(&stolen).await.unwrap_err(),
        one.keys.rotate(Some(&stolen), true).await.unwrap_err(),
        one.keys.delete(&stolen, false).await.unwrap_err(),
    ] {
        assert!(matches!(error, KeysError::Refused(KeyRefused::Revoked(_))), "{error}");
    }
}

#[tokio::test]
async fn a_key_that_live_tokens_need_is_not_deleted_unless_it_is_forced() {
    let house = House::new();
    let node = house.node().await;
    let first = node.kid("active").await;
    let error = node.keys.delete(&first, true).await.unwrap_err();
    assert!(matches!(error, KeysError::Refused(KeyRefused::Signs(_))), "{error}");
    house.wait(360);
    node.keys.rotate(None, false).await.unwrap();
    let until = START.plus(Duration::from_secs(360 + 960));
    let error = node.keys.delete(&first, false).await.unwrap_err();
    assert!(matches!(error, KeysError::Refused(KeyRefused::Needed { until: found, .. }) if found == until), "{error}");
    let forced = node.keys.delete(&first, true).await.unwrap();
    assert_eq!(forced.change.overruled, Some(KeyRefused::Needed { kid: first.clone(), until }));
    assert!(node.keys.ring().trusted().get(&first).is_none());
}

#[tokio::test]
async fn an_imported_key_waits_like_any_other() {
    let house = House::new();
    let node = house.node().await;
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
    node.keys.import(&key).await.unwrap();
    assert!(node.keys.ring().trusted().get(key.kid()).is_some());
    let error = node.keys.import(&key).await.unwrap_err();
    assert!(matches!(error, KeysError::Refused(KeyRefused::Exists(_))), "{error}");
    house.wait(360);
    node.keys.rotate(Some(key.kid()), false).await.unwrap();
    assert_eq!(node.keys.ring().kid(), key.kid());
    node.keys.revoke(key.kid()).await.unwrap();
    let error = node.keys.import(&key).await.unwrap_err();
    assert!(matches!(error, KeysError::Refused(KeyRefused::Revoked(_))), "{error}");
}

#[tokio::test]
async fn another_algorithm_takes_over_once_verifiers_have_seen_a_key_of_it() {
    let house = House::new();
    let before = house.node().await.keys.ring().kid();
    let es256 = KeyPolicy { algorithm: Algorithm::Es256, ..policy() };
    let node = house.try_node(es256, &[(1, 1)]).await.unwrap();
    assert_eq!(node.keys.ring().kid(), before, "nobody has seen the other one");
    house.wait(360);
    node.keys.tend().await.unwrap();
    let active = node.keys.list().await.unwrap().into_iter().find(|key| matches!(key.state, KeyState::Active { .. }));
    assert_eq!(active.unwrap().algorithm, "ES256");
}

#[tokio::test]
async fn a_node_that_cannot_read_the_keys_for_longer_than_the_margin_does_not_sign() {
    let house = House::new();
    let node = house.node().await;
    house.wait(60);
    assert!(node.keys.ring().issuer(house.clock.now()).is_ok());
    house.wait(1);
    assert!(node.keys.ring().issuer(house.clock.now()).is_err());
    node.keys.tend().await.unwrap();
    assert!(node.keys.ring().issuer(house.clock.now()).is_ok());
}

#[tokio::test]
async fn a_key_does_not_open_under_another_master_key_or_in_another_row() {
    let house = House::new();
    house.node().await;
    for masters in [[(1, 2)], [(2, 1)]] {
        let error = house.try_node(policy(), &masters).await.err().unwrap();
        assert!(matches!(error, KeysError::Sealed { .. }), "{error}");
    }
    let keys = house.stores.keys.list().await.unwrap();
    let [one, other] = <[StoredKey; 2]>::try_from(keys).unwrap();
    let swapped =
        vec![StoredKey { sealed: other.sealed.clone(), ..one.clone() }, StoredKey { sealed: one.sealed, ..other }];
    let change = auth_domain::model::KeyChange { put: swapped, ..Default::default() };
    house.stores.keys.change(Arc::new(move |_| Ok(change.clone()))).await.unwrap().unwrap();
    let error = house.try_node(policy(), &[(1, 1)]).await.err().unwrap();
    assert!(matches!(error, KeysError::Sealed { .. }), "{error}");
}

#[tokio::test]
async fn everything_moves_to_another_master_key_and_sessions_live_on() {
    let house = House::new();
    let before = house.node().await;
    let kid = before.keys.ring().kid();
    let old_ring = before.keys.rotation_keys().await.unwrap();

    let both = house.try_node(policy(), &[(2, 2), (1, 1)]).await.unwrap();
    let done = both.keys.rewrap().await.unwrap();
    assert_eq!((done.signing_keys, done.masters.as_slice()), (2, [1].as_slice()));
    assert_eq!(both.keys.rewrap().await.unwrap().signing_keys, 0, "again changes nothing");

    let after = house.try_node(policy(), &[(2, 2)]).await.unwrap();
    assert_eq!(after.keys.ring().kid(), kid, "the same key signs");
    let ring = after.keys.rotation_keys().await.unwrap();
    assert_eq!(ring.active(), 2);
    assert!(reads_the_same(&ring, &old_ring, 1));

    // And once more: what was retired under the second moves to the third.
    let third = house.try_node(policy(), &[(3, 3), (2, 2)]).await.unwrap();
    assert_eq!(third.keys.rewrap().await.unwrap().masters, [2, 1]);
    let alone = house.try_node(policy(), &[(3, 3)]).await.unwrap();
    let ring = alone.keys.rotation_keys().await.unwrap();
    assert!(reads_the_same(&ring, &old_ring, 1));

    alone.keys.forget_master(1).await.unwrap();
    assert!(!reads_the_same(&alone.keys.rotation_keys().await.unwrap(), &old_ring, 1));
}

fn reads_the_same(one: &RotationKeys, other: &RotationKeys, id: u8) -> bool {
    use auth_domain::model::{Nonce, SessionId, TokenSecret};
    let session = SessionId::from_uuid(uuid::Uuid::from_u128(1));
    let step = |keys: &RotationKeys| {
        keys.successor(id, session, 1, &Nonce::from_bytes([5; 32]), &TokenSecret::from_bytes([6; 32]))
    };
    step(one).is_some() && step(one) == step(other)
}

fn made(n: u32, at: Timestamp) -> StoredKey {
    StoredKey {
        kid: format!("kid-{n}"),
        algorithm: "EdDSA".to_owned(),
        key_id: 1,
        sealed: vec![1],
        created_at: at,
        state: KeyState::Next,
    }
}

fn apply(keys: &mut Vec<StoredKey>, change: &auth_domain::model::KeyChange) {
    keys.retain(|key| !change.remove.contains(&key.kid) && !change.put.iter().any(|put| put.kid == key.kid));
    keys.extend(change.put.iter().cloned());
    keys.sort_by(|a, b| (a.created_at, &a.kid).cmp(&(b.created_at, &b.kid)));
}

proptest! {
    /// Whatever operators and time do, without force: exactly one key signs, it was published for as long as caches live
    /// (save the first and the heir of a revoked one), and no key goes while a token of it can be alive.
    #[test]
    fn without_force_no_verifier_ever_lacks_a_key_that_it_needs(steps in prop::collection::vec((0_u8..5, 0_u64..2_000, 0_usize..6), 1..60)) {
        let policy = policy();
        let (mut keys, mut now, mut count) = (Vec::new(), START, 0);
        let mut signed: std::collections::BTreeMap<String, Timestamp> = std::collections::BTreeMap::new();
        let mut revoked = std::collections::BTreeSet::new();
        let mut excused = std::collections::BTreeSet::new();
        for (what, wait, which) in steps {
            now = now.plus(Duration::from_secs(wait));
            count += 1;
            let spare = made(count, now);
            let known = keys.clone();
            let life = Life { keys: &known, policy: &policy, now, spare: Some(&spare) };
            let first = known.is_empty();
            let kid = known.get(which).map_or_else(|| "none".to_owned(), |key: &StoredKey| key.kid.clone());
            let change = match what {
                0 | 1 => Ok(life.tend()),
                2 => life.rotate(None, false),
                3 => life.delete(&kid, false),
                _ => life.revoke(&kid),
            };
            let Ok(change) = change else { continue };
            // The key that signed so far may have signed until this moment.
            for key in known.iter().filter(|key| matches!(key.state, KeyState::Active { .. })) {
                signed.insert(key.kid.clone(), now.plus(policy.access_ttl));
            }
            apply(&mut keys, &change);
            let active: Vec<_> = keys.iter().filter(|key| matches!(key.state, KeyState::Active { .. })).collect();
            prop_assert!(active.len() == 1 || keys.is_empty() || first, "{keys:?}");
            if what == 4 {
                revoked.insert(kid);
            }
            if let Some(active) = active.first() {
                if first || what == 4 {
                    excused.insert(active.kid.clone());
                }
                prop_assert!(
                    excused.contains(&active.kid) || now >= active.created_at.plus(policy.lead()),
                    "{active:?} signs at {now} unseen"
                );
                signed.insert(active.kid.clone(), now.plus(policy.access_ttl));
            }
            for (kid, alive_until) in &signed {
                let trusted = keys.iter().any(|key| key.kid == *kid && key.state.is_trusted());
                prop_assert!(trusted || now >= *alive_until || revoked.contains(kid), "{kid} is missed at {now}");
            }
        }
    }
}
