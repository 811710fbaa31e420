//! Opening a session on PostgreSQL, within the account's limit.

use std::cmp::Reverse;

use auth_domain::model::{NewSession, Opened, Role, SessionLimit, SessionRecord, Timestamp};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::pool::Step;
use super::schema::{SESSION, sessions, users};
use super::{end, events};
use crate::ending::Cause;
use crate::error::Failure;
use crate::row::SessionRow;
use crate::{column, opening};

/// Counts, makes room and adds, while it holds the account's row: logins of one account come one after the other.
pub(super) struct Open {
    pub(super) new: NewSession,
    pub(super) limit: SessionLimit,
}

impl Step for Open {
    type Answer = Opened;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Opened, Failure> {
        let new = &self.new;
        let Some(roles) = self.lock(connection).await? else { return Ok(Opened::AccountUnavailable) };
        let live = if opening::counts(new, self.limit) { self.live(connection).await? } else { Vec::new() };
        let Some(room) = opening::make_room(new, self.limit, &live) else { return Ok(Opened::LimitReached { live }) };
        let mut evicted = Vec::new();
        for (by, reason, sessions) in room {
            let cause = Cause { by, reason, now: new.now, tokens_until: new.tokens_until };
            evicted.extend(end::revoke(connection, &sessions, cause).await?);
        }
        self.add(connection).await?;
        events::record(connection, &new.event).await?;
        Ok(Opened::Opened { facts: opening::facts(new, roles), evicted })
    }
}

impl Open {
    /// Locks the account and reads its roles; `None` when it is gone or disabled, or what the login rests on does not hold.
    async fn lock(&self, connection: &mut AsyncPgConnection) -> Result<Option<Vec<Role>>, Failure> {
        let found: Option<(String, Option<i64>)> = users::table
            .filter(users::id.eq(self.new.account.as_uuid()))
            .filter(users::disabled_at.is_null())
            .select((users::roles, users::password_changed_at))
            .for_update()
            .first(connection)
            .await
            .optional()?;
        let holds = |changed_at: Option<i64>| self.new.rests_on.holds(changed_at.map(Timestamp::from_micros));
        let usable = found.filter(|(_, changed_at)| holds(*changed_at));
        Ok(usable.map(|(roles, _)| column::roles(&roles)).transpose()?)
    }

    /// The account's live sessions, newest first. They are locked, so that what the limit is judged by stays so.
    async fn live(&self, connection: &mut AsyncPgConnection) -> Result<Vec<SessionRecord>, Failure> {
        let now = self.new.now.as_micros();
        let rows: Vec<SessionRow<Uuid>> = sessions::table
            .inner_join(users::table)
            .filter(sessions::user_id.eq(self.new.account.as_uuid()))
            .filter(sessions::revoked_at.is_null())
            .filter(sessions::idle_expires_at.gt(now))
            .filter(sessions::expires_at.gt(now))
            .order(sessions::id)
            .select(SESSION)
            .for_no_key_update()
            .load(connection)
            .await?;
        let mut live: Vec<_> = rows.into_iter().map(SessionRow::record).collect::<Result<_, _>>()?;
        live.sort_by_key(|row| Reverse((row.created_at, row.facts.session)));
        Ok(live)
    }

    async fn add(&self, connection: &mut AsyncPgConnection) -> Result<(), Failure> {
        let new = &self.new;
        let now = new.now.as_micros();
        diesel::insert_into(sessions::table)
            .values((
                sessions::id.eq(new.id.as_uuid()),
                sessions::user_id.eq(new.account.as_uuid()),
                sessions::client_id.eq(&new.client_id),
                sessions::scope.eq(&new.scope),
                sessions::auth_time.eq(now),
                sessions::amr.eq(column::words(new.amr.iter().map(String::as_str))),
                sessions::generation.eq(0),
                sessions::token_hash.eq(new.token_hash.as_bytes().as_slice()),
                sessions::key_id.eq(i16::from(new.key_id)),
                sessions::rotated_at.eq(now),
                sessions::late_retries.eq(0),
                sessions::device_name.eq(&new.device_name),
                sessions::device_class.eq(new.device_class.as_str()),
                sessions::ip.eq(column::ip(&new.presenter)),
                sessions::user_agent.eq(&new.presenter.user_agent),
                sessions::created_at.eq(now),
                sessions::last_used_at.eq(now),
                sessions::idle_expires_at.eq(new.idle_expires_at.as_micros()),
                sessions::expires_at.eq(new.expires_at.as_micros()),
            ))
            .execute(connection)
            .await?;
        Ok(())
    }
}
