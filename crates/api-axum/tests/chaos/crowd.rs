//! Clients that sign in, refresh, use their tokens, sign out and meet thieves, and write down all that they see.

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use store_diesel::{Database, Options};
use tokio::sync::{RwLock, watch};
use tokio::task::JoinHandle;

use super::client::{Answer, Client, Tokens};
use super::dice::Dice;
use super::home::row;
use super::journal::{Line, Outcome, Session, What};

/// How many there are.
pub(super) const CLIENTS: usize = 16;

pub(super) fn email(client: usize) -> String {
    format!("client{client}@example.com")
}

/// What all clients share.
pub(super) struct Run {
    journal: Mutex<Vec<Line>>,
    numbers: AtomicU64,
    /// Held for reading while a client does something.
    pub(super) gate: RwLock<()>,
    address: watch::Sender<Address>,
    /// The last session of each client: its number and its identifier.
    sessions: Mutex<Vec<Option<(Session, String)>>>,
    /// How often each client had an answer that was not the server's own trouble.
    served: Vec<AtomicU64>,
    trouble: Mutex<Trouble>,
}

/// What the servers could not do, and how long their clients waited.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    /// The answers of 500 and more, by status, code and whether they had `Retry-After`.
    pub(super) answers: BTreeMap<(u16, String, bool), usize>,
    /// The requests that were not answered at all.
    pub(super) unanswered: usize,
    /// The longest that any request took.
    pub(super) longest: Duration,
}

impl Trouble {
    /// Whether every request was answered, and every refusal was one to come back after.
    pub(super) fn is_orderly(&self) -> bool {
        self.unanswered == 0
            && self.answers.keys().all(|(status, code, has_retry_after)| {
                *status == 503 && ["busy", "unavailable", "timeout"].contains(&code.as_str()) && *has_retry_after
            })
    }
}

#[derive(Clone)]
enum Address {
    None,
    /// Any of these servers.
    At(Vec<String>),
    End,
}

