//! kill -9 between the commit and the answer.

use std::time::Duration;

use auth_domain::model::SessionId;

use super::home::{Home, row};
use super::on_both_engines;

on_both_engines!(
    i4_a_refresh_that_was_committed_and_not_answered_is_recovered_after_a_crash,
    i5_a_logout_that_was_committed_and_not_answered_holds_after_a_crash,
);

/// SECURITY I4, I12, and the first promise: the client repeats the request and gets the same successor.
async fn i4_a_refresh_that_was_committed_and_not_answered_is_recovered_after_a_crash(home: Home) {
    for key in [None, Some("0123456789abcdef")] {
        let server = home.serve_with(&[("FAILPOINTS", "advance-committed=pause")]);
        let client = server.client();
        let email = format!("alice{}@example.com", key.map_or(0, str::len));
        let tokens = client.join(&email).await;
        let session: SessionId = tokens.session.parse().unwrap();

        let lost = tokio::spawn({
            let (client, token) = (client.clone(), tokens.refresh.clone());
            async move { client.refresh(&token, key).await }
        });
        let database = home.database().await;
        tokio::time::timeout(Duration::from_secs(30), async {
            while row(&database, session).await != Some((1, false)) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await
        .unwrap();
        server.kill();
        assert!(lost.await.unwrap().is_none(), "no answer can have come");

        let server = home.serve();
        let client = server.client();
        let first = client.refresh(&tokens.refresh, key).await.unwrap().tokens().unwrap();
        let again = client.refresh(&tokens.refresh, key).await.unwrap().tokens().unwrap();
        assert_eq!(first.refresh, again.refresh);
        assert_eq!(row(&database, session).await, Some((1, false)), "the session moved by one");
        assert_eq!(client.refresh(&first.refresh, None).await.unwrap().status, 200);
        database.close().await;
    }
}

async fn i5_a_logout_that_was_committed_and_not_answered_holds_after_a_crash(home: Home) {
    let server = home.serve_with(&[("FAILPOINTS", "end-committed=pause")]);
    let client = server.client();
    let tokens = client.join("alice@example.com").await;
    let session: SessionId = tokens.session.parse().unwrap();
    let lost = tokio::spawn({
        let (client, token) = (client.clone(), tokens.access.clone());
        async move { client.logout(&token).await }
    });
    let database = home.database().await;
    tokio::time::timeout(Duration::from_secs(30), async {
        while row(&database, session).await != Some((0, true)) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
    database.close().await;
    server.kill();
    assert!(lost.await.unwrap().is_none(), "no answer can have come");

    let server = home.serve();
    let client = server.client();
    assert_eq!(client.me(&tokens.access).await.unwrap().code(), "invalid_token");
    assert_eq!(client.refresh(&tokens.refresh, None).await.unwrap().code(), "session_signed_out");
}
