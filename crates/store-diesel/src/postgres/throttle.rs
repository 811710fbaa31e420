//! Counting attempts on PostgreSQL: looked at without a lock first, so that one that has to wait writes nothing; then judged
//! and counted under the locks of its keys, in the order of their hashes.

use std::time::Duration;

use async_trait::async_trait;
use auth_domain::model::{ThrottleKey, Timestamp};
use auth_domain::ports::{StoreError, Throttle};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::Postgres;
use super::pool::Step;
use super::schema::login_throttle;
use crate::error::Failure;
use crate::tally::{Attempt, Tallies, hashes};

#[async_trait]
impl Throttle for Postgres {
    async fn charge(&self, keys: &[ThrottleKey], now: Timestamp) -> Result<Option<Duration>, StoreError> {
        let attempt = Attempt::new(keys, now);
        if attempt.is_empty() {
            return Ok(None);
        }
        match self.pool.statement(Look(attempt.clone())).await? {
            None => self.pool.transact(Charge(attempt)).await,
            wait => Ok(wait),
        }
    }

    async fn forgive(&self, forget: &[ThrottleKey], refund: &[ThrottleKey]) -> Result<(), StoreError> {
        if forget.is_empty() && refund.is_empty() {
            return Ok(());
        }
        self.pool.transact(Forgive { forget: hashes(forget), refund: hashes(refund) }).await
    }
}

/// How long the attempt has to wait, by what is committed.
struct Look(Attempt);

impl Step for Look {
    type Answer = Option<Duration>;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, Failure> {
        let kept = login_throttle::table.filter(login_throttle::key.eq_any(self.0.hashes()));
        Ok(self.0.wait(&Tallies::read(kept.load(connection).await?)?))
    }
}

/// How often rows that were swept meanwhile are added again.
const TRIES: u32 = 5;

const COUNT: &str = "UPDATE login_throttle SET failures = counted.failures, last_at = $3
    FROM unnest($1, $2) AS counted (key, failures) WHERE login_throttle.key = counted.key";

struct Charge(Attempt);

impl Step for Charge {
    type Answer = Option<Duration>;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, Failure> {
        let attempt = &self.0;
        let kept = lock_all(connection, attempt).await?;
        if let Some(wait) = attempt.wait(&kept) {
            return Ok(Some(wait));
        }
        let (keys, failures): (Vec<_>, Vec<_>) = attempt.counted(&kept).into_iter().unzip();
        diesel::sql_query(COUNT)
            .bind::<Array<Binary>, _>(keys)
            .bind::<Array<BigInt>, _>(failures)
            .bind::<BigInt, _>(attempt.now())
            .execute(connection)
            .await?;
        Ok(None)
    }

    /// Rows were added only to be locked.
    fn is_undone(wait: &Self::Answer) -> bool {
        wait.is_some()
    }
}

/// Locks the row of every key; those that are not there are added first, without a failure, since nothing else can be locked.
async fn lock_all(connection: &mut AsyncPgConnection, attempt: &Attempt) -> Result<Tallies, Failure> {
    for _ in 0..TRIES {
        let none = attempt.hashes().into_iter().map(|key| {
            (login_throttle::key.eq(key), login_throttle::failures.eq(0), login_throttle::last_at.eq(attempt.now()))
        });
        diesel::insert_into(login_throttle::table)
            .values(none.collect::<Vec<_>>())
            .on_conflict_do_nothing()
            .execute(connection)
            .await?;
        let rows = login_throttle::table
            .filter(login_throttle::key.eq_any(attempt.hashes()))
            .order(login_throttle::key)
            .for_no_key_update()
            .load(connection)
            .await?;
        let kept = Tallies::read(rows)?;
        if kept.cover(attempt) {
            return Ok(kept);
        }
    }
    Err(StoreError::Conflict.into())
}

struct Forgive {
    forget: Vec<Vec<u8>>,
    refund: Vec<Vec<u8>>,
}

impl Step for Forgive {
    type Answer = ();

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<(), Failure> {
        let both: Vec<_> = self.forget.iter().chain(&self.refund).collect();
        // In the order of the hashes, as everyone does who locks several.
        let locked = login_throttle::table
            .filter(login_throttle::key.eq_any(both))
            .order(login_throttle::key)
            .select(login_throttle::key)
            .for_no_key_update()
            .execute(connection)
            .await?;
        if locked == 0 {
            return Ok(());
        }
        // Their rows stay, until they are swept: who counts an attempt may rely on a row that was there.
        diesel::update(login_throttle::table.filter(login_throttle::key.eq_any(&self.forget)))
            .set(login_throttle::failures.eq(0))
            .execute(connection)
            .await?;
        let charged = login_throttle::table
            .filter(login_throttle::key.eq_any(&self.refund))
            .filter(login_throttle::failures.gt(0));
        diesel::update(charged)
            .set(login_throttle::failures.eq(login_throttle::failures - 1))
            .execute(connection)
            .await?;
        Ok(())
    }
}
