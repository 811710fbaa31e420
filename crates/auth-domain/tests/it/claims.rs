//! What the embedder adds to access tokens, and what happens when he cannot.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use auth_domain::login::Proof;
use auth_domain::model::{AccountId, AddedClaims, InvalidClaims, SessionId};
use auth_domain::ports::{ClaimSource, ClaimsUnavailable};
use auth_domain::refresh::RefreshError;
use auth_domain::session::{IssuedTokens, TokensNotIssued};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use token_core::{Audience, Claims, IssueError, VerifyError};

use crate::world::{PASSWORD, Setup, World, owner};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Plan {
    plan: String,
}

/// The embedder's own records: the plan of everybody, for a token of an audience where one is named; or out of reach.
#[derive(Default)]
struct Plans {
    plan: Mutex<Option<&'static str>>,
    audience: Mutex<Option<Audience>>,
}

impl Plans {
    fn set(&self, plan: Option<&'static str>) {
        *self.plan.lock().unwrap() = plan;
    }
}

#[async_trait]
impl ClaimSource for Plans {
    async fn claims(&self, _: AccountId, _: SessionId) -> Result<AddedClaims, ClaimsUnavailable> {
        let plan = (*self.plan.lock().unwrap()).ok_or_else(|| ClaimsUnavailable("billing is down".to_owned()))?;
        let added = AddedClaims::new(&Plan { plan: plan.to_owned() }).unwrap();
        let audience = self.audience.lock().unwrap().clone();
        Ok(audience.map_or(added.clone(), |audience| added.for_audience(audience)))
    }
}

fn world(plan: &'static str) -> (World, Arc<Plans>) {
    let plans = Arc::new(Plans::default());
    plans.set(Some(plan));
    let claims = Some(Arc::clone(&plans) as Arc<dyn ClaimSource>);
    (Setup { claims, ..Setup::default() }.build(), plans)
}

fn plan(world: &World, token: &str) -> String {
    let claims: Claims<Plan> =
        world.verifier.verify(token, auth_domain::ports::Clock::now(&*world.clock).unix()).unwrap();
    claims.extra.plan
}

fn is_unavailable(answer: &Result<IssuedTokens, RefreshError>) -> bool {
    matches!(answer, Err(RefreshError::Tokens(TokensNotIssued::Claims(_))))
}

#[tokio::test]
async fn a_token_says_what_the_embedder_says_at_that_moment() {
    let (world, plans) = world("free");
    let first = world.signed_in().await;
    assert_eq!(plan(&world, first.access_token.expose()), "free");

    plans.set(Some("team"));
    let second = world.refresh(first.refresh_token.expose()).await.unwrap();
    assert_eq!(plan(&world, second.access_token.expose()), "team");
    plans.set(Some("company"));
    let again = world.refresh(first.refresh_token.expose()).await.unwrap();
    assert_eq!(again.refresh_token.expose(), second.refresh_token.expose());
    assert_eq!(plan(&world, again.access_token.expose()), "company", "a retry asks anew");

    plans.set(Some("free"));
    let password = SecretString::from(PASSWORD);
    let proved = world.auth.login.reauthenticate(&owner(&again), Proof::Password(&password)).await.unwrap();
    assert_eq!(plan(&world, proved.access_token.expose()), "free");
}

#[tokio::test]
async fn a_refresh_without_the_embedders_claims_moves_nothing_however_long_it_lasts() {
    let (world, plans) = world("free");
    let tokens = world.signed_in().await;
    plans.set(None);
    for _ in 0..3 {
        assert!(is_unavailable(&world.refresh(tokens.refresh_token.expose()).await));
        world.wait(3_600);
    }
    plans.set(Some("free"));
    assert_eq!(world.refresh(tokens.refresh_token.expose()).await.unwrap().facts.generation, 1);
}

#[tokio::test]
async fn a_login_without_the_embedders_claims_opens_no_session() {
    let (world, plans) = world("free");
    let tokens = world.signed_in().await;
    plans.set(None);
    assert!(world.try_login("alice@example.com", PASSWORD).await.is_err());
    assert_eq!(world.sessions(&tokens).await.len(), 1);
}

#[tokio::test]
async fn a_thief_is_found_without_the_embedders_claims() {
    let (world, plans) = world("free");
    let first = world.signed_in().await;
    let second = world.refresh(first.refresh_token.expose()).await.unwrap();
    let third = world.refresh(second.refresh_token.expose()).await.unwrap();
    plans.set(None);
    assert!(matches!(world.refresh(first.refresh_token.expose()).await, Err(RefreshError::InvalidGrant)));
    assert!(!world.lets_in(&third));
    assert!(world.sessions(&third).await.is_empty());
}

#[tokio::test]
async fn a_token_for_a_chosen_audience_is_for_no_other() {
    let (world, plans) = world("free");
    *plans.audience.lock().unwrap() = Some(Audience::new("acme"));
    let tokens = world.signed_in().await;
    let now = auth_domain::ports::Clock::now(&*world.clock).unix();
    let refused = world.verifier.verify::<Plan>(tokens.access_token.expose(), now).err();
    assert_eq!(refused, Some(VerifyError::Audience));
}

#[test]
fn claims_that_no_token_can_carry_are_refused_before_anything_moves() {
    let refused = |claims: serde_json::Value| AddedClaims::new(&claims).unwrap_err();
    let registered = refused(serde_json::json!({"sub": "somebody else"}));
    assert_eq!(registered, InvalidClaims::Refused(IssueError::ReservedClaim("sub".to_owned())));
    assert!(matches!(refused(serde_json::json!(["a list"])), InvalidClaims::Refused(IssueError::NotAnObject(_))));
    let long = refused(serde_json::json!({"notes": "x".repeat(AddedClaims::MAX_LEN)}));
    assert_eq!(long, InvalidClaims::TooLong { length: AddedClaims::MAX_LEN + r#"{"notes":""}"#.len() });
}
