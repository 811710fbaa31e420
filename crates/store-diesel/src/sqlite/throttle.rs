//! Counting attempts on SQLite: looked at by a reader first, so that one that has to wait does not reach the writer; then judged
//! and counted on the writer, where nobody else counts.

use std::time::Duration;

use async_trait::async_trait;
use auth_domain::model::{ThrottleKey, Timestamp};
use auth_domain::ports::{StoreError, Throttle};
use diesel::prelude::*;
use diesel::upsert::excluded;

use super::Sqlite;
use super::pool::Step;
use super::schema::login_throttle;
use crate::error::Failure;
use crate::tally::{Attempt, Tallies, hashes};

#[async_trait]
impl Throttle for Sqlite {
    async fn charge(&self, keys: &[ThrottleKey], now: Timestamp) -> Result<Option<Duration>, StoreError> {
        let attempt = Attempt::new(keys, now);
        if attempt.is_empty() {
            return Ok(None);
        }
        match self.pool.read(Look(attempt.clone())).await? {
            None => self.pool.write(Charge(attempt)).await,
            wait => Ok(wait),
        }
    }

    async fn forgive(&self, forget: &[ThrottleKey], refund: &[ThrottleKey]) -> Result<(), StoreError> {
        if forget.is_empty() && refund.is_empty() {
            return Ok(());
        }
        self.pool.write(Forgive { forget: hashes(forget), refund: hashes(refund) }).await
    }
}

/// How long the attempt has to wait, by what is committed.
struct Look(Attempt);

impl Step for Look {
    type Answer = Option<Duration>;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Self::Answer, Failure> {
        Ok(self.0.wait(&kept(connection, &self.0)?))
    }
}

struct Charge(Attempt);

impl Step for Charge {
    type Answer = Option<Duration>;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Self::Answer, Failure> {
        let attempt = &self.0;
        let kept = kept(connection, attempt)?;
        if let Some(wait) = attempt.wait(&kept) {
            return Ok(Some(wait));
        }
        for (key, failures) in attempt.counted(&kept) {
            diesel::insert_into(login_throttle::table)
                .values((
                    login_throttle::key.eq(key),
                    login_throttle::failures.eq(failures),
                    login_throttle::last_at.eq(attempt.now()),
                ))
                .on_conflict(login_throttle::key)
                .do_update()
                .set((
                    login_throttle::failures.eq(excluded(login_throttle::failures)),
                    login_throttle::last_at.eq(excluded(login_throttle::last_at)),
                ))
                .execute(connection)?;
        }
        Ok(None)
    }
}

fn kept(connection: &mut SqliteConnection, attempt: &Attempt) -> Result<Tallies, Failure> {
    let rows = login_throttle::table.filter(login_throttle::key.eq_any(attempt.hashes())).load(connection)?;
    Ok(Tallies::read(rows)?)
}

struct Forgive {
    forget: Vec<Vec<u8>>,
    refund: Vec<Vec<u8>>,
}

impl Step for Forgive {
    type Answer = ();

    fn run(&self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        // Their rows stay, until they are swept: the next attempt would only add them again.
        diesel::update(login_throttle::table.filter(login_throttle::key.eq_any(&self.forget)))
            .set(login_throttle::failures.eq(0))
            .execute(connection)?;
        let charged = login_throttle::table
            .filter(login_throttle::key.eq_any(&self.refund))
            .filter(login_throttle::failures.gt(0));
        diesel::update(charged).set(login_throttle::failures.eq(login_throttle::failures - 1)).execute(connection)?;
        Ok(())
    }
}
