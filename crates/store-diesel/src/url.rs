//! Where the database is; its scheme picks the engine.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use tokio_postgres::config::{Host, SslMode};

/// The address of a database: `sqlite:PATH` or `postgres://user:password@host:port/database`.
///
/// Of several PostgreSQL hosts, separated by commas, the one that takes writes is used. `?pooler=transaction` says that a
/// pooler stands before them that gives a connection to others after each transaction, as
/// `PgBouncer` does.
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
    /// Encryption is demanded.
    #[error(
        "connections to PostgreSQL are not encrypted yet: remove `sslmode=require`, and reach the server over a \
             private network or a tunnel"
    )]
    TlsRequired,
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
    let (url, is_pooled) = without_pooler(url)?;
    // The parser's own error may quote parts of a malformed URL, and with them its password.
    let config = tokio_postgres::Config::from_str(&url).map_err(|_| InvalidDatabaseUrl::NotPostgres)?;
    let (hosts, ports) = (config.get_hosts().len(), config.get_ports().len());
    if hosts == 0 || (ports > 1 && ports != hosts) {
        return Err(InvalidDatabaseUrl::NotPostgres);
    }
    match config.get_ssl_mode() {
        SslMode::Disable | SslMode::Prefer => Ok(Address { config, is_pooled }),
        _ => Err(InvalidDatabaseUrl::TlsRequired),
    }
}

/// Takes our own parameter out, which the driver does not know.
fn without_pooler(url: &str) -> Result<(String, bool), InvalidDatabaseUrl> {
    let Some((front, query)) = url.split_once('?') else { return Ok((url.to_owned(), false)) };
    let (ours, others): (Vec<_>, Vec<_>) = query.split('&').partition(|pair| pair.starts_with("pooler="));
    if ours.iter().any(|pair| *pair != "pooler=transaction") {
        return Err(InvalidDatabaseUrl::UnknownPooler);
    }
    let separator = if others.is_empty() { "" } else { "?" };
    Ok((format!("{front}{separator}{}", others.join("&")), !ours.is_empty()))
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
            ("postgres://a,b:6432/jeton", Engine::Postgres, "postgres://a:5432,b:6432/jeton"),
        ] {
            assert_eq!(url.parse::<DatabaseUrl>().map(|url| url.engine()), Ok(engine), "{url}");
            assert_eq!(parsed(url).as_deref(), Ok(shown));
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_the_reason() {
        use InvalidDatabaseUrl::{
            InMemory, NoPath, NotPostgres, SqliteOptions, TlsRequired, UnknownPooler, UnknownScheme,
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
            ("postgres://host/jeton?sslmode=require", TlsRequired),
        ] {
            assert_eq!(parsed(url).err(), Some(reason), "{url}");
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