impl Run {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            journal: Mutex::default(),
            numbers: AtomicU64::new(1),
            gate: RwLock::default(),
            address: watch::Sender::new(Address::None),
            sessions: Mutex::new(vec![None; CLIENTS]),
            served: (0..CLIENTS).map(|_| AtomicU64::new(0)).collect(),
            trouble: Mutex::default(),
        })
    }

    /// Makes the clients, who begin once there is a server.
    pub(super) fn begin(self: &Arc<Self>, seed: u64) -> Vec<JoinHandle<()>> {
        let actor = |client| Actor::new(client, seed + 1 + client as u64, Arc::clone(self));
        (0..CLIENTS).map(|client| tokio::spawn(actor(client).act())).collect()
    }

    pub(super) fn open(&self, urls: &[&str]) {
        self.address.send_replace(Address::At(urls.iter().map(|url| (*url).to_owned()).collect()));
    }

    pub(super) fn close(&self) {
        self.address.send_replace(Address::None);
    }

    /// Writes what the rows say into the journal. Nobody may be in the middle of anything.
    pub(super) async fn write_rows(&self, url: &str) {
        let database = Database::open(&url.parse().unwrap(), &Options::default()).await.unwrap();
        for (number, session) in self.current() {
            // A row that is gone is as good as one that never moved.
            let (generation, ended) = row(&database, session.parse().unwrap()).await.unwrap_or_default();
            self.write(Line::Row { session: number, generation, ended });
        }
        database.close().await;
    }

    /// Ends the run: writes what the rows say, and waits for the clients.
    pub(super) async fn finish(&self, clients: Vec<JoinHandle<()>>, url: &str) {
        self.close();
        let quiet = self.gate.write().await;
        self.write_rows(url).await;
        drop(quiet);
        self.end();
        for client in clients {
            client.await.unwrap();
        }
    }

    pub(super) fn end(&self) {
        self.address.send_replace(Address::End);
    }

    /// Waits until the journal has so many lines more, or too long: a time in which little happened is one all the same.
    pub(super) async fn wait_for(&self, lines: u64, at_most: Duration) {
        let length = || self.journal.lock().unwrap().len() as u64;
        let enough = length() + lines;
        let grown = async {
            while length() < enough {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let _ = tokio::time::timeout(at_most, grown).await;
    }

    /// How long it takes until each client has been served once more.
    pub(super) async fn all_are_served(&self, at_most: Duration) -> Duration {
        let now = || self.served.iter().map(|count| count.load(Ordering::Relaxed)).collect::<Vec<_>>();
        let (began, before) = (Instant::now(), now());
        while now().iter().zip(&before).any(|(now, before)| now <= before) {
            assert!(began.elapsed() < at_most, "{before:?} {:?}", now());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        began.elapsed()
    }

    /// How many requests were served so far.
    pub(super) fn counted(&self) -> u64 {
        self.served.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// What went wrong since the last call.
    pub(super) fn trouble(&self) -> Trouble {
        std::mem::take(&mut *self.trouble.lock().unwrap())
    }

    /// The journal so far, which is empty then.
    pub(super) fn journal(&self) -> Vec<Line> {
        std::mem::take(&mut *self.journal.lock().unwrap())
    }

    pub(super) fn write(&self, line: Line) {
        self.journal.lock().unwrap().push(line);
    }

    fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn current(&self) -> Vec<(Session, String)> {
        self.sessions.lock().unwrap().iter().flatten().cloned().collect()
    }

    /// Sends a request between two lines of the journal.
    async fn record(
        &self,
        client: usize,
        session: Session,
        what: What,
        request: impl Future<Output = Option<Answer>>,
    ) -> (Outcome, Option<Tokens>) {
        let call = self.number();
        self.write(Line::Sent { call, session, what });
        let sent = Instant::now();
        let answer = request.await;
        let pause = self.note(client, answer.as_ref(), sent.elapsed());
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
        tokio::time::sleep(pause).await;
        (outcome, tokens)
    }

    /// Counts an answer, and says how long its server asks to be left alone.
    fn note(&self, client: usize, answer: Option<&Answer>, took: Duration) -> Duration {
        let mut trouble = self.trouble.lock().unwrap();
        trouble.longest = trouble.longest.max(took);
        match answer {
            None => trouble.unanswered += 1,
            Some(answer) if answer.status >= 500 => {
                let retry_after = answer.headers.get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
                let key = (answer.status, answer.code().to_owned(), retry_after.is_some());
                *trouble.answers.entry(key).or_default() += 1;
                return Duration::from_secs(retry_after.unwrap_or(0));
            }
            Some(_) => drop(self.served[client].fetch_add(1, Ordering::Relaxed)),
        }
        Duration::ZERO
    }
}

/// One client: a person with one device, who also meets a thief now and then.
struct Actor {
    client: usize,
    urls: Vec<String>,
    /// A client of each server.
    https: Vec<Client>,
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
        Self { client, urls: Vec::new(), https: Vec::new(), dice: Dice::new(seed), run, device: None }
    }

    async fn act(mut self) {
        let run = Arc::clone(&self.run);
        let mut address = run.address.subscribe();
        loop {
            let now = address.borrow_and_update().clone();
            match now {
                Address::End => return,
                Address::None => address.changed().await.unwrap(),
                Address::At(urls) => {
                    let _busy = run.gate.read().await;
                    self.turn_to(urls);
                    self.step().await;
                }
            }
        }
    }

    fn turn_to(&mut self, urls: Vec<String>) {
        if self.urls != urls {
            self.https = urls.iter().map(|url| Client::new(url)).collect();
            self.urls = urls;
        }
    }

    /// The server that this client mostly talks to. What must be known at once after an end is asked there: the others hear
    /// of it a moment later.
    fn http(&self) -> &Client {
        &self.https[self.client % self.https.len()]
    }

    async fn step(&mut self) {
        let Some(mut device) = self.device.take() else { return self.sign_in().await };
        let stays = match self.dice.below(100) {
            0..70 => self.refresh(&mut device).await,
            70..88 => {
                let request = self.http().me(&device.tokens.access);
                self.run.record(self.client, device.session, What::Use, request).await;
                true
            }
            88..94 => self.sign_out(&device).await,
            _ => self.be_robbed(&device).await,
        };
        self.device = stays.then_some(device);
    }

    async fn sign_in(&mut self) {
        let sent = Instant::now();
        let answer = self.http().try_login(&email(self.client)).await;
        tokio::time::sleep(self.run.note(self.client, answer.as_ref(), sent.elapsed())).await;
        let Some(tokens) = answer.as_ref().and_then(Answer::tokens) else { return };
        let session = self.run.number();
        self.run.write(Line::Opened { session, token: short(&tokens.refresh) });
        self.run.sessions.lock().unwrap()[self.client] = Some((session, tokens.session.clone()));
        let key = some_key(&mut self.dice);
        self.device = Some(Device { session, tokens, key, old: Vec::new() });
    }

    /// Refreshes, now and then from two tabs at once. Answers whether the session lives.
    async fn refresh(&mut self, device: &mut Device) -> bool {
        let place = self.dice.below(self.https.len() as u64);
        let http = &self.https[usize::try_from(place).unwrap()];
        let ask = || {
            let request = http.refresh(&device.tokens.refresh, device.key.as_deref());
            self.run.record(
                self.client,
                device.session,
                presented(&device.tokens.refresh, device.key.as_deref()),
                request,
            )
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
            device.key = some_key(&mut self.dice);
            return true;
        }
        answers().all(|(outcome, _)| *outcome == Outcome::Unknown)
    }

    /// Signs out; once that is acknowledged, tries what is left in hand. An answer that is lost leaves the device in doubt.
    async fn sign_out(&mut self, device: &Device) -> bool {
        let request = self.http().logout(&device.tokens.access);
        let (outcome, _) = self.run.record(self.client, device.session, What::End, request).await;
        if outcome != Outcome::Done {
            return outcome == Outcome::Unknown;
        }
        self.try_all(device).await;
        false
    }

    /// A thief presents an old token of the device, if there is one that is older than the last.
    async fn be_robbed(&mut self, device: &Device) -> bool {
        let Some(oldest) = device.old.first().filter(|_| device.old.len() >= 2) else { return true };
        let request = self.http().refresh(oldest, None);
        let (outcome, _) = self.run.record(self.client, device.session, presented(oldest, None), request).await;
        if outcome == Outcome::Unknown {
            return true;
        }
        self.try_all(device).await;
        false
    }

    /// Presents everything that the device holds.
    async fn try_all(&mut self, device: &Device) {
        let key = device.key.as_deref();
        let request = self.http().refresh(&device.tokens.refresh, key);
        self.run.record(self.client, device.session, presented(&device.tokens.refresh, key), request).await;
        self.run.record(self.client, device.session, What::Use, self.http().me(&device.tokens.access)).await;
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
fn some_key(dice: &mut Dice) -> Option<String> {
    dice.percent(50).then(|| dice.word())
}
