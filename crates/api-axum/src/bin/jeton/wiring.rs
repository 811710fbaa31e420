//! Puts the adapters behind the ports.

use std::sync::Arc;

use api_axum::{ApiParts, ApiState, ConsoleSettings, Guard, HttpSettings, Operations, SystemClock, router};
use auth_domain::model::PasswordPolicy;
use auth_domain::ports::{Entropy, Stores, Throttle, WebAuthn};
use auth_domain::refresh::{MasterKey, RotationKeys};
use auth_domain::sealing::Sealer;
use auth_domain::signing::{IssuerName, Keys};
use auth_domain::throttle::MemoryThrottle;
use auth_domain::{Auth, AuthKeys, Policies, Ports};
use axum::Router;
use store_diesel::{Database, Engine, migrate};
use token_core::{Algorithm, Audience, Issuer, RevocationSet, Rules, SigningKey, VerifiedCache};
use tokio::sync::watch;

use crate::background::Background;
use crate::config::{Config, ThrottleStore};
use crate::entropy::OsEntropy;
use crate::failure::{Doing as _, Failure};
use crate::hashing;
use crate::key_keeper::KeyKeeper;
use crate::master_key::{self, MasterKeys, make_folder};
use crate::operations::CountedMailer;
use crate::passkeys::Passkeys;
use crate::webhook::{HttpSender, subscriptions};
use crate::{breach, mail};

/// The whole service, ready to be served.
pub(crate) struct Service {
    /// What answers requests.
    pub(crate) router: Router,
    /// What it answers from.
    pub(crate) state: ApiState,
    /// The key that new access tokens are signed with.
    pub(crate) kid: String,
    /// What has to be done beside.
    pub(crate) background: Background,
    /// What looks after the signing keys. It must have stopped before the database is closed.
    pub(crate) keeper: Arc<KeyKeeper>,
}

/// Brings the tables of the settings' database up to date, and names the migrations that it took. Makes the data folder.
pub(crate) async fn migrate_up(config: &Config) -> Result<Vec<String>, Failure> {
    make_folder(&config.data_dir).doing(&format!("make the data folder {}", config.data_dir.display()))?;
    let url = &config.database_url;
    migrate::up(url).await.doing(&format!("bring the tables of {url} up to date"))
}

/// The database of the settings, with its tables up to date.
pub(crate) async fn open_database(config: &Config) -> Result<Database, Failure> {
    open_database_as(config, "jeton").await
}

/// The same; PostgreSQL is told that its client is called `name`.
pub(crate) async fn open_database_as(config: &Config, name: &str) -> Result<Database, Failure> {
    for migration in migrate_up(config).await? {
        tracing::info!(migration, "migrated");
    }
    let url = &config.database_url;
    Database::open(&url.clone().named(name), &config.database).await.doing(&format!("open the database {url}"))
}

/// The use cases for commands that work on the database directly. Access tokens that they could issue would be good nowhere.
/// What they seal, running servers open with the same master keys: commands that seal nothing need none.
/// Running servers read from the feed what ends here.
pub(crate) fn offline(config: &Config, stores: Stores, sealer: Option<Sealer>) -> Result<Auth, Failure> {
    let issuer = config.issuer.clone().unwrap_or_else(|| format!("http://{}", config.listen));
    let ports = ports(config, stores, &issuer)?;
    let random = MasterKey::new(0, auth_domain::ports::random(&OsEntropy).doing("start")?);
    let rotation = RotationKeys::new(0, [random.clone()]).doing("start")?;
    let sealer = match sealer {
        Some(sealer) => sealer,
        None => Sealer::new(0, [random]).doing("start")?,
    };
    let key = SigningKey::generate(Algorithm::EdDsa).doing("start")?;
    let signing = Issuer::new(key, String::new(), Audience::new(&config.audience), config.keys.access_ttl.as_secs());
    let keys = AuthKeys { rotation, sealer, signing: signing.into() };
    Ok(Auth::new(&ports, &policies(config, &issuer), keys, Arc::new(RevocationSet::new())))
}

