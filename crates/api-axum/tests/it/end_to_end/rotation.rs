//! Keys rotate while tokens are issued and verified, and a stolen one is killed: on two nodes and at a guard.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use api_axum::SystemClock;
use auth_domain::model::{KeyState, Timestamp};
use auth_domain::ports::Clock as _;
use futures_util::future::{join, join_all};
use tokio::time::{Instant, sleep};

use super::client::{Client, Tokens};
use super::home::Home;
use super::world::{World, kid_of};
use super::{on_both_engines, rounds};

const ALICE: &str = "alice@example.com";
/// Devices that refresh at once.
const DEVICES: usize = 16;
/// How long an access token lives: some rotations long.
const TTL: Duration = Duration::from_secs(12);
/// An older token is verified once more when it is this old.
const OLD: Duration = Duration::from_secs(9);
/// And no older than this, since it must not expire on the way.
const TOO_OLD: Duration = Duration::from_secs(11);
/// Longer than anything here takes on a machine that is busy with other tests.
const DEADLINE: Duration = Duration::from_secs(240);
/// The promise is a second; a busy test machine gets a little more before the test calls it broken.
const EVERYWHERE_WITHIN: Duration = Duration::from_secs(3);

/// The shortest schedule for caches of two seconds and as much again for everybody to read the keys.
fn hurried(home: Home) -> Home {
    home.with("JETON_TOKENS__JWKS_MAX_AGE", "2s")
        .with("JETON_TOKENS__KEY_MARGIN", "2s")
        .with("JETON_TOKENS__ROTATE_EVERY", "4s")
        .with("JETON_TOKENS__ACCESS_TTL", &format!("{}s", TTL.as_secs()))
}

/// What came of it all.
#[derive(Default)]
struct Tally {
    issued: usize,
    again: usize,
    /// Answers of nodes that had not been able to read the keys for too long.
    repeated: usize,
    kids: Vec<String>,
    failures: Vec<String>,
}

struct Load<'a> {
    world: &'a World,
    clients: &'a [Client],
    tokens: usize,
    rotations: usize,
    started: Instant,
    tally: Mutex<Tally>,
}

impl Load<'_> {
    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap()
    }

    fn is_done(&self) -> bool {
        let tally = self.tally();
        assert!(self.started.elapsed() < DEADLINE, "{} tokens, {} keys", tally.issued, tally.kids.len());
        !tally.failures.is_empty() || (tally.issued >= self.tokens && tally.kids.len() > self.rotations)
    }

    /// Refreshes on one node, and verifies each token on the next one and at the guard, until there were enough.
    async fn device(&self, number: usize, mut tokens: Tokens) {
        let at = |number: usize| self.clients.get(number % self.clients.len()).unwrap();
        let (here, there) = (at(number), at(number + 1));
        let mut older: VecDeque<(Instant, String)> = VecDeque::new();
        while !self.is_done() {
            let answer = here.refresh(&tokens.refresh, None).await.unwrap();
            if answer.status == 503 {
                self.tally().repeated += 1;
                sleep(Duration::from_millis(50)).await;
                continue;
            }
            tokens = answer.tokens().unwrap_or_else(|| panic!("{answer:?}"));
            let kid = kid_of(&tokens.access);
            {
                let mut tally = self.tally();
                tally.issued += 1;
                if !tally.kids.contains(&kid) {
                    tally.kids.push(kid);
                }
            }
            self.verify(there, "a new token", &tokens.access).await;
            if self.tally().issued.is_multiple_of(8) {
                older.push_back((Instant::now(), tokens.access.clone()));
            }
            if older.front().is_some_and(|(since, _)| since.elapsed() >= OLD) {
                let (since, access) = older.pop_front().unwrap();
                if since.elapsed() < TOO_OLD {
                    self.verify(there, "an older token", &access).await;
                    self.tally().again += 1;
                }
            }
            if self.tally().issued >= self.tokens {
                // Only rotations are missing.
                sleep(Duration::from_millis(100)).await;
            }
        }
    }

    async fn verify(&self, there: &Client, what: &str, access: &str) {
        let (node, guard) = join(there.me(access), self.world.guard_says(access)).await;
        let node = node.unwrap();
        if node.status != 200 {
            self.tally().failures.push(format!("{what} of {} at a node: {node:?}", kid_of(access)));
        }
        if let Err(error) = guard {
            self.tally().failures.push(format!("{what} of {} at the guard: {error}", kid_of(access)));
        }
    }
}

