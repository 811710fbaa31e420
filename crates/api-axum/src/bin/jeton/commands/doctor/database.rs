//! The database: whether it answers, fits this version, can be written, and keeps what it acknowledges.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use store_diesel::examine::{Examination, PostgresExamination, SqliteExamination, examine};
use store_diesel::migrate::{self, MigrateError};
use store_diesel::{DatabaseUrl, Engine, OpenError};

use super::PATIENCE;
use super::finding::Finding;
use super::report::wait_for;
use crate::config::Config;
use crate::loopback::is_loopback;

/// What was found of the database.
pub(super) struct Examined {
    pub(super) examination: Examination,
    /// Whether its tables can be read.
    pub(super) is_usable: bool,
}

/// The findings, what else was seen, and whether the database is new: then all that is missing is made by the first start.
pub(super) async fn check(config: &Config) -> (Vec<Finding>, Option<Examined>, bool) {
    const CHECK: &str = "database.reachable";
    let url = &config.database_url;
    let answered = wait_for(&format!("the database {url}"), PATIENCE, examine(url, PATIENCE)).await;
    let examination = match answered {
        Some(Ok(examination)) => examination,
        Some(Err(OpenError::Missing(path))) => return (vec![missing(&path)], None, true),
        Some(Err(error)) => {
            let what = match url.engine() {
                Engine::Sqlite => error.to_string(),
                Engine::Postgres => format!("{url}: {error}"),
            };
            return (vec![Finding::problem(CHECK, what, mend(url.engine()))], None, false);
        }
        None => {
            let what = format!("the database {url} did not answer within {} s", PATIENCE.as_secs());
            return (vec![Finding::problem(CHECK, what, mend(url.engine()))], None, false);
        }
    };
    let mut found = match &examination {
        Examination::Sqlite(sqlite) => self::sqlite(sqlite),
        Examination::Postgres(postgres) => self::postgres(postgres, config),
    };
    let (migrations, tables) = migrations(config).await;
    found.push(migrations);
    (found, Some(Examined { examination, is_usable: tables == Tables::Fit }), tables == Tables::None)
}

/// What to do about a database that does not answer.
const fn mend(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "name another database_url, or let this user read and write the file and its folder",
        Engine::Postgres => "see that PostgreSQL runs, and that host, port, name, user and password are right",
    }
}

fn missing(path: &Path) -> Finding {
    let what = format!("there is no database {} yet; `jeton serve` makes it", path.display());
    Finding::ok("database.reachable", what)
}

/// What can be done with the tables.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tables {
    /// They can be read.
    Fit,
    /// There are none.
    None,
    /// They cannot be read by this version.
    Unfit,
}

async fn migrations(config: &Config) -> (Finding, Tables) {
    const CHECK: &str = "database.migrations";
    let url = &config.database_url;
    let looking = async { (migrate::check(url).await, migrate::status(url).await.unwrap_or_default()) };
    let Some((checked, list)) = wait_for("the record of migrations", PATIENCE, looking).await else {
        return (
            Finding::problem(CHECK, "the record of migrations could not be read in time", mend(url.engine())),
            Tables::Unfit,
        );
    };
    let applied = list.iter().filter(|status| status.applied).count();
    match checked {
        Ok(()) => (Finding::ok(CHECK, format!("all {applied} migrations are applied")), Tables::Fit),
        Err(MigrateError::Pending(_)) if applied == 0 => {
            (Finding::ok(CHECK, "there are no tables yet; `jeton serve` makes them"), Tables::None)
        }
        Err(MigrateError::Pending(pending)) => {
            let what = format!(
                "{} migrations are pending, from {} on",
                pending.len(),
                pending.first().map_or("", |name| name)
            );
            (
                Finding::advice(CHECK, what, "back the database up, then run `jeton migrate`, or start this version"),
                Tables::Unfit,
            )
        }
        Err(error @ MigrateError::Newer(_)) => {
            (Finding::problem(CHECK, error.to_string(), "a server of this version does not start on it"), Tables::Fit)
        }
        Err(error) => (Finding::problem(CHECK, error.to_string(), mend(url.engine())), Tables::Unfit),
    }
}

fn sqlite(sqlite: &SqliteExamination) -> Vec<Finding> {
    let path = sqlite.path.display();
    let mut found = vec![Finding::ok("database.reachable", format!("SQLite {} reads {path}", sqlite.version))];
    found.push(match &sqlite.unwritable {
        None => Finding::ok("database.writable", "it can be written"),
        Some(reason) => Finding::problem("database.writable", reason.as_str(), mend(Engine::Sqlite)),
    });
    if let Some(synchronous) = sqlite.synchronous {
        found.push(if synchronous >= 2 {
            Finding::ok("database.durable", "a commit is on the disk before it is acknowledged (synchronous = FULL)")
        } else {
            Finding::problem(
                "database.durable",
                format!("a loss of power takes acknowledged commits with it (synchronous = {synchronous})"),
                "use a build of Jeton that sets synchronous = FULL",
            )
        });
    }
    found.push(modes(&sqlite.path));
    found
}

