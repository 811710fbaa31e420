//! `DELETE /v1/sessions`.

use crate::support::{Setup, TestApp, Tokens};

async fn live(app: &TestApp, devices: &[&Tokens]) -> Vec<bool> {
    let mut live = Vec::new();
    for tokens in devices {
        live.push(app.me(&tokens.access).await.status == 200);
    }
    live
}

async fn three_devices(app: &TestApp) -> [Tokens; 3] {
    let first = app.signed_in("alice@example.com").await;
    [first, app.login("alice@example.com").await, app.login("alice@example.com").await]
}

#[tokio::test]
async fn s4_all_others_end_and_the_device_that_asks_stays() {
    let app = Setup::memory().start();
    let [a, b, c] = three_devices(&app).await;
    let bob = app.signed_in("bob@example.com").await;
    assert_eq!(app.delete("/v1/sessions").bearer(&b.access).send().await.status, 204);
    assert_eq!(live(&app, &[&a, &b, &c, &bob]).await, [false, true, false, true]);
    let refreshes = [app.refresh(&a.refresh).await.status, app.refresh(&b.refresh).await.status];
    assert_eq!(refreshes, [401, 200]);
}

#[tokio::test]
async fn keep_current_is_what_happens_without_it() {
    let app = Setup::memory().start();
    let [a, b, c] = three_devices(&app).await;
    assert_eq!(app.delete("/v1/sessions?keep=current").bearer(&c.access).send().await.status, 204);
    assert_eq!(live(&app, &[&a, &b, &c]).await, [false, false, true]);
}

#[tokio::test]
async fn s4_keep_none_ends_every_device() {
    let app = Setup::memory().start();
    let [a, b, c] = three_devices(&app).await;
    assert_eq!(app.delete("/v1/sessions?keep=none").bearer(&a.access).send().await.status, 204);
    assert_eq!(live(&app, &[&a, &b, &c]).await, [false, false, false]);
}

#[tokio::test]
async fn an_unknown_query_ends_nothing() {
    let app = Setup::memory().start();
    let [a, b, c] = three_devices(&app).await;
    for query in ["keep=all", "keep=", "keep", "Keep=none", "keep=none&keep=current", "keep=none&x=1", "keep=%ff"] {
        let answer = app.delete(&format!("/v1/sessions?{query}")).bearer(&a.access).send().await;
        assert_eq!(answer.problem(), (400, "invalid_query".to_owned()), "{query}");
    }
    assert_eq!(live(&app, &[&a, &b, &c]).await, [true, true, true]);
}
