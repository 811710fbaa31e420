//! The file: rows of sessions in an embedded database, written a transaction at a time.

use std::fmt::Display;
use std::path::Path;

use auth_domain::model::{AccountId, SessionId, SessionRecord};
use auth_domain::ports::StoreError;
use redb::{Database, MultimapTableDefinition, ReadableDatabase as _, ReadableTable as _, TableDefinition};

use super::row::{Row, corrupt};

/// By session.
const SESSIONS: TableDefinition<'_, u128, &[u8]> = TableDefinition::new("sessions");
/// The sessions of an account.
const OWNED: MultimapTableDefinition<'_, u128, u128> = MultimapTableDefinition::new("owned");

pub(super) struct File(Database);

impl File {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let file = Self(Database::create(path).map_err(unavailable)?);
        file.commit(&[])?;
        Ok(file)
    }

    pub(super) fn get(&self, session: SessionId) -> Result<Option<SessionRecord>, StoreError> {
        let reading = self.0.begin_read().map_err(unavailable)?;
        let rows = reading.open_table(SESSIONS).map_err(unavailable)?;
        let found = rows.get(session.as_uuid().as_u128()).map_err(unavailable)?;
        found.map(|row| read(row.value())).transpose()
    }

    /// In the order of their creation.
    pub(super) fn of_account(&self, account: AccountId) -> Result<Vec<SessionRecord>, StoreError> {
        let reading = self.0.begin_read().map_err(unavailable)?;
        let rows = reading.open_table(SESSIONS).map_err(unavailable)?;
        let owned = reading.open_multimap_table(OWNED).map_err(unavailable)?;
        let mut found = Vec::new();
        for id in owned.get(account.as_uuid().as_u128()).map_err(unavailable)? {
            let id = id.map_err(unavailable)?.value();
            let row = rows.get(id).map_err(unavailable)?.ok_or_else(|| corrupt("owned"))?;
            found.push(read(row.value())?);
        }
        found.sort_by_key(|record| (record.created_at, record.facts.session));
        Ok(found)
    }

    pub(super) fn all(&self) -> Result<Vec<SessionRecord>, StoreError> {
        let reading = self.0.begin_read().map_err(unavailable)?;
        let rows = reading.open_table(SESSIONS).map_err(unavailable)?;
        let rows = rows.iter().map_err(unavailable)?;
        rows.map(|row| read(row.map_err(unavailable)?.1.value())).collect()
    }

    /// Writes these rows. All are on the disk when it answers `Ok`, and none otherwise.
    pub(super) fn commit(&self, rows: &[SessionRecord]) -> Result<(), StoreError> {
        let writing = self.0.begin_write().map_err(unavailable)?;
        {
            let mut sessions = writing.open_table(SESSIONS).map_err(unavailable)?;
            let mut owned = writing.open_multimap_table(OWNED).map_err(unavailable)?;
            for record in rows {
                let (id, account) = (record.facts.session.as_uuid(), record.facts.account.as_uuid());
                let row = serde_json::to_vec(&Row::from(record)).map_err(unavailable)?;
                sessions.insert(id.as_u128(), row.as_slice()).map_err(unavailable)?;
                owned.insert(account.as_u128(), id.as_u128()).map_err(unavailable)?;
            }
        }
        writing.commit().map_err(unavailable)
    }

    /// Removes these rows, as [`commit`](Self::commit) writes them.
    pub(super) fn remove(&self, rows: &[SessionRecord]) -> Result<(), StoreError> {
        let writing = self.0.begin_write().map_err(unavailable)?;
        {
            let mut sessions = writing.open_table(SESSIONS).map_err(unavailable)?;
            let mut owned = writing.open_multimap_table(OWNED).map_err(unavailable)?;
            for record in rows {
                let (id, account) = (record.facts.session.as_uuid(), record.facts.account.as_uuid());
                sessions.remove(id.as_u128()).map_err(unavailable)?;
                owned.remove(account.as_u128(), id.as_u128()).map_err(unavailable)?;
            }
        }
        writing.commit().map_err(unavailable)
    }
}

fn read(row: &[u8]) -> Result<SessionRecord, StoreError> {
    serde_json::from_slice::<Row>(row).map_err(|_| corrupt("row"))?.try_into()
}

fn unavailable(error: impl Display) -> StoreError {
    StoreError::Unavailable(error.to_string())
}
