//! Revoking against refreshing, at the same moment.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::client::{Answer, Client, Tokens, send};
use super::home::Home;
use super::{on_both_engines, rounds};

on_both_engines!(i5_once_a_revoke_and_a_refresh_have_both_returned_nothing_works);

const LANES: usize = 6;

/// SECURITY I5: a revocation is never outrun by a refresh in flight, in whatever order the two reach the database.
async fn i5_once_a_revoke_and_a_refresh_have_both_returned_nothing_works(home: Home) {
    // Nothing may be refused for its age.
    let home = home.with("JETON_TOKENS__ACCESS_TTL", "1d");
    let server = home.serve();
    let races = rounds(300, 10_000);
    let lanes = (0..LANES).map(|lane| {
        let client = server.client();
        tokio::spawn(async move {
            let email = format!("racer{lane}@example.com");
            let controller = client.join(&email).await;
            let mut moved = 0;
            for race in (lane..races).step_by(LANES) {
                let tokens = client.login(&email).await;
                moved += usize::from(run(&client, &controller, &tokens, race).await);
            }
            moved
        })
    });
    let mut moved = 0;
    for lane in lanes.collect::<Vec<_>>() {
        moved += lane.await.unwrap();
    }
    // A race that one side always wins proves nothing.
    assert!(moved > 0 && moved < races, "the refresh won {moved} of {races} races");
}

/// One race; answers whether the refresh came first.
async fn run(client: &Client, controller: &Tokens, tokens: &Tokens, race: usize) -> bool {
    let pause = |after: usize| tokio::time::sleep(Duration::from_micros(300 * (race / 3 % after) as u64));
    let refresh = async {
        pause(2).await;
        client.refresh(&tokens.refresh, None).await.unwrap()
    };
    let revoke = async {
        pause(3).await;
        revoke(client, controller, tokens, race % 3).await
    };
    let (refreshed, revoked) = tokio::join!(refresh, revoke);
    assert_eq!(revoked.status, 204, "{revoked:?}");
    let successor = refreshed.tokens();
    if successor.is_none() {
        assert_eq!(refreshed.code(), "session_signed_out", "{refreshed:?}");
    }
    for left in std::iter::once(tokens).chain(&successor) {
        let used = client.me(&left.access).await.unwrap();
        assert_eq!(used.code(), "invalid_token", "race {race}: an access token outlived its session");
        let again = client.refresh(&left.refresh, None).await.unwrap();
        // Only the holder of the session's last token is told how it ended.
        let over = matches!(again.code(), "invalid_grant" | "session_signed_out");
        assert!(over, "race {race}: a refresh token outlived its session: {again:?}");
    }
    successor.is_some()
}

/// The three ways to end a session.
async fn revoke(client: &Client, controller: &Tokens, tokens: &Tokens, way: usize) -> Answer {
    let request = match way {
        0 => client.request(Method::POST, "/v1/logout").bearer_auth(&tokens.access),
        1 => client.request(Method::POST, "/v1/logout").json(&json!({ "refresh_token": tokens.refresh })),
        _ => {
            let path = format!("/v1/sessions/{}", tokens.session);
            client.request(Method::DELETE, &path).bearer_auth(&controller.access)
        }
    };
    send(request).await.unwrap()
}
