//! What PostgreSQL wrote to its log for the sessions of this database, record by record.

use tokio_postgres::Client;

/// What one turn has written.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// Without page images, padding included.
    pub(super) bytes: i64,
    /// Page images: each page's first change after a checkpoint carries the whole page.
    pub(super) images: i64,
    pub(super) updates: i64,
    hot: i64,
    pub(super) index_inserts: i64,
    pub(super) locks: i64,
    /// By kind: how many, and their bytes without page images.
    pub(super) kinds: Vec<(String, i64, i64)>,
}

impl Written {
    pub(super) fn hot_share(&self) -> f64 {
        ratio(self.hot, self.updates)
    }

    /// Rows that had to go to another page.
    pub(super) fn moved(&self) -> i64 {
        self.updates - self.hot
    }
}

/// Of counts and sizes far below 2^52.
#[expect(clippy::cast_precision_loss, reason = "far below what an `f64` holds exactly")]
pub(super) fn ratio(one: i64, other: i64) -> f64 {
    one as f64 / other as f64
}

/// The end of what is on disk.
pub(super) async fn position(client: &Client) -> String {
    client.query_one("SELECT pg_current_wal_flush_lsn()::text", &[]).await.unwrap().get(0)
}

/// The transactions that touched the sessions, and whatever else was done to their table and its indexes: other databases of
/// the server may be busy too.
const RECORDS: &str = "
    WITH records AS MATERIALIZED (
        SELECT * FROM pg_get_wal_records_info($1::text::pg_lsn, pg_current_wal_flush_lsn())
    ), files AS (
        SELECT '% rel %/' || (SELECT oid FROM pg_database WHERE datname = current_database()) || '/'
            || pg_relation_filenode(relation) || ' %' AS file
        FROM (SELECT 'sessions'::regclass AS relation
              UNION ALL SELECT indexrelid FROM pg_index WHERE indrelid = 'sessions'::regclass) relations
    ), ours AS (
        SELECT DISTINCT xid FROM records, files WHERE block_ref LIKE file AND xid::text <> '0'
    )
    SELECT resource_manager || ' ' || record_type AS kind, count(*), sum((record_length - fpi_length + 7) / 8 * 8)::bigint,
        sum(fpi_length)::bigint
    FROM records
    WHERE xid IN (SELECT xid FROM ours) OR EXISTS (SELECT FROM files WHERE block_ref LIKE file)
    GROUP BY 1 ORDER BY 2 DESC, 1";

pub(super) async fn written(client: &Client, since: &str) -> Written {
    let mut written = Written::default();
    for row in client.query(RECORDS, &[&since]).await.unwrap() {
        let (kind, count, bytes, images): (String, i64, i64, i64) = (row.get(0), row.get(1), row.get(2), row.get(3));
        written.bytes += bytes;
        written.images += images;
        // The bit for the first change of a new page is a part of the name.
        match kind.split('+').next().unwrap() {
            "Heap HOT_UPDATE" => {
                written.updates += count;
                written.hot += count;
            }
            "Heap UPDATE" => written.updates += count,
            "Heap LOCK" => written.locks += count,
            index if index.starts_with("Btree INSERT") => written.index_inserts += count,
            _ => {}
        }
        written.kinds.push((kind, count, bytes));
    }
    written
}
