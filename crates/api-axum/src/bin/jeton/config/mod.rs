//! What the operator decided: read from all layers, checked as a whole, explained where it is wrong.

mod address;
mod duration;
mod keys;
mod layers;
mod mail;
mod operations;
mod passwords;
mod protection;
mod reader;
pub(crate) mod secret_file;
mod signing;
#[cfg(test)]
mod tests;
mod webhooks;

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use api_axum::TrustedProxies;
use auth_domain::Policies;
use auth_domain::credential::Argon2Settings;
use auth_domain::housekeeping::RetentionPolicy;
use auth_domain::login::Client;
use auth_domain::model::{ClassLimits, KeyPolicy, OnLimit, RefreshPolicy, SessionLimit};
use store_diesel::{DatabaseUrl, Options};

pub(crate) use self::layers::Inputs;
use self::layers::Layers;
pub(crate) use self::operations::{MetricsListen, TraceSettings};
pub(crate) use self::protection::ThrottleStore;
pub(crate) use self::reader::Shown;
use self::reader::{Reader, quoted};
pub(crate) use self::webhooks::WebhookSettings;
use crate::breach::BreachSource;
use crate::cli::Settings;
use crate::failure::Failure;
use crate::logging::{Format, Level, LogSettings};
use crate::mail::MailSettings;
use crate::master_key::MasterKeys;
use crate::passkeys::PasskeySettings;

/// The settings, all of them good.
#[derive(Debug)]
pub(crate) struct Config {
    /// Where the server listens.
    pub(crate) listen: SocketAddr,
    /// The folder of the database, the master key and the outbox.
    pub(crate) data_dir: PathBuf,
    /// The database.
    pub(crate) database_url: DatabaseUrl,
    /// How much may be asked of it at once.
    pub(crate) database: Options,
    /// The master keys, where the settings hold any.
    pub(crate) master_keys: Option<MasterKeys>,
    /// `iss` of every token; where nobody says it, it is `http://` and the address that the server listens on.
    pub(crate) issuer: Option<String>,
    /// `aud` of every token.
    pub(crate) audience: String,
    /// The life of access tokens, and of the keys that sign them.
    pub(crate) keys: KeyPolicy,
    /// How many access tokens that have verified are remembered.
    pub(crate) verified_cache: usize,
    /// Sessions, rotation, passwords, registration and throttling.
    pub(crate) policies: Policies,
    /// Where failed attempts are counted.
    pub(crate) throttle_store: ThrottleStore,
    /// Which sites passkeys are good for.
    pub(crate) passkeys: PasskeySettings,
    /// Where breached passwords are looked up, if anywhere.
    pub(crate) breaches: Option<BreachSource>,
    /// Mail.
    pub(crate) mail: MailSettings,
    /// How expensive a password's hash is.
    pub(crate) argon2: Argon2Settings,
    /// Limits of connections and requests.
    pub(crate) http: HttpLimits,
    /// The proxies whose word counts for where a request comes from.
    pub(crate) trusted_proxies: TrustedProxies,
    /// Whether the page for people is served.
    pub(crate) console: bool,
    /// Where metrics are served.
    pub(crate) metrics: MetricsListen,
    /// Where traces are sent.
    pub(crate) traces: TraceSettings,
    /// Whom to tell of security events.
    pub(crate) webhooks: Vec<WebhookSettings>,
    /// Logs.
    pub(crate) log: LogSettings,
    /// Every setting in words.
    pub(crate) shown: Vec<Shown>,
}

/// Limits of connections and requests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HttpLimits {
    /// From a request's head to the end of its answer.
    pub(crate) request_timeout: Duration,
    /// From the start of a connection, or the end of an answer, to the end of the next request's head.
    pub(crate) header_timeout: Duration,
    /// Connections at once; more wait to be accepted.
    pub(crate) max_connections: usize,
    /// How long requests in flight may take to finish when the server stops.
    pub(crate) shutdown_timeout: Duration,
    /// Readers of the revocation feed who may wait at once.
    pub(crate) max_feed_readers: usize,
    /// Whether answers say how long they took.
    pub(crate) server_timing: bool,
}

/// Every problem of the settings.
#[derive(Debug)]
pub(crate) struct ConfigProblems(pub(crate) Vec<String>);

