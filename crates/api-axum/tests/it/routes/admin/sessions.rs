//! `/v1/admin/users/{id}/sessions` and the events.

use std::time::Duration;

use super::users::id;
use crate::support::Setup;

#[tokio::test]
async fn s4_an_operator_sees_an_accounts_devices_and_ends_one_or_all() {
    let app = Setup::memory().start();
    let root = app.admin("root@example.com").await;
    let alice = id(&app, "alice@example.com").await;
    let (phone, laptop) = (app.login("alice@example.com").await, app.login("alice@example.com").await);
    let path = format!("/v1/admin/users/{alice}/sessions");
    let listed = app.get(&path).bearer(&root.access).send().await.json();
    let sessions = listed["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    assert!(sessions.iter().all(|session| session.get("current").is_none()), "none of them is the operator's");

    let one = app.delete(&format!("{path}/{}", phone.session)).bearer(&root.access).send().await;
    assert_eq!((one.status, one.text().as_str()), (204, ""));
    assert_eq!([app.me(&phone.access).await.status, app.me(&laptop.access).await.status], [401, 200]);
    for _ in 0..2 {
        assert_eq!(app.delete(&path).bearer(&root.access).send().await.status, 204);
    }
    assert_eq!(app.me(&laptop.access).await.status, 401);
    assert_eq!(app.me(&root.access).await.status, 200);
}

#[tokio::test]
async fn a_session_must_be_one_of_that_account() {
    let app = Setup::memory().start();
    let root = app.admin("root@example.com").await;
    let alice = id(&app, "alice@example.com").await;
    let bob = app.signed_in("bob@example.com").await;
    let path = format!("/v1/admin/users/{alice}/sessions");
    for session in [bob.session.as_str(), "x", "00000000-0000-0000-0000-000000000000"] {
        let answer = app.delete(&format!("{path}/{session}")).bearer(&root.access).send().await;
        assert_eq!(answer.problem(), (404, "session_not_found".to_owned()), "{session}");
    }
    assert_eq!(app.me(&bob.access).await.status, 200);
}

#[tokio::test]
async fn an_account_that_does_not_exist_is_not_found() {
    let app = Setup::memory().start();
    let root = app.admin("root@example.com").await;
    for id in ["x", "00000000-0000-0000-0000-000000000000", "%ff"] {
        let user = format!("/v1/admin/users/{id}");
        let answers = [
            app.get(&user).bearer(&root.access).send().await,
            app.delete(&user).bearer(&root.access).send().await,
            app.post(&format!("{user}/disable")).bearer(&root.access).send().await,
            app.post(&format!("{user}/enable")).bearer(&root.access).send().await,
            app.get(&format!("{user}/sessions")).bearer(&root.access).send().await,
            app.delete(&format!("{user}/sessions")).bearer(&root.access).send().await,
            app.delete(&format!("{user}/sessions/{}", root.session)).bearer(&root.access).send().await,
        ];
        for answer in answers {
            assert_eq!(answer.problem(), (404, "account_not_found".to_owned()), "{id}");
        }
    }
    assert_eq!(app.me(&root.access).await.status, 200);
}

#[tokio::test]
async fn an_operator_reads_the_events_of_one_account_and_of_all() {
    let app = Setup::memory().start();
    let root = app.admin("root@example.com").await;
    app.clock.advance(Duration::from_secs(1));
    let alice = id(&app, "alice@example.com").await;
    app.clock.advance(Duration::from_secs(1));
    app.login("alice@example.com").await;
    app.clock.advance(Duration::from_secs(1));
    let disable = app.post(&format!("/v1/admin/users/{alice}/disable")).from("198.51.100.1:1".parse().unwrap());
    assert_eq!(disable.bearer(&root.access).send().await.status, 204);
    let read = async |path: &str| app.get(path).bearer(&root.access).send().await.json();
    let own = read(&format!("/v1/admin/users/{alice}/events")).await;
    let kinds: Vec<_> = own["events"].as_array().unwrap().iter().map(|event| event["kind"].clone()).collect();
    assert_eq!(kinds, ["account_disabled", "session_opened", "account_registered"]);
    assert_eq!([&own["events"][0]["user_id"], &own["events"][0]["ip"]], [alice.as_str(), "198.51.100.1"]);
    let all = read("/v1/admin/events?limit=3").await;
    assert_eq!(all["events"], own["events"]);
    let rest = read(&format!("/v1/admin/events?before={}", all["next"].as_str().unwrap())).await;
    assert_eq!(rest["events"].as_array().unwrap().len(), 2, "the operator's own account and login");
}
