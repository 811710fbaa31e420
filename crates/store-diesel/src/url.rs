//! Where the database is; its scheme picks the engine.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use tokio_postgres::config::{Host, SslMode};

use crate::encryption::Encryption;

/// The address of a database: `sqlite:PATH` or `postgres://user:password@host:port/database`.
///
/// Of several PostgreSQL hosts, separated by commas, the one that takes writes is used. `?pooler=transaction` says that a
/// pooler stands before them that gives a connection to others after each transaction, as
/// `PgBouncer` does.
///
/// `?sslmode=require` (or `verify-full`, which is the same here) encrypts the connection: the server must show a certificate
/// for its name from an authority that this system trusts, or from one of the PEM file that `sslrootcert=PATH` names. The
/// modes `disable`, `allow` and `prefer`, and none, do not encrypt it.
///
/// Neither `Debug` nor `Display` shows a password.
#[derive(Clone)]
pub struct DatabaseUrl(Target);

#[derive(Clone)]
pub(crate) enum Target {
    Sqlite(PathBuf),
    Postgres(Box<Address>),
}

/// Where PostgreSQL is.
#[derive(Clone)]
pub(crate) struct Address {
    pub(crate) config: tokio_postgres::Config,
    pub(crate) encryption: Encryption,
    /// Whether a pooler gives the connection to others after each transaction.
    pub(crate) is_pooled: bool,
}

/// The database program behind a [`DatabaseUrl`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// SQLite, built into this program; the database is a file.
    Sqlite,
    /// A PostgreSQL server, or one that speaks its protocol.
    Postgres,
}

/// Why an address was refused. No variant holds what was given, since it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDatabaseUrl {
    /// Another scheme, or none.
    #[error("a database URL begins with `sqlite:` and a path, or with `postgres://`")]
    UnknownScheme,
    /// `sqlite:` without a path.
    #[error("`sqlite:` needs the path of a file, as in `sqlite:jeton-data/jeton.db`")]
    NoPath,
    /// `sqlite::memory:`.
    #[error(
        "an in-memory SQLite database cannot be used: its writer and its readers would each see one of their own; \
             name a file, which may be in a temporary folder"
    )]
    InMemory,
    /// Something after a `?`.
    #[error("a `sqlite:` URL takes a path and no options after `?`")]
    SqliteOptions,
    /// Not what PostgreSQL calls a URL.
    #[error(
        "this is not a PostgreSQL URL; it should look like postgres://user:password@host:5432/database, \
             with reserved characters of the password percent-encoded"
    )]
    NotPostgres,
    /// `pooler=` with something else.
    #[error(
        "`pooler` may only be `transaction`; leave it out for a pooler that keeps a connection for as long as a client"
    )]
    UnknownPooler,
    /// `sslmode=` with something else.
    #[error(
        "`sslmode` may be `require` or `verify-full`, which both check the server's certificate and its name, or `disable`"
    )]
    UnknownSslMode,
    /// Authorities are named, and nothing is encrypted.
    #[error("`sslrootcert` needs `sslmode=require` beside it; without it nothing is encrypted")]
    RootWithoutTls,
}

impl DatabaseUrl {
    /// The engine that the scheme names.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        match self.0 {
            Target::Sqlite(_) => Engine::Sqlite,
            Target::Postgres(_) => Engine::Postgres,
        }
    }

    /// Whether a password stands in it.
    #[must_use]
    pub fn has_password(&self) -> bool {
        matches!(&self.0, Target::Postgres(address) if address.config.get_password().is_some())
    }

    /// The same address, over which PostgreSQL is told that its client is called `name`, unless the address says that itself.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        if let Target::Postgres(address) = &mut self.0
            && address.config.get_application_name().is_none()
        {
            // PostgreSQL keeps 63 bytes of it.
            address.config.application_name(name);
        }
        self
    }

    /// Whether what is said to the database is encrypted on its way.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        matches!(&self.0, Target::Postgres(address) if address.encryption != Encryption::None)
    }

    /// The names or addresses of the machines that it is reached at over a network; none for a file or a socket.
    pub fn hosts(&self) -> impl Iterator<Item = &str> {
        let hosts = match &self.0 {
            Target::Postgres(address) => address.config.get_hosts(),
            Target::Sqlite(_) => &[],
        };
        hosts.iter().filter_map(|host| match host {
            Host::Tcp(name) => Some(name.as_str()),
            #[cfg(unix)]
            Host::Unix(_) => None,
        })
    }

    pub(crate) const fn target(&self) -> &Target {
        &self.0
    }
}

impl FromStr for DatabaseUrl {
    type Err = InvalidDatabaseUrl;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        match url.split_once(':') {
            Some(("sqlite", path)) => sqlite(path).map(Target::Sqlite).map(Self),
            Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => {
                postgres(url).map(Box::new).map(Target::Postgres).map(Self)
            }
            _ => Err(InvalidDatabaseUrl::UnknownScheme),
        }
    }
}

