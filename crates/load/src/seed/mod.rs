//! Fills a migrated, empty database with sessions whose refresh tokens can be written down again: what a table of that size
//! costs can be measured without signing in ten million times.

mod postgres;
mod rows;
mod sqlite;

use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use auth_domain::refresh::{MasterKey, PresentedToken, RefreshToken, RotationKeys};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use store_diesel::{DatabaseUrl, Engine, migrate};

use rows::{Rows, secret, session_id};

use crate::outcome::{Outcome, While as _};

/// How many sessions, of how many accounts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) sessions: u64,
    pub(crate) users: u64,
}

impl Size {
    /// Five devices an account.
    pub(crate) fn of(sessions: u64) -> Self {
        Self { sessions, users: sessions.div_ceil(5).max(1) }
    }
}

/// What writes the tokens of the sessions that were seeded under a master key.
pub(crate) struct Tokens {
    keys: RotationKeys,
}

impl Tokens {
    pub(crate) fn under(master: &MasterKey) -> Outcome<Self> {
        Ok(Self { keys: RotationKeys::new(master.id(), [master.clone()])? })
    }

    /// The first refresh token of the session `n`.
    pub(crate) fn first(&self, n: u64) -> Outcome<RefreshToken> {
        let token = PresentedToken { session: session_id(n), generation: 0, secret: secret(n) };
        Ok(RefreshToken::seal_presented(&self.keys, self.keys.active(), &token)?)
    }
}

/// Brings the tables up to date and fills them; says how far it is.
pub(crate) async fn fill(url: &str, size: Size, master: &MasterKey, quiet: bool) -> Outcome<()> {
    let parsed: DatabaseUrl = url.parse()?;
    migrate::up(&parsed).await.doing("bring the tables up to date")?;
    let rows = Rows::new(size, master.id());
    let mut progress = Progress { total: size.sessions, quiet, began: Instant::now(), told: Instant::now() };
    match parsed.engine() {
        Engine::Postgres => postgres::fill(url, &rows, &mut progress).await?,
        Engine::Sqlite => {
            let path = url.trim_start_matches("sqlite:").to_owned();
            sqlite::fill(Path::new(&path), &rows, &mut progress)?;
        }
    }
    progress.done();
    Ok(())
}

/// The master key of a server: as `JETON_MASTER_KEY` and the file `master.key` hold it, of several the first.
pub(crate) fn master_key(text: &str) -> Outcome<MasterKey> {
    let first = text.split([',', '\n']).map(str::trim).find(|part| !part.is_empty()).ok_or("there is no master key")?;
    let (id, encoded) = match first.split_once(':') {
        Some((id, encoded)) => (id.trim().parse().doing("read the id of the master key")?, encoded.trim()),
        None => (1, first),
    };
    let bytes = BASE64_STANDARD.decode(encoded).map_err(|_| "the master key is not base64")?;
    let bytes = <[u8; 32]>::try_from(bytes).map_err(|_| "the master key has not 32 bytes")?;
    Ok(MasterKey::new(id, bytes))
}

/// A line a second on standard error.
pub(crate) struct Progress {
    total: u64,
    quiet: bool,
    began: Instant,
    told: Instant,
}

impl Progress {
    fn at(&mut self, sessions: u64) {
        if !self.quiet && self.told.elapsed().as_millis() >= 1_000 {
            self.told = Instant::now();
            let percent = sessions * 100 / self.total.max(1);
            eprintln!("  {percent:>3} %  {sessions} of {} sessions", self.total);
        }
    }

    fn step(&self, what: &str) {
        if !self.quiet {
            eprintln!("  {what} …");
        }
    }

    fn done(&self) {
        if !self.quiet {
            eprintln!("  {} sessions in {:.1} s", self.total, self.began.elapsed().as_secs_f64());
            // Nothing can be done about a closed terminal.
            let _ = std::io::stderr().flush();
        }
    }
}

#[cfg(test)]
mod tests {
    use auth_domain::model::{SessionId, TokenSecret};

    use super::*;

    #[test]
    fn a_seeded_token_reads_back_as_its_row() {
        let master = master_key("3:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n").unwrap();
        let keys = RotationKeys::new(3, [master.clone()]).unwrap();
        let token = Tokens::under(&master).unwrap().first(41).unwrap();
        let read = PresentedToken::parse(&keys, token.expose()).unwrap();
        let found: (SessionId, TokenSecret) = (read.session, read.secret);
        assert_eq!(found, (session_id(41), secret(41)));
        assert_eq!(read.generation, 0);
    }
}
