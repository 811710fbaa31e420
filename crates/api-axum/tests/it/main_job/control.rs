//! Control like a session: limits by use and by class of device, operators, what resource servers are told.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::time::Duration;

use auth_domain::model::{ApiScope, ClassLimits, OnLimit};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{Engine, on_every_store, on_store};
use crate::support::{PASSWORD, TestApp, Tokens};

on_every_store!(
    s1_the_device_that_was_not_used_for_longest_makes_room,
    s1_at_the_limit_the_owner_chooses_a_device_to_end_and_goes_on,
    s1_each_class_of_devices_has_a_limit_of_its_own,
    s9_sixty_four_logins_at_once_leave_no_more_than_the_limits_where_the_oldest_make_room,
    s9_sixty_four_logins_at_once_leave_no_more_than_the_limits_where_the_least_recent_make_room,
    s9_of_sixty_four_logins_at_once_no_more_succeed_than_the_limits_allow,
    devices_are_named_and_what_happened_is_told,
    s3_s4_operators_find_disable_enable_and_delete_accounts,
    who_follows_the_feed_is_told_everything_once,
    who_waits_for_the_feed_is_woken_by_a_revoke,
    o11_o13_what_is_revoked_is_inactive_at_once,
);

async fn live(app: &TestApp, devices: &[&Tokens]) -> Vec<bool> {
    let mut live = Vec::new();
    for tokens in devices {
        live.push(app.me(&tokens.access).await.status == 200);
    }
    live
}

fn one_second(app: &TestApp) {
    app.clock.advance(Duration::from_secs(1));
}

async fn s1_the_device_that_was_not_used_for_longest_makes_room(engine: Engine) {
    let app = engine.setup().with_limit(2, OnLimit::EvictLeastRecent).start();
    let first = app.signed_in("alice@example.com").await;
    one_second(&app);
    let second = app.login("alice@example.com").await;
    one_second(&app);
    let first = Tokens::of(&app.refresh(&first.refresh).await);
    one_second(&app);
    let third = app.login("alice@example.com").await;
    assert_eq!(live(&app, &[&first, &second, &third]).await, [true, false, true]);
    assert_eq!(app.refresh(&second.refresh).await.problem(), (401, "session_evicted".to_owned()));
}