/// Takes `PATH`, `//PATH` and `///ABSOLUTE/PATH`.
fn sqlite(rest: &str) -> Result<PathBuf, InvalidDatabaseUrl> {
    let path = rest.strip_prefix("//").unwrap_or(rest);
    if path.starts_with(":memory:") {
        return Err(InvalidDatabaseUrl::InMemory);
    }
    if path.contains('?') {
        return Err(InvalidDatabaseUrl::SqliteOptions);
    }
    if path.is_empty() || path.ends_with('/') || path.contains('\0') {
        return Err(InvalidDatabaseUrl::NoPath);
    }
    Ok(PathBuf::from(path))
}

fn postgres(url: &str) -> Result<Address, InvalidDatabaseUrl> {
    let Wishes { url, is_pooled, encryption } = Wishes::taken_out_of(url)?;
    // The parser's own error may quote parts of a malformed URL, and with them its password.
    let mut config = tokio_postgres::Config::from_str(&url).map_err(|_| InvalidDatabaseUrl::NotPostgres)?;
    let (hosts, ports) = (config.get_hosts().len(), config.get_ports().len());
    if hosts == 0 || (ports > 1 && ports != hosts) {
        return Err(InvalidDatabaseUrl::NotPostgres);
    }
    config.ssl_mode(if encryption == Encryption::None { SslMode::Disable } else { SslMode::Require });
    Ok(Address { config, encryption, is_pooled })
}

/// What a URL says to us, and the rest of it for the driver, which reads these otherwise or not at all.
struct Wishes {
    url: String,
    is_pooled: bool,
    encryption: Encryption,
}

impl Wishes {
    fn taken_out_of(url: &str) -> Result<Self, InvalidDatabaseUrl> {
        let (front, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut others, mut is_pooled, mut is_encrypted, mut root) = (Vec::new(), false, false, None);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let Some((name, value)) = form_urlencoded::parse(pair.as_bytes()).next() else { continue };
            match (&*name, &*value) {
                ("pooler", "transaction") => is_pooled = true,
                ("pooler", _) => return Err(InvalidDatabaseUrl::UnknownPooler),
                ("sslmode", "require" | "verify-full") => is_encrypted = true,
                ("sslmode", "disable" | "allow" | "prefer") => is_encrypted = false,
                ("sslmode", _) => return Err(InvalidDatabaseUrl::UnknownSslMode),
                ("sslrootcert", path) => root = Some(PathBuf::from(path)),
                _ => others.push(pair),
            }
        }
        let encryption = match (is_encrypted, root) {
            (false, None) => Encryption::None,
            (false, Some(_)) => return Err(InvalidDatabaseUrl::RootWithoutTls),
            (true, Some(path)) if path != Path::new("system") => Encryption::TrustsFile(path),
            (true, _) => Encryption::TrustsSystem,
        };
        let separator = if others.is_empty() { "" } else { "?" };
        Ok(Self { url: format!("{front}{separator}{}", others.join("&")), is_pooled, encryption })
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Target::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Target::Postgres(address) => {
                let config = &address.config;
                f.write_str("postgres://")?;
                if let Some(user) = config.get_user() {
                    write!(f, "{user}@")?;
                }
                for (index, host) in config.get_hosts().iter().enumerate() {
                    let separator = if index == 0 { "" } else { "," };
                    write!(f, "{separator}{}", HostName(host))?;
                    if let Some(port) = config.get_ports().get(index).or(config.get_ports().first()) {
                        write!(f, ":{port}")?;
                    }
                }
                write!(f, "/{}", config.get_dbname().unwrap_or_default())
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

struct HostName<'a>(&'a Host);

impl fmt::Display for HostName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Host::Tcp(name) => f.write_str(name),
            #[cfg(unix)]
            Host::Unix(folder) => Path::display(folder).fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> Result<String, InvalidDatabaseUrl> {
        url.parse::<DatabaseUrl>().map(|url| url.to_string())
    }

