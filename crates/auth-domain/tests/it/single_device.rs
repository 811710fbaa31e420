//! The example of one device an account says what it does.

#[expect(dead_code, reason = "its `main` is for those who run it alone")]
#[path = "../../examples/single_device.rs"]
mod program;

#[tokio::test]
async fn the_program_says_what_it_did() {
    let mut said = Vec::new();
    program::run(&mut said).await.unwrap();
    assert_eq!(
        String::from_utf8(said).unwrap(),
        "The newest login wins:\n  \
           phone is signed in; laptop signs in\n  \
           the phone's access token: refused, revoked\n  \
           the phone's refresh token: the session is over; sign in again\n  \
           signed in: laptop\n\
         The first login stays:\n  \
           phone is signed in; laptop is refused: the account is signed in on as many devices as it may be; \
           choose one of them to be signed out\n  \
           signed in: phone\n  \
           the owner gives the phone up\n  \
           signed in: laptop\n"
    );
}
