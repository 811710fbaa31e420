//! The main job over real HTTP: sign up, sign in, use, refresh, and be safe from networks and thieves.

use std::collections::BTreeSet;
use std::time::Duration;

use auth_domain::model::SessionId;

use super::client::Client;
use super::home::{Home, row};
use super::on_both_engines;

on_both_engines!(
    i1_two_hundred_refreshes_at_once_get_one_successor_and_make_one_step,
    i3_a_replay_ends_the_session_and_a_forgery_ends_nothing,
    i6_a_key_recovers_after_the_window_and_another_key_does_not,
);

async fn i1_two_hundred_refreshes_at_once_get_one_successor_and_make_one_step(home: Home) {
    let server = home.serve();
    let client = server.client();
    let tokens = client.join("alice@example.com").await;
    assert_eq!(client.me(&tokens.access).await.unwrap().body["email"], "alice@example.com");

    let requests: Vec<_> = (0..200)
        .map(|_| {
            let (client, token) = (client.clone(), tokens.refresh.clone());
            tokio::spawn(async move { client.refresh(&token, None).await.unwrap() })
        })
        .collect();
    let mut successors = BTreeSet::new();
    for request in requests {
        let answer = request.await.unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        successors.insert(answer.tokens().unwrap().refresh);
    }
    assert_eq!(successors.len(), 1);
    let database = home.database().await;
    assert_eq!(row(&database, id(&tokens.session)).await, Some((1, false)));
    database.close().await;
}

async fn i3_a_replay_ends_the_session_and_a_forgery_ends_nothing(home: Home) {
    let server = home.serve();
    let client = server.client();
    let first = client.join("alice@example.com").await;
    let second = client.refresh(&first.refresh, None).await.unwrap().tokens().unwrap();
    let third = client.refresh(&second.refresh, None).await.unwrap().tokens().unwrap();

    // One letter of the secret is another: the tag does not fit.
    let at = third.refresh.len() - 30;
    let flipped = if &third.refresh[at..=at] == "A" { "B" } else { "A" };
    let forged = format!("{}{flipped}{}", &third.refresh[..at], &third.refresh[at + 1..]);
    assert_eq!(refused(&client, &forged).await, "invalid_grant");
    assert_eq!(client.me(&third.access).await.unwrap().status, 200);

    assert_eq!(refused(&client, &first.refresh).await, "invalid_grant");
    // Who holds the last token, or the one before it, learns that the session is over.
    for (tokens, code) in [(&first, "invalid_grant"), (&second, "session_revoked"), (&third, "session_revoked")] {
        assert_eq!(client.me(&tokens.access).await.unwrap().code(), "invalid_token");
        assert_eq!(refused(&client, &tokens.refresh).await, code);
    }
    let told = async {
        while replays_told(&home) == 0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), told).await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(replays_told(&home), 1, "the owner is told once");
}

/// How many mails in the outbox tell of a replay.
fn replays_told(home: &Home) -> usize {
    let Ok(mails) = std::fs::read_dir(home.data().join("outbox")) else { return 0 };
    let text = mails.map(|mail| std::fs::read_to_string(mail.unwrap().path()).unwrap_or_default());
    text.filter(|text| text.contains("was used twice")).count()
}

async fn i6_a_key_recovers_after_the_window_and_another_key_does_not(home: Home) {
    let home = home.with("JETON_REFRESH__RETRY_WINDOW", "100ms");
    let server = home.serve();
    let client = server.client();
    let tokens = client.join("alice@example.com").await;
    let key = Some("a key that was stored before".replace(' ', "-"));
    let lost = client.refresh(&tokens.refresh, key.as_deref()).await.unwrap().tokens().unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;

    let recovered = client.refresh(&tokens.refresh, key.as_deref()).await.unwrap().tokens().unwrap();
    assert_eq!(recovered.refresh, lost.refresh);
    let thief = client.refresh(&tokens.refresh, Some("a-key-that-was-guessed")).await.unwrap();
    assert_eq!(thief.code(), "invalid_grant");
    assert_eq!(client.me(&recovered.access).await.unwrap().code(), "invalid_token");
}

async fn refused(client: &Client, token: &str) -> String {
    client.refresh(token, None).await.unwrap().code().to_owned()
}

fn id(session: &str) -> SessionId {
    session.parse().unwrap()
}
