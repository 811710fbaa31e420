//! The rotation invariants over random histories of one session: an honest client, a thief, a network that loses.

use std::collections::BTreeMap;

use auth_domain::refresh::RefreshError;
use proptest::prelude::*;

use crate::world::World;

/// One thing that happens.
#[derive(Clone, Debug)]
enum Act {
    /// Somebody presents the token of a generation that he knows, with or without a key.
    Present { generation: usize, key: Option<u8> },
    /// Time passes.
    Wait(u64),
    /// The owner signs out.
    Logout,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => (0_usize..6, prop_oneof![4 => Just(None), 1 => (0_u8..2).prop_map(Some)])
            .prop_map(|(generation, key)| Act::Present { generation, key }),
        4 => (0_u64..40).prop_map(Act::Wait),
        1 => Just(Act::Logout),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// I1 to I3, I5, I10: one successor a token; nothing older than the predecessor; after a replay or a logout nothing;
    /// the generation never falls.
    #[test]
    fn every_history_keeps_the_invariants(acts in proptest::collection::vec(act(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = World::new();
            let mut last = world.signed_in().await;
            let mut known = vec![last.refresh_token.expose().to_owned()];
            let mut successors: BTreeMap<usize, String> = BTreeMap::new();
            let mut over = false;
            for act in acts {
                match act {
                    Act::Wait(secs) => world.wait(secs),
                    Act::Logout => {
                        world.auth.sessions.logout(last.facts.session).await.unwrap();
                        over = true;
                    }
                    Act::Present { generation, key } => {
                        let generation = generation.min(known.len() - 1);
                        let current = known.len() - 1;
                        let key = key.map(|key| format!("idempotency-key-{key}"));
                        let answer = world.refresh_with(&known[generation], key.as_deref()).await;
                        match answer {
                            Ok(tokens) => {
                                prop_assert!(!over, "I3, I5: nothing works after the end");
                                prop_assert!(generation + 1 >= current, "I2: {generation} of {current} was accepted");
                                prop_assert_eq!(tokens.facts.generation as usize, generation + 1, "I10");
                                let text = tokens.refresh_token.expose().to_owned();
                                let first = successors.entry(generation).or_insert_with(|| text.clone());
                                prop_assert_eq!(&*first, &text, "I1: two successors");
                                if generation == current {
                                    known.push(text);
                                }
                                last = tokens;
                            }
                            Err(RefreshError::InvalidGrant | RefreshError::SessionOver(_)) => {
                                prop_assert!(generation < current || over, "the current token was refused");
                                over = true;
                                prop_assert!(!world.lets_in(&last), "I3: an access token outlived the session");
                            }
                            Err(other) => prop_assert!(false, "{other}"),
                        }
                        prop_assert_eq!(world.sessions(&last).await.is_empty(), over);
                    }
                }
            }
            Ok(())
        })?;
    }

    /// I8: whatever the network loses, repeats or delays, a client that keeps its key raises no alarm.
    #[test]
    fn an_honest_client_with_keys_is_never_logged_out(
        losses in proptest::collection::vec((0_usize..4, 0_u64..50_000), 1..25),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = World::new();
            let mut token = world.signed_in().await.refresh_token.expose().to_owned();
            for (step, (lost, delay)) in losses.into_iter().enumerate() {
                let key = format!("idempotency-key-{step:04}");
                for _ in 0..lost {
                    prop_assert!(world.refresh_with(&token, Some(&key)).await.is_ok());
                    world.wait(delay);
                }
                let answer = world.refresh_with(&token, Some(&key)).await;
                prop_assert!(answer.is_ok(), "logged out at step {step}");
                token = answer.unwrap().refresh_token.expose().to_owned();
            }
            Ok(())
        })?;
    }
}