async fn under_load(world: World, tokens: usize, rotations: usize) {
    let clients = world.clients();
    clients[0].register(ALICE).await;
    let mut devices = Vec::new();
    for number in 0..DEVICES {
        devices.push(clients[number % clients.len()].login(ALICE).await);
    }
    let load =
        Load { world: &world, clients: &clients, tokens, rotations, started: Instant::now(), tally: Mutex::default() };
    join_all(devices.into_iter().enumerate().map(|(number, tokens)| load.device(number, tokens))).await;
    let Tally { issued, again, repeated, kids, failures } = &*load.tally();
    let (nodes, keys, took) = (clients.len(), kids.len(), load.started.elapsed());
    println!(
        "{issued} tokens of {keys} keys on {nodes} nodes in {took:.1?}, each verified by a node and a guard, {again} of them once \
         more when they were {OLD:?} old; {repeated} refreshes were repeated; failed verifications: {}",
        failures.len()
    );
    assert!(failures.is_empty(), "{failures:#?}");
    let log = world.nodes[0].log();
    for line in ["a new signing key is published", "a signing key signs from now on", "a signing key is retired"] {
        assert!(log.matches(line).count() >= rotations, "{line}\n{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_rotate_five_times_under_load_on_two_nodes_and_no_verification_fails() {
    let world = World::new(hurried(Home::on_postgres().await), 2).await;
    under_load(world, 5_000, 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_rotate_under_load_on_sqlite_and_no_verification_fails() {
    under_load(World::new(hurried(Home::on_sqlite()), 1).await, 1_000, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retired_key_goes_when_its_last_token_has_expired() {
    let world = World::new(hurried(Home::on_sqlite()), 1).await;
    let client = &world.clients()[0];
    let tokens = client.join(ALICE).await;
    let first = kid_of(&tokens.access);
    let published = async || {
        let jwks = super::client::send(client.request(reqwest::Method::GET, "/.well-known/jwks.json")).await.unwrap();
        jwks.body["keys"].as_array().unwrap().iter().any(|key| key["kid"] == first.as_str())
    };
    let started = Instant::now();
    while published().await {
        assert!(started.elapsed() < DEADLINE, "it stays for ever");
        sleep(Duration::from_millis(200)).await;
    }
    assert!(started.elapsed() > TTL, "it went after {:?}, while a token of it could be alive", started.elapsed());
    assert_eq!(client.me(&tokens.access).await.unwrap().status, 401);
}

on_both_engines!(a_stolen_key_is_killed_and_its_tokens_are_refused_everywhere_within_a_second_while_clients_go_on);

/// SECURITY I3, for keys.
async fn a_stolen_key_is_killed_and_its_tokens_are_refused_everywhere_within_a_second_while_clients_go_on(home: Home) {
    let nodes = if home.database_url().starts_with("sqlite:") { 1 } else { 2 };
    let world = World::new(home, nodes).await;
    let clients = world.clients();
    clients[0].register(ALICE).await;
    let mut devices = Vec::new();
    for number in 0..DEVICES {
        devices.push(clients[number % clients.len()].login(ALICE).await);
    }
    let stolen = kid_of(&devices[0].access);
    for tokens in &devices {
        assert_eq!(kid_of(&tokens.access), stolen);
        assert!(world.guard_says(&tokens.access).await.is_ok());
    }

    let access = &devices[0].access;
    let on_nodes = clients.iter().map(|client| refused(async || client.me(access).await.unwrap().status == 401));
    let on_guard = refused(async || world.guard_says(access).await.is_err());
    let revoke = async {
        sleep(Duration::from_millis(100)).await;
        world.run(&["keys", "revoke", &stolen]).await.success()
    };
    let (said, (on_nodes, on_guard)) = join(revoke, join(join_all(on_nodes), on_guard)).await;
    assert!(said.contains(&format!("The key {stolen} is revoked")), "{said}");
    let database = world.home.database().await;
    let rows = database.stores().keys.list().await.unwrap();
    database.close().await;
    let state = rows.iter().find(|key| key.kid == stolen).unwrap().state;
    let KeyState::Revoked { since, .. } = state else { panic!("{state:?}") };
    let (on_nodes, on_guard) = (on_nodes.iter().map(|at| at.since(since)).collect::<Vec<_>>(), on_guard.since(since));
    println!("a killed key is refused {on_nodes:.1?} after the decision on the nodes, {on_guard:.1?} at the guard");
    let limit = if rounds(0, 1) == 1 { Duration::from_secs(1) } else { EVERYWHERE_WITHIN };
    assert!(on_nodes.iter().chain([&on_guard]).all(|time| *time < limit), "{limit:?} is the promise");
    for tokens in &devices {
        assert_eq!(clients[0].me(&tokens.access).await.unwrap().code(), "invalid_token");
        assert!(world.guard_says(&tokens.access).await.is_err());
    }

    let started = Instant::now();
    for (number, tokens) in devices.iter().enumerate() {
        go_on(&world, &clients, number, tokens, &stolen).await;
    }
    println!("{DEVICES} devices went on in {:.1?}", started.elapsed());
    let again = world.run(&["keys", "revoke", &stolen]).await;
    assert!(again.err.contains("has been revoked, and is never used again"), "{}", again.err);
}

/// Asks until it is so, and tells when that was.
async fn refused(is_refused: impl AsyncFn() -> bool) -> Timestamp {
    let started = Instant::now();
    while !is_refused().await {
        assert!(started.elapsed() < DEADLINE, "it is never refused");
        sleep(Duration::from_millis(1)).await;
    }
    SystemClock.now()
}

/// A device refreshes, as its program does when its token is refused, until it has one that is good everywhere.
async fn go_on(world: &World, clients: &[Client], number: usize, tokens: &Tokens, stolen: &str) {
    let mut refresh = tokens.refresh.clone();
    let started = Instant::now();
    loop {
        let answer = clients[number % clients.len()].refresh(&refresh, None).await.unwrap();
        let tokens = answer.tokens().unwrap_or_else(|| panic!("the session is over: {answer:?}"));
        if kid_of(&tokens.access) != stolen {
            for client in clients {
                assert_eq!(client.me(&tokens.access).await.unwrap().status, 200);
            }
            return world.guard_says(&tokens.access).await.unwrap();
        }
        // A node signs with the killed key until it has read the keys anew.
        assert!(started.elapsed() < EVERYWHERE_WITHIN, "it still signs with the killed key");
        refresh = tokens.refresh;
        sleep(Duration::from_millis(20)).await;
    }
}
