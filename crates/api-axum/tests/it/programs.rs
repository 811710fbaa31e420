//! The examples that say what they do: here they run, and what they say is compared.

#[expect(dead_code, reason = "its `main` is for those who run it alone")]
#[path = "../../examples/custom_claims.rs"]
mod custom_claims;
#[expect(dead_code, reason = "its `main` is for those who run it alone")]
#[path = "../../examples/tenants.rs"]
mod tenants;

#[tokio::test]
async fn claims_of_ones_own_go_from_the_record_to_the_handler() {
    let mut said = Vec::new();
    custom_claims::run(&mut said).await.unwrap();
    insta::assert_snapshot!(String::from_utf8(said).unwrap(), @r"
    after the login: 403 not in the plan free
    subscribed, with the same token: 403 not in the plan free
    a refresh while billing is down: the application's own claims are not available: billing does not answer
    the same refresh again: 200 an export for 3 seats
    ");
}

#[tokio::test]
async fn each_tenants_service_lets_in_its_own_people() {
    let mut said = Vec::new();
    tenants::run(&mut said).await.unwrap();
    insta::assert_snapshot!(String::from_utf8(said).unwrap(), @r"
    alice: acme 200, globex 401
    bob: acme 401, globex 200
    carol: acme 200, globex 200
    dave: acme 401, globex 401
    alice has moved, after her next refresh: acme 401, globex 200
    alice has signed out: acme 401, globex 401
    ");
}