    #[test]
    fn the_scheme_picks_the_engine() {
        for (url, engine, shown) in [
            ("sqlite:jeton.db", Engine::Sqlite, "sqlite:jeton.db"),
            ("sqlite:./data/jeton.db", Engine::Sqlite, "sqlite:./data/jeton.db"),
            ("sqlite:/var/lib/jeton.db", Engine::Sqlite, "sqlite:/var/lib/jeton.db"),
            ("sqlite://jeton.db", Engine::Sqlite, "sqlite:jeton.db"),
            ("sqlite:///var/lib/jeton.db", Engine::Sqlite, "sqlite:/var/lib/jeton.db"),
            ("postgres://localhost/jeton", Engine::Postgres, "postgres://localhost:5432/jeton"),
            ("postgresql://ann@db:6432/jeton", Engine::Postgres, "postgres://ann@db:6432/jeton"),
            ("postgres://db/jeton?pooler=transaction", Engine::Postgres, "postgres://db:5432/jeton"),
            (
                "postgres://db/jeton?sslmode=require&sslrootcert=/etc/ca.pem",
                Engine::Postgres,
                "postgres://db:5432/jeton",
            ),
            ("postgres://a,b:6432/jeton", Engine::Postgres, "postgres://a:5432,b:6432/jeton"),
        ] {
            assert_eq!(url.parse::<DatabaseUrl>().map(|url| url.engine()), Ok(engine), "{url}");
            assert_eq!(parsed(url).as_deref(), Ok(shown));
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_the_reason() {
        use InvalidDatabaseUrl::{
            InMemory, NoPath, NotPostgres, RootWithoutTls, SqliteOptions, UnknownPooler, UnknownScheme, UnknownSslMode,
        };
        for (url, reason) in [
            ("", UnknownScheme),
            ("jeton.db", UnknownScheme),
            ("mysql://localhost/jeton", UnknownScheme),
            ("SQLITE:jeton.db", UnknownScheme),
            ("postgres:jeton", UnknownScheme),
            ("sqlite:", NoPath),
            ("sqlite://", NoPath),
            ("sqlite:data/", NoPath),
            ("sqlite::memory:", InMemory),
            ("sqlite://:memory:", InMemory),
            ("sqlite:jeton.db?mode=ro", SqliteOptions),
            ("postgres://", NotPostgres),
            ("postgres:///jeton", NotPostgres),
            ("postgres://host:port/jeton", NotPostgres),
            ("postgres://host/jeton?unknown=1", NotPostgres),
            ("postgres://host/jeton?pooler=session", UnknownPooler),
            ("postgres://host/jeton?connect_timeout=1&pooler=", UnknownPooler),
            ("postgres://host/jeton?sslmode=verify-ca", UnknownSslMode),
            ("postgres://host/jeton?sslmode=", UnknownSslMode),
            ("postgres://host/jeton?sslrootcert=/etc/ca.pem", RootWithoutTls),
            ("postgres://host/jeton?sslmode=prefer&sslrootcert=system", RootWithoutTls),
        ] {
            assert_eq!(parsed(url).err(), Some(reason), "{url}");
        }
    }

    #[test]
    fn a_connection_is_encrypted_when_the_url_demands_it() {
        for (query, encryption) in [
            ("", Encryption::None),
            ("?sslmode=disable", Encryption::None),
            ("?sslmode=prefer", Encryption::None),
            ("?sslmode=require", Encryption::TrustsSystem),
            ("?sslmode=verify-full&sslrootcert=system", Encryption::TrustsSystem),
            ("?sslrootcert=%2Fetc%2Fca.pem&sslmode=require", Encryption::TrustsFile("/etc/ca.pem".into())),
            ("?connect_timeout=3&sslmode=require&keepalives=0", Encryption::TrustsSystem),
        ] {
            let address = postgres(&format!("postgres://host/jeton{query}")).unwrap();
            assert_eq!(address.encryption, encryption, "{query}");
            let demanded = address.config.get_ssl_mode() == SslMode::Require;
            assert_eq!(demanded, encryption != Encryption::None, "{query}");
        }
    }

    #[test]
    fn the_machines_that_it_is_reached_at_are_told_and_whether_the_way_is_encrypted() {
        for (url, hosts, is_encrypted) in [
            ("postgres://localhost,db.internal/jeton", &["localhost", "db.internal"][..], false),
            ("postgres://10.0.0.1/jeton?sslmode=prefer", &["10.0.0.1"], false),
            ("postgres://db.internal/jeton?sslmode=require", &["db.internal"], true),
            ("postgres://%2Frun%2Fpostgresql/jeton", &[], false),
            ("sqlite:jeton.db", &[], false),
        ] {
            let url: DatabaseUrl = url.parse().unwrap();
            assert_eq!((url.hosts().collect::<Vec<_>>(), url.is_encrypted()), (hosts.to_vec(), is_encrypted), "{url}");
        }
    }

    #[test]
    fn no_password_is_ever_shown() {
        let url: DatabaseUrl = "postgres://ann:hunter2@db/jeton".parse().unwrap();
        assert_eq!(format!("{url} {url:?}"), "postgres://ann@db:5432/jeton DatabaseUrl(postgres://ann@db:5432/jeton)");
        for refused in ["postgres://ann:hunter2@db:x/jeton", "postgres://db/jeton?hunter2", "pg://ann:hunter2@db"] {
            let error = refused.parse::<DatabaseUrl>().unwrap_err();
            assert!(!format!("{error} {error:?}").contains("ter2"), "{refused}");
        }
    }
}