/// The signing keys for commands that work on the database directly. What is missing is not made, and running servers see
/// within seconds what is changed.
pub(crate) async fn open_keys(config: &Config, stores: &Stores) -> Result<Keys, Failure> {
    if stores.keys.list().await.doing("read the signing keys")?.is_empty() {
        return Err(Failure::new(format!(
            "the database {} holds no signing keys yet; `jeton serve` makes them when it first starts",
            config.database_url
        )));
    }
    let sealer = sealer(config, stores).await?;
    let (store, clock) = (Arc::clone(&stores.keys), Arc::new(SystemClock));
    let name = IssuerName { issuer: String::new(), audience: Audience::new(&config.audience) };
    let opened = Keys::open(store, clock, sealer, config.keys, name, Arc::new(RevocationSet::new())).await;
    opened.doing("open the signing keys")
}

impl Service {
    /// Wires the service; its tokens name `issuer`.
    pub(crate) async fn start(
        config: &Config,
        issuer: &str,
        database: &Database,
        operations: Operations,
    ) -> Result<Self, Failure> {
        let stores = database.stores();
        let before = stores.keys.list().await.doing("read the signing keys")?;
        let ports = ports(config, stores.clone(), issuer)?;
        let policies = policies(config, issuer);
        let revocations = Arc::new(RevocationSet::new());
        let sealer = sealer(config, &stores).await?;
        let (store, clock) = (Arc::clone(&stores.keys), Arc::clone(&ports.clock));
        let name = IssuerName { issuer: issuer.to_owned(), audience: Audience::new(&config.audience) };
        let started = Keys::start(store, clock, sealer.clone(), config.keys, name, Arc::clone(&revocations)).await;
        let keys = Arc::new(started.doing("take up the signing keys")?);
        let rotation = keys.rotation_keys().await.doing("take up the keys of refresh tokens")?;
        let ring = keys.ring().clone();
        let kid = ring.kid();
        let auth_keys = AuthKeys { rotation, sealer, signing: ring.clone() };
        let auth = Arc::new(Auth::new(&ports, &policies, auth_keys, Arc::clone(&revocations)));
        auth.feed.follow().await.doing("read which sessions were ended")?;

        let rules = Rules::access_token(issuer, &config.audience);
        let mut cache_key = [0; 32];
        ports.entropy.fill(&mut cache_key).doing("make a key for the cache of tokens")?;
        let cache = VerifiedCache::new(config.verified_cache, cache_key);
        let guard = Guard::of_issuer(ring, rules, revocations, Arc::clone(&ports.clock)).with_verified_cache(cache);
        let (news, feed_news) = watch::channel(0);
        let state = ApiState::new(ApiParts {
            auth: Arc::clone(&auth),
            guard,
            keys: Some(Arc::clone(&keys)),
            issuer: issuer.to_owned(),
            client_id: policies.client.id,
            password_policy: policies.password,
            health: stores.health,
            feed_news,
            settings: http_settings(config, issuer, ports.webauthn.is_some()),
            operations,
        });
        let keeper = Arc::new(KeyKeeper::start(keys, before).doing("start the thread of the signing keys")?);
        let sender = HttpSender::new(&config.webhooks).doing("prepare to send webhooks")?;
        let subscriptions = subscriptions(&config.webhooks);
        let background = Background { auth, keeper: Arc::clone(&keeper), news, subscriptions, sender };
        Ok(Self { router: router(state.clone()), state, kid, background, keeper })
    }
}

fn ports(config: &Config, stores: Stores, issuer: &str) -> Result<Ports, Failure> {
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
    let hasher = hashing::start(config.argon2, Arc::clone(&entropy))?;
    let product = &config.policies.product;
    let passkeys = Passkeys::of(&config.passkeys, issuer, product).doing("set up passkeys")?;
    let mailer = mail::mailer(&config.mail, issuer, product, &config.data_dir).doing("prepare to send mail")?;
    Ok(Ports {
        throttle: throttle(config, &stores),
        stores,
        clock: Arc::new(SystemClock),
        entropy,
        hasher: Arc::new(hasher),
        mailer: Arc::new(CountedMailer(mailer)),
        webauthn: passkeys.map(|passkeys| Arc::new(passkeys) as Arc<dyn WebAuthn>),
        breaches: config.breaches.as_ref().map(breach::check).transpose()?,
        claims: None,
    })
}