async fn s1_at_the_limit_the_owner_chooses_a_device_to_end_and_goes_on(engine: Engine) {
    let app = engine.setup().with_limit(2, OnLimit::Deny).start();
    let first = app.signed_in("alice@example.com").await;
    one_second(&app);
    let second = app.login("alice@example.com").await;
    let refused = app.login_with("alice@example.com", json!({"device_name": "Tablet"})).await;
    assert_eq!(refused.problem(), (409, "session_limit_reached".to_owned()));
    let offered = refused.json()["sessions"].as_array().unwrap().clone();
    let ids: Vec<_> = offered.iter().map(|session| session["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [&*second.session, &*first.session], "newest first");

    let chosen = json!({"device_name": "Tablet", "end_session": ids[1]});
    let third = Tokens::of(&app.login_with("alice@example.com", chosen.clone()).await);
    assert_eq!(live(&app, &[&first, &second, &third]).await, [false, true, true]);
    assert_eq!(app.refresh(&first.refresh).await.problem(), (401, "session_evicted".to_owned()));
    let again = app.login_with("alice@example.com", chosen).await;
    assert_eq!(again.problem(), (409, "session_limit_reached".to_owned()), "what has ended makes no room twice");
}

async fn s1_each_class_of_devices_has_a_limit_of_its_own(engine: Engine) {
    let limits = ClassLimits { mobile: NonZeroU32::new(1), ..ClassLimits::default() };
    let app = engine.setup().with_class_limits(limits).start();
    app.register("alice@example.com").await;
    let login = async |class: &str| {
        one_second(&app);
        Tokens::of(&app.login_with("alice@example.com", json!({"device_class": class})).await)
    };
    let (phone, laptop, shell) = (login("mobile").await, login("web").await, login("cli").await);
    assert_eq!(live(&app, &[&phone, &laptop, &shell]).await, [true; 3]);
    let (tablet, desktop) = (login("mobile").await, login("desktop").await);
    let devices = [&phone, &laptop, &shell, &tablet, &desktop];
    assert_eq!(live(&app, &devices).await, [false, true, true, true, true]);
    let shown = app.get("/v1/sessions").bearer(&tablet.access).send().await.json();
    let classes: Vec<_> =
        shown["sessions"].as_array().unwrap().iter().map(|shown| shown["device_class"].clone()).collect();
    assert_eq!(classes, ["desktop", "mobile", "cli", "web"]);
}

async fn s9_sixty_four_logins_at_once_leave_no_more_than_the_limits_where_the_oldest_make_room(engine: Engine) {
    sixty_four_logins(engine, OnLimit::EvictOldest).await;
}

async fn s9_sixty_four_logins_at_once_leave_no_more_than_the_limits_where_the_least_recent_make_room(engine: Engine) {
    sixty_four_logins(engine, OnLimit::EvictLeastRecent).await;
}

async fn s9_of_sixty_four_logins_at_once_no_more_succeed_than_the_limits_allow(engine: Engine) {
    sixty_four_logins(engine, OnLimit::Deny).await;
}

/// Half of them from phones, of which one is allowed; three devices in all.
async fn sixty_four_logins(engine: Engine, on_limit: OnLimit) {
    let limits = ClassLimits { mobile: NonZeroU32::new(1), ..ClassLimits::default() };
    let app = engine.setup().with_limit(3, on_limit).with_class_limits(limits).start();
    app.register("alice@example.com").await;
    let logins = (0..64).map(|n| {
        let class = if n % 2 == 0 { "mobile" } else { "web" };
        let body = json!({"email": "alice@example.com", "password": PASSWORD, "device_class": class});
        tokio::spawn(app.post("/v1/login").json(body).send())
    });
    let answers = join_all(logins).await.into_iter().map(Result::unwrap);
    let (opened, refused): (Vec<_>, Vec<_>) = answers.partition(|answer| answer.status == 200);
    let devices: Vec<_> = opened.iter().map(Tokens::of).collect();
    assert!(refused.iter().all(|answer| answer.problem() == (409, "session_limit_reached".to_owned())));
    assert_eq!(refused.is_empty(), on_limit != OnLimit::Deny);

    let mut works = BTreeSet::new();
    for device in &devices {
        if app.me(&device.access).await.status == 200 {
            works.insert(device.session.clone());
        } else {
            assert_eq!(app.refresh(&device.refresh).await.problem(), (401, "session_evicted".to_owned()));
        }
    }
    let survivor = devices.iter().find(|device| works.contains(&device.session)).unwrap();
    let shown = app.get("/v1/sessions").bearer(&survivor.access).send().await.json();
    let shown = shown["sessions"].as_array().unwrap();
    let ids: BTreeSet<_> = shown.iter().map(|session| session["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(works, ids, "exactly the tokens of the live sessions work");
    assert_eq!(ids.len(), 3);
    assert!(shown.iter().filter(|session| session["device_class"] == "mobile").count() <= 1);
}

async fn devices_are_named_and_what_happened_is_told(engine: Engine) {
    let app = engine.setup().start();
    let here = app.signed_in("alice@example.com").await;
    one_second(&app);
    let there = app.login("alice@example.com").await;
    one_second(&app);
    let path = format!("/v1/sessions/{}", there.session);
    let named = app.patch(&path).bearer(&here.access).json(json!({"device_name": "Télé 📺"})).send().await;
    assert_eq!(named.status, 204);
    let shown = app.get("/v1/sessions").bearer(&here.access).send().await.json();
    assert_eq!(shown["sessions"][0]["device_name"], "Télé 📺");
    assert_eq!(app.delete(&path).bearer(&here.access).send().await.status, 204);
    let page = app.get("/v1/events?limit=2").bearer(&here.access).send().await.json();
    let told: Vec<_> = page["events"].as_array().unwrap().iter().map(|event| event["kind"].clone()).collect();
    assert_eq!(told, ["session_ended", "session_opened"]);
    assert_eq!(page["events"][0]["session_id"], there.session.as_str());
    let rest = format!("/v1/events?before={}", page["next"].as_str().unwrap());
    let rest = app.get(&rest).bearer(&here.access).send().await.json();
    assert_eq!((rest["events"].as_array().unwrap().len(), &rest["next"]), (2, &Value::Null));
}

async fn s3_s4_operators_find_disable_enable_and_delete_accounts(engine: Engine) {
    let app = engine.setup().start();
    let root = app.admin("root@example.com").await;
    let alice = app.signed_in("Alice@example.com").await;
    app.register("alina@example.com").await;
    let found = app.get("/v1/admin/users?email=ali&limit=1").bearer(&root.access).send().await.json();
    assert_eq!([&found["users"][0]["email"], &found["next"]], ["Alice@example.com", "alice@example.com"]);
    let user = format!("/v1/admin/users/{}", found["users"][0]["id"].as_str().unwrap());
    one_second(&app);
    assert_eq!(app.post(&format!("{user}/disable")).bearer(&root.access).send().await.status, 204);
    assert_eq!(live(&app, &[&alice, &root]).await, [false, true]);
    assert_eq!(app.refresh(&alice.refresh).await.problem(), (401, "session_revoked".to_owned()));
    one_second(&app);
    assert_eq!(app.post(&format!("{user}/enable")).bearer(&root.access).send().await.status, 204);
    one_second(&app);
    let again = app.login("alice@example.com").await;
    let roles = app.put(&format!("{user}/roles")).bearer(&root.access).json(json!({"roles": ["support"]})).send().await;
    assert_eq!(roles.json()["roles"], json!(["support"]));
    one_second(&app);
    assert_eq!(app.delete(&user).bearer(&root.access).send().await.status, 204);
    assert_eq!(live(&app, &[&again]).await, [false]);
    let events = app.get(&format!("{user}/events")).bearer(&root.access).send().await.json();
    let kinds: Vec<_> = events["events"].as_array().unwrap().iter().map(|event| event["kind"].clone()).collect();
    let by_himself = ["account_registered", "session_opened"];
    let by_operators: Vec<_> = kinds.into_iter().filter(|kind| !by_himself.contains(&kind.as_str().unwrap())).collect();
    assert_eq!(by_operators, ["account_deleted", "roles_changed", "account_enabled", "account_disabled"]);
}

async fn ask(app: &TestApp, key: &str, query: &str) -> (Vec<String>, String) {
    let answer = app.get(&format!("/v1/revocations{query}")).bearer(key).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body = answer.json();
    let subjects =
        body["entries"].as_array().unwrap().iter().map(|entry| entry["subject"].as_str().unwrap().to_owned());
    (subjects.collect(), body["cursor"].as_str().unwrap().to_owned())
}

async fn who_follows_the_feed_is_told_everything_once(engine: Engine) {
    let app = engine.setup().start();
    let key = app.api_key(&[ApiScope::Revocations]).await;
    let here = app.signed_in("alice@example.com").await;
    app.follow().await;
    let (snapshot, mut cursor) = ask(&app, &key, "").await;
    assert!(snapshot.is_empty());
    let mut expected = BTreeSet::new();
    let mut told = Vec::new();
    for _ in 0..5 {
        let ended = [app.login("alice@example.com").await, app.login("alice@example.com").await];
        assert_eq!(app.delete("/v1/sessions").bearer(&here.access).send().await.status, 204);
        expected.extend(ended.map(|tokens| tokens.session));
        app.follow().await;
        let (subjects, next) = ask(&app, &key, &format!("?after={cursor}")).await;
        told.extend(subjects);
        cursor = next;
    }
    assert_eq!(told.len(), 10, "nothing is told twice");
    assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), expected);
    assert_eq!(ask(&app, &key, "").await.0.into_iter().collect::<BTreeSet<_>>(), expected);
}

async fn who_waits_for_the_feed_is_woken_by_a_revoke(engine: Engine) {
    let app = engine.setup().start();
    let key = app.api_key(&[ApiScope::Revocations]).await;
    let tokens = app.signed_in("alice@example.com").await;
    app.follow().await;
    let (_, cursor) = ask(&app, &key, "").await;
    let waiting = tokio::spawn(app.get(&format!("/v1/revocations?after={cursor}&wait=30")).bearer(&key).send());
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!waiting.is_finished());
    assert_eq!(app.post("/oauth/revoke").form(&[("token", &tokens.refresh)]).send().await.status, 200);
    app.follow().await;
    let answer = tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap().unwrap();
    assert_eq!(answer.json()["entries"][0]["subject"], tokens.session.as_str());
}

async fn o11_o13_what_is_revoked_is_inactive_at_once(engine: Engine) {
    let app = engine.setup().start();
    let key = app.api_key(&[ApiScope::Introspect]).await;
    let tokens = app.signed_in("alice@example.com").await;
    let active = async |token: &str| {
        let answer = app.post("/oauth/introspect").bearer(&key).form(&[("token", token)]).send().await;
        answer.json()["active"].as_bool().unwrap()
    };
    assert!(active(&tokens.access).await && active(&tokens.refresh).await);
    let form = [("grant_type", "refresh_token"), ("refresh_token", &*tokens.refresh)];
    let next = Tokens::of(&app.post("/oauth/token").form(&form).send().await);
    assert!(!active(&tokens.refresh).await, "a used refresh token is not active");
    assert!(active(&next.refresh).await);
    assert_eq!(app.post("/oauth/revoke").form(&[("token", &next.access)]).send().await.status, 200);
    for token in [&tokens.access, &next.access, &next.refresh] {
        assert!(!active(token).await);
    }
}
