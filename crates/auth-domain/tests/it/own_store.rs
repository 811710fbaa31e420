//! The example's session store: the contract suite, and the program itself.

use std::future::{Ready, ready};

use auth_domain::ports::Stores;
use auth_domain::testing::MemoryStores;
use tempfile::TempDir;

#[expect(dead_code, reason = "its `main` is for those who run it alone")]
#[path = "../../examples/own_store/main.rs"]
mod program;

use program::FileSessions;

// ANCHOR: contract
/// An empty file, and the folder that keeps it.
fn fixture() -> Ready<(Stores, TempDir)> {
    let folder = tempfile::tempdir().unwrap();
    let sessions = FileSessions::open(&folder.path().join("sessions.redb"), MemoryStores::new()).unwrap();
    ready((sessions.stores(), folder))
}

auth_domain::contract_tests!(fixture);
// ANCHOR_END: contract

#[tokio::test]
async fn the_program_says_what_it_did() {
    let folder = tempfile::tempdir().unwrap();
    let mut said = Vec::new();
    program::run(&folder.path().join("sessions.redb"), &mut said).await.unwrap();
    assert_eq!(
        String::from_utf8(said).unwrap(),
        "signed in: generation 0\n\
         refreshed from the file: generation 1\n\
         the answer was lost, the request repeated: the same successor: true\n\
         a thief comes with the first token: the refresh token is not valid; sign in again\n\
         live sessions: 0\n"
    );
}