/// Where failed attempts are counted: servers of one database must see those of each other.
fn throttle(config: &Config, stores: &Stores) -> Arc<dyn Throttle> {
    let shared = match config.throttle_store {
        ThrottleStore::Auto => config.database_url.engine() == Engine::Postgres,
        ThrottleStore::Memory => false,
        ThrottleStore::Database => true,
    };
    if shared { Arc::clone(&stores.throttle) } else { Arc::new(MemoryThrottle::default()) }
}

/// The policies, with what the service is called, which no password may be made of.
fn policies(config: &Config, issuer: &str) -> Policies {
    let host = issuer.parse::<reqwest::Url>().ok().and_then(|url| url.domain().map(str::to_owned));
    let names = [Some(config.policies.product.clone()), host].into_iter().flatten();
    let password = PasswordPolicy::new(config.policies.password.min_length()).with_product(names);
    Policies { password, ..config.policies.clone() }
}

/// What seals and opens keys: under the master keys, of which the first seals.
pub(crate) async fn sealer(config: &Config, stores: &Stores) -> Result<Sealer, Failure> {
    let masters = master_keys(config, stores).await?;
    Sealer::new(masters.active().id(), masters.all().iter().cloned()).doing("use the master keys")
}

/// The master keys of the settings or of the data folder. A new one is made only for a database that has no use of another.
async fn master_keys(config: &Config, stores: &Stores) -> Result<MasterKeys, Failure> {
    if let Some(keys) = &config.master_keys {
        return Ok(keys.clone());
    }
    if let Some(keys) = master_key::load(&config.data_dir).doing("read the master key")? {
        return Ok(keys);
    }
    let path = master_key::path(&config.data_dir);
    if !stores.keys.list().await.doing("look for signing keys")?.is_empty() {
        return Err(Failure::new(format!(
            "there is no master key, but the database {} holds signing keys that were sealed under one; put {} back, or set \
             JETON_MASTER_KEY or JETON_MASTER_KEY_FILE to the key of this database (of several servers on one database, each \
             needs the same)",
            config.database_url,
            path.display(),
        )));
    }
    let keys = master_key::create(&config.data_dir, &OsEntropy).doing("make a master key")?;
    tracing::info!(path = %path.display(), "made a master key; keep a copy of it apart from the database's backups");
    Ok(keys)
}

fn http_settings(config: &Config, issuer: &str, passkeys: bool) -> HttpSettings {
    let console = config.console.then(|| ConsoleSettings {
        product: config.policies.product.clone(),
        registration: config.policies.registration.mode,
        passkeys,
        outbox: config.mail.smtp.is_none(),
    });
    HttpSettings {
        request_timeout: config.http.request_timeout,
        origin: origin(issuer),
        hsts: issuer.starts_with("https://"),
        jwks_max_age: config.keys.max_age,
        trusted_proxies: config.trusted_proxies.clone(),
        max_feed_readers: config.http.max_feed_readers,
        server_timing: config.http.server_timing,
        console,
    }
}

/// The issuer without its path, and without the port that its scheme has anyway: what browsers send as `Origin`
/// (RFC 6454 §6.2).
fn origin(issuer: &str) -> String {
    let issuer = issuer.to_lowercase();
    let Some((scheme, rest)) = issuer.split_once("://") else { return issuer };
    let authority = rest.split('/').next().unwrap_or_default();
    let own_port = if scheme == "https" { ":443" } else { ":80" };
    format!("{scheme}://{}", authority.strip_suffix(own_port).unwrap_or(authority))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_is_the_issuer_without_its_path() {
        assert_eq!(origin("https://Login.example.com/auth"), "https://login.example.com");
        assert_eq!(origin("http://127.0.0.1:8080"), "http://127.0.0.1:8080");
        assert_eq!(origin("https://login.example.com:443"), "https://login.example.com");
        assert_eq!(origin("http://login.example.com:80/auth"), "http://login.example.com");
    }
}
