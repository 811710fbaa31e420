//! The server's clock steps by an hour and by a day, both ways, as it does when a machine is put right.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use auth_domain::model::SessionId;

use super::client::{Answer, Client, Tokens};
use super::home::{Home, row};
use super::report::Report;
use super::shim::{PRELOAD, compiled};
use super::{engine, on_both_engines};

on_both_engines!(a_step_of_the_clock_logs_nobody_out_and_lets_nobody_in);

const KEY: &str = "0123456789abcdef";
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// The clock that all processes of a home see.
struct Clock(fs::File);

impl Clock {
    /// A file of one width, which is mapped into the servers and so is never replaced.
    fn new(path: &PathBuf) -> Self {
        fs::write(path, format!("{:<32}", 0)).unwrap();
        Self(fs::OpenOptions::new().write(true).open(path).unwrap())
    }

    /// Sets it this many seconds off the truth.
    fn set(&self, off: i64) {
        self.0.write_all_at(format!("{off:<32}").as_bytes(), 0).unwrap();
    }
}

/// Refreshes until the answer is not 503: after a step the server reads its keys anew first. Answers how long that took.
async fn refresh(client: &Client, token: &str, key: Option<&str>) -> (Answer, Duration) {
    let begun = Instant::now();
    loop {
        let answer = client.refresh(token, key).await.unwrap();
        if answer.status != 503 {
            return (answer, begun.elapsed());
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{answer:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn a_step_of_the_clock_logs_nobody_out_and_lets_nobody_in(home: Home) {
    let file = home.folder().join("clock");
    let clock = Clock::new(&file);
    let shim = compiled("clock/shim.c", home.folder());
    let home = home
        .with(PRELOAD, shim.to_str().unwrap())
        .with("SHIM_CLOCK", file.to_str().unwrap())
        .with("JETON_THROTTLE__ENABLED", "false");
    let server = home.serve();
    let client = server.client();
    let api_key = home.run(&["apikeys", "create", "--name", "notes", "--scope", "revocations"]).success();
    let database = home.database().await;
    let mut longest = Duration::ZERO;
    let (mut refreshes, mut keyless) = (0, 0);
    let mut honest = client.join("honest@example.com").await;

    // Each step is taken from the right time and then back, so that both ways are seen from either side.
    for step in [HOUR, -HOUR, DAY, -DAY] {
        let email = format!("step{step}@example.com");
        let (gone, lost, keyed) = (client.join(&email).await, client.login(&email).await, client.login(&email).await);
        assert_eq!(client.logout(&gone.access).await.unwrap().status, 204);
        // Two answers that get lost before the step: one request with a key, one without.
        let of_lost = client.refresh(&lost.refresh, None).await.unwrap().tokens().unwrap();
        let of_keyed = client.refresh(&keyed.refresh, Some(KEY)).await.unwrap().tokens().unwrap();
        let before = honest.clone();
        for off in [step, 0] {
            clock.set(off);
            let (answer, took) = refresh(&client, &honest.refresh, None).await;
            honest = answer.tokens().unwrap_or_else(|| panic!("off by {off}: logged out: {answer:?}"));
            (longest, refreshes) = (longest.max(took), refreshes + 1);
            assert_eq!(client.me(&honest.access).await.unwrap().status, 200, "off by {off}: a fresh token");
            stays_out(&client, &gone, off).await;
            if off == step && step > 0 {
                assert_eq!(client.me(&before.access).await.unwrap().status, 401, "{step}: an expired token");
            }
            if off == step {
                // The key decides, whatever the time. Without one the window does, and a step forward has closed it.
                let (again, _) = refresh(&client, &keyed.refresh, Some(KEY)).await;
                assert_eq!(again.tokens().unwrap().refresh, of_keyed.refresh, "{step}");
                let (again, _) = refresh(&client, &lost.refresh, None).await;
                let session: SessionId = lost.session.parse().unwrap();
                if step > 0 {
                    assert_eq!(again.status, 401, "{step}: {again:?}");
                    assert_eq!(row(&database, session).await, Some((1, true)), "{step}");
                    keyless += 1;
                } else {
                    assert_eq!(again.tokens().unwrap().refresh, of_lost.refresh, "{step}");
                }
            }
            feed_goes_on(&client, &email, api_key.trim()).await;
        }
    }
    database.close().await;
    assert_eq!(client.status("/readyz").await, 200);
    let log = server.stop();
    assert!(!log.contains("panicked"), "{log}");
    Report::of("clock", engine(&home))
        .figure("steps", 8)
        .figure("honest refreshes, all answered", refreshes)
        .figure("longest time until a refresh passed after a step, in ms", longest.as_millis())
        .figure(
            "sessions that ended because an answer was lost, the clock went forward, and the client uses no key",
            keyless,
        )
        .write();
}

/// Who was signed out stays so.
async fn stays_out(client: &Client, gone: &Tokens, off: i64) {
    let (answer, _) = refresh(client, &gone.refresh, None).await;
    assert_eq!(answer.status, 401, "off by {off}");
    assert_eq!(client.me(&gone.access).await.unwrap().status, 401, "off by {off}");
}

/// What ends now is in the feed soon.
async fn feed_goes_on(client: &Client, email: &str, api_key: &str) {
    let tokens = client.login(email).await;
    let cursor = client.get("/v1/revocations", api_key).await.body["cursor"].as_str().unwrap().to_owned();
    assert_eq!(client.logout(&tokens.access).await.unwrap().status, 204);
    let news = client.get(&format!("/v1/revocations?wait=10&after={cursor}"), api_key).await;
    let entries = news.body["entries"].as_array().unwrap();
    assert!(entries.iter().any(|entry| entry["subject"] == tokens.session.as_str()), "{news:?}");
}
