//! Signing keys on two nodes of one store: changed on one of them, the same on both.

use auth_domain::model::KeyPolicy;
use futures_util::future::join_all;
use serde_json::json;

use super::{Engine, on_every_store, on_store};
use crate::support::{Answer, TestApp, Tokens};

on_every_store!(
    what_either_node_signs_before_and_after_a_rotation_is_good_on_both,
    of_ten_operators_who_rotate_at_once_exactly_one_does_it,
    i3_a_revoked_key_is_refused_on_both_nodes_and_sessions_live_on,
);

async fn two_nodes(engine: &Engine) -> [TestApp; 2] {
    let start = async || engine.setup().start_with_keys(KeyPolicy::default()).await;
    [start().await, start().await]
}

async fn rotate(app: &TestApp, operator: &Tokens) -> Answer {
    app.post("/v1/admin/keys/rotate").bearer(&operator.access).json(json!({})).send().await
}

async fn what_either_node_signs_before_and_after_a_rotation_is_good_on_both(engine: Engine) {
    let [one, other] = two_nodes(&engine).await;
    let root = one.admin("root@example.com").await;
    let mut refresh = root.refresh.clone();
    let mut tokens = vec![root.access.clone()];
    for _ in 0..2 {
        one.wait(360).await;
        other.wait(360).await;
        let before = one.keys().ring().kid();
        assert_eq!(rotate(&one, &root).await.status, 200);
        for (app, kid) in [(&other, &before), (&one, &one.keys().ring().kid())] {
            assert_eq!(app.keys().ring().kid(), *kid, "the other node goes on with the old key until it looks");
            let next = Tokens::of(&app.refresh(&refresh).await);
            tokens.push(next.access);
            refresh = next.refresh;
        }
        for app in [&one, &other] {
            for token in &tokens {
                assert_eq!(app.me(token).await.status, 200);
            }
        }
        other.wait(0).await;
        assert_eq!(other.keys().ring().kid(), one.keys().ring().kid());
    }
}

async fn of_ten_operators_who_rotate_at_once_exactly_one_does_it(engine: Engine) {
    let [one, other] = two_nodes(&engine).await;
    let root = one.admin("root@example.com").await;
    one.wait(360).await;
    other.wait(360).await;
    let answers = join_all((0..10).map(|n| rotate(if n % 2 == 0 { &one } else { &other }, &root))).await;
    let (done, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!(done.len(), 1);
    assert!(refused.iter().all(|answer| answer.problem() == (409, "key_not_seen".to_owned())));
    assert_eq!(one.keys().list().await.unwrap().len(), 3, "the old one, the new one, and one that waits");
}

async fn i3_a_revoked_key_is_refused_on_both_nodes_and_sessions_live_on(engine: Engine) {
    let [one, other] = two_nodes(&engine).await;
    let root = one.admin("root@example.com").await;
    other.follow().await;
    assert_eq!(other.me(&root.access).await.status, 200);
    let path = format!("/v1/admin/keys/{}/revoke", one.keys().ring().kid());
    assert_eq!(one.post(&path).bearer(&root.access).send().await.status, 200);
    assert_eq!(one.me(&root.access).await.problem(), (401, "invalid_token".to_owned()));
    other.follow().await;
    assert_eq!(other.me(&root.access).await.problem(), (401, "invalid_token".to_owned()));
    assert!(other.keys().signs_in_vain());
    other.wait(0).await;
    let next = Tokens::of(&other.refresh(&root.refresh).await);
    for app in [&one, &other] {
        assert_eq!(app.me(&next.access).await.status, 200);
        let jwks = app.get("/.well-known/jwks.json").send().await.text();
        assert!(!jwks.contains(path.split('/').nth(4).unwrap()), "{jwks}");
    }
}
