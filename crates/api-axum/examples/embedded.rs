//! An application that carries Jeton inside: accounts, sessions and tokens in its own process, on SQLite, beside its own routes.
//!
//! ```text
//! LISTEN=127.0.0.1:8080 DATA_DIR=./embedded-data cargo run --example embedded
//! curl -d '{"email":"alice@example.com","password":"correct horse battery staple"}' \
//!      -H 'content-type: application/json' http://127.0.0.1:8080/auth/v1/accounts
//! ```
//!
//! Log in at `/auth/v1/login` with the same body, and take the access token to `/notes`.

use std::convert::Infallible;
use std::env;
use std::error::Error;
use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use api_axum::{ApiParts, ApiState, Authenticated, Guard, HttpSettings, Operations, SystemClock, router};
use async_trait::async_trait;
use auth_domain::credential::{Argon2Settings, Argon2id};
use auth_domain::model::KeyPolicy;
use auth_domain::ports::{Entropy, EntropyUnavailable, Mail, MailContent, MailError, Mailer, StoreError, random};
use auth_domain::refresh::MasterKey;
use auth_domain::sealing::Sealer;
use auth_domain::signing::{IssuerName, Keys};
use auth_domain::throttle::MemoryThrottle;
use auth_domain::{Auth, AuthKeys, Policies, Ports};
use axum::extract::{FromRef, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use store_diesel::{Database, DatabaseUrl, Options, migrate};
use token_core::{Audience, RevocationSet, Rules};
use tokio::net::TcpListener;
use tokio::sync::watch;
use uuid::Uuid;

type Failure = Box<dyn Error + Send + Sync>;

/// The application's own state. The guard is in it, so that its handlers can ask for [`Authenticated`].
#[derive(Clone)]
struct App {
    guard: Guard,
    notes: Arc<Mutex<Vec<(Uuid, String)>>>,
}

impl FromRef<App> for Guard {
    fn from_ref(app: &App) -> Self {
        app.guard.clone()
    }
}

/// The notes of whoever asks.
async fn my_notes(Authenticated(claims): Authenticated, State(app): State<App>) -> Json<Vec<String>> {
    let notes = app.notes.lock().unwrap_or_else(PoisonError::into_inner);
    Json(notes.iter().filter(|(owner, _)| *owner == claims.sub).map(|(_, text)| text.clone()).collect())
}

/// One more note: the body, as text. The extractor that reads the body comes last.
async fn add_note(Authenticated(claims): Authenticated, State(app): State<App>, text: String) -> StatusCode {
    app.notes.lock().unwrap_or_else(PoisonError::into_inner).push((claims.sub, text));
    StatusCode::CREATED
}

struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyUnavailable> {
        getrandom::fill(buffer).map_err(|_| EntropyUnavailable)
    }
}

/// Prints what a real application would send.
struct Printed;

#[async_trait]
impl Mailer for Printed {
    async fn send(&self, mail: Mail<'_>) -> Result<(), MailError> {
        let to = mail.to.address();
        match mail.content {
            // A real one carries the token, and nothing prints it.
            MailContent::Token { kind, token } => println!("mail to {to}, {}: {token}", kind.as_str()),
            MailContent::Notice(event) => println!("mail to {to}: {}", event.kind.as_str()),
        }
        Ok(())
    }
}

/// The key that everything else hangs on: made at the first start, and readable by this user alone. Keep a copy apart from the
/// database's backups.
fn master_key(path: &Path) -> Result<MasterKey, Failure> {
    if !path.exists() {
        let bytes: [u8; 32] = random(&OsEntropy)?;
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(&bytes)?;
    }
    let bytes = fs::read(path)?.try_into().map_err(|_| format!("{} does not hold 32 bytes", path.display()))?;
    Ok(MasterKey::new(1, bytes))
}

/// Everything outside the domain, with `database` behind the storage ports.
fn ports(database: &Database) -> Result<Ports, Failure> {
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
    Ok(Ports {
        stores: database.stores(),
        clock: Arc::new(SystemClock),
        hasher: Arc::new(Argon2id::start(Argon2Settings::default(), Arc::clone(&entropy))?),
        mailer: Arc::new(Printed),
        throttle: Arc::new(MemoryThrottle::default()),
        webauthn: None,
        breaches: None,
        claims: None,
        entropy,
    })
}

/// Jeton, wired: what its router needs, the guard, and what `keep_up` needs.
struct Jeton {
    state: ApiState,
    guard: Guard,
    auth: Arc<Auth>,
    keys: Arc<Keys>,
}

