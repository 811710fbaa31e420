//! SQLite is filled by statements of many rows, in one transaction: it is filled whole or not at all.

use std::fmt::Write as _;
use std::path::Path;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::Progress;
use super::rows::{AMR, CLIENT, DEVICE_CLASS, Rows, SCOPE, SESSION_COLUMNS, Session, USER_AGENT, USER_COLUMNS};
use crate::outcome::{Outcome, While as _};

/// Rows of one statement.
const BATCH: u64 = 500;

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

pub(super) fn fill(path: &Path, rows: &Rows, progress: &mut Progress) -> Outcome<()> {
    let path = path.to_str().ok_or("the path of the database is not Unicode")?;
    let mut connection = SqliteConnection::establish(path).doing("open the database")?;
    let there = diesel::sql_query("SELECT count(*) AS count FROM (SELECT 1 FROM sessions LIMIT 1)");
    if there.get_result::<Count>(&mut connection)?.count > 0 {
        return Err("the database has sessions already; seed an empty one".into());
    }
    // A large cache, so that the log holds each page once.
    connection.batch_execute("PRAGMA busy_timeout = 5000; PRAGMA cache_size = -262144; BEGIN IMMEDIATE")?;
    insert(&mut connection, &format!("INSERT INTO users ({USER_COLUMNS}) VALUES "), rows.size.users, |sql, n| {
        let (id, email, at) = rows.user(n);
        write!(sql, "(x'{}', '{email}', '{email}', '', {at})", id.simple())
    })?;
    let start = format!("INSERT INTO sessions ({SESSION_COLUMNS}) VALUES ");
    insert(&mut connection, &start, rows.size.sessions, |sql, n| {
        if n.is_multiple_of(BATCH) {
            progress.at(n);
        }
        write_session(sql, &rows.session(n))
    })?;
    connection.batch_execute("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)").doing("commit")?;
    Ok(())
}

fn insert(
    connection: &mut SqliteConnection,
    start: &str,
    count: u64,
    mut row: impl FnMut(&mut String, u64) -> std::fmt::Result,
) -> Outcome<()> {
    let mut sql = String::new();
    for n in 0..count {
        sql.push_str(if sql.is_empty() { start } else { ", " });
        row(&mut sql, n)?;
        if (n + 1).is_multiple_of(BATCH) || n + 1 == count {
            connection.batch_execute(&sql).doing("insert")?;
            sql.clear();
        }
    }
    Ok(())
}

fn write_session(sql: &mut String, session: &Session) -> std::fmt::Result {
    let Session { id, user, token_hash, created_at: at, idle_expires_at, expires_at, key_id, ip } = session;
    write!(sql, "(x'{}', x'{}', x'", id.simple(), user.simple())?;
    token_hash.iter().try_for_each(|byte| write!(sql, "{byte:02x}"))?;
    write!(
        sql,
        "', {at}, {at}, {at}, {at}, {idle_expires_at}, {expires_at}, {key_id}, '{ip}', '{CLIENT}', '{SCOPE}', '{AMR}', 0, 0, \
         '{DEVICE_CLASS}', '{USER_AGENT}')",
    )
}