/// Who else may read the file and its journal.
fn modes(path: &Path) -> Finding {
    const CHECK: &str = "database.file_mode";
    let beside = |end: &str| PathBuf::from(format!("{}{end}", path.display()));
    let files = [path.to_owned(), beside("-wal"), beside("-shm")];
    let mode = |path: &PathBuf| Some(fs::metadata(path).ok()?.permissions().mode() & 0o7777);
    let open: Vec<_> = files.iter().filter(|file| mode(file).is_some_and(|mode| mode & 0o077 != 0)).collect();
    match open.first() {
        None => Finding::ok(CHECK, "nobody else can read its files"),
        Some(file) => {
            let names = open.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(" ");
            let what = format!("other users can read {} (mode {:o})", file.display(), mode(file).unwrap_or_default());
            Finding::problem(CHECK, what, format!("chmod 600 {names}"))
        }
    }
}

fn postgres(postgres: &PostgresExamination, config: &Config) -> Vec<Finding> {
    let took = postgres.round_trip.as_secs_f64() * 1_000.0;
    let mut found = vec![Finding::ok(
        "database.reachable",
        format!("PostgreSQL {} answers within {took:.1} ms at {}", postgres.version, config.database_url),
    )];
    found.push(match &postgres.unwritable {
        None => Finding::ok("database.writable", "it can be written"),
        Some(reason) => Finding::problem(
            "database.writable",
            format!("it cannot be written: {reason}"),
            "name the primary in database_url, and a user that owns the tables or has INSERT, UPDATE and DELETE",
        ),
    });
    found.push(durable(postgres));
    found.push(encrypted(&config.database_url));
    if postgres.is_pooled {
        found.push(Finding::ok("database.pooler", "a pooler in transaction mode stands before it; the feed is polled"));
    }
    found.push(connections(postgres, config));
    found
}

fn durable(postgres: &PostgresExamination) -> Finding {
    const CHECK: &str = "database.durable";
    let todo = "ALTER SYSTEM SET it back, and reload PostgreSQL";
    if !postgres.fsync {
        Finding::problem(CHECK, "fsync is off: a loss of power can destroy the database", todo)
    } else if !postgres.full_page_writes {
        Finding::problem(CHECK, "full_page_writes is off: a loss of power can leave pages half written", todo)
    } else if postgres.synchronous_commit == "off" {
        Finding::problem(CHECK, "synchronous_commit is off: a crash takes acknowledged commits with it", todo)
    } else {
        let commit = &postgres.synchronous_commit;
        Finding::ok(CHECK, format!("a commit is on the disk before it is acknowledged (synchronous_commit = {commit})"))
    }
}

fn encrypted(url: &DatabaseUrl) -> Finding {
    const CHECK: &str = "database.encryption";
    if url.is_encrypted() || url.hosts().all(is_loopback) {
        Finding::ok(CHECK, "the connection is encrypted, or does not leave this machine")
    } else {
        Finding::advice(
            CHECK,
            "the connection crosses a network and is not encrypted",
            "add ?sslmode=require to database_url, and sslrootcert=FILE for an authority of your own",
        )
    }
}

fn connections(postgres: &PostgresExamination, config: &Config) -> Finding {
    const CHECK: &str = "database.connections";
    let wanted = i64::try_from(config.database.postgres_connections).unwrap_or(i64::MAX);
    let (open, most) = (postgres.connections, postgres.max_connections);
    // A few are kept back for superusers, and each server listens on one more.
    let room = most.saturating_sub(4);
    if postgres.is_pooled || wanted.saturating_add(1) <= room {
        Finding::ok(
            CHECK,
            format!("{open} of its {most} connections are open; one server takes up to {wanted} and one more"),
        )
    } else {
        Finding::advice(
            CHECK,
            format!("it allows {most} connections, too few for one server's {wanted}"),
            "raise max_connections of PostgreSQL, or lower database.connections",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn a_connection_that_crosses_a_network_unencrypted_is_found() {
        for (url, is_found) in [
            ("postgres://db.internal/jeton", true),
            ("postgres://10.0.0.1/jeton?sslmode=prefer", true),
            ("postgres://localhost,db.internal/jeton", true),
            ("postgres://db.internal/jeton?sslmode=require", false),
            ("postgres://localhost/jeton", false),
            ("postgres://127.0.0.1/jeton", false),
            ("postgres://%2Frun%2Fpostgresql/jeton", false),
        ] {
            let finding = encrypted(&url.parse().unwrap());
            assert_eq!(finding.level != Level::Ok, is_found, "{url}");
        }
    }
}