async fn jeton(base: &str, folder: &Path, news: watch::Receiver<u64>) -> Result<Jeton, Failure> {
    let url: DatabaseUrl = format!("sqlite:{}", folder.join("app.db").display()).parse()?;
    migrate::up(&url).await?;
    let ports = ports(&Database::open(&url, &Options::default()).await?)?;
    let master = master_key(&folder.join("master.key"))?;

    // What ends here is in the set before the answer leaves, so the guard must ask the same set.
    let revoked = Arc::new(RevocationSet::new());
    let issuer = format!("{base}/auth");
    let name = IssuerName { issuer: issuer.clone(), audience: Audience::new("app") };
    // The keys are sealed in the database, so that tokens outlive a restart, and rotate every 30 days.
    let (sealer, policy) = (Sealer::new(master.id(), [master])?, KeyPolicy::default());
    let (store, clock) = (Arc::clone(&ports.stores.keys), Arc::clone(&ports.clock));
    let keys = Arc::new(Keys::start(store, clock, sealer.clone(), policy, name, Arc::clone(&revoked)).await?);

    let policies = Policies::default();
    let secrets = AuthKeys { rotation: keys.rotation_keys().await?, sealer, signing: keys.ring().clone() };
    let auth = Arc::new(Auth::new(&ports, &policies, secrets, Arc::clone(&revoked)));
    let guard = Guard::of_issuer(keys.ring().clone(), Rules::access_token(&issuer, "app"), revoked, ports.clock);
    // What was revoked before this start must be known before the first request.
    auth.feed.follow().await?;

    let state = ApiState::new(ApiParts {
        auth: Arc::clone(&auth),
        guard: guard.clone(),
        keys: Some(Arc::clone(&keys)),
        issuer,
        client_id: policies.client.id,
        password_policy: policies.password,
        health: ports.stores.health,
        feed_news: news,
        settings: HttpSettings { origin: base.to_owned(), jwks_max_age: policy.max_age, ..HttpSettings::default() },
        operations: Operations::default(),
    });
    Ok(Jeton { state, guard, auth, keys })
}

/// Sends what is due: mails that carry tokens, and mails that tell owners what has happened.
async fn send_mails(auth: &Auth) -> Result<(), StoreError> {
    auth.mails.send_tokens().await?;
    auth.webhooks.spread(&[]).await?;
    auth.mails.send_notices().await?;
    Ok(())
}

/// What goes on beside the requests: the feed is followed, mails go out, the signing keys rotate, and what is needed no more goes.
async fn keep_up(auth: &Auth, keys: &Keys, news: &watch::Sender<u64>) -> Infallible {
    let mut rounds = 0_u32;
    loop {
        match auth.feed.follow().await {
            Ok(0) => {}
            Ok(_) => news.send_modify(|count| *count = count.wrapping_add(1)),
            Err(error) => eprintln!("the feed cannot be followed: {error}"),
        }
        rounds = rounds.wrapping_add(1);
        if rounds.is_multiple_of(5)
            && let Err(error) = send_mails(auth).await
        {
            eprintln!("mails wait: {error}");
        }
        if rounds.is_multiple_of(25)
            && let Err(error) = keys.tend().await
        {
            eprintln!("the signing keys cannot be read: {error}");
        }
        if rounds.is_multiple_of(300) {
            auth.feed.purge();
            if let Err(error) = auth.sweeper.sweep().await {
                eprintln!("old rows cannot be removed: {error}");
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Serves until the process ends.
pub(crate) async fn serve(listener: TcpListener, folder: PathBuf) -> Result<(), Failure> {
    let base = format!("http://{}", listener.local_addr()?);
    fs::create_dir_all(&folder)?;
    let (tell, news) = watch::channel(0);
    let Jeton { state, guard, auth, keys } = jeton(&base, &folder, news).await?;
    let own =
        Router::new().route("/notes", get(my_notes).post(add_note)).with_state(App { guard, notes: Arc::default() });
    let app = own.nest("/auth", router(state));
    println!("listening on {base}");
    // With the address of each connection, which the list of devices shows.
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::select! {
        ended = axum::serve(listener, service) => Ok(ended?),
        never = keep_up(&auth, &keys, &tell) => match never {},
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let setting = |name: &str, default: &str| env::var(name).unwrap_or_else(|_| default.to_owned());
    let listener = TcpListener::bind(setting("LISTEN", "127.0.0.1:8080")).await?;
    serve(listener, setting("DATA_DIR", "./embedded-data").into()).await
}
