//! Refresh tokens from strangers, as text; and tokens of the fuzzer's own making, which must read back and survive no change.
#![no_main]

use auth_domain::model::{SessionId, TokenSecret};
use auth_domain::refresh::{PresentedToken, RefreshToken};
use fuzz::MASTERS;
use libfuzzer_sys::fuzz_target;
use token_core::strict;
use uuid::Uuid;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(presented) = PresentedToken::parse(&MASTERS, text)
    {
        let own = |key_id| RefreshToken::seal_presented(&MASTERS, key_id, &presented).expect("the key is there");
        assert!(
            [7, 8].into_iter().any(|key_id| own(key_id).expose() == text),
            "accepted, and not what is written here"
        );
    }
    round_trip(bytes);
});

fn round_trip(bytes: &[u8]) -> Option<()> {
    let (session, rest) = bytes.split_first_chunk::<16>()?;
    let (generation, rest) = rest.split_first_chunk::<4>()?;
    let (secret, rest) = rest.split_first_chunk::<32>()?;
    let (&[place, flip], _) = rest.split_first_chunk::<2>()?;
    let token = PresentedToken {
        session: SessionId::from_uuid(Uuid::from_bytes(*session)),
        generation: u32::from_be_bytes(*generation),
        secret: TokenSecret::from_bytes(*secret),
    };
    let sealed = RefreshToken::seal_presented(&MASTERS, 7 + place % 2, &token).expect("the key is there");
    let text = sealed.expose();
    assert!(PresentedToken::parse(&MASTERS, text).is_ok_and(|read| read == token), "it does not read back");

    let mut bent = strict::base64url(&text[4..]).expect("it is base64url");
    let length = bent.len();
    bent[usize::from(place) % length] ^= flip.max(1);
    let bent = format!("jrt_{}", strict::to_base64url(&bent));
    assert!(PresentedToken::parse(&MASTERS, &bent).is_err(), "a changed byte was accepted");
    Some(())
}
