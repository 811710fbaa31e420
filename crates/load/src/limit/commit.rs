//! The statement of a bare commit: one row, found by its key, prepared once a connection on both engines.

use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Binary, HasSqlType};
use diesel::sqlite::SqliteConnection;

/// As many rows as the load refreshes sessions.
pub(super) const ROWS: i64 = 10_000;

/// diesel never keeps an `UPDATE` of its own making, so it is written out.
pub(super) struct Commit {
    id: i64,
    value: Vec<u8>,
}

impl Commit {
    /// The one of this number. Numbers go by a prime's step: neighbours in time are not neighbours in the table.
    pub(super) fn of(n: i64) -> Self {
        let n = n.wrapping_mul(7_919);
        Self { id: n.rem_euclid(ROWS), value: n.to_be_bytes().repeat(4) }
    }
}

impl<B> QueryFragment<B> for Commit
where
    B: Backend + HasSqlType<Binary> + HasSqlType<BigInt>,
    Vec<u8>: ToSql<Binary, B>,
    i64: ToSql<BigInt, B>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, B>) -> QueryResult<()> {
        out.push_sql("UPDATE bare_commits SET value = ");
        out.push_bind_param::<Binary, _>(&self.value)?;
        out.push_sql(" WHERE id = ");
        out.push_bind_param::<BigInt, _>(&self.id)?;
        Ok(())
    }
}

impl QueryId for Commit {
    type QueryId = Self;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<SqliteConnection> for Commit {}
