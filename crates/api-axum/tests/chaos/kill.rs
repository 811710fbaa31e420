//! Random kill -9 while many clients refresh, use, sign out and replay, and a journal of all that they saw.

use std::collections::BTreeSet;
use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{RwLock, watch};

use super::client::{Answer, Client, Tokens};
use super::dice::Dice;
use super::home::{Home, row};
use super::journal::{Line, Outcome, Session, What, check};
use super::report::Report;
use super::{engine, on_both_engines, rounds};

on_both_engines!(i1_to_i5_i10_i12_hold_through_random_kills);

const CLIENTS: usize = 16;
/// The longest that a server lives in one round.
const ROUND: Duration = Duration::from_secs(5);

/// SECURITY I1 to I5, I8, I10 and I12, checked from the history.
async fn i1_to_i5_i10_i12_hold_through_random_kills(home: Home) {
    let seed = std::env::var("JETON_SOAK_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_260_731);
    let (engine, kills) = (engine(&home), rounds(15, 150));
    let journal = soak(home, seed, kills, |_, _| {}).await;
    let violations = check(&journal);
    assert!(violations.is_empty(), "seed {seed}: {violations:#?}");
    let count = |wanted: fn(&Line) -> bool| journal.iter().filter(|line| wanted(line)).count();
    let moved = count(|line| matches!(line, Line::Answered { outcome: Outcome::Successor { .. }, .. }));
    let lost = count(|line| matches!(line, Line::Answered { outcome: Outcome::Unknown, .. }));
    let refused = count(|line| matches!(line, Line::Answered { outcome: Outcome::Refused, .. }));
    // A run in which nothing was lost or refused proves nothing.
    assert!(moved > 100 && lost > 5 && refused > 5, "{moved} {lost} {refused}");
    Report::of("kill", engine)
        .figure("kill -9", kills)
        .figure("refreshes that were answered", moved)
        .figure("answers that were lost", lost)
        .figure("requests that were refused", refused)
        .figure("violations of an invariant", violations.len())
        .write();
}

/// The test of the test: the same clients find out a server that loses commits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_goes_back_to_an_older_database_is_found() {
    let journal = soak(Home::on_sqlite(), 1, 4, |home, round| {
        let (data, copy) = (home.data(), home.folder().join("copy"));
        let (from, to) = if round == 0 { (&data, &copy) } else { (&copy, &data) };
        let of_database = |folder: &Path| {
            let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
            files.filter(|file| file.file_name().unwrap().to_string_lossy().starts_with("jeton.db")).collect::<Vec<_>>()
        };
        fs::create_dir_all(to).unwrap();
        for file in of_database(to) {
            fs::remove_file(file).unwrap();
        }
        for file in of_database(from) {
            fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
        }
    })
    .await;
    let broken: BTreeSet<_> = check(&journal).into_iter().map(|violation| violation.invariant).collect();
    assert!(broken.contains("I4"), "{broken:?}");
}

/// Lets the clients work while the server is killed again and again. `meddle` is called after each kill.
async fn soak(home: Home, seed: u64, rounds: usize, meddle: impl Fn(&Home, usize)) -> Vec<Line> {
    // A retry without a key may come as late as a server takes to start again, and nothing may be refused for its age.
    let home = home.with("JETON_REFRESH__RETRY_WINDOW", "5m").with("JETON_TOKENS__ACCESS_TTL", "1d");
    let home = home.with("JETON_LOG__LEVEL", "warn");
    let run = Run::new();
    let mut dice = Dice::new(seed);
    let mut server = home.serve();
    for client in 0..CLIENTS {
        server.client().register(&email(client)).await;
    }
    run.open(&server.url);
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| tokio::spawn(Actor::new(client, seed + 1 + client as u64, Arc::clone(&run)).act()))
        .collect();

    for round in 0..rounds {
        run.wait_for(20 + dice.below(150)).await;
        server.kill();
        run.close();
        // Nobody is in the middle of anything from here on until the gate is open again.
        let quiet = run.gate.write().await;
        meddle(&home, round);
        let database = home.database().await;
        for (number, session) in run.current() {
            let found = row(&database, session.parse().unwrap()).await;
            // A row that is gone is as good as one that never moved.
            let (generation, ended) = found.unwrap_or_default();
            run.write(Line::Row { session: number, generation, ended });
        }
        database.close().await;
        server = home.serve();
        drop(quiet);
        run.open(&server.url);
    }
    run.end();
    for client in clients {
        client.await.unwrap();
    }
    server.stop();
    std::mem::take(&mut *run.journal.lock().unwrap())
}

