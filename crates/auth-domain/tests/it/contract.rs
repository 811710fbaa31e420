//! The contract suite on memory, and on a store that breaks it.

use std::future::{Ready, ready};

use auth_domain::ports::Stores;
use auth_domain::testing::contract::CASES;
use auth_domain::testing::{MemoryStores, NonAtomicStores};

fn memory() -> Ready<(Stores, ())> {
    ready((MemoryStores::new().stores(), ()))
}

auth_domain::contract_tests!(memory);

// ANCHOR: refused
/// A test of the test: a store that checks first and writes later must not pass.
#[tokio::test]
async fn a_store_that_is_not_atomic_fails_the_suite() {
    let mut failed = Vec::new();
    for (name, case) in CASES {
        // The store works in every case that does not race, so only the racing cases can fail.
        if tokio::spawn(case(NonAtomicStores::stores())).await.is_err() {
            failed.push(*name);
        }
    }
    assert_eq!(
        failed,
        [
            "many_logins_at_once_leave_exactly_one_session_where_one_is_allowed",
            "many_logins_at_once_never_pass_a_limit_of_three_that_denies",
            "many_logins_at_once_never_pass_a_limit_by_class",
            "of_many_steps_at_once_exactly_one_moves_the_row",
            "a_login_that_races_with_a_reset_is_refused_or_ended_by_it",
        ]
    );
}
// ANCHOR_END: refused
