//! Bare commits on SQLite: one row, one prepared statement, one after the other, each on the disk before the next.

use std::path::Path;
use std::time::Instant;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;

use super::commit::{Commit, ROWS};
use crate::drive::Pace;
use crate::figures::Run;
use crate::outcome::{Outcome, While as _};

pub(crate) struct Commits {
    connection: SqliteConnection,
    next: i64,
}

impl Commits {
    /// A database beside the server's, with its settings.
    pub(crate) fn prepare(folder: &Path) -> Outcome<Self> {
        let path = folder.join("bare.db");
        let path = path.to_str().ok_or("the path of the database is not Unicode")?;
        let mut connection = SqliteConnection::establish(path).doing("open a database for bare commits")?;
        connection
            .batch_execute(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;
                 CREATE TABLE bare_commits (id INTEGER PRIMARY KEY, value BLOB NOT NULL, padding TEXT NOT NULL) STRICT;",
            )
            .doing("make the table of bare commits")?;
        let fill = format!(
            "WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < {ROWS} - 1)
             INSERT INTO bare_commits SELECT n, zeroblob(32), printf('%.200c', 'x') FROM n"
        );
        connection.batch_execute(&fill).doing("fill the table of bare commits")?;
        Ok(Self { connection, next: 0 })
    }

    /// Commits one after the other.
    pub(crate) fn run(&mut self, pace: Pace) -> Outcome<Run> {
        let (from, until) = (Instant::now() + pace.warm_up, Instant::now() + pace.warm_up + pace.length);
        let mut run = Run::of(pace.length);
        loop {
            let began = Instant::now();
            if began >= until {
                return Ok(run);
            }
            self.next += 1;
            let commit = Commit::of(self.next);
            commit.execute(&mut self.connection).doing("bare commits")?;
            let ended = Instant::now();
            if ended >= from && ended < until {
                run.took(ended - began);
            }
        }
    }
}
