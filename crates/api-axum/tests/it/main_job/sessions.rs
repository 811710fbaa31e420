//! The owner's devices: limits that hold under pressure, and ends that count at once.

use auth_domain::model::OnLimit;
use futures_util::future::join_all;
use serde_json::json;

use super::{Engine, on_every_store, on_store};
use crate::support::{Answer, PASSWORD, TestApp, Tokens};

on_every_store!(
    s9_of_fifty_logins_at_once_exactly_one_session_stays_where_one_is_allowed,
    s9_of_fifty_logins_at_once_exactly_one_succeeds_where_the_rest_is_denied,
    the_limit_is_each_accounts_own,
    s3_ends_count_at_the_next_request,
    a_deleted_account_leaves_nothing_that_works,
    i5_no_refresh_in_flight_outruns_a_logout,
);

async fn fifty_logins(app: &TestApp) -> Vec<Answer> {
    let logins = (0..50).map(|_| {
        let sending = app.post("/v1/login").json(json!({"email": "alice@example.com", "password": PASSWORD}));
        tokio::spawn(sending.send())
    });
    join_all(logins).await.into_iter().map(Result::unwrap).collect()
}

async fn s9_of_fifty_logins_at_once_exactly_one_session_stays_where_one_is_allowed(engine: Engine) {
    let app = engine.setup().with_limit(1, OnLimit::EvictOldest).start();
    app.register("alice@example.com").await;
    let devices: Vec<_> = fifty_logins(&app).await.iter().map(Tokens::of).collect();
    let mut live = Vec::new();
    for device in &devices {
        let me = app.me(&device.access).await;
        if me.status == 200 {
            live.push(device);
        } else {
            assert_eq!(me.problem(), (401, "invalid_token".to_owned()));
            assert_eq!(app.refresh(&device.refresh).await.problem(), (401, "session_evicted".to_owned()));
        }
    }
    assert_eq!(live.len(), 1, "exactly one device is signed in");
    let shown = app.get("/v1/sessions").bearer(&live[0].access).send().await.json();
    let ids: Vec<_> = shown["sessions"].as_array().unwrap().iter().map(|session| session["id"].clone()).collect();
    assert_eq!(ids, [live[0].session.as_str()]);
    assert_eq!(app.refresh(&live[0].refresh).await.status, 200);
}

async fn s9_of_fifty_logins_at_once_exactly_one_succeeds_where_the_rest_is_denied(engine: Engine) {
    let app = engine.setup().with_limit(1, OnLimit::Deny).start();
    app.register("alice@example.com").await;
    let (opened, denied): (Vec<_>, Vec<_>) =
        fifty_logins(&app).await.into_iter().partition(|answer| answer.status == 200);
    assert_eq!(opened.len(), 1);
    for answer in denied {
        assert_eq!(answer.problem(), (409, "session_limit_reached".to_owned()));
    }
    let device = Tokens::of(&opened[0]);
    assert_eq!(app.me(&device.access).await.status, 200);
    assert_eq!(app.post("/v1/logout").bearer(&device.access).send().await.status, 204);
    app.login("alice@example.com").await;
}

async fn the_limit_is_each_accounts_own(engine: Engine) {
    let app = engine.setup().with_limit(2, OnLimit::EvictOldest).start();
    let bob = app.signed_in("bob@example.com").await;
    let first = app.signed_in("alice@example.com").await;
    app.clock.advance(std::time::Duration::from_secs(1));
    let second = app.login("alice@example.com").await;
    app.clock.advance(std::time::Duration::from_secs(1));
    let third = app.login("alice@example.com").await;
    let mut live = Vec::new();
    for device in [&bob, &first, &second, &third] {
        live.push(app.me(&device.access).await.status == 200);
    }
    assert_eq!(live, [true, false, true, true], "the session that was opened first is the one that ends");
}

async fn s3_ends_count_at_the_next_request(engine: Engine) {
    let app = engine.setup().start();
    let first = app.signed_in("alice@example.com").await;
    let [second, third, fourth] = [(), (), ()].map(|()| app.login("alice@example.com"));
    let (second, third, fourth) = (second.await, third.await, fourth.await);

    let by_id = app.delete(&format!("/v1/sessions/{}", second.session)).bearer(&first.access).send().await;
    let by_logout = app.post("/v1/logout").json(json!({"refresh_token": third.refresh})).send().await;
    assert_eq!((by_id.status, by_logout.status), (204, 204));
    let shown = app.get("/v1/sessions").bearer(&first.access).send().await.json();
    assert_eq!(shown["sessions"].as_array().unwrap().len(), 2);
    let others = app.delete("/v1/sessions").bearer(&first.access).send().await;
    assert_eq!(others.status, 204);
    for device in [&second, &third, &fourth] {
        assert_eq!(app.me(&device.access).await.problem(), (401, "invalid_token".to_owned()));
        assert_eq!(app.refresh(&device.refresh).await.problem(), (401, "session_signed_out".to_owned()));
    }
    assert_eq!(app.me(&first.access).await.status, 200);
}

async fn a_deleted_account_leaves_nothing_that_works(engine: Engine) {
    let app = engine.setup().start();
    let device = app.signed_in("alice@example.com").await;
    let body = json!({"current_password": PASSWORD});
    assert_eq!(app.delete("/v1/me").bearer(&device.access).json(body).send().await.status, 204);
    assert_eq!(app.me(&device.access).await.problem(), (401, "invalid_token".to_owned()));
    assert_eq!(app.refresh(&device.refresh).await.problem(), (401, "invalid_grant".to_owned()));
    app.signed_in("alice@example.com").await;
}

async fn i5_no_refresh_in_flight_outruns_a_logout(engine: Engine) {
    let app = engine.setup().start();
    app.register("alice@example.com").await;
    for _ in 0..50 {
        let device = app.login("alice@example.com").await;
        let body = json!({"refresh_token": device.refresh});
        let refresh = tokio::spawn(app.post("/v1/refresh").json(body.clone()).send());
        let logout = tokio::spawn(app.post("/v1/logout").json(body).send());
        let (refresh, logout) = (refresh.await.unwrap(), logout.await.unwrap());
        assert_eq!(logout.status, 204);
        let mut left = vec![device];
        if refresh.status == 200 {
            left.push(Tokens::of(&refresh));
        }
        for tokens in left {
            assert_eq!(app.me(&tokens.access).await.problem(), (401, "invalid_token".to_owned()));
            assert_eq!(app.refresh(&tokens.refresh).await.problem(), (401, "session_signed_out".to_owned()));
        }
    }
}
