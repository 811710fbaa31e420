//! Strangers try an account from everywhere, and its owner signs in all the same. SECURITY P10, S8.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Client, PASSWORD, send};
use super::home::{Home, ISSUER};
use super::on_both_engines;

on_both_engines!(p10_an_attack_from_fifty_networks_makes_strangers_wait_and_not_the_owner);

const ALICE: &str = "alice@example.com";
const HOME: &str = "198.51.100.7";
const NETWORKS: usize = 50;
const GUESSES: usize = 6;

async fn login(client: &Client, from: &str, body: &Value) -> Answer {
    let request = client.request(Method::POST, "/v1/login").header("x-forwarded-for", from);
    send(request.json(body)).await.unwrap()
}

/// By a page, with the cookie of its last login.
async fn login_of_a_page(client: &Client, from: &str, cookie: &str) -> Answer {
    let body = json!({ "email": ALICE, "password": PASSWORD, "transport": "cookie" });
    let request = client.request(Method::POST, "/v1/login").header("x-forwarded-for", from);
    send(request.header("origin", ISSUER).header("cookie", cookie).json(&body)).await.unwrap()
}

/// The device cookie that an answer sets.
fn device_cookie(answer: &Answer) -> String {
    let cookies = answer.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
    let device = cookies.filter(|cookie| cookie.starts_with("__Host-jeton_device=")).collect::<Vec<_>>();
    device[0].split(';').next().unwrap().to_owned()
}

/// The token with another letter in its middle. The last one stands for two bits only, and may be the same by chance.
fn forged(token: &str) -> String {
    let mut letters = token.as_bytes().to_vec();
    letters[20] = if letters[20] == b'A' { b'B' } else { b'A' };
    String::from_utf8(letters).unwrap()
}

/// Half of them are IPv4 addresses, half IPv6 networks, each with another address at each guess.
fn network(n: usize, guess: usize) -> String {
    if n.is_multiple_of(2) { format!("203.0.113.{n}") } else { format!("2001:db8:{n:x}:0:{guess:x}::1") }
}

async fn attack(client: &Client) -> Vec<Answer> {
    let body = json!({ "email": ALICE, "password": "wrong horse battery staple" });
    let each = (0..NETWORKS).map(|n| {
        let body = &body;
        async move {
            let mut answers = Vec::new();
            for guess in 0..GUESSES {
                answers.push(login(client, &network(n, guess), body).await);
            }
            answers
        }
    });
    join_all(each).await.into_iter().flatten().collect()
}

async fn p10_an_attack_from_fifty_networks_makes_strangers_wait_and_not_the_owner(home: Home) {
    let home = home.with("JETON_HTTP__TRUSTED_PROXIES", "127.0.0.1");
    let server = home.serve();
    let client = server.client();
    assert_eq!(client.register(ALICE).await.status, 201);
    let right = json!({ "email": ALICE, "password": PASSWORD });
    let known = login(&client, HOME, &right).await.body["device_token"].as_str().unwrap().to_owned();
    let cookie = device_cookie(&login_of_a_page(&client, HOME, "none=0").await);
    let by_token = json!({ "email": ALICE, "password": PASSWORD, "device_token": known });

    let answers = attack(&client).await;
    let looked_at = answers.iter().filter(|answer| answer.status == 401).count();
    let told_to_wait = answers.iter().filter(|answer| answer.code() == "too_many_attempts").count();
    println!("{} guesses from {NETWORKS} networks: {looked_at} were looked at", answers.len());
    assert_eq!(looked_at + told_to_wait, NETWORKS * GUESSES);
    // Five are free, and a few more fall due while the attack lasts.
    assert!((5..20).contains(&looked_at), "{looked_at}");

    let attackers = attack(&client);
    let owner = async {
        for _ in 0..5 {
            let started = Instant::now();
            assert_eq!(login(&client, HOME, &by_token).await.status, 200, "by the token, during the attack");
            assert_eq!(login_of_a_page(&client, HOME, &cookie).await.status, 200, "by the cookie, during the attack");
            println!("the owner signed in twice in {:?}", started.elapsed());
            assert!(started.elapsed() < Duration::from_secs(10), "at once");
        }
    };
    tokio::join!(attackers, owner);
    let abroad = login(&client, &network(0, 0), &by_token).await;
    assert_eq!(abroad.status, 200, "his device is known wherever it is, even in an attacker's network");

    for (who, body) in [
        ("a stranger with the right password", right.clone()),
        (
            "a stranger with a device of his own making",
            json!({ "email": ALICE, "password": PASSWORD, "device_token": forged(&known) }),
        ),
    ] {
        // His success just now gave the account its budget back only as far as his own device goes.
        let answer = login(&client, "192.0.2.200", &body).await;
        assert_eq!((answer.status, answer.code()), (429, "too_many_attempts"), "{who}");
        let wait: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=900).contains(&wait), "{who}: {wait}");
    }
    let bob = "bob@example.com";
    assert_eq!(client.register(bob).await.status, 201);
    assert_eq!(client.try_login(bob).await.unwrap().status, 200, "nobody else waits");
}
