//! PostgreSQL is filled by `COPY`, in one transaction: it is filled whole or not at all.

use std::fmt::Write as _;

use axum::body::Bytes;
use futures_util::SinkExt as _;
use tokio_postgres::{Client, NoTls};

use super::Progress;
use super::rows::{AMR, CLIENT, DEVICE_CLASS, Rows, SCOPE, SESSION_COLUMNS, Session, USER_AGENT, USER_COLUMNS};
use crate::outcome::{Outcome, While as _};

/// What is sent at once.
const CHUNK: usize = 256 * 1024;

pub(super) async fn fill(url: &str, rows: &Rows, progress: &mut Progress) -> Outcome<()> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.doing("connect to PostgreSQL")?;
    let connection = tokio::spawn(connection);
    let there: i64 = client.query_one("SELECT count(*) FROM (SELECT 1 FROM sessions LIMIT 1) s", &[]).await?.get(0);
    if there > 0 {
        return Err("the database has sessions already; seed an empty one".into());
    }
    client.batch_execute("SET statement_timeout = 0; BEGIN").await?;
    // Foreign keys of rows that are made here are known to hold; only a superuser may leave the check out.
    let unchecked = "SAVEPOINT s; SET LOCAL session_replication_role = replica; RELEASE s";
    if client.batch_execute(unchecked).await.is_err() {
        client.batch_execute("ROLLBACK TO s").await?;
    }
    // An index that is built from all rows at once takes a fraction of the time.
    let indexes = secondary_indexes(&client).await?;
    for (name, _) in &indexes {
        client.batch_execute(&format!("DROP INDEX {name}")).await?;
    }
    copy_users(&client, rows).await?;
    copy_sessions(&client, rows, progress).await?;
    progress.step("building indexes");
    for (_, definition) in &indexes {
        client.batch_execute(definition).await?;
    }
    client.batch_execute("COMMIT").await?;
    progress.step("vacuum and checkpoint");
    client.batch_execute("VACUUM (ANALYZE) users").await?;
    client.batch_execute("VACUUM (ANALYZE) sessions").await?;
    // Only a superuser may; without it the next checkpoint comes by itself.
    let _ = client.batch_execute("CHECKPOINT").await;
    drop(client);
    let _ = connection.await;
    Ok(())
}

/// The indexes that no constraint owns: name and definition.
async fn secondary_indexes(client: &Client) -> Outcome<Vec<(String, String)>> {
    let of_table = "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
        WHERE i.indrelid = 'sessions'::regclass AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)";
    let found = client.query(of_table, &[]).await?;
    found.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

async fn copy_users(client: &Client, rows: &Rows) -> Outcome<()> {
    let mut text = String::new();
    let sink = client.copy_in(&format!("COPY users ({USER_COLUMNS}) FROM STDIN")).await?;
    futures_util::pin_mut!(sink);
    for n in 0..rows.size.users {
        let (id, email, at) = rows.user(n);
        writeln!(text, "{id}\t{email}\t{email}\t\t{at}")?;
        if text.len() > CHUNK {
            sink.feed(Bytes::from(std::mem::take(&mut text))).await?;
        }
    }
    sink.send(Bytes::from(text)).await?;
    sink.finish().await.doing("copy the accounts")?;
    Ok(())
}

async fn copy_sessions(client: &Client, rows: &Rows, progress: &mut Progress) -> Outcome<()> {
    let mut text = String::new();
    let sink = client.copy_in(&format!("COPY sessions ({SESSION_COLUMNS}) FROM STDIN")).await?;
    futures_util::pin_mut!(sink);
    for n in 0..rows.size.sessions {
        let session = rows.session(n);
        write_session(&mut text, &session)?;
        if text.len() > CHUNK {
            sink.feed(Bytes::from(std::mem::take(&mut text))).await?;
            progress.at(n);
        }
    }
    sink.send(Bytes::from(text)).await?;
    sink.finish().await.doing("copy the sessions")?;
    Ok(())
}

fn write_session(text: &mut String, session: &Session) -> std::fmt::Result {
    let Session { id, user, token_hash, created_at: at, idle_expires_at, expires_at, key_id, ip } = session;
    write!(text, "{id}\t{user}\t\\\\x")?;
    token_hash.iter().try_for_each(|byte| write!(text, "{byte:02x}"))?;
    writeln!(
        text,
        "\t{at}\t{at}\t{at}\t{at}\t{idle_expires_at}\t{expires_at}\t{key_id}\t{ip}\t{CLIENT}\t{SCOPE}\t{AMR}\t0\t0\t\
         {DEVICE_CLASS}\t{USER_AGENT}",
    )
}