impl fmt::Display for ConfigProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration is not good:")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl From<ConfigProblems> for Failure {
    fn from(problems: ConfigProblems) -> Self {
        Self::usage(problems.to_string())
    }
}

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

impl Config {
    /// Reads the settings from the file, the environment and the flags of this process.
    pub(crate) fn load(settings: &Settings) -> Result<Self, ConfigProblems> {
        Self::read(Inputs {
            file: settings.config.clone(),
            optional_file: Some(PathBuf::from("jeton.toml")),
            environment: std::env::vars_os().collect(),
            flags: settings.given().map(|(flag, key, value)| (flag, key, value.to_owned())).collect(),
        })
    }

    /// Reads the settings from what is given.
    pub(crate) fn read(inputs: Inputs) -> Result<Self, ConfigProblems> {
        let mut reader = Reader::new(Layers::new(inputs));
        let read = Self::collect(&mut reader);
        match (reader.finish(), read) {
            (Ok(shown), Some(config)) => Ok(Self { shown, ..config }),
            (Err(problems), _) => Err(ConfigProblems(problems)),
            // A key without a default that is needed all the same; the table of keys has none.
            (Ok(_), None) => Err(ConfigProblems(vec!["a setting has no value".to_owned()])),
        }
    }

    fn collect(reader: &mut Reader) -> Option<Self> {
        let listen = reader.read("listen", address::listen, |address| quoted(&address.to_string()));
        let data_dir = reader.text("data_dir", |text| Ok(text.to_owned())).map(PathBuf::from);
        let database_url = Self::database_url(reader, data_dir.as_deref());
        let database = operations::database(reader);
        let master_keys = reader.read("master_key", |text| MasterKeys::parse(text).map_err(|e| e.to_string()), hidden);
        if let Some(data_dir) = &data_dir {
            reader.derived("master_key", quoted(&format!("<from {}>", data_dir.join("master.key").display())));
        }
        let issuer = reader.text("issuer", address::issuer);
        if let Some(listen) = listen {
            reader.derived("issuer", quoted(&format!("http://{listen}")));
        }
        let audience = reader.text("audience", address::audience);
        let product = reader.text("product", address::product);
        let keys = signing::read(reader);
        let verified_cache = reader.number("tokens.verified_cache", 0..=10_000_000);
        let refresh = Self::refresh(reader);
        let sessions = Self::sessions(reader);
        let registration = protection::registration(reader);
        let recent_login = protection::recent_login(reader);
        let password = passwords::policy(reader);
        let argon2 = passwords::argon2(reader);
        let breaches = passwords::breaches(reader);
        let throttle = protection::throttle(reader);
        let passkeys = protection::passkeys(reader, issuer.as_deref());
        let mail = mail::read(reader);
        let http = Self::http(reader);
        let trusted_proxies = Self::trusted_proxies(reader);
        let retention = Self::retention(reader);
        let console = reader.flag("console.enabled");
        let metrics = operations::metrics(reader);
        let traces = operations::traces(reader);
        let webhooks = reader.webhooks();
        let log = Self::log(reader);

        let (throttle, throttle_store) = throttle?;
        Some(Self {
            listen: listen?,
            data_dir: data_dir?,
            database_url: database_url?,
            database: database?,
            master_keys,
            issuer,
            audience: audience?,
            keys: keys?,
            verified_cache: verified_cache?,
            policies: Policies {
                refresh: refresh?,
                sessions: sessions?,
                password: password?,
                registration: registration?,
                throttle,
                recent_login: recent_login?,
                product: product?,
                client: Client::default(),
                retention: retention?,
            },
            throttle_store,
            passkeys: passkeys?,
            breaches,
            mail: mail?,
            argon2: argon2?,
            http: http?,
            trusted_proxies: trusted_proxies?,
            console: console?,
            metrics: metrics?,
            traces: traces?,
            webhooks,
            log: log?,
            shown: Vec::new(),
        })
    }

