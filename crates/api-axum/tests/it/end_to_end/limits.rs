//! Many logins at once never leave an account with more devices than it may have.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Client, PASSWORD, Tokens, send};
use super::home::Home;
use super::on_both_engines;

on_both_engines!(
    sixty_four_logins_at_once_never_leave_more_than_the_limit,
    the_oldest_or_the_least_recent_makes_room,
    a_login_that_was_refused_names_the_devices_and_goes_on_when_its_owner_chooses_one,
);

const LOGINS: usize = 64;
const EMAIL: &str = "alice@example.com";

/// What one class of devices may have, and what the account may have.
struct Limit {
    settings: &'static [(&'static str, &'static str)],
    /// The classes that the logins come from, in turns.
    classes: &'static [&'static str],
    /// How many sessions of each class are left, in the order of `classes`; all together where only the account is limited.
    left: &'static [usize],
}

const LIMITS: [Limit; 3] = [
    Limit { settings: &[("JETON_SESSIONS__MAX_PER_ACCOUNT", "1")], classes: &["web"], left: &[1] },
    Limit { settings: &[("JETON_SESSIONS__MAX_PER_ACCOUNT", "3")], classes: &["cli"], left: &[3] },
    Limit {
        settings: &[("JETON_SESSIONS__PER_CLASS__MOBILE", "1"), ("JETON_SESSIONS__PER_CLASS__DESKTOP", "3")],
        classes: &["mobile", "desktop"],
        left: &[1, 3],
    },
];

async fn sixty_four_logins_at_once_never_leave_more_than_the_limit(home: Home) {
    // So many strangers at once would have to wait for each other.
    let home = home.with("JETON_THROTTLE__ACCOUNT_FREE", "1000").with("JETON_THROTTLE__NETWORK_FREE", "1000");
    for policy in ["evict_oldest", "evict_least_recent", "deny"] {
        for (number, limit) in LIMITS.iter().enumerate() {
            let settings = [limit.settings, &[("JETON_SESSIONS__ON_LIMIT", policy)]].concat();
            let server = home.serve_with(&settings);
            storm(&server.client(), &format!("{policy}{number}@example.com"), policy, limit).await;
            server.stop();
        }
    }
}

/// Signs in from all devices at once, and looks at what is left.
async fn storm(client: &Client, email: &str, policy: &str, limit: &Limit) {
    let case = format!("{email}, {:?}", limit.settings);
    assert_eq!(client.register(email).await.status, 201);
    let logins: Vec<_> = (0..LOGINS)
        .map(|login| {
            let (client, email) = (client.clone(), email.to_owned());
            let class = limit.classes[login % limit.classes.len()];
            tokio::spawn(async move { sign_in(&client, &email, class, None).await })
        })
        .collect();
    let mut opened = Vec::new();
    let mut refused = 0;
    for login in logins {
        let answer = login.await.unwrap();
        if let Some(tokens) = answer.tokens() {
            opened.push(tokens);
        } else {
            assert_eq!((answer.status, answer.code()), (409, "session_limit_reached"), "{case}");
            refused += 1;
        }
    }
    let wanted: usize = limit.left.iter().sum();
    assert_eq!(opened.len(), if policy == "deny" { wanted } else { LOGINS }, "{case}");
    assert_eq!(opened.len() + refused, LOGINS);

    let mut alive = Vec::new();
    for tokens in &opened {
        let answer = client.me(&tokens.access).await.unwrap();
        if answer.status == 200 {
            alive.push(tokens);
        } else {
            assert_eq!(answer.code(), "invalid_token", "{case}: a session that made room");
        }
    }
    assert_eq!(alive.len(), wanted, "{case}: live access tokens");
    // The list, the access tokens and the refresh tokens agree on which sessions are left.
    let listed = list(client, alive[0]).await;
    for (class, left) in limit.classes.iter().zip(limit.left) {
        assert_eq!(listed.iter().filter(|(_, found)| found == class).count(), *left, "{case}: {class}");
    }
    let living: BTreeSet<_> = alive.iter().map(|tokens| tokens.session.clone()).collect();
    assert_eq!(listed.iter().map(|(id, _)| id.clone()).collect::<BTreeSet<_>>(), living, "{case}");
    for tokens in &opened {
        let answer = client.refresh(&tokens.refresh, None).await.unwrap();
        let expected = if living.contains(&tokens.session) { (200, "") } else { (401, "session_evicted") };
        assert_eq!((answer.status, answer.code()), expected, "{case}");
    }
}

async fn the_oldest_or_the_least_recent_makes_room(home: Home) {
    for (policy, evicted) in [("evict_oldest", 0), ("evict_least_recent", 1)] {
        let server = home.serve_with(&[("JETON_SESSIONS__MAX_PER_ACCOUNT", "3"), ("JETON_SESSIONS__ON_LIMIT", policy)]);
        let client = server.client();
        let email = format!("{policy}@example.com");
        let mut devices = vec![client.join(&email).await];
        for _ in 0..2 {
            devices.push(client.login(&email).await);
        }
        // The oldest is in use, so that the next one was not used for longest.
        devices[0] = client.refresh(&devices[0].refresh, None).await.unwrap().tokens().unwrap();
        devices.push(client.login(&email).await);
        for (number, device) in devices.iter().enumerate() {
            let status = client.me(&device.access).await.unwrap().status;
            assert_eq!(status, if number == evicted { 401 } else { 200 }, "{policy}: device {number}");
        }
        server.stop();
    }
}

async fn a_login_that_was_refused_names_the_devices_and_goes_on_when_its_owner_chooses_one(home: Home) {
    let server = home.serve_with(&[("JETON_SESSIONS__MAX_PER_ACCOUNT", "2"), ("JETON_SESSIONS__ON_LIMIT", "deny")]);
    let client = server.client();
    let (first, second) = (client.join(EMAIL).await, client.login(EMAIL).await);
    let refused = sign_in(&client, EMAIL, "web", None).await;
    assert_eq!((refused.status, refused.code()), (409, "session_limit_reached"));
    let named: BTreeSet<_> =
        refused.body["sessions"].as_array().unwrap().iter().map(|device| text(device, "id")).collect();
    assert_eq!(named, BTreeSet::from([first.session.clone(), second.session.clone()]));

    let opened = sign_in(&client, EMAIL, "web", Some(&first.session)).await;
    assert_eq!(opened.status, 200, "{opened:?}");
    assert_eq!(client.me(&first.access).await.unwrap().code(), "invalid_token");
    assert_eq!(client.me(&second.access).await.unwrap().status, 200);
}

async fn sign_in(client: &Client, email: &str, class: &str, end: Option<&str>) -> Answer {
    let mut body = json!({ "email": email, "password": PASSWORD, "device_class": class });
    if let Some(session) = end {
        body["end_session"] = session.into();
    }
    send(client.request(Method::POST, "/v1/login").json(&body)).await.unwrap()
}

/// The live sessions and their classes.
async fn list(client: &Client, tokens: &Tokens) -> Vec<(String, String)> {
    let answer = client.get("/v1/sessions", &tokens.access).await;
    let sessions = answer.body["sessions"].as_array().unwrap();
    sessions.iter().map(|session| (text(session, "id"), text(session, "device_class"))).collect()
}

fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap().to_owned()
}