fn email(client: usize) -> String {
    format!("client{client}@example.com")
}

/// What all clients share.
struct Run {
    journal: Mutex<Vec<Line>>,
    numbers: AtomicU64,
    /// Held for reading while a client does something.
    gate: RwLock<()>,
    address: watch::Sender<Address>,
    /// The last session of each client: its number and its identifier.
    sessions: Mutex<Vec<Option<(Session, String)>>>,
}

#[derive(Clone)]
enum Address {
    None,
    At(String),
    End,
}

impl Run {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            journal: Mutex::default(),
            numbers: AtomicU64::new(1),
            gate: RwLock::default(),
            address: watch::Sender::new(Address::None),
            sessions: Mutex::new(vec![None; CLIENTS]),
        })
    }

    fn open(&self, url: &str) {
        self.address.send_replace(Address::At(url.to_owned()));
    }

    fn close(&self) {
        self.address.send_replace(Address::None);
    }

    fn end(&self) {
        self.address.send_replace(Address::End);
    }

    /// Waits until the journal has so many lines more, or too long.
    async fn wait_for(&self, lines: u64) {
        let length = || self.journal.lock().unwrap().len() as u64;
        let enough = length() + lines;
        let grown = async {
            while length() < enough {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        // A round in which little happened is a round all the same.
        let _ = tokio::time::timeout(ROUND, grown).await;
    }

    fn write(&self, line: Line) {
        self.journal.lock().unwrap().push(line);
    }

    fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    fn current(&self) -> Vec<(Session, String)> {
        self.sessions.lock().unwrap().iter().flatten().cloned().collect()
    }

    /// Sends a request between two lines of the journal.
    async fn record(
        &self,
        session: Session,
        what: What,
        request: impl Future<Output = Option<Answer>>,
    ) -> (Outcome, Option<Tokens>) {
        let call = self.number();
        self.write(Line::Sent { call, session, what });
        let answer = request.await;
        let tokens = answer.as_ref().and_then(Answer::tokens);
        let outcome = match (&answer, &tokens) {
            (_, Some(tokens)) => {
                Outcome::Successor { generation: generation(&tokens.refresh), token: short(&tokens.refresh) }
            }
            (Some(answer), _) if answer.status < 300 => Outcome::Done,
            (Some(answer), _) if answer.status < 500 => Outcome::Refused,
            _ => Outcome::Unknown,
        };
        self.write(Line::Answered { call, outcome });
        (outcome, tokens)
    }
}

/// One client: a person with one device, who also meets a thief now and then.
struct Actor {
    client: usize,
    url: String,
    http: Client,
    dice: Dice,
    run: Arc<Run>,
    device: Option<Device>,
}

/// A signed-in device.
struct Device {
    session: Session,
    tokens: Tokens,
    /// The key that goes with the current token, for clients that use keys.
    key: Option<String>,
    /// Every refresh token that it had before.
    old: Vec<String>,
}

impl Actor {
    fn new(client: usize, seed: u64, run: Arc<Run>) -> Self {
        Self { client, url: String::new(), http: Client::new(""), dice: Dice::new(seed), run, device: None }
    }

    async fn act(mut self) {
        let run = Arc::clone(&self.run);
        let mut address = run.address.subscribe();
        loop {
            let now = address.borrow_and_update().clone();
            match now {
                Address::End => return,
                Address::None => address.changed().await.unwrap(),
                Address::At(url) => {
                    let _busy = run.gate.read().await;
                    self.turn_to(url);
                    self.step().await;
                }
            }
        }
    }

    fn turn_to(&mut self, url: String) {
        if self.url != url {
            self.http = Client::new(&url);
            self.url = url;
        }
    }

    async fn step(&mut self) {
        let Some(mut device) = self.device.take() else { return self.sign_in().await };
        let stays = match self.dice.below(100) {
            0..70 => self.refresh(&mut device).await,
            70..88 => {
                let request = self.http.me(&device.tokens.access);
                self.run.record(device.session, What::Use, request).await;
                true
            }
            88..94 => self.sign_out(&device).await,
            _ => self.be_robbed(&device).await,
        };
        self.device = stays.then_some(device);
    }

    async fn sign_in(&mut self) {
        let answer = self.http.try_login(&email(self.client)).await;
        let Some(tokens) = answer.as_ref().and_then(Answer::tokens) else { return };
        let session = self.run.number();
        self.run.write(Line::Opened { session, token: short(&tokens.refresh) });
        self.run.sessions.lock().unwrap()[self.client] = Some((session, tokens.session.clone()));
        let key = fresh_key(&mut self.dice);
        self.device = Some(Device { session, tokens, key, old: Vec::new() });
    }

    /// Refreshes, now and then from two tabs at once. Answers whether the session lives.
    async fn refresh(&mut self, device: &mut Device) -> bool {
        let ask = || {
            let request = self.http.refresh(&device.tokens.refresh, device.key.as_deref());
            self.run.record(device.session, presented(&device.tokens.refresh, device.key.as_deref()), request)
        };
        let (one, other) = if self.dice.below(5) == 0 {
            let (one, other) = tokio::join!(ask(), ask());
            (one, Some(other))
        } else {
            (ask().await, None)
        };
        let answers = || std::iter::once(&one).chain(&other);
        if let Some(tokens) = answers().find_map(|(_, tokens)| tokens.clone()) {
            device.old.push(std::mem::replace(&mut device.tokens, tokens).refresh);
            device.key = fresh_key(&mut self.dice);
            return true;
        }
        answers().all(|(outcome, _)| *outcome == Outcome::Unknown)
    }

    /// Signs out; once that is acknowledged, tries what is left in hand. An answer that is lost leaves the device in doubt.
    async fn sign_out(&mut self, device: &Device) -> bool {
        let request = self.http.logout(&device.tokens.access);
        let (outcome, _) = self.run.record(device.session, What::End, request).await;
        if outcome != Outcome::Done {
            return outcome == Outcome::Unknown;
        }
        self.try_all(device).await;
        false
    }

    /// A thief presents an old token of the device, if there is one that is older than the last.
    async fn be_robbed(&mut self, device: &Device) -> bool {
        let Some(oldest) = device.old.first().filter(|_| device.old.len() >= 2) else { return true };
        let request = self.http.refresh(oldest, None);
        let (outcome, _) = self.run.record(device.session, presented(oldest, None), request).await;
        if outcome == Outcome::Unknown {
            return true;
        }
        self.try_all(device).await;
        false
    }

    /// Presents everything that the device holds.
    async fn try_all(&mut self, device: &Device) {
        let key = device.key.as_deref();
        let request = self.http.refresh(&device.tokens.refresh, key);
        self.run.record(device.session, presented(&device.tokens.refresh, key), request).await;
        self.run.record(device.session, What::Use, self.http.me(&device.tokens.access)).await;
    }
}

fn presented(token: &str, key: Option<&str>) -> What {
    What::Refresh { generation: generation(token), token: short(token), key: key.map(short) }
}

/// The generation that stands in a refresh token: 4 bytes after version, key id and session.
fn generation(token: &str) -> u32 {
    let bytes = token_core::strict::base64url(token.trim_start_matches("jrt_")).unwrap();
    u32::from_be_bytes(bytes.get(18..22).unwrap().try_into().unwrap())
}

/// Stands for a text in the journal.
fn short(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// A fresh key for half of the tokens.
fn fresh_key(dice: &mut Dice) -> Option<String> {
    (dice.below(2) == 0).then(|| dice.word())
}