    fn database_url(reader: &mut Reader, data_dir: Option<&std::path::Path>) -> Option<DatabaseUrl> {
        let parse = |text: &str| text.parse::<DatabaseUrl>().map_err(|error| format!("a database's URL: {error}"));
        if reader.is_set("database_url") {
            return reader.read("database_url", parse, |url| quoted(&url.to_string()));
        }
        let default = format!("sqlite:{}", data_dir?.join("jeton.db").display());
        match parse(&default) {
            Ok(url) => {
                reader.derived("database_url", quoted(&url.to_string()));
                Some(url)
            }
            Err(error) => {
                reader.problem(format!("data_dir cannot hold the database: {error}"));
                None
            }
        }
    }

    fn refresh(reader: &mut Reader) -> Option<RefreshPolicy> {
        let idle = reader.duration("refresh.idle", 10 * SECOND..=3_650 * DAY);
        let absolute = reader.duration("refresh.absolute", 10 * SECOND..=3_650 * DAY);
        let retry_window = reader.duration("refresh.retry_window", Duration::ZERO..=5 * MINUTE);
        let policy = RefreshPolicy { idle: idle?, absolute: absolute?, retry_window: retry_window? };
        if policy.idle > policy.absolute {
            let (idle, absolute) = (duration::show(policy.idle), duration::show(policy.absolute));
            reader.problem(format!(
                "refresh.idle = \"{idle}\" is longer than refresh.absolute = \"{absolute}\"; it can be as long at most"
            ));
        }
        Some(policy)
    }

    fn sessions(reader: &mut Reader) -> Option<SessionLimit> {
        let mut most = |key| reader.number(key, 0..=1_000_000);
        let (all, web, mobile, desktop, cli) = (
            most("sessions.max_per_account"),
            most("sessions.per_class.web"),
            most("sessions.per_class.mobile"),
            most("sessions.per_class.desktop"),
            most("sessions.per_class.cli"),
        );
        let choices = [
            ("evict_oldest", OnLimit::EvictOldest),
            ("evict_least_recent", OnLimit::EvictLeastRecent),
            ("deny", OnLimit::Deny),
        ];
        let on_limit = reader.choice("sessions.on_limit", &choices);
        Some(SessionLimit {
            max_per_account: NonZeroU32::new(all?),
            max_per_class: ClassLimits {
                web: NonZeroU32::new(web?),
                mobile: NonZeroU32::new(mobile?),
                desktop: NonZeroU32::new(desktop?),
                cli: NonZeroU32::new(cli?),
            },
            on_limit: on_limit?,
        })
    }

    fn retention(reader: &mut Reader) -> Option<RetentionPolicy> {
        let sessions = reader.duration("retention.sessions", Duration::ZERO..=3_650 * DAY);
        let events = reader.duration("retention.events", Duration::ZERO..=3_650 * DAY);
        Some(RetentionPolicy { sessions: sessions?, events: events? })
    }

    fn http(reader: &mut Reader) -> Option<HttpLimits> {
        let request_timeout = reader.duration("http.request_timeout", SECOND..=HOUR);
        let header_timeout = reader.duration("http.header_timeout", SECOND..=HOUR);
        let max_connections = reader.number("http.max_connections", 1..=1_000_000);
        let shutdown_timeout = reader.duration("http.shutdown_timeout", Duration::ZERO..=HOUR);
        let max_feed_readers = reader.number("http.max_feed_readers", 1..=1_000_000);
        let server_timing = reader.flag("http.server_timing");
        Some(HttpLimits {
            request_timeout: request_timeout?,
            header_timeout: header_timeout?,
            max_connections: max_connections?,
            shutdown_timeout: shutdown_timeout?,
            max_feed_readers: max_feed_readers?,
            server_timing: server_timing?,
        })
    }

    fn trusted_proxies(reader: &mut Reader) -> Option<TrustedProxies> {
        let wanted = "addresses and networks, such as 10.0.0.0/8, fd00::/8 or 192.0.2.7";
        let one = |text: &str| TrustedProxies::parse([text]).map(|_| text.to_owned()).map_err(|_| wanted.to_owned());
        reader.list("http.trusted_proxies", one).and_then(|items| TrustedProxies::parse(items).ok())
    }

    fn log(reader: &mut Reader) -> Option<LogSettings> {
        let format = reader.choice("log.format", &Format::CHOICES);
        let level = reader.choice("log.level", &Level::CHOICES);
        Some(LogSettings { format: format?, level: level? })
    }
}

/// What stands for a secret.
fn hidden<T>(_: &T) -> String {
    quoted("<hidden>")
}
